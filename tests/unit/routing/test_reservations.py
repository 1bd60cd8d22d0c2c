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
    book.reported("a", 0.9, busy=4)
    assert book.on_the_way("a") == (4, 0)
    book.reported("a", 1.5, busy=4)
    assert book.on_the_way("a") == (0, 0)


def test_a_report_does_not_free_what_is_still_on_its_way() -> None:
    book = Reservations()
    book.reserve("a", 4, 4, 0.0)
    book.reported("a", 5.0, busy=4)
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


def test_work_that_ends_gives_its_cores_back_before_the_next_report() -> None:
    book = Reservations()
    entry = book.reserve("a", 4, 4, 0.0)
    entry.acknowledge(0.1)
    book.reported("a", 1.0, busy=4)
    entry.release()
    assert book.on_the_way("a") == (-4, 0)
    assert book.reserve("a", 4, 0, 1.1).cores == 4
    book.reported("a", 2.0, busy=4)
    assert book.on_the_way("a") == (4, 0)


def test_work_that_was_reported_as_queued_gives_no_core_back() -> None:
    """Else the next dispatch is promised a core that another was promised already."""
    book = Reservations()
    book.reserve("a", 22, 32, 0.0)
    entry = book.reserve("a", 11, 32, 0.0)
    assert (entry.cores, entry.waiting) == (10, 1)
    entry.acknowledge(0.1)
    book.reported("a", 1.0, busy=10)
    entry.release()
    assert book.reserve("a", 11, 22, 1.1).cores == 10


def test_shown_work_does_not_expire() -> None:
    book = Reservations(expiry_seconds=30.0)
    entry = book.reserve("a", 4, 4, 0.0)
    entry.acknowledge(0.1)
    book.reported("a", 1.0, busy=4)
    assert book.expire(100.0) == []
    assert entry.open
    entry.release()
    book.reported("a", 101.0, busy=4)
    assert len(book) == 0


class Datacenter(RuleBasedStateMachine):
    """A gate's book beside the truth of one datacenter: any order of events."""

    def __init__(self) -> None:
        super().__init__()
        self.book = Reservations(expiry_seconds=1e9)
        self.running: list[Reservation] = []
        self.sent: list[Reservation] = []
        self.reported_free = 16
        self.now = 0.0

    @rule(wanted=st.integers(1, 8))
    def dispatch(self, wanted: int) -> None:
        entry = self.book.reserve("a", wanted, self.reported_free, self.now)
        if entry.waiting:
            entry.release()
        else:
            self.sent.append(entry)

    @rule(take=st.booleans())
    def answer(self, take: bool) -> None:
        if self.sent:
            entry = self.sent.pop(0)
            self.now += 0.1
            if take:
                entry.acknowledge(self.now)
                self.running.append(entry)
            else:
                entry.release()

    @rule(pick=st.integers(0, 99))
    def end(self, pick: int) -> None:
        if self.running:
            self.running.pop(pick % len(self.running)).release()

    @rule()
    def report(self) -> None:
        self.now += 0.1
        self.reported_free = 16 - sum(entry.cores for entry in self.running)
        self.book.reported("a", self.now, busy=16 - self.reported_free)

    @invariant()
    def cores_are_never_promised_twice(self) -> None:
        """Invariant 9: what runs and what is on its way fit the datacenter."""
        assert sum(entry.cores for entry in self.running + self.sent) <= 16

    @invariant()
    def the_book_knows_what_is_free(self) -> None:
        free = self.reported_free - self.book.on_the_way("a")[0]
        assert free <= 16 - sum(entry.cores for entry in self.running + self.sent)


TestDatacenter = Datacenter.TestCase
