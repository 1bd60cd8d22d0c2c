"""One trace follows a job through client, gate, manager and worker, and costs nothing when off."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from distributed.commands.traces import traces_of
from distributed.errors import ConfigError
from distributed.messages.job import Job
from distributed.settings.sections import TraceSection
from distributed.telemetry.otel import OtelTracer
from distributed.telemetry.tracing import NO_SPAN, NO_TRACES, traceparent
from distributed.testing.cluster import SimCluster
from distributed.testing.simulated_work import Script, workflow
from distributed.transport import Identity
from distributed.types import Role

JOB = Job(name="traced", workflows=(workflow("a", Script(seconds=1)), workflow("b", after=("a",))))


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def tracer(exporter: InMemorySpanExporter) -> OtelTracer:
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return OtelTracer(provider)


def nodes(cluster: SimCluster) -> list[object]:
    roles = (Role.GATE, Role.MANAGER, Role.WORKER)
    return [process.node for role in roles for process in cluster.of_role(role)]


def parents(spans: Sequence[ReadableSpan]) -> dict[str, str]:
    """Each span's name, with its workflow, to its parent's name."""
    names = {span.context.span_id: span.name for span in spans if span.context}
    found = {}
    for span in spans:
        workflow_name = (span.attributes or {}).get("shoal.workflow", "")
        above = names[span.parent.span_id] if span.parent else ""
        found[f"{span.name} {workflow_name}".strip()] = above
    return found


def test_a_job_is_one_trace_from_submission_to_result(
    tracer: OtelTracer, exporter: InMemorySpanExporter
) -> None:
    """MW 39.3b-d."""
    with SimCluster(seed=5) as cluster:
        cluster.start()
        for node in nodes(cluster):
            node.state.tracer = tracer  # type: ignore[attr-defined]
        cluster["c1"].node.client.tracer = tracer
        job = cluster.submit(JOB)
        cluster.run_for(30)
        assert job.state == "completed"
        cluster.run_for(10)
    spans = exporter.get_finished_spans()
    assert len({span.context.trace_id for span in spans if span.context}) == 1
    assert parents(spans) == {
        "submit job": "",
        "job": "submit job",
        "job in datacenter": "job",
        "workflow a": "job in datacenter",
        "workflow b": "job in datacenter",
    }
    (whole,) = [span for span in spans if span.name == "job"]
    assert whole.attributes is not None
    assert whole.attributes["shoal.state"] == "completed"


def test_a_lost_attempt_and_its_successor_stand_in_the_same_trace(
    tracer: OtelTracer, exporter: InMemorySpanExporter
) -> None:
    with SimCluster(seed=6) as cluster:
        cluster.start()
        for node in nodes(cluster):
            node.state.tracer = tracer  # type: ignore[attr-defined]
        job = cluster.submit(Job(name="one", workflows=(workflow("a", Script(seconds=5)),)))
        cluster.run_for(2)
        busy = next(p for p in cluster.of_role(Role.WORKER) if p.node.state.attempts)
        busy.kill()
        cluster.run_for(60)
        assert job.state == "completed"
    spans = exporter.get_finished_spans()
    attempts = [(s.attributes or {})["shoal.attempt"] for s in spans if s.name == "workflow"]
    assert attempts == [2]
    assert len({span.context.trace_id for span in spans if span.context}) == 1


def test_a_takeover_stays_in_the_trace_that_the_client_began(
    tracer: OtelTracer, exporter: InMemorySpanExporter
) -> None:
    """The killed gate never exports its own span: the next one's stands below the client's."""
    with SimCluster(seed=7) as cluster:
        cluster.start()
        for node in nodes(cluster):
            node.state.tracer = tracer  # type: ignore[attr-defined]
        cluster["c1"].node.client.tracer = tracer
        job = cluster.submit(
            Job(
                name="moved",
                workflows=(
                    workflow("a", Script(seconds=20)),
                    workflow("b", Script(seconds=1), after=("a",)),
                ),
            )
        )
        cluster.run_for(3)
        owner = next(p for p in cluster.of_role(Role.GATE) if p.node.state.records)
        owner.kill()
        cluster.run_for(120)
        assert job.state == "completed"
        cluster.run_for(10)
    spans = exporter.get_finished_spans()
    assert len({span.context.trace_id for span in spans if span.context}) == 1
    (client,) = [span for span in spans if span.name == "submit job"]
    (taken,) = [s for s in spans if s.name == "job" and (s.attributes or {})["shoal.state"]]
    assert taken.parent is not None and client.context is not None
    assert taken.parent.span_id == client.context.span_id


@pytest.mark.parametrize("sent", ["", "nonsense", "a\x00b", "00-" + "g" * 32, "x" * 1_000_000])
def test_what_is_no_traceparent_is_not_kept(sent: str) -> None:
    assert traceparent(sent) == ""


def test_of_a_later_version_what_this_one_knows_is_kept() -> None:
    """Trace Context, section 3.2.3: a higher version is read by the form of this one."""
    known = f"01-{'a' * 32}-{'b' * 16}-01"
    assert traceparent(known + "-later") == known


def test_switched_off_it_is_the_same_nothing_every_time() -> None:
    """MW 39.3a."""
    assert not NO_TRACES.on
    assert NO_TRACES.begin("job", "", job="j") is NO_SPAN
    assert NO_SPAN.context == ""
    with SimCluster(seed=5) as cluster:
        cluster.start()
        assert all(node.state.tracer is NO_TRACES for node in nodes(cluster))  # type: ignore[attr-defined]


def test_a_node_without_the_extra_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "distributed.telemetry.otel", None)
    section = TraceSection(endpoint="http://127.0.0.1:4318/v1/traces")
    with pytest.raises(ConfigError, match=r"shoal\[otel\]"):
        traces_of(section, Identity(Role.GATE, "g1"))


def test_an_older_peers_message_has_no_trace() -> None:
    from distributed.messages.dispatch import Assignment
    from distributed.messages.job import Workflow

    sent = msgspec.msgpack.decode(
        msgspec.msgpack.encode(Assignment("j", 1, "d", 1, Workflow(name="a", run="m:f")))
    )
    older = msgspec.msgpack.encode(sent[:-1])
    assert msgspec.msgpack.decode(older, type=Assignment).trace == ""
