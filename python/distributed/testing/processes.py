"""One process of a simulated cluster: everything a role's constructor takes, and its lives."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from distributed.clock import LoopClock
from distributed.errors import LedgerUnavailable
from distributed.supervision import Supervisor
from distributed.telemetry.logs import BoundLogger, node_logger
from distributed.telemetry.metrics import CountingMetrics
from distributed.testing.virtual_host import VirtualHost
from distributed.transport.endpoint import Limits
from distributed.transport.interface import Identity
from distributed.transport.tcp import TcpTransport
from distributed.types import Role

if TYPE_CHECKING:
    import asyncio

    from distributed.testing.membership_base import SimulatedMembership
    from distributed.testing.network import Network
    from distributed.testing.virtual_loop import VirtualLoop

PORT = 7000
GOSSIP_PORT = 7946


class SkewedClock(LoopClock):
    """A process's clocks: an epoch of its own, a rate, and a wall clock that can be set."""

    wall_offset_seconds = 0.0

    def wall(self) -> float:
        """Seconds since the Unix epoch, as wrong as the scenario made them."""
        return super().wall() - self.skew_seconds + self.wall_offset_seconds


class Life:
    """One life of a process: from its start to its death.

    Everything in here is made anew by a restart; what survives is in `SimProcess`.
    """

    def __init__(self, process: SimProcess, number: int) -> None:
        loop = process.network.loop
        self.number = number
        self.instance = f"{process.name}-{number}"
        self.host = VirtualHost(process.name, datacenter=process.datacenter, ip=process.ip)
        self.agent = VirtualHost(process.name, datacenter=process.datacenter, ip=process.ip)
        epoch = random.Random(f"epoch:{loop.seed}:{process.name}:{number}").uniform(0.0, 1e6)
        self.clock = SkewedClock(loop, skew_seconds=epoch, rate=process.clock_rate)
        self.clock.wall_offset_seconds = process.wall_offset_seconds
        self.rng = random.Random(f"node:{loop.seed}:{process.name}:{number}")
        self.metrics = CountingMetrics()
        self.logger: BoundLogger = node_logger(process.role.value, process.name)
        self.supervisor = Supervisor(self.clock, self.rng, self.logger, self.metrics)
        self.transport = TcpTransport(
            self.supervisor, self.clock, self.logger, self.metrics, limits=process.limits
        )
        self.identity = Identity(
            process.role, process.name, process.datacenter, self.instance, process.address
        )
        self.membership: SimulatedMembership | None = None
        self.node: Any = None
        self.started = False
        self.starting: asyncio.Task[None] | None = None

    @property
    def alive(self) -> bool:
        """Whether the process exists."""
        return not self.host.dead


class SimProcess:
    """A named process of the cluster through all its lives.

    Args:
        build: makes the role's node out of a fresh life.
        meta: what membership says of it before the role does.
    """

    def __init__(
        self,
        network: Network,
        role: Role,
        name: str,
        datacenter: str,
        ip: str,
        build: Callable[[Life], Any],
        *,
        limits: Limits | None = None,
    ) -> None:
        self.network = network
        self.role = role
        self.name = name
        self.datacenter = datacenter
        self.ip = ip
        self.address = f"{ip}:{PORT}"
        self.limits = limits or Limits()
        self.wall_offset_seconds = 0.0
        self.clock_rate = 1.0
        self.lives = 0
        self._build = build
        self.life: Life = self._new_life()

    @property
    def loop(self) -> VirtualLoop:
        """Whose time it keeps."""
        return self.network.loop

    @property
    def alive(self) -> bool:
        """Whether it runs, paused or not."""
        return self.life.alive and self.life.starting is not None

    @property
    def up(self) -> bool:
        """Whether its role has started and nothing keeps it from running."""
        return self.alive and self.life.started and not self.life.host.paused

    @property
    def node(self) -> Any:
        """The role's node of this life."""
        return self.life.node

    def start(self) -> None:
        """Begin a life; its role starts as soon as time goes on."""
        if self.life.starting is not None:
            self.life = self._new_life()
        life = self.life
        self.network.trace.add(self.name, "start", f"life {life.number}")
        life.starting = self.loop.spawn(life.host, self._run(life))

    async def _run(self, life: Life) -> None:
        life.node = self._build(life)
        pause = 0.2
        while True:
            try:
                await life.node.start()
            except OSError as error:
                life.logger.warning("cannot start yet: %s", error)
                await life.clock.sleep(pause)
                pause = min(2 * pause, 2.0)
                continue
            except LedgerUnavailable as error:
                life.logger.warning("cannot start: %s; it ends, to be started again", error)
                wire = self.network.wire.context
                self.loop.call_later(pause, self._begin_again, life, context=wire)
                return
            life.started = True
            return

    def _begin_again(self, life: Life) -> None:
        """What a service manager does with a process that could not start."""
        if self.life is life and life.alive:
            self.kill()
            self.start()

    def kill(self, *, power_off: bool = False) -> None:
        """SIGKILL, or the plug: no cleanup either way, and with the plug no reset either."""
        life = self.life
        if not life.alive:
            return
        self.network.trace.add(self.name, "kill", "power off" if power_off else "process")
        self.loop.kill(life.host)
        self.loop.kill(life.agent)
        for host in (life.host, life.agent):
            if power_off:
                self.network.power_off(host)
            else:
                self.network.process_died(host)

    def pause(self) -> None:
        """SIGSTOP: kernel and peers see it, its code does not run."""
        self.network.trace.add(self.name, "pause", "process")
        self.loop.pause(self.life.host)
        self.loop.pause(self.life.agent)

    def resume(self) -> None:
        """SIGCONT."""
        self.network.trace.add(self.name, "resume", "process")
        self.loop.resume(self.life.host)
        self.loop.resume(self.life.agent)

    def slow_down(self, callback_seconds: float) -> None:
        """Every callback of its Python costs this much; 0 is full speed. Its agent is not slow."""
        self.network.trace.add(self.name, "slow", f"{callback_seconds:g} s")
        self.life.host.callback_seconds = callback_seconds

    def skew(self, seconds: float) -> None:
        """Its wall clock is set wrong by this much; monotonic clocks never jump."""
        self.network.trace.add(self.name, "skew", f"{seconds:g} s")
        self.wall_offset_seconds += seconds
        self.life.clock.wall_offset_seconds = self.wall_offset_seconds

    async def stop(self) -> None:
        """A graceful end of this life."""
        life = self.life
        self.network.trace.add(self.name, "stop", "gracefully")

        async def leave() -> None:
            await life.node.stop()
            if life.membership is not None:
                await life.membership.leave()
            await life.supervisor.stop()

        await self.loop.spawn(life.host, leave())
        self.loop.kill(life.host)
        self.loop.kill(life.agent)
        self.network.process_died(life.host)
        self.network.process_died(life.agent)

    def _new_life(self) -> Life:
        self.lives += 1
        return Life(self, self.lives)
