"""Rules about the ledger: epochs rise, ends are final, each result is there once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from distributed.types import JobState

if TYPE_CHECKING:
    from distributed.testing.cluster import SimCluster

_FINAL = frozenset(state.value for state in JobState if state.final)


class LedgerMovesForward:
    """Epochs never go back and a final state never changes."""

    name = "the ledger never goes back"

    def __init__(self, cluster: SimCluster) -> None:
        self._cluster = cluster
        self._epochs: dict[str, int] = {}
        self._finals: dict[str, str] = {}

    def broken(self) -> Iterator[str]:
        """Jobs that went back."""
        rows = self._cluster.database.query("SELECT job_id, state, epoch FROM jobs")
        for job_id, state, epoch in rows:
            before = self._epochs.get(job_id, 0)
            if epoch < before:
                yield f"the epoch of {job_id} fell from {before} to {epoch}"
            self._epochs[job_id] = epoch
            final = self._finals.get(job_id)
            if final is not None and state != final:
                yield f"{job_id} ended {final} and is {state} now"
            if state in _FINAL:
                self._finals[job_id] = state


class RecordedOnce:
    """One job for a key; one result for an attempt; a story without gaps."""

    name = "everything is recorded once"

    def __init__(self, cluster: SimCluster) -> None:
        self._cluster = cluster
        self._commits = -1

    def broken(self) -> Iterator[str]:
        """What is there twice, or not at all."""
        database = self._cluster.database
        if database.commits == self._commits:
            return
        self._commits = database.commits
        for key, count in database.query("SELECT key, COUNT(*) FROM jobs GROUP BY key"):
            if count > 1:
                yield f"{count} jobs stand for the key {key}"
        twice = database.query(
            "SELECT job_id, workflow, datacenter FROM results WHERE state = 'completed' "
            "GROUP BY job_id, workflow, datacenter HAVING COUNT(*) > 1"
        )
        for job_id, workflow, datacenter in twice:
            yield f"{workflow} of {job_id} completed twice in {datacenter}"
        gaps = database.query(
            "SELECT job_id, COUNT(*), MAX(sequence) FROM (SELECT job_id, sequence FROM events "
            "UNION ALL SELECT job_id, sequence FROM results) GROUP BY job_id "
            "HAVING COUNT(*) <> MAX(sequence)"
        )
        for job_id, count, highest in gaps:
            yield f"the story of {job_id} has {count} steps and ends with {highest}"
