"""Captured output on its way through a manager: the least of all, it waits and goes first."""

from __future__ import annotations

import pytest

from distributed.jobs.log_queue import LogQueue
from distributed.manager.progress import MOST_LANES, Progress
from distributed.manager.settings import ManagerSettings
from distributed.messages.progress import Pressure, WorkerLog
from distributed.reliability.pressure import Level
from distributed.telemetry.metrics import CountingMetrics
from distributed.transport.interface import Context, Identity
from distributed.types import Role

JOB = "j-1"


class Gate:
    """A connection to a gate that has room for so many messages."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.took: list[WorkerLog] = []

    def try_send(self, message: WorkerLog) -> bool:
        if len(self.took) >= self.room:
            return False
        self.took.append(message)
        return True


class Record:
    """As much of a job as its output needs."""

    def __init__(self) -> None:
        self.job_id = JOB
        self.gate_address = "gate:1"
        self.logs = LogQueue()


class State:
    """As much of a manager as a job's output passes through."""

    def __init__(self, gate: Gate) -> None:
        self.settings = ManagerSettings(log_lines=4)
        self.records = {JOB: Record()}
        self.metrics = CountingMetrics()
        self.clock = self
        self.pool = self
        self.gate = gate

    def now(self) -> float:
        return 0.0

    def opened(self, _address: str) -> Gate:
        return self.gate


def log(*lines: str) -> WorkerLog:
    return WorkerLog(JOB, "w", 1, "stdout", lines)


@pytest.mark.parametrize("room", [0, 2])
async def test_lines_that_a_gate_has_no_room_for_wait_and_the_oldest_of_too_many_go(
    room: int,
) -> None:
    gate = Gate(room)
    state = State(gate)
    progress = Progress(state)  # type: ignore[arg-type]
    for number in range(8):
        progress.forward_log(None, log(f"line {number}"))  # type: ignore[arg-type]
    lost = 4 - room
    assert state.metrics.total("log_lines_lost") == lost
    assert state.records[JOB].logs.lines == 4
    gate.room = 100
    assert progress.flush_logs(state.records[JOB])  # type: ignore[arg-type]
    waited = gate.took[room:]
    assert [entry.lines for entry in waited] == [(f"line {n}",) for n in range(4, 8)]
    assert [entry.dropped for entry in waited] == [lost, 0, 0, 0]


async def test_lines_overtake_none_that_wait() -> None:
    gate = Gate(0)
    state = State(gate)
    progress = Progress(state)  # type: ignore[arg-type]
    progress.forward_log(None, log("first"))  # type: ignore[arg-type]
    gate.room = 100
    progress.forward_log(None, log("second"))  # type: ignore[arg-type]
    assert [entry.lines for entry in gate.took] == [("first",), ("second",)]


def test_peers_whose_pace_is_remembered_are_bounded() -> None:
    """A name that a peer gives itself must not cost memory for ever."""
    progress = Progress(State(Gate(0)))  # type: ignore[arg-type]
    for number in range(3 * MOST_LANES):
        peer = Identity(Role.GATE, "g", address=f"gate:{number}")
        progress.pressure(Context(None, peer, None), Pressure("batch"))  # type: ignore[arg-type]
    assert len(progress._lanes) <= MOST_LANES
    newest = progress._lanes[f"gate:{3 * MOST_LANES - 1}"]
    assert newest.pace.level(0.0) is Level.BATCH
