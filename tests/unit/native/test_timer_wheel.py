"""The native wheel from Python: one by one, in batches, and against a sorted list."""

from __future__ import annotations

from array import array

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from distributed._native import TimerWheel


def test_tokens_come_by_deadline_and_equal_ones_by_age() -> None:
    wheel = TimerWheel()
    for deadline, token in [(3.0, 1), (1.0, 2), (3.0, 3), (2.0, 4)]:
        wheel.schedule(deadline, token)
    assert wheel.advance(0.999) == []
    assert wheel.advance(3.0) == [2, 4, 1, 3]
    assert not wheel


def test_a_cancelled_timer_gives_its_token_once() -> None:
    wheel = TimerWheel()
    key = wheel.schedule(1.0, 7)
    assert (wheel.cancel(key), wheel.cancel(key)) == (7, None)
    assert wheel.advance(9.0) == []


def test_a_key_finds_nothing_after_its_timer_fired() -> None:
    wheel = TimerWheel()
    key = wheel.schedule(1.0, 7)
    assert wheel.advance(1.0) == [7]
    wheel.schedule(2.0, 8)
    assert wheel.cancel(key) is None
    assert not wheel.move(key, 5.0)
    assert wheel.deadline(key) is None


def test_a_moved_timer_fires_at_its_new_deadline_only() -> None:
    wheel = TimerWheel()
    key = wheel.schedule(1.0, 7)
    assert wheel.move(key, 3_600.0)
    assert wheel.deadline(key) == 3_600.0
    assert wheel.advance(3_599.9) == []
    assert wheel.advance(3_600.0) == [7]


@given(st.floats(min_value=0, max_value=4e9))
def test_advancing_to_the_next_deadline_fires_it(deadline: float) -> None:
    wheel = TimerWheel()
    wheel.schedule(deadline, 1)
    upcoming = wheel.next_deadline()
    assert upcoming is not None
    assert abs(upcoming - deadline) <= 1e-6
    assert wheel.advance(deadline) == [1]


@given(st.floats(min_value=0, max_value=4e9))
def test_what_next_deadline_says_can_be_handed_back(deadline: float) -> None:
    wheel = TimerWheel()
    wheel.schedule(deadline, 1)
    upcoming = wheel.next_deadline()
    assert upcoming is not None
    assert wheel.advance(upcoming) == [1]


def test_batches_do_what_single_calls_do() -> None:
    wheel = TimerWheel()
    deadlines = array("d", [5.0, 1.0, 4.0, 2.0, 3.0])
    keys = wheel.schedule_many(deadlines, array("Q", range(5)))
    assert isinstance(keys, array)
    assert [wheel.deadline(key) for key in keys] == list(deadlines)
    assert wheel.cancel_many(keys[3:4]) == 1
    assert wheel.cancel_many(keys[3:4]) == 0
    assert wheel.move_many(keys[:2], array("d", [0.5, 9.0])) == 2
    assert wheel.advance_array(8.0) == array("Q", [0, 4, 2])
    assert wheel.clear() == 1


def test_batches_take_plain_sequences_too() -> None:
    wheel = TimerWheel()
    keys = wheel.schedule_many([2.0, 1.0], (10, 11))
    assert wheel.move_many(list(keys), [1.0, 2.0]) == 2
    assert wheel.advance(3.0) == [10, 11]


def test_a_batch_that_cannot_stand_changes_nothing() -> None:
    wheel = TimerWheel()
    with pytest.raises(ValueError, match="tokens: 1 given for 2 rows"):
        wheel.schedule_many([1.0, 2.0], [1])
    with pytest.raises(ValueError, match="nan"):
        wheel.schedule_many([1.0, float("nan")], [1, 2])
    with pytest.raises(OverflowError):
        wheel.schedule(1.0, -1)
    assert len(wheel) == 0


def test_times_before_the_epoch_and_beyond_all_days_are_kept() -> None:
    wheel = TimerWheel(100.0)
    wheel.schedule(-5.0, 1)
    far = wheel.schedule(float("inf"), 2)
    assert wheel.advance(100.0) == [1]
    assert wheel.cancel(far) == 2


def test_memory_stays_under_forty_eight_bytes_a_timer_when_grown_in_one_batch() -> None:
    wheel = TimerWheel()
    empty = wheel.allocated_bytes()
    count = 1 << 16
    wheel.schedule_many(array("d", range(count)), array("Q", range(count)))
    assert wheel.allocated_bytes() - empty <= 48 * count


class WheelAgainstSortedList(RuleBasedStateMachine):
    """A list of (deadline in microseconds, age, token), sorted when asked."""

    def __init__(self) -> None:
        super().__init__()
        self.wheel = TimerWheel()
        self.waiting: dict[int, tuple[int, int, int]] = {}
        self.keys: list[int] = []
        self.now = 0
        self.age = 0

    @rule(after=st.integers(-2_000, 10**9))
    def schedule(self, after: int) -> None:
        self.age += 1
        deadline = max(0, self.now + after)
        key = self.wheel.schedule(deadline / 1e6, self.age)
        self.keys.append(key)
        self.waiting[key] = (deadline, self.age, self.age)

    @rule(which=st.integers(0, 10**6))
    def cancel(self, which: int) -> None:
        if self.keys:
            key = self.keys[which % len(self.keys)]
            expected = self.waiting.pop(key, None)
            assert self.wheel.cancel(key) == (expected[2] if expected else None)

    @rule(which=st.integers(0, 10**6), after=st.integers(-2_000, 10**9))
    def move(self, which: int, after: int) -> None:
        if self.keys:
            key = self.keys[which % len(self.keys)]
            deadline = max(0, self.now + after)
            self.age += 1
            assert self.wheel.move(key, deadline / 1e6) == (key in self.waiting)
            if key in self.waiting:
                self.waiting[key] = (deadline, self.age, self.waiting[key][2])

    @rule(by=st.integers(0, 10**8))
    def advance(self, by: int) -> None:
        self.now += by
        due = sorted(entry for entry in self.waiting.values() if entry[0] <= self.now)
        assert self.wheel.advance(self.now / 1e6) == [token for _, _, token in due]
        self.waiting = {key: e for key, e in self.waiting.items() if e[0] > self.now}

    @invariant()
    def same_size_and_next(self) -> None:
        assert len(self.wheel) == len(self.waiting)
        first = min(self.waiting.values(), default=None)
        assert self.wheel.next_deadline() == (first[0] / 1e6 if first else None)


TestWheelAgainstSortedList = WheelAgainstSortedList.TestCase
TestWheelAgainstSortedList.settings = settings(max_examples=100, stateful_step_count=60)
