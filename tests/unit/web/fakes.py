"""A node of values: whatever a test puts in, its pages show."""

from __future__ import annotations

import random

from distributed.clock import SystemClock
from distributed.errors import ConfigError
from distributed.messages.admin import NodeStatus
from distributed.messages.submission import (
    DatacenterProgress,
    JobEvent,
    JobView,
    LogLine,
    WorkflowView,
)
from distributed.supervision import Supervisor
from distributed.telemetry.logs import node_logger
from distributed.telemetry.metrics import CountingMetrics
from distributed.web.models import (
    CandidateLine,
    Coordinates,
    DatacenterLine,
    Death,
    Happening,
    JobLine,
    JobPage,
    Jobs,
    MemberLine,
    Members,
    Native,
    Overview,
    Place,
    Plot,
    Route,
    Routing,
    Run,
    SettingLine,
    SettingsPage,
    Span,
    Trouble,
    Window,
    WorkerLine,
    Workers,
)
from distributed.web.site import Site
from distributed.web.sources import Sources

TOKEN = "sesame"


class FakeNode:
    """Every source in one; `text` stands wherever others could have written something."""

    def __init__(self, text: str = "plain") -> None:
        self.text = text
        self.cancelled: list[tuple[str, str]] = []
        self.drained: list[str] = []

    def overview(self) -> Overview:
        line = DatacenterLine(
            name=self.text,
            bucket="healthy",
            managers=1,
            workers=2,
            healthy_workers=2,
            cores=8,
            free_cores=3,
            queued=5,
        )
        death = Death(name=self.text, role="worker", reason=self.text, seconds_ago=3.0)
        return Overview(
            node=NodeStatus(self.text, "gate", "dc1", 5.0, "active"),
            datacenters=(line,),
            open_jobs={"running": 2},
            ended_jobs={"completed": 3},
            deaths=(death,),
            degraded=(Trouble(name=self.text, role="worker", reason=self.text),),
            notes=("ledger: available",),
        )

    def gauges(self) -> dict[str, float]:
        return {"cores": 8.0, "cores in use": 5.0, "queued": 5.0, "open jobs": 2.0}

    def members(self) -> Members:
        member = MemberLine(
            name=self.text,
            address="127.0.0.1:1",
            state="suspect",
            role="worker",
            datacenter="dc1",
            incarnation=3,
            instance="ab",
            degraded=True,
            rtt_seconds=0.001,
            rtt_error_seconds=0.0001,
            meta={self.text: self.text},
            reason=self.text,
            timeline=(Span(state="alive", from_seconds_ago=60.0, to_seconds_ago=0.0),),
        )
        happening = Happening(seconds_ago=1.0, kind="suspected", member=self.text, reason=self.text)
        return Members(
            members=(member,), happenings=(happening,), events_lost=2, span_seconds=600.0
        )

    def coordinates(self) -> Coordinates:
        place = Place(
            name=self.text,
            role="gate",
            datacenter=self.text,
            x=1.0,
            y=2.0,
            rtt_seconds=0.001,
            error_seconds=0.0001,
        )
        return Coordinates(places=(place,), strain=0.1, unplaced=(self.text,))

    def native(self) -> Native:
        return Native(groups={"Probes": {"probes": 5}}, dropped={"bad_checksum": 1})

    async def jobs(
        self, *, states: tuple[str, ...] = (), search: str = "", before: str = ""
    ) -> Jobs:
        line = JobLine(
            id="j-1",
            name=self.text,
            state="running",
            owner=self.text,
            epoch=1,
            age_seconds=4.0,
            reason=self.text,
            done=1,
            total=2,
        )
        found = (line,) if search in self.text else ()
        return Jobs(jobs=found, states=states, search=search, looked_at=1)

    async def job(self, job_id: str) -> JobPage | None:
        if job_id != "j-1":
            return None
        text = self.text
        lines = (
            WorkflowView(text, "completed", "dc1", text, 1, 1, 1, text, (), 0.5, 1.0),
            WorkflowView("second", "running", "dc1", text, 1, 1, 4, text, (text,)),
        )
        progress = (DatacenterProgress(text, "running", 1, 0, 1, 2, 10, 5.0, 0.1, 0.2, 0.3),)
        view = JobView("j-1", text, "running", text, 1, 4.0, text, lines, progress, {text: text})
        run = Run(
            workflow=text,
            datacenter=text,
            worker=text,
            attempt=1,
            state="completed",
            start=0.5,
            end=1.0,
        )
        window = Window(
            datacenter=text, start=0.0, end=1.0, ended=1, throughput=1.0, p50=0.5, p95=0.5, p99=0.5
        )
        detail: dict[str, object] = {"workflow": text, "reason": text, "elapsed_seconds": 1.0}
        decision: dict[str, object] = {
            "primaries": [text],
            "reason": text,
            "notes": [text],
            "candidates": [{"name": text, "verdict": "primary", "reason": text, "bucket": text}],
        }
        return JobPage(
            job=view,
            elapsed_seconds=4.0,
            runs=(run,),
            windows=(window,),
            latencies=progress,
            events=(JobEvent(1, "worker_lost", 0.0, detail),),
            decisions=(decision,),
            logs=(LogLine(text, 1, "stdout", text),),
            cancellable=True,
        )

    def trail(self, job_id: str) -> dict[str, Plot]:
        plot = Plot(title=self.text, unit="s", series=(self.text,), columns=((1.0,), (0.5,)))
        return {"job-latency": plot}

    async def cancel(self, job_id: str, reason: str) -> dict[str, str]:
        self.cancelled.append((job_id, reason))
        return {"first": "cancelled", "second": "finished"}

    async def drain(self, name: str) -> int:
        if name != "worker-1":
            raise ConfigError("no such worker", field="name")
        self.drained.append(name)
        return 2

    def routing(self) -> Routing:
        line = CandidateLine(
            name=self.text,
            verdict="primary",
            reason=self.text,
            bucket="healthy",
            because=(self.text,),
            circuit="closed",
            reach="reachable",
            factors={"score": 0.5, "latency_seconds": 0.01},
        )
        return Routing(
            primaries=(self.text,),
            reason=self.text,
            notes=(self.text,),
            candidates=(line,),
            routes=(Route(asks=self.text, datacenters=("dc1",), held_seconds=1.0, switches=0),),
            cooldowns={self.text: 2.0},
            reserved={self.text: 1},
        )

    def workers(self) -> Workers:
        worker = WorkerLine(
            name=self.text,
            datacenter=self.text,
            address="127.0.0.1:1",
            standing="healthy",
            cores=4,
            free_cores=1,
            bound=3,
            ahead=0,
            status=None,
            heard_seconds_ago=0.5,
        )
        return Workers(workers=(worker,))

    def settings(self) -> SettingsPage:
        line = SettingLine(path="node.name", value=self.text, origin="flag", variable="SHOAL_X")
        return SettingsPage(settings=(line,))


def gate_site(node: FakeNode, *, token: str = "") -> Site:
    """A site that has every page."""
    sources = Sources(
        name=node.text,
        role="gate",
        overview=node,
        members=node,
        jobs=node,
        cancel=node,
        routing=node,
        workers=node,
        drain=node,
        settings=node,
    )
    return make_site(sources, token=token)


def make_site(sources: Sources, *, token: str = "") -> Site:
    """A site over sources, with a clock and a supervisor of its own."""
    clock = SystemClock()
    logger = node_logger("gate", "fake")
    supervisor = Supervisor(clock, random.Random(1), logger, CountingMetrics())
    return Site(sources, clock=clock, supervisor=supervisor, token=token)
