"""Running one node in this process until it is told to stop."""

from __future__ import annotations

import asyncio
import gc
import os
import random
import secrets
import socket
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Protocol

import msgspec
import uvloop

from distributed import membership
from distributed.clock import SystemClock
from distributed.commands.config import tls_files
from distributed.commands.local.process import Ready
from distributed.commands.logging_setup import configure
from distributed.commands.readings import role_readings
from distributed.commands.settings_tree import Settings
from distributed.commands.stopping import StopAsked
from distributed.commands.traces import Traces, traces_of
from distributed.errors import ConfigError, ShoalError
from distributed.membership.control import ControlServer
from distributed.messages.admin import NodeStatus
from distributed.settings.printing import rows
from distributed.settings.sources import Loaded
from distributed.supervision import Supervisor, settle
from distributed.telemetry.logs import BoundLogger, node_logger
from distributed.telemetry.metrics import PrometheusMetrics
from distributed.telemetry.names import OF_ROLE
from distributed.telemetry.native import native_readings
from distributed.telemetry.tracing import Tracer
from distributed.transport import Identity
from distributed.transport.tcp import TcpTransport, split_address
from distributed.types import Role
from distributed.web.app import make_app
from distributed.web.building import site_of_node
from distributed.web.models import SettingLine, SettingsPage
from distributed.web.server import WebServer


class Hosted(Protocol):
    """What a role is told by whoever hosts it."""

    web_address: str
    tracer: Tracer


class RunningNode(Protocol):
    """What every role gives."""

    @property
    def address(self) -> str: ...

    @property
    def state(self) -> Hosted: ...

    on_drained: Callable[[], None]

    def status(self) -> NodeStatus: ...

    async def start(self) -> None: ...

    async def drain(self, deadline_seconds: float) -> bool: ...

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
    traces: Traces

    @property
    def settings(self) -> Settings:
        """The merged tree."""
        return self.loaded.tree


Build = Callable[[Parts], Awaitable[RunningNode]]


class NodeStopped(ShoalError):
    """A task without which the node cannot go on has failed."""


def host(role: Role, loaded: Loaded[Settings], build: Build, *, tied: bool = False) -> int:
    """Run a node until SIGTERM, SIGINT or, if `tied`, the end of standard input.

    SIGTERM lets it finish what runs, within the grace that its settings give; a second signal
    cuts that short, and so do SIGINT and the end of standard input from the start.

    Returns the exit status.

    Raises:
        ShoalError: it could not start, or had to stop.
    """
    configure(loaded.tree.log)
    return uvloop.run(_host(role, loaded, build, tied=tied))


async def _host(role: Role, loaded: Loaded[Settings], build: Build, *, tied: bool) -> int:
    settings = loaded.tree
    if not settings.node.datacenter:
        raise ConfigError("must name a datacenter", field="node.datacenter")
    stop = StopAsked()
    stop.on_signals()
    if tied:
        stop.at_end_of_input()
    name = settings.node.name or f"{role.value}-{socket.gethostname()}-{secrets.token_hex(3)}"
    logger = node_logger(role.value, name)
    metrics = PrometheusMetrics({"node": name, "role": role.value})
    metrics.expose(OF_ROLE[role.value])
    rng, clock = random.Random(secrets.randbits(64)), SystemClock()

    def fatal(task: str, error: BaseException) -> None:
        stop.fail(NodeStopped(f"{name} stops since its task {task} failed: {error}"))

    supervisor = Supervisor(clock, rng, logger, metrics, on_fatal=fatal)
    identity = Identity(
        role, name, settings.node.datacenter, secrets.token_hex(8), settings.node.advertise
    )
    traces = traces_of(settings.trace, identity)
    member = await _join(role, name, settings)
    metrics.read_at_scrape(lambda: native_readings(member.stats()))
    parts = Parts(
        loaded=loaded,
        identity=identity,
        clock=clock,
        rng=rng,
        transport=TcpTransport(
            supervisor,
            clock,
            logger,
            metrics,
            tls=tls_files(settings, role, settings.node.datacenter),
        ),
        membership=member,
        supervisor=supervisor,
        metrics=metrics,
        logger=logger,
        traces=traces,
    )
    return await _serve(parts, build, stop)


async def _serve(parts: Parts, build: Build, stop: StopAsked) -> int:
    settings, logger = parts.settings, parts.logger
    node: RunningNode | None = None
    web: WebServer | None = None
    control: ControlServer | None = None
    try:
        control = await _serve_control(parts, stop)
        node = await build(parts)
        node.state.tracer = parts.traces.tracer
        node.on_drained = partial(stop.ask, "drained")
        await node.start()
        parts.metrics.read_at_scrape(partial(role_readings, node))
        if settings.node.web_bind:
            web = await _serve_pages(parts, node)
            node.state.web_address = web.address
        _spare_what_stays()
        _announce(parts, node, web)
        logger.info("serving at %s", node.address)
        logger.info("stopping: %s", await stop.reason)
        await stop.grace(node.drain, settings.node.stop_grace_seconds, parts.supervisor)
        return 0
    finally:
        steps: list[tuple[str, Callable[[], Awaitable[object]]]] = []
        if node is not None:
            steps.append(("the role", node.stop))
        if web is not None:
            steps.append(("the status page", web.stop))
        if control is not None:
            steps.append(("the control socket", control.stop))
        steps.append(("membership", parts.membership.leave))
        steps.append(("tasks", parts.supervisor.stop))
        steps.append(("traces", partial(asyncio.to_thread, parts.traces.close)))
        for step, action in steps:
            await settle(step, action, logger)


def _spare_what_stays() -> None:
    """Let no later collection walk what the start-up made: it takes tens of milliseconds."""
    gc.collect()
    gc.freeze()


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


async def _serve_control(parts: Parts, stop: StopAsked) -> ControlServer | None:
    """The socket that membership's own commands use, where one is wanted.

    Raises:
        ConfigError: it cannot be made there.
    """
    path = parts.settings.node.control_socket
    if not path:
        return None
    leave = partial(stop.ask, "told to leave", at_once=False)
    try:
        return await ControlServer(parts.membership, Path(path), on_leave=leave).start()
    except OSError as error:
        raise ConfigError(
            f"cannot listen at {path}: {error}", field="node.control_socket"
        ) from error


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
