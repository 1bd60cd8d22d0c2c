"""A gate process that kills itself at a named point of a submission.

    python -m tests.cluster.gate.victim DATABASE PORT MANAGER POINT

POINT is `none` for a gate that lives, else `NAME:N`: the N-th passage of that fault point.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys

from distributed.clock import SystemClock
from distributed.gate.node import GateNode
from distributed.gate.settings import GateSettings
from distributed.ledger import SqlLedger, open_engine
from distributed.supervision import Supervisor
from distributed.telemetry.logs import node_logger
from distributed.telemetry.metrics import CountingMetrics
from distributed.transport.interface import Identity
from distributed.transport.tcp import TcpTransport
from distributed.types import Address, Role


def killer(point: str) -> object:
    """A fault hook that ends this process as SIGKILL does, at the n-th passage."""
    name, _, number = point.partition(":")
    left = int(number or 1)

    async def pass_by(here: str) -> None:
        nonlocal left
        if here == name:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    return pass_by


async def main(database: str, port: str, manager: str, point: str) -> None:
    """Serve until killed."""
    clock = SystemClock()
    rng = random.Random()
    logger = node_logger("gate", "victim")
    metrics = CountingMetrics()
    supervisor = Supervisor(clock, rng, logger, metrics)
    gate = GateNode(
        GateSettings(
            datacenters={"eu": (manager,)},
            lease_seconds=1.0,
            renew_seconds=0.2,
            manager_silence_seconds=60.0,
        ),
        identity=Identity(Role.GATE, "victim", "home", f"life-{os.getpid()}"),
        bind=Address(f"127.0.0.1:{port}"),
        clock=clock,
        rng=rng,
        transport=TcpTransport(supervisor, clock, logger, metrics),
        ledger=SqlLedger(open_engine(database, clock), clock),
        metrics=metrics,
        supervisor=supervisor,
        logger=logger,
    )
    if point != "none":
        gate.state.faults = killer(point)  # type: ignore[assignment]
    await gate.start()
    print("serving", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
