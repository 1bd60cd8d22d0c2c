"""The native suspicion table from Python, and against a plain recomputation."""

from __future__ import annotations

import math
from array import array
from dataclasses import dataclass, field

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from distributed._native import SuspicionTable, lifeguard_bounds

BOUNDS = (5.0, 30.0, 3)
ACCUSER = 100


def test_confirmations_shorten_and_the_expiry_says_why() -> None:
    """MW 41.17b."""
    table = SuspicionTable()
    assert table.suspect(1, 4, ACCUSER, 10.0, *BOUNDS) == "opened"
    assert table.deadline(1) == 40.0
    assert table.confirm(1, 4, 107, 11.0)
    assert not table.confirm(1, 4, 107, 11.0)
    assert table.confirmers(1) == [107]
    assert table.next_deadline() == 27.5
    assert table.expire(27.4) == []
    (expiry,) = table.expire(28.0)
    assert (expiry.node, expiry.job, expiry.incarnation) == (1, None, 4)
    assert (expiry.accuser, expiry.confirmers) == (ACCUSER, [107])
    assert (expiry.started_at, expiry.deadline, expiry.expired_at) == (10.0, 27.5, 28.0)
    assert (expiry.multiplier, expiry.min_seconds, expiry.max_seconds) == (1, 5.0, 30.0)
    assert expiry.expected_confirmations == 3
    assert "node 1" in repr(expiry)
    assert table.standing(1) == "dead"


def test_every_verdict_has_its_word_and_its_place() -> None:
    table = SuspicionTable(total=1)
    words = [
        table.suspect(1, 2, ACCUSER, 0.0, *BOUNDS),
        table.suspect(1, 3, ACCUSER, 0.0, *BOUNDS),
        table.suspect(1, 3, 101, 0.0, *BOUNDS),
        table.suspect(1, 3, 101, 0.0, *BOUNDS),
        table.suspect(1, 1, 101, 0.0, *BOUNDS),
    ]
    table.node_died(2, 1)
    words.append(table.suspect(2, 9, ACCUSER, 0.0, *BOUNDS))
    words.append(table.suspect(3, 1, ACCUSER, 0.0, *BOUNDS))
    assert tuple(words) == SuspicionTable.VERDICTS
    assert table.refusals() == (1, 0, 0)


def test_the_job_layer_is_apart_and_ends_with_its_job_or_node() -> None:
    """MW 41.17e, GM 3.6b."""
    table = SuspicionTable()
    for job in (1, 2, 3):
        table.suspect(7, 1, ACCUSER, 0.0, 1.0, 1.0, 0, job=job)
    table.suspect(8, 1, ACCUSER, 0.0, 1.0, 1.0, 0, job=3)
    assert table.standing(7) == "alive"
    assert table.standing(7, job=1) == "suspected-for-job"
    assert (sorted(table.jobs_accusing(7)), sorted(table.accused_by(3))) == ([1, 2, 3], [7, 8])
    expired = table.expire(1.0)
    assert [(e.job, e.node, e.asks_for_probe) for e in expired] == [
        (1, 7, False),
        (2, 7, False),
        (3, 7, True),
        (3, 8, False),
    ]
    assert table.standing(7, job=1) == "dead-for-job"
    assert table.job_ended(1) == 1
    assert table.refute(7, 2, job=2)
    assert table.node_died(7, 2) == [3]
    assert table.standing(7, job=99) == "dead"
    assert table.job_ended(3) == 1
    table.forget(7)
    table.forget(8)
    assert (len(table), table.known()) == (0, (0, 0))


def test_extensions_halve_with_progress_and_run_out() -> None:
    table = SuspicionTable(extensions=2)
    table.suspect(1, 1, ACCUSER, 0.0, *BOUNDS)
    assert table.extend(1, 5, "5 of 9", 1.0) == ("granted", 15.0, 45.0, 1)
    assert table.extend(1, 5, "5 of 9", 2.0) == ("no-progress", 0.0, 45.0, 0)
    assert table.extend(1, 6, "6 of 9", 3.0) == ("granted", 7.5, 52.5, 0)
    assert table.extend(1, 7, "7 of 9", 4.0) == ("exhausted", 0.0, 52.5, 0)
    assert table.extend(2, 1, "who?", 4.0) == ("not-suspected", 0.0, None, 0)
    (expiry,) = table.expire(60.0)
    assert expiry.grants == [(1.0, 15.0, 5, "5 of 9"), (3.0, 7.5, 6, "6 of 9")]


def test_a_change_of_health_shifts_what_is_open() -> None:
    table = SuspicionTable()
    table.suspect(1, 1, ACCUSER, 0.0, *BOUNDS)
    table.set_multiplier(3, 1.0)
    assert (table.multiplier, table.deadline(1)) == (3, 90.0)
    assert table.expire(70.0) == []
    table.set_multiplier(2, 70.0)
    assert table.next_deadline() == 70.0
    assert [e.multiplier for e in table.expire(70.0)] == [2]


def test_batches_do_what_single_calls_do() -> None:
    table = SuspicionTable()
    nodes, ones = array("Q", range(5)), array("Q", [1] * 5)
    verdicts = table.suspect_many(nodes, ones, ACCUSER, 0.0, *BOUNDS)
    assert verdicts == bytes(5)
    again = table.suspect_many(list(nodes), [1] * 5, 101, 0.0, *BOUNDS)
    assert {SuspicionTable.VERDICTS[code] for code in again} == {"confirmed"}
    assert table.confirm_many(nodes, ones, 102, 0.0) == 5
    assert table.refute_many(nodes[:2], array("Q", [2, 1])) == 1
    assert [e.node for e in table.expire(30.0)] == [1, 2, 3, 4]
    jobs = array("Q", [3, 3, 4, 4, 5])
    assert table.suspect_many(
        array("Q", range(10, 15)), ones, ACCUSER, 0.0, *BOUNDS, jobs=jobs
    ) == bytes(5)
    assert sorted(table.accused_by(3)) == [10, 11]


def test_what_cannot_stand_is_refused_with_its_reason() -> None:
    table = SuspicionTable()
    with pytest.raises(ValueError, match="negative"):
        table.suspect(1, 1, ACCUSER, 0.0, -1.0, 30.0, 3)
    with pytest.raises(ValueError, match="nan"):
        table.expire(math.nan)
    with pytest.raises(ValueError, match="jobs: 1 given for 2 rows"):
        table.suspect_many([1, 2], [1, 1], ACCUSER, 0.0, *BOUNDS, jobs=[1])
    assert len(table) == 0


def test_bounds_follow_the_size_of_the_cluster() -> None:
    least, longest, expected = lifeguard_bounds(5.0, 6.0, 3, 99, 1.0)
    assert (least, longest, expected) == (10.0, 60.0, 3)
    assert lifeguard_bounds(5.0, 6.0, 3, 4, 1.0) == (5.0, 30.0, 0)


@dataclass
class Open:
    start: float
    least: float
    longest: float
    confirmers: set[int] = field(default_factory=set)

    def deadline(self, multiplier: int) -> float:
        share = math.log(len(self.confirmers) + 1) / math.log(4)
        return self.start + multiplier * (self.longest - (self.longest - self.least) * share)


class TableAgainstRecomputation(RuleBasedStateMachine):
    """Every deadline recomputed from its parts at every step, to a microsecond."""

    def __init__(self) -> None:
        super().__init__()
        self.table = SuspicionTable()
        self.open: dict[tuple[int, int | None], Open] = {}
        self.now = 0.0
        self.multiplier = 1

    @rule(
        node=st.integers(0, 5),
        job=st.none() | st.integers(0, 3),
        least=st.integers(1, 20),
        more=st.integers(0, 40),
    )
    def suspect(self, node: int, job: int | None, least: int, more: int) -> None:
        if self.table.standing(node, job) in ("dead", "dead-for-job"):
            self.table.joined(node)
            self.open = {key: o for key, o in self.open.items() if key[0] != node}
        verdict = self.table.suspect(node, 1, ACCUSER, self.now, least, least + more, 3, job)
        assert (verdict == "known") == ((node, job) in self.open)
        self.open.setdefault((node, job), Open(self.now, least, least + more))

    @precondition(lambda self: self.open)
    @rule(which=st.integers(0, 10**6), by=st.integers(200, 204))
    def confirm(self, which: int, by: int) -> None:
        (node, job), one = list(self.open.items())[which % len(self.open)]
        counts = by not in one.confirmers and len(one.confirmers) < 3
        assert self.table.confirm(node, 1, by, self.now, job) == counts
        if counts:
            one.confirmers.add(by)

    @rule(multiplier=st.integers(1, 9))
    def shift(self, multiplier: int) -> None:
        self.multiplier = multiplier
        self.table.set_multiplier(multiplier, self.now)

    @rule(job=st.integers(0, 3))
    def end_job(self, job: int) -> None:
        self.table.job_ended(job)
        self.open = {key: o for key, o in self.open.items() if key[1] != job}

    @rule(by=st.integers(0, 30))
    def advance(self, by: int) -> None:
        self.now += by + 0.0005
        for expiry in self.table.expire(self.now):
            one = self.open.pop((expiry.node, expiry.job))
            assert expiry.deadline == pytest.approx(one.deadline(self.multiplier), abs=1e-4)
            assert set(expiry.confirmers) == one.confirmers
            if expiry.job is None:
                self.open = {k: o for k, o in self.open.items() if k[0] != expiry.node}

    @invariant()
    def deadlines_agree(self) -> None:
        for (node, job), one in self.open.items():
            due = one.deadline(self.multiplier)
            assert self.table.deadline(node, job) == pytest.approx(due, abs=1e-4)

    @invariant()
    def nothing_due_is_left_after_an_expiry(self) -> None:
        self.advance(0)
        assert all(one.deadline(self.multiplier) > self.now - 1e-4 for one in self.open.values())


TestTableAgainstRecomputation = TableAgainstRecomputation.TestCase
TestTableAgainstRecomputation.settings = settings(max_examples=100, stateful_step_count=50)
