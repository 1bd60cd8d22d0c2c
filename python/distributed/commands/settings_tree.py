"""All settings in one tree."""

from __future__ import annotations

import msgspec

from distributed.gate.settings import GateSettings
from distributed.manager.settings import ManagerSettings
from distributed.settings.sections import (
    LedgerSection,
    LogSection,
    MembershipSection,
    NodeSection,
    TlsSection,
    TraceSection,
)
from distributed.worker.settings import WorkerSettings


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of a node: flags over `SHOAL_…` variables over TOML over these defaults."""

    node: NodeSection = NodeSection()
    membership: MembershipSection = MembershipSection()
    tls: TlsSection = TlsSection()
    log: LogSection = LogSection()
    trace: TraceSection = TraceSection()
    ledger: LedgerSection = LedgerSection()
    gate: GateSettings = GateSettings()
    manager: ManagerSettings = ManagerSettings()
    worker: WorkerSettings = WorkerSettings()

    def __post_init__(self) -> None:
        """Refuse settings of two roles that do not fit each other.

        Raises:
            ValueError: names both.
        """
        remembered, trusted = self.worker.record_idle_seconds, self.manager.authority_seconds
        if remembered <= trusted:
            raise ValueError(
                f"worker.record_idle_seconds ({remembered:g}) must be longer than"
                f" manager.authority_seconds ({trusted:g}): else a manager that was cut off"
                " could begin again what another one ended"
            )
