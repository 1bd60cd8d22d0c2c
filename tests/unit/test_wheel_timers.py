"""Callbacks on one event loop through one wheel and one `loop.call_at`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator

import pytest
import uvloop

from distributed.clock import WheelTimers
from distributed.errors import ClosedError


class Errors(list[tuple[str, str]]):
    """An `on_error` that keeps what it is told."""

    def __call__(self, error: BaseException, name: str) -> None:
        self.append((name, str(error)))


class ManualLoop(asyncio.SelectorEventLoop):
    """A loop whose clock moves only when told; counts what waits on it."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1_000.0

    def time(self) -> float:
        return self.now

    def turn(self, seconds: float = 0.0) -> None:
        """Let time pass, then run what is due."""
        self.now += seconds
        for _ in range(3):
            self.call_soon(self.stop)
            self.run_forever()

    @property
    def waiting(self) -> int:
        return sum(not handle.cancelled() for handle in self._scheduled)  # type: ignore[attr-defined]


@pytest.fixture
def loop() -> Iterator[ManualLoop]:
    loop = ManualLoop()
    yield loop
    loop.close()


@pytest.fixture
def errors() -> Errors:
    return Errors()


@pytest.fixture
def timers(loop: ManualLoop, errors: Errors) -> WheelTimers:
    return WheelTimers(loop, on_error=errors)


def test_one_call_at_serves_all_timers(loop: ManualLoop, timers: WheelTimers) -> None:
    ran: list[int] = []
    for n in range(1_000):
        timers.call_later((n * 37 % 1_000) / 10 + 1, ran.append, n)
    assert loop.waiting == 1
    loop.turn(50.0)
    assert 0 < len(ran) < 1_000
    assert loop.waiting == 1
    loop.turn(60.0)
    assert sorted(ran) == list(range(1_000))
    assert (loop.waiting, len(timers)) == (0, 0)


def test_no_callback_runs_before_its_deadline(loop: ManualLoop, timers: WheelTimers) -> None:
    ran: list[str] = []
    timers.call_at(1_002.0, ran.append, "x")
    loop.turn(1.999)
    assert ran == []
    loop.turn(0.001)
    assert ran == ["x"]


def test_after_a_stall_each_runs_once_by_deadline_11_4(
    loop: ManualLoop, timers: WheelTimers
) -> None:
    ran: list[int] = []
    for n in (5, 3, 4, 1, 2):
        timers.call_later(n, ran.append, n)
    loop.turn(3_600.0)
    loop.turn(3_600.0)
    assert ran == [1, 2, 3, 4, 5]


def test_a_failing_callback_is_reported_by_name_and_hides_no_other_11_6(
    loop: ManualLoop, timers: WheelTimers, errors: Errors
) -> None:
    ran: list[str] = []

    def breaks() -> None:
        raise RuntimeError("broke")

    timers.call_later(1.0, breaks)
    timers.call_later(1.0, ran.append, "after")
    loop.turn(2.0)
    assert ran == ["after"]
    assert [(name.rpartition(".")[2], error) for name, error in errors] == [("breaks", "broke")]


def test_a_failing_error_callback_goes_to_standard_error(
    loop: ManualLoop, capsys: pytest.CaptureFixture[str]
) -> None:
    def on_error(error: BaseException, name: str) -> None:
        raise LookupError("nobody listens")

    def breaks() -> None:
        raise RuntimeError("broke")

    ran: list[str] = []
    timers = WheelTimers(loop, on_error=on_error)
    timers.call_later(1.0, breaks)
    timers.call_later(1.0, ran.append, "after")
    loop.turn(2.0)
    told = capsys.readouterr().err
    assert "broke" in told
    assert "nobody listens" in told
    assert ran == ["after"]


def test_no_callback_runs_after_stop_and_stopping_twice_is_safe_11_8(
    loop: ManualLoop, timers: WheelTimers
) -> None:
    ran: list[str] = []
    timers.call_later(1.0, timers.stop)
    timers.call_later(1.0, ran.append, "same round")
    timers.call_later(2.0, ran.append, "later")
    loop.turn(5.0)
    timers.stop()
    loop.turn(5.0)
    assert (ran, len(timers), loop.waiting) == ([], 0, 0)
    with pytest.raises(ClosedError):
        timers.call_later(1.0, ran.append, "too late")


def test_a_callback_can_cancel_another_that_is_due_in_the_same_round_11_11(
    loop: ManualLoop, timers: WheelTimers
) -> None:
    ran: list[str] = []
    keys: list[int] = []
    timers.call_later(1.0, lambda: ran.append(str(timers.cancel(keys[0]))))
    keys.append(timers.call_later(1.0, ran.append, "expired"))
    loop.turn(1.0)
    assert ran == ["True"]
    assert not timers.cancel(keys[0])


def test_moving_earlier_and_later_fires_once_11_5(loop: ManualLoop, timers: WheelTimers) -> None:
    ran: list[str] = []
    early = timers.call_later(100.0, ran.append, "early")
    late = timers.call_later(1.0, ran.append, "late")
    assert timers.move(early, loop.now + 2.0)
    assert timers.move(late, loop.now + 50.0)
    loop.turn(2.0)
    assert ran == ["early"]
    loop.turn(48.0)
    assert ran == ["early", "late"]
    assert not timers.move(early, loop.now + 1.0)


def test_a_callback_can_schedule_the_next(loop: ManualLoop, timers: WheelTimers) -> None:
    ran: list[float] = []

    def again() -> None:
        ran.append(loop.now)
        timers.call_later(1.0, again)

    timers.call_later(1.0, again)
    for _ in range(5):
        loop.turn(1.0)
    assert ran == [1_001.0, 1_002.0, 1_003.0, 1_004.0, 1_005.0]


def test_an_interrupt_leaves_the_others_due(loop: ManualLoop, timers: WheelTimers) -> None:
    ran: list[str] = []

    def interrupt() -> None:
        raise KeyboardInterrupt

    timers.call_later(1.0, interrupt)
    timers.call_later(1.0, ran.append, "after")
    with pytest.raises(KeyboardInterrupt):
        loop.turn(1.0)
    loop.turn()
    assert ran == ["after"]


def test_cancelling_all_leaves_nothing_on_the_loop(loop: ManualLoop, timers: WheelTimers) -> None:
    keys = [timers.call_later(n, print) for n in range(1, 9)]
    assert all(timers.cancel(key) for key in keys)
    assert (loop.waiting, len(timers)) == (0, 0)


@pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_on_real_loops_none_is_early_and_none_is_lost(
    new_loop: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    async def run() -> list[float]:
        loop = asyncio.get_running_loop()
        errors, early = Errors(), []
        done = asyncio.Event()
        timers = WheelTimers(loop, on_error=errors)

        def check(deadline: float) -> None:
            early.append(deadline - loop.time())
            if len(early) == 300:
                done.set()

        for n in range(300):
            deadline = loop.time() + (n * 7 % 300) / 10_000 + 0.000_37
            timers.call_at(deadline, check, deadline)
            if n == 100:
                time.sleep(0.01)
        await asyncio.wait_for(done.wait(), 30)
        timers.stop()
        assert errors == []
        return early

    loop = new_loop()
    try:
        early = loop.run_until_complete(run())
    finally:
        loop.close()
    assert len(early) == 300
    assert max(early) <= 1e-6
