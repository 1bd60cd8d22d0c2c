"""Mutual TLS in strict mode: the certificate says role and datacenter, and must fit.

The claim stands in the subject's organizational unit as `role/datacenter`, for example
`manager/north`; a client's is `client/`. A certificate without it, or with another one than
the peer's greeting, is refused.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import Any

import msgspec

from distributed.errors import ConfigError
from distributed.transport.interface import Identity


class TlsFiles(msgspec.Struct, frozen=True):
    """PEM files of one node.

    Attributes:
        certificate: this node's chain.
        key: its private key.
        authority: who signs peers.
    """

    certificate: str
    key: str
    authority: str

    def server_context(self) -> ssl.SSLContext:
        """For accepting: the peer must show a certificate of our authority.

        Raises:
            ConfigError: a file cannot be read or does not fit.
        """
        return self._context(ssl.PROTOCOL_TLS_SERVER)

    def client_context(self) -> ssl.SSLContext:
        """For connecting. Names are not checked: identity is the claim, not the host.

        Raises:
            ConfigError: a file cannot be read or does not fit.
        """
        return self._context(ssl.PROTOCOL_TLS_CLIENT)

    def _context(self, protocol: Any) -> ssl.SSLContext:
        context = ssl.SSLContext(protocol)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.check_hostname = False
        context.verify_mode = ssl.CERT_REQUIRED
        try:
            context.load_cert_chain(self.certificate, self.key)
            context.load_verify_locations(self.authority)
        except (OSError, ssl.SSLError) as error:
            raise ConfigError(
                f"{self.certificate}, {self.key} and {self.authority} do not work: {error}",
                field="tls",
            ) from error
        return context

    def verify(self, transport: asyncio.Transport, identity: Identity) -> str:
        """Why the peer's greeting does not fit its certificate, or ""."""
        certificate = transport.get_extra_info("peercert")
        if not certificate:
            return "no certificate came"
        claim = claim_of(certificate)
        wanted = f"{identity.role.value}/{identity.datacenter}"
        if claim is None:
            return "the certificate claims no role (organizational unit `role/datacenter`)"
        if identity.role == "client" and claim.startswith("client/"):
            return ""
        if claim != wanted:
            return f"the certificate is for {claim}, the greeting says {wanted}"
        return ""


def claim_of(certificate: dict[str, Any]) -> str | None:
    """The `role/datacenter` of a parsed certificate; None where there is not exactly one."""
    units = [
        value
        for part in certificate.get("subject", ())
        for name, value in part
        if name == "organizationalUnitName" and "/" in value
    ]
    return units[0] if len(units) == 1 else None
