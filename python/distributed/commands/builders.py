"""From settings and parts to a role."""

from __future__ import annotations

from typing import TYPE_CHECKING

from distributed.telemetry.memory import ProcessMemory
from distributed.types import Address, Role

if TYPE_CHECKING:
    from distributed.commands.hosting import Build, Parts, RunningNode


async def gate(parts: Parts) -> RunningNode:
    """A gate over the ledger that its settings name."""
    from distributed.gate.node import GateNode
    from distributed.ledger import SqlLedger, open_engine

    settings = parts.settings
    ledger = SqlLedger(
        open_engine(settings.ledger.url, parts.clock),
        parts.clock,
        key_seconds=settings.gate.key_seconds,
    )
    return GateNode(
        settings.gate,
        identity=parts.identity,
        bind=Address(settings.node.bind),
        clock=parts.clock,
        rng=parts.rng,
        transport=parts.transport,
        ledger=ledger,
        metrics=parts.metrics,
        supervisor=parts.supervisor,
        membership=parts.membership,
        logger=parts.logger,
        memory=ProcessMemory(),
    )


async def manager(parts: Parts) -> RunningNode:
    """A manager of its datacenter."""
    from distributed.manager.node import ManagerNode

    settings = parts.settings
    return ManagerNode(
        settings.manager,
        identity=parts.identity,
        bind=Address(settings.node.bind),
        clock=parts.clock,
        rng=parts.rng,
        transport=parts.transport,
        metrics=parts.metrics,
        supervisor=parts.supervisor,
        membership=parts.membership,
        logger=parts.logger,
        memory=ProcessMemory(),
    )


async def worker(parts: Parts) -> RunningNode:
    """A worker with the executor that its settings name."""
    from distributed.worker.node import WorkerNode

    settings = parts.settings
    return WorkerNode(
        settings.worker,
        identity=parts.identity,
        bind=Address(settings.node.bind),
        clock=parts.clock,
        rng=parts.rng,
        transport=parts.transport,
        metrics=parts.metrics,
        supervisor=parts.supervisor,
        membership=parts.membership,
        logger=parts.logger,
        memory=ProcessMemory(),
    )


BUILDERS: dict[Role, Build] = {Role.GATE: gate, Role.MANAGER: manager, Role.WORKER: worker}
