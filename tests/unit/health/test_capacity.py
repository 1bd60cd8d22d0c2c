"""Capacity: workers once, however many managers report them, with its age (GM 6.1)."""

from __future__ import annotations

from distributed.health.capacity import CapacityAggregator
from distributed.messages.health import ManagerStatus, WorkerStatus


def worker(name: str, free: int, sequence: int = 1, **changes: object) -> WorkerStatus:
    fields: dict[str, object] = {"instance": "i1", "cores": 8, "running": 0, "queued": 0}
    return WorkerStatus(name=name, free_cores=free, sequence=sequence, **(fields | changes))  # type: ignore[arg-type]


def status(
    name: str, sequence: int = 1, workers: tuple[WorkerStatus, ...] = (), **changes: object
) -> ManagerStatus:
    fields: dict[str, object] = {
        "datacenter": "a",
        "address": "",
        "workers": 2,
        "healthy_workers": 2,
        "cores": 16,
        "free_cores": 10,
        "queued": 1,
        "jobs": 1,
    }
    return ManagerStatus(  # type: ignore[arg-type]
        name=name, sequence=sequence, worker_facts=workers, **(fields | changes)
    )


def test_workers_count_once_however_many_managers_report_them() -> None:
    """GM 6.1c, 26.3a."""
    book = CapacityAggregator()
    for name in ("m1", "m2", "m3"):
        book.report(status(name, workers=(worker("w1", 3), worker("w2", 5))), 0.0)
    found = book.capacity(0.0)
    assert found is not None
    assert (found.free_cores, found.total_cores, found.workers, found.managers) == (8, 16, 2, 3)
    assert (found.largest_worker, found.queued) == (8, 3)


def test_the_newest_word_of_a_worker_counts() -> None:
    """GM 2.3a, 2.3b, 28.3a: of two updates the later one counts, whichever came last."""
    book = CapacityAggregator()
    book.report(status("m1", workers=(worker("w1", 7, sequence=9),)), 0.0)
    book.report(status("m2", workers=(worker("w1", 2, sequence=4),)), 1.0)
    found = book.capacity(1.0)
    assert found is not None
    assert found.free_cores == 7


def test_a_restarted_worker_counts_from_its_new_instance() -> None:
    """GM 25.3b: changed capacity is believed at once."""
    book = CapacityAggregator()
    book.report(status("m1", workers=(worker("w1", 7, sequence=900),)), 0.0)
    book.report(status("m2", workers=(worker("w1", 1, sequence=1, instance="i2"),)), 1.0)
    found = book.capacity(1.0)
    assert found is not None
    assert found.free_cores == 1


def test_without_worker_facts_the_newest_sums_stand_and_are_not_added_up() -> None:
    book = CapacityAggregator()
    book.report(status("m1", free_cores=4), 0.0)
    book.report(status("m2", free_cores=6), 1.0)
    found = book.capacity(1.0)
    assert found is not None
    assert (found.free_cores, found.total_cores, found.at) == (6, 16, 1.0)


def test_a_draining_worker_has_no_cores_to_give() -> None:
    book = CapacityAggregator()
    book.report(status("m1", workers=(worker("w1", 8, draining=True), worker("w2", 2))), 0.0)
    found = book.capacity(0.0)
    assert found is not None
    assert (found.free_cores, found.total_cores) == (2, 8)


def test_an_older_status_is_refused_and_a_restarted_manager_is_not() -> None:
    """MW 54.7, GM 2.3c: sequences start low again after a restart."""
    book = CapacityAggregator(stale_seconds=10.0)
    assert book.report(status("m1", sequence=50), 0.0)
    assert not book.report(status("m1", sequence=49), 1.0)
    assert book.report(status("m1", sequence=1), 11.0)
    book.forget("m1")
    assert book.report(status("m1", sequence=1), 11.1)


def test_old_reports_stop_counting_and_silence_is_unknown() -> None:
    """GM 2.3d, 6.1b."""
    book = CapacityAggregator(stale_seconds=10.0)
    book.report(status("m1"), 0.0)
    book.report(status("m2"), 8.0)
    found = book.capacity(15.0)
    assert found is not None
    assert found.managers == 1
    assert book.capacity(18.1) is None


def test_invented_managers_are_bounded_and_the_silent_are_forgotten() -> None:
    """MW 44.7, 59.8."""
    book = CapacityAggregator(stale_seconds=10.0, max_managers=4)
    for number in range(50):
        book.report(status(f"m{number}"), float(number) / 10)
    assert len(book) == 4
    book.capacity(100.0)
    assert len(book) == 0


def test_rates_are_cores_where_managers_tell_them() -> None:
    """What comes free is counted in what a job asks for; an older manager tells workflows."""
    book = CapacityAggregator()
    book.report(status("m1", dispatch_rate=2.0, core_rate=8.0), 0.0)
    book.report(status("m2", dispatch_rate=3.0), 0.0)
    found = book.capacity(0.0)
    assert found is not None
    assert found.dispatch_rate == 11.0
