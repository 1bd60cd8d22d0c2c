"""Running one node in this process until it is told to stop."""

from __future__ import annotations

import asyncio
import os
import random
import secrets
import signal
import socket
import sys
from collections.abc import Awaitable, Callable
from typing import Protocol

import msgspec
import uvloop

from distributed import membership
from distributed.clock import SystemClock
from distributed.commands.local.process import Ready
from distributed.commands.logging_setup import configure
from distributed.commands.settings_tree import Settings
from distributed.errors import ShoalError
from distributed.messages.admin import NodeStatus
from distributed.settings.printing import rows
from distributed.settings.sources import Loaded
from distributed.supervision import Supervisor, settle
from distributed.telemetry.logs import BoundLogger, node_logger
from distributed.telemetry.metrics import PrometheusMetrics
from distributed.transport import Identity
from distributed.transport.tcp import TcpTransport, split_address
from distributed.transport.tls import TlsFiles
from distributed.types import Role
from distributed.web.app import make_app
from distributed.web.building import site_of_node
from distributed.web.models import SettingLine, SettingsPage
from distributed.web.server import WebServer


class RunningNode(Protocol):
    """What every role gives."""

    @property
    def address(self) -> str: ...

    def status(self) -> NodeStatus: ...

    async def start(self) -> None: ...

    async def stop(self) -> None: ...


class Parts(msgspec.Struct, frozen=True):
    """What a role is built from."""

    loaded: Loaded[Settings]
    identity: Identity
    clock: SystemClock
    rng: random.Random
    transport: TcpTransport
    membership: membership.Node
    supervisor: Supervisor
    metrics: PrometheusMetrics
    logger: BoundLogger

    @property
    def settings(self) -> Settings:
        """The merged tree."""
        return self.loaded.tree


Build = Callable[[Parts], Awaitable[RunningNode]]


class NodeStopped(ShoalError):
    """A task without which the node cannot go on has failed."""


def host(role: Role, loaded: Loaded[Settings], build: Build, *, tied: bool = False) -> int:
    """Run a node until SIGTERM, SIGINT or, if `tied`, the end of standard input.

    Returns the exit status.

    Raises:
        ShoalError: it could not start, or had to stop.
    """
    configure(loaded.tree.log)
    return uvloop.run(_host(role, loaded, build, tied=tied))


async def _host(role: Role, loaded: Loaded[Settings], build: Build, *, tied: bool) -> int:
    settings = loaded.tree
    stop: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    _stop_on_signals(stop)
    if tied:
        _stop_at_end_of_input(stop)
    name = settings.node.name or f"{role.value}-{socket.gethostname()}-{secrets.token_hex(3)}"
    logger = node_logger(role.value, name)
    metrics = PrometheusMetrics({"node": name, "role": role.value})
    rng, clock = random.Random(secrets.randbits(64)), SystemClock()

    def fatal(task: str, error: BaseException) -> None:
        if not stop.done():
            stop.set_exception(NodeStopped(f"{name} stops since its task {task} failed: {error}"))

    supervisor = Supervisor(clock, rng, logger, metrics, on_fatal=fatal)
    member = await _join(role, name, settings)
    metrics.read_at_scrape(lambda: _native_readings(member))
    tls = settings.tls
    parts = Parts(
        loaded=loaded,
        identity=Identity(
            role, name, settings.node.datacenter, secrets.token_hex(8), settings.node.advertise
        ),
        clock=clock,
        rng=rng,
        transport=TcpTransport(
            supervisor,
            clock,
            logger,
            metrics,
            tls=TlsFiles(tls.certificate, tls.key, tls.authority) if tls.certificate else None,
        ),
        membership=member,
        supervisor=supervisor,
        metrics=metrics,
        logger=logger,
    )
    return await _serve(parts, build, stop)


async def _serve(parts: Parts, build: Build, stop: asyncio.Future[str]) -> int:
    settings, logger = parts.settings, parts.logger
    node: RunningNode | None = None
    web: WebServer | None = None
    try:
        node = await build(parts)
        await node.start()
        if settings.node.web_bind:
            web = await _serve_pages(parts, node)
        _announce(parts, node, web)
        logger.info("serving at %s", node.address)
        logger.info("stopping: %s", await stop)
        return 0
    finally:
        steps: list[tuple[str, Callable[[], Awaitable[object]]]] = []
        if node is not None:
            steps.append(("the role", node.stop))
        if web is not None:
            steps.append(("the status page", web.stop))
        steps.append(("membership", parts.membership.leave))
        steps.append(("tasks", parts.supervisor.stop))
        for step, action in steps:
            await settle(step, action, logger)


def _stop_on_signals(stop: asyncio.Future[str]) -> None:
    def asked(number: signal.Signals) -> None:
        if not stop.done():
            stop.set_result(f"received {number.name}")

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked, number)


def _stop_at_end_of_input(stop: asyncio.Future[str]) -> None:
    loop = asyncio.get_running_loop()
    descriptor = sys.stdin.fileno()

    def readable() -> None:
        if not os.read(descriptor, 1024):
            loop.remove_reader(descriptor)
            if not stop.done():
                stop.set_result("standard input ended")

    loop.add_reader(descriptor, readable)


async def _join(role: Role, name: str, settings: Settings) -> membership.Node:
    section, node = settings.membership, settings.node
    bind = node.member_bind or f"{split_address(node.bind)[0]}:0"
    return await membership.Node.start(
        name=name,
        bind=bind,
        advertise=node.member_advertise or None,
        seeds=list(node.seeds),
        meta={"role": role.value, "dc": node.datacenter},
        profile=section.profile,
        label=section.label or None,
        keys=list(section.keys) or None,
        encryption=section.encryption,
        allow=list(section.allow),
        join_retry_seconds=10.0 if node.seeds else 0.0,
    )


def _native_readings(member: membership.Node) -> list[tuple[str, str, str, float]]:
    return [
        (
            "counter" if name.endswith("_total") else "gauge",
            f"membership_{name.removesuffix('_total')}",
            f"membership: {name}",
            float(value),
        )
        for name, value in member.stats().items()
    ]


def _announce(parts: Parts, node: RunningNode, web: WebServer | None) -> None:
    ready = Ready(
        role=parts.identity.role.value,
        name=parts.identity.name,
        address=node.address,
        member_address=parts.membership.address,
        web_address=web.address if web else "",
        pid=os.getpid(),
    )
    sys.stdout.write(msgspec.json.encode(ready).decode() + "\n")
    sys.stdout.flush()


async def _serve_pages(parts: Parts, node: RunningNode) -> WebServer:
    node_section = parts.settings.node
    site = site_of_node(
        parts.identity.role,
        node,
        membership=parts.membership,
        clock=parts.clock,
        supervisor=parts.supervisor,
        token=node_section.web_token,
        stats=parts.membership.stats,
        ended_jobs=lambda: _ended_jobs(parts.metrics),
        settings=_ShownSettings(parts.loaded),
    )
    app = make_app(site, parts.metrics.exposition)
    web = WebServer(app, node_section.web_bind, parts.supervisor)
    await web.start()
    site.start()
    return web


def _ended_jobs(metrics: PrometheusMetrics) -> dict[str, int]:
    return {labels["state"]: int(value) for labels, value in metrics.samples("jobs_ended") if value}


class _ShownSettings:
    """The settings for their page."""

    def __init__(self, loaded: Loaded[Settings]) -> None:
        self._page = SettingsPage(
            settings=tuple(
                SettingLine(
                    path=row.path, value=str(row.value), origin=row.origin, variable=row.variable
                )
                for row in rows(loaded)
            )
        )

    def settings(self) -> SettingsPage:
        """As they were merged at the start."""
        return self._page
