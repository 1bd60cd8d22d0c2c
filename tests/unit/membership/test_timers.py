"""Timers on the agent's wheel."""

import asyncio
import time
from collections.abc import Iterator

import pytest

from distributed.errors import ClosedError
from distributed.membership.timers import AgentTimers


@pytest.fixture
async def errors() -> list[tuple[str, str]]:
    return []


@pytest.fixture
async def timers(errors: list[tuple[str, str]]) -> Iterator[AgentTimers]:  # type: ignore[misc]
    made = AgentTimers(on_error=lambda error, name: errors.append((str(error), name)))
    yield made
    made.stop()


async def ran(timers: AgentTimers) -> None:
    while len(timers):
        await asyncio.sleep(0.005)


async def test_callbacks_run_by_deadline_and_never_early(timers: AgentTimers) -> None:
    seen: list[int] = []
    started = time.monotonic()
    timers.call_later(0.06, seen.append, 2)
    timers.call_later(0.03, seen.append, 1)
    await ran(timers)
    assert seen == [1, 2]
    assert time.monotonic() - started >= 0.06


async def test_a_cancelled_callback_stays_away_and_a_moved_one_runs_once(
    timers: AgentTimers,
) -> None:
    seen: list[str] = []
    cancelled = timers.call_later(0.01, seen.append, "cancelled")
    moved = timers.call_later(3_600.0, seen.append, "moved")
    assert timers.cancel(cancelled)
    assert not timers.cancel(cancelled)
    assert timers.move(moved, 0.02)
    await ran(timers)
    assert seen == ["moved"]
    assert not timers.move(moved, 1.0)


async def test_after_a_stall_each_due_callback_runs_exactly_once(timers: AgentTimers) -> None:
    seen: list[int] = []
    for number in range(10):
        timers.call_later(0.01 * (number + 1), seen.append, number)
    time.sleep(0.2)
    await ran(timers)
    assert seen == list(range(10))


async def test_an_error_is_reported_with_its_name_and_the_others_run(
    timers: AgentTimers, errors: list[tuple[str, str]]
) -> None:
    seen: list[int] = []

    def fails() -> None:
        raise ValueError("no")

    timers.call_later(0.01, fails)
    timers.call_later(0.01, seen.append, 1)
    await ran(timers)
    while not (errors and seen):
        await asyncio.sleep(0.005)
    assert errors[0][0] == "no"
    assert "fails" in errors[0][1]


async def test_nothing_runs_after_stop(timers: AgentTimers) -> None:
    seen: list[int] = []
    timers.call_later(0.0, seen.append, 1)
    timers.stop()
    await asyncio.sleep(0.05)
    assert seen == []
    with pytest.raises(ClosedError):
        timers.call_later(0.0, seen.append, 2)
