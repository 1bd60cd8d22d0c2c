"""The keys of a running node, rotated without an outage: add everywhere, use, remove."""

from __future__ import annotations

from distributed import _native
from distributed.errors import ConfigError

from .options import decode_key


class Keyring:
    """The keys that one node holds; the first encrypts, all decrypt.

    Keys are named by their fingerprint, eight hexadecimal digits; the keys themselves never
    come back out.
    """

    def __init__(self, native: _native.Membership) -> None:
        self._native = native

    def list(self) -> list[str]:
        """The fingerprints held, the one in use first."""
        return self._native.keys()

    def add(self, key: str | bytes) -> str:
        """Hold one more key for decryption; returns its fingerprint.

        Raises:
            ConfigError: not 32 bytes, or the keyring is full.
        """
        return self._native.add_key(decode_key(key))

    def use(self, key: str | bytes) -> None:
        """Encrypt with a held key from now on; by fingerprint, or the key itself.

        Raises:
            ConfigError: the key is not held.
        """
        self._native.use_key(self._fingerprint(key))

    def remove(self, key: str | bytes) -> None:
        """Forget a key; what is encrypted with it is refused from now on.

        Raises:
            ConfigError: the key is not held, or is in use.
        """
        self._native.remove_key(self._fingerprint(key))

    def _fingerprint(self, key: str | bytes) -> str:
        if isinstance(key, str) and key in self.list():
            return key
        try:
            return _native.key_fingerprint(decode_key(key))
        except ConfigError as error:
            raise ConfigError("no such key is held", field="keys") from error
