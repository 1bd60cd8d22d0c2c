"""The last moments of a run, readable: one line an event, one column a node."""

from __future__ import annotations

from collections.abc import Iterable

from distributed.testing.trace import TraceEvent

NOISE = frozenset(
    {
        "ping",
        "pong",
        "greeting",
        "goodbye",
        "WorkerStatus",
        "ManagerStatus",
        "WorkerProgress",
        "RegisterWorker",
        "WorkerRegistered",
    }
)


def timeline(
    events: Iterable[TraceEvent], *, last: int = 60, about: str = "", until: float | None = None
) -> str:
    """The last events as text, keepalives and status messages left out.

    `about` keeps only lines that mention it (a job id, a node) beside starts, deaths and cuts.
    """
    kept = [
        event
        for event in events
        if event.what not in NOISE
        and (until is None or event.at <= until)
        and (not about or about in _text(event) or event.kind in _ALWAYS)
    ]
    lines = [f"{event.at:10.4f}  {event.node:<10} {_text(event)}" for event in kept[-last:]]
    return "\n".join(lines)


_ALWAYS = frozenset({"kill", "start", "stop", "pause", "resume", "cut", "mend", "membership"})


def _text(event: TraceEvent) -> str:
    if event.kind == "send":
        lost = "  (lost)" if event.detail == "lost" else ""
        return f"-> {event.peer}: {event.what}{lost}"
    text = f"{event.kind} {event.what}"
    if event.peer:
        text += f" {event.peer}"
    return f"{text}  {event.detail}".rstrip()
