"""Reservations: promised once, released always, never more than is free."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from distributed.routing.reservations import Reservation, Reservations


def test_a_burst_cannot_promise_the_same_cores_twice() -> None:
    book = Reservations()
    made = [book.reserve("a", 4, 10, 0.0) for _ in range(4)]
    assert [entry.cores for entry in made] == [4, 4, 2, 0]
    assert [entry.waiting for entry in made] == [0, 0, 2, 4]
    assert book.on_the_way("a") == (10, 6)


def test_a_refusal_frees_at_once_and_only_once() -> None:
    book = Reservations()
    first, second = book.reserve("a", 4, 10, 0.0), book.reserve("a", 3, 10, 0.0)
    first.release()
    first.release()
    assert book.on_the_way("a") == (3, 0)
    second.release()
    assert book.snapshot() == {}


def test_acknowledged_cores_count_until_a_report_shows_the_work() -> None:
    book = Reservations()
    entry = book.reserve("a", 4, 4, 0.0)
    entry.acknowledge(1.0)
    book.reported("a", 0.9)
    assert book.on_the_way("a") == (4, 0)
    book.reported("a", 1.5)
    assert book.on_the_way("a") == (0, 0)


def test_a_report_does_not_free_what_is_still_on_its_way() -> None:
    book = Reservations()
    book.reserve("a", 4, 4, 0.0)
    book.reported("a", 5.0)
    assert book.on_the_way("a") == (4, 0)


def test_a_lost_dispatch_expires_by_the_clock() -> None:
    """Invariant 9."""
    book = Reservations(expiry_seconds=30.0)
    entry = book.reserve("a", 4, 4, 0.0)
    assert book.expire(29.9) == []
    assert book.expire(30.0) == [entry]
    assert not entry.open
    assert len(book) == 0


def test_a_datacenter_that_is_gone_holds_nothing() -> None:
    book = Reservations()
    book.reserve("a", 4, 4, 0.0)
    book.reserve("b", 4, 4, 0.0)
    book.drop("a")
    assert book.snapshot() == {"b": (4, 0)}


class Book(RuleBasedStateMachine):
    """Any sequence of promises, answers, reports and time."""

    def __init__(self) -> None:
        super().__init__()
        self.book = Reservations(expiry_seconds=10.0)
        self.made: list[Reservation] = []
        self.now = 0.0

    @rule(dc=st.sampled_from("ab"), wanted=st.integers(1, 20))
    def reserve(self, dc: str, wanted: int) -> None:
        self.made.append(self.book.reserve(dc, wanted, 32, self.now))

    @rule(pick=st.integers(0, 99), acknowledge=st.booleans())
    def answer(self, pick: int, acknowledge: bool) -> None:
        if self.made:
            entry = self.made[pick % len(self.made)]
            if acknowledge:
                entry.acknowledge(self.now)
            else:
                entry.release()

    @rule(dc=st.sampled_from("ab"))
    def report(self, dc: str) -> None:
        self.book.reported(dc, self.now)

    @rule(seconds=st.floats(0, 12))
    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.book.expire(self.now)

    @invariant()
    def sums_are_those_of_the_open_entries(self) -> None:
        for dc in "ab":
            still = [e for e in self.made if e.open and e.datacenter == dc]
            sums = (sum(e.cores for e in still), sum(e.waiting for e in still))
            assert self.book.on_the_way(dc) == sums
            assert sums[0] <= 32


TestBook = Book.TestCase
