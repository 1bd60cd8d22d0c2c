"""All settings in one tree."""

from __future__ import annotations

import msgspec

from distributed.settings.sections import (
    LedgerSection,
    LogSection,
    MembershipSection,
    NodeSection,
    TlsSection,
)


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of a node: flags over `SHOAL_…` variables over TOML over these defaults."""

    node: NodeSection = NodeSection()
    membership: MembershipSection = MembershipSection()
    tls: TlsSection = TlsSection()
    log: LogSection = LogSection()
    ledger: LedgerSection = LedgerSection()
