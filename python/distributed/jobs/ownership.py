"""Who is in charge of a job: rendezvous hashing over names.

Every node computes the same order from the same set of names, and a name that leaves moves
only the keys it had (Thaler and Ravishankar, "A name-based mapping scheme for rendezvous",
1996). The hash proposes an owner; the lease in the ledger decides.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b


def weight(key: str, name: str) -> int:
    """How strongly `name` claims `key`: 64 uniform bits, equal on every host."""
    text = key.encode() + b"\x00" + name.encode()
    return int.from_bytes(blake2b(text, digest_size=8).digest(), "big")


def rank(key: str, names: Iterable[str]) -> tuple[str, ...]:
    """The names by falling claim on `key`: owner first, then who takes over in turn."""
    return tuple(sorted(set(names), key=lambda name: (-weight(key, name), name)))


def owner(key: str, names: Iterable[str]) -> str | None:
    """The name that comes first for `key`; None where there are no names."""
    return min(names, key=lambda name: (-weight(key, name), name), default=None)
