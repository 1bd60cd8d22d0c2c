"""What was put on a lane is sent, answered or taken back; nothing stays on it for ever."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import pytest

from distributed.errors import FrameError
from distributed.manager.lanes import Lanes
from distributed.manager.settings import ManagerSettings
from distributed.messages.dispatch import Assignment, AssignmentsTaken, AssignWorkflows
from distributed.messages.job import Workflow
from distributed.telemetry.metrics import CountingMetrics
from distributed.transport.turn import Turn

ASSIGNMENT = Assignment("j", 1, "d-1", 1, Workflow(name="w", run="pkg.mod:f"))
TAKEN = AssignmentsTaken(("d-1",), (), 1)


class Lifecycle:
    """Notes what became of assignments."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def running(self, *_: Any) -> None:
        self.told.append("running")

    def lose(self, *_: Any, **__: Any) -> None:
        self.told.append("lost")

    def refused(self, *_: Any) -> None:
        self.told.append("refused")


class Lane:
    """One worker's lane, with answers as the test says; a task is run when it says so."""

    def __init__(self, *answers: object) -> None:
        self.answers = list(answers)
        self.sent: list[AssignWorkflows] = []
        self.factories: list[Callable[[], Awaitable[None]]] = []
        self.lifecycle = Lifecycle()
        self.seat = SimpleNamespace(
            name="w1",
            address="w1:1",
            gone=False,
            outgoing=deque(),
            under_way=[],
            lane_running=False,
        )
        logger: Any = SimpleNamespace(warning=lambda *_: None)
        logger.bind = lambda **_: logger
        state: Any = SimpleNamespace(
            settings=ManagerSettings(assign_attempts=1),
            clock=SimpleNamespace(now=lambda: 1.0),
            rng=random.Random(1),
            identity=SimpleNamespace(name="m1", address="m1:1"),
            metrics=CountingMetrics(),
            logger=logger,
            seats={"w1": self.seat},
            turn=Turn(),
            pool=SimpleNamespace(opened=lambda _: self, connection=self._connection),
            spawn=lambda _name, factory, **_: self.factories.append(factory),
        )
        self.turn: Turn = state.turn
        self.lanes = Lanes(state, self.lifecycle)  # type: ignore[arg-type]
        self.lanes.on_standing = lambda _: None

    async def _connection(self, _: str) -> Lane:
        return self

    def request(self, message: AssignWorkflows, *, timeout: float) -> Awaitable[object]:
        assert timeout > 0
        self.sent.append(message)
        answer = self.answers.pop(0)

        async def reply() -> object:
            if isinstance(answer, Exception):
                raise answer
            return answer

        return reply()

    def give(self) -> None:
        entry = SimpleNamespace(dispatch_id="d-1")
        record = SimpleNamespace(job_id="j")
        with self.turn:
            self.lanes.give("w1", (record, entry, ASSIGNMENT))  # type: ignore[arg-type]


async def test_a_batch_is_sent_in_the_turn_that_gave_it_and_answered_in_a_task() -> None:
    lane = Lane(TAKEN)
    lane.give()
    assert [message.batch for message in lane.sent] == [(ASSIGNMENT,)]
    await lane.factories[0]()
    assert lane.lifecycle.told == ["running"]
    assert not lane.seat.lane_running
    assert lane.seat.under_way == []


async def test_a_lane_that_failed_offers_its_batch_again_when_it_is_restarted() -> None:
    lane = Lane(RuntimeError("a fault of ours"), TAKEN)
    lane.give()
    with pytest.raises(RuntimeError):
        await lane.factories[0]()
    await lane.factories[0]()
    assert len(lane.sent) == 2
    assert lane.lifecycle.told == ["running"]


async def test_what_cannot_be_sent_is_taken_back_and_the_lane_goes_on() -> None:
    lane = Lane(FrameError("too large"), TAKEN)
    lane.give()
    await lane.factories[0]()
    assert lane.lifecycle.told == ["lost"]
    lane.give()
    await lane.factories[1]()
    assert lane.lifecycle.told == ["lost", "running"]
