"""Every metric: its name, kind, unit, labels and meaning. What is not here cannot be counted.

The exposed name is `shoal_` + name, with `_total` after a counter's. Every sample also has
the constant labels `node` and `role`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

Kind = Literal["counter", "gauge", "histogram"]


class Metric(msgspec.Struct, frozen=True):
    """One family of samples.

    Attributes:
        name: without prefix and suffix.
        kind: what it does over time.
        unit: of its value.
        labels: names of its own labels; each takes values of a small closed set.
        help: one sentence.
        buckets: upper bounds of a histogram, in its unit.
    """

    name: str
    kind: Kind
    unit: str
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()

    @property
    def exposed(self) -> str:
        """The name in the text format."""
        return f"shoal_{self.name}" + ("_total" if self.kind == "counter" else "")


def _counter(name: str, unit: str, text: str, *labels: str) -> Metric:
    return Metric(name, "counter", unit, text, labels)


def _gauge(name: str, unit: str, text: str, *labels: str) -> Metric:
    return Metric(name, "gauge", unit, text, labels)


JOB_SECONDS = (0.005, 0.02, 0.1, 0.5, 2.0, 10.0, 60.0, 300.0, 1800.0, 7200.0, 86400.0)

GATE = (
    _counter("jobs_accepted", "jobs", "Jobs made durable by this gate."),
    _counter("jobs_ended", "jobs", "Jobs that this gate ended.", "state"),
    Metric(
        "job_seconds",
        "histogram",
        "seconds",
        "From acceptance of a job to its end.",
        buckets=JOB_SECONDS,
    ),
    _gauge("jobs_open", "jobs", "Jobs that this gate owns and that have not ended."),
    _gauge("lease_held", "0 or 1", "Whether this gate may own jobs."),
    _gauge("datacenter_cores", "cores", "Cores of a datacenter's workers.", "datacenter"),
    _gauge("datacenter_cores_free", "cores", "Those that nothing runs on.", "datacenter"),
    _gauge("datacenter_managers", "managers", "Live managers of a datacenter.", "datacenter"),
    _counter("takeovers", "jobs", "Jobs taken over from a gate that died or handed them over."),
    _counter("step_downs", "times", "Times that the lease ran out and the gate stopped owning."),
    _counter("stale_fences", "refusals", "Commands refused since another gate owns the job."),
    _counter("forwards_failed", "submissions", "Submissions that could not be passed on."),
    _counter("reports_failed", "reports", "Reports and callbacks of ended jobs that failed."),
    _counter("inputs_failed", "messages", "Results for dependants that a manager did not take."),
    _counter("requests_shed", "requests", "Requests refused under overload.", "kind"),
    _counter("managers_lost", "managers", "Managers given up."),
    _counter("managers_unkept", "managers", "Managers heard of, and too many to be kept."),
    _counter("gate_isolations", "times", "Times that this gate took itself for cut off."),
    _counter("datacenter_reach_changes", "times", "Changes of a datacenter's reach by probes."),
    _counter("results_refused", "results", "Results that cannot be: no such workflow or state."),
    _counter("sketches_refused", "sketches", "Latencies of results that cannot be read."),
    _counter("results_repeated", "results", "Results that were there already."),
    _counter("progress_gone", "messages", "Progress of jobs that have ended."),
    _counter("progress_stale", "messages", "Progress that was not newer than what was known."),
)

MANAGER = (
    _gauge("workers", "workers", "Workers registered here."),
    _gauge("cores", "cores", "Cores of those workers."),
    _gauge("cores_bound", "cores", "Those that something runs on."),
    _counter("workers_lost", "workers", "Workers given up."),
    _counter("attempts_lost", "attempts", "Attempts lost with their worker."),
    _counter("assignments_unacknowledged", "assignments", "Assignments without an answer."),
    _counter("late_results", "results", "Results of attempts that were believed lost."),
    _counter("jobs_given_up", "jobs", "Jobs ended here since no gate wants them any more."),
    _counter("log_lines_lost", "lines", "Captured lines that did not reach the gate."),
    _counter("pressure_untold", "messages", "Requests for less progress that were not delivered."),
    _counter("progress_refused", "reports", "Reports of an attempt not taken in.", "reason"),
    _counter("acknowledgements_lost", "messages", "Acknowledgements that did not reach a worker."),
)

WORKER = (
    _gauge("jobs_held", "jobs", "Jobs of which this worker runs or keeps something."),
    _counter("attempts_ended", "attempts", "Attempts that ended on this worker.", "state"),
    _counter("jobs_orphaned", "jobs", "Jobs whose managers all went silent."),
    _counter("value_transfers_failed", "requests", "Parts of large values to be moved again."),
    _counter("guard_kills", "attempts", "Attempts ended for want of memory."),
)

SHARED = (
    _gauge("draining", "0 or 1", "Whether the node takes no new work."),
    _counter("assignments_refused", "assignments", "Assignments a worker refused.", "reason"),
    _counter("progress_lost", "messages", "Progress that did not reach the next hop."),
    _counter("result_deliveries_failed", "messages", "Batches of results to be sent again."),
    _counter("timer_failures", "timers", "Timers whose handling failed.", "kind"),
    _counter("task_failures", "failures", "Background tasks that failed.", "task"),
    _counter("messages_refused", "messages", "Messages refused before their handler.", "reason"),
    _counter("handler_failures", "messages", "Messages whose handler failed.", "message"),
    _counter("frames_skipped", "frames", "Frames of an unknown kind.", "reason"),
    _counter("replies_late", "replies", "Replies that nobody waited for any more."),
    _counter("notices_refused", "messages", "One-way messages that were refused."),
    _counter("messages_too_large", "messages", "Messages that no frame can hold, not sent."),
    _counter("connections_refused", "connections", "Peers turned away.", "reason"),
    _counter("connections_broken", "connections", "Connections that ended by an error."),
    _counter("labels_folded", "samples", "Samples whose labels were too many, counted as `other`."),
)

WHEEL_LEVELS = 9

MEMBERSHIP = (
    _counter(
        "membership_stood_down",
        "times",
        "Accusations of this node let stand: its own network fails.",
    ),
    _counter(
        "membership_timers_late",
        "times",
        "Wake-ups of the agent's thread 50 ms or more after a timer was due.",
    ),
    _gauge("membership_wheel_timers", "timers", "Timers of the protocol that wait."),
    *(
        _gauge(f"membership_wheel_level_{level}_slots", "slots", f"Level {level} slots in use.")
        for level in range(WHEEL_LEVELS)
    ),
    _gauge("membership_members", "members", "Members believed alive, this one included."),
    _gauge("membership_suspects", "members", "Members under suspicion."),
    _gauge("membership_gone", "members", "Members remembered as dead or left."),
    _gauge("membership_gossip_queue", "updates", "Updates waiting to be gossiped."),
    _gauge("membership_health_score", "score", "Local health; 0 is well, each point is slower."),
    _gauge("membership_streams_open", "streams", "TCP streams open now."),
    _gauge("membership_loop_stall_longest_seconds", "seconds", "Longest silence of the loop."),
    _gauge("membership_gil_wait_longest_seconds", "seconds", "Longest wait for the GIL."),
    _counter("membership_loop_stalls", "times", "Silences of the event loop beyond 1.25 s."),
    _counter("membership_gil_stalls", "times", "Waits for the GIL beyond 250 ms."),
    _counter("membership_datagrams_in", "datagrams", "Datagrams taken in by the protocol."),
    _counter("membership_datagrams_out", "datagrams", "Datagrams made by the protocol."),
    _counter("membership_bytes_in", "bytes", "Bytes of the datagrams taken in."),
    _counter("membership_bytes_out", "bytes", "Bytes of the datagrams made."),
    _counter("membership_stream_messages_in", "messages", "Messages taken from streams."),
    _counter("membership_stream_messages_out", "messages", "Messages written to streams."),
    _counter("membership_probes", "probes", "Probes started."),
    _counter("membership_probes_answered", "probes", "Probes answered, directly or not."),
    _counter("membership_probes_rescued", "probes", "Probes answered through others or TCP."),
    _counter("membership_probes_failed", "probes", "Probes that nothing answered."),
    _counter("membership_relayed", "probes", "Probes made for others."),
    _counter("membership_suspicions_started", "suspicions", "Suspicions that began here."),
    _counter("membership_suspicions_refuted", "suspicions", "Suspicions that were refuted."),
    _counter("membership_deaths_declared", "members", "Members declared dead here."),
    _counter("membership_refutations", "times", "Times this node refuted news of its end."),
    _counter("membership_syncs_alike", "syncs", "Anti-entropy rounds that found no difference."),
    _counter("membership_syncs_different", "syncs", "Anti-entropy rounds that found one."),
    _counter("membership_sync_rows_out", "rows", "Rows sent in anti-entropy."),
    _counter("membership_datagrams_sent", "datagrams", "Datagrams the kernel took."),
    _counter("membership_datagrams_refused", "datagrams", "Datagrams the kernel refused."),
    _counter("membership_datagrams_not_allowed", "datagrams", "From outside the networks."),
    _counter("membership_datagrams_unreadable", "datagrams", "Datagrams that could not be read."),
    _counter("membership_receive_calls", "calls", "Calls that read datagrams, many at a time."),
    _counter("membership_streams_accepted", "streams", "TCP streams accepted."),
    _counter("membership_streams_opened", "streams", "TCP streams opened."),
    _counter("membership_streams_turned_away", "streams", "TCP streams over the limit."),
    _counter("membership_streams_failed", "streams", "TCP streams that failed."),
    _counter("membership_dropped", "messages", "Input dropped by the protocol.", "reason"),
)

ROOMS: dict[str, tuple[Metric, ...]] = {
    "Gate": GATE,
    "Manager": MANAGER,
    "Worker": WORKER,
    "Every role": SHARED,
    "Membership": MEMBERSHIP,
}

METRICS: dict[str, Metric] = {
    metric.name: metric for metrics in ROOMS.values() for metric in metrics
}


OF_ROLE: dict[str, tuple[Metric, ...]] = {
    "gate": GATE + SHARED,
    "manager": MANAGER + SHARED,
    "worker": WORKER + SHARED,
}
"""What a node of each role counts."""


def document() -> Iterator[str]:
    """The tables of `docs/metrics.md`, line by line."""
    for room, metrics in ROOMS.items():
        yield from ("", f"## {room}", "", "| metric | kind | unit | labels | meaning |")
        yield "| --- | --- | --- | --- | --- |"
        for metric in metrics:
            labels = ", ".join(f"`{label}`" for label in metric.labels)
            cells = (f"`{metric.exposed}`", metric.kind, metric.unit, labels, metric.help)
            yield "| " + " | ".join(cells) + " |"
