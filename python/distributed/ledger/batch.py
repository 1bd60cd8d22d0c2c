"""One transaction for many jobs: what group commit runs against the database.

The fence is read under the transaction's lock (SQLite: one writer; PostgreSQL: the lease
rows), then everything of the jobs that pass is written by a handful of statements, however
many jobs there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from distributed.errors import LedgerConflict

from .direct import Runner
from .interface import Created, JobWrite, NewJob, Placed, ValuePart, WorkflowRow
from .statements import Statements

Outcome = Created | LedgerConflict | None
_CHUNK = 5_000
"""Bound values in one IN list, well under every engine's limit."""


def apply(
    connection: Connection,
    sql: Statements,
    creates: Sequence[NewJob],
    writes: Sequence[JobWrite],
    *,
    key_seconds: float,
) -> tuple[list[Outcome], list[Outcome]]:
    """Run one batch; the answers stand in the order of their requests."""
    run = sql.runner(connection)
    now = sql.now(run)
    created = _create(run, sql, creates, now, key_seconds) if creates else []
    written = _write(run, sql, writes, now) if writes else []
    return created, written


def _create(
    run: Runner,
    sql: Statements,
    creates: Sequence[NewJob],
    now: float,
    key_seconds: float,
) -> list[Outcome]:
    first: dict[str, NewJob] = {}
    for new in creates:
        first.setdefault(new.key, new)
    fresh = _claim_keys(run, sql, list(first.values()), now)
    known: dict[str, Any] = {}
    if len(fresh) < len(first):
        known = _known(run, sql, [key for key in first if key not in fresh])
        expired = [key for key, row in known.items() if row.created_at < now - key_seconds]
        if expired:
            run.execute(sql.drop_key, [{"b_key": key} for key in expired])
            fresh |= _claim_keys(run, sql, [first[key] for key in expired], now)
    taken = _insert_jobs(run, sql, [first[key] for key in first if key in fresh], now)
    again = {known[key].job_id for key in known if key not in fresh}
    stored = _stored(run, sql, sorted(again)) if again else {}
    return [_answer(new, first, fresh, taken, known, stored) for new in creates]


def _answer(
    new: NewJob,
    first: dict[str, NewJob],
    fresh: set[str],
    taken: set[str],
    known: dict[str, Any],
    stored: dict[str, Any],
) -> Outcome:
    if new.key in fresh:
        claimed = first[new.key]
        if claimed.key in taken:
            return LedgerConflict(f"job id {new.job_id} is in use under another key")
        if claimed.digest != new.digest:
            return _other_payload(new)
        return Created(claimed.job_id, claimed.owner, claimed.epoch, duplicate=claimed is not new)
    row = known.get(new.key)
    if row is None:
        return LedgerConflict(f"idempotency key {new.key!r} was just dropped; try again")
    if row.digest != new.digest:
        return _other_payload(new)
    job = stored.get(row.job_id)
    if job is None:
        return LedgerConflict(f"job {row.job_id} of this key is past its retention")
    return Created(row.job_id, job.owner, job.epoch, duplicate=True, state=job.state)


def _other_payload(new: NewJob) -> LedgerConflict:
    return LedgerConflict(f"idempotency key {new.key!r} stands for another payload")


def _claim_keys(run: Runner, sql: Statements, creates: Sequence[NewJob], now: float) -> set[str]:
    rows = [
        {"key": new.key, "job_id": new.job_id, "digest": new.digest, "created_at": now}
        for new in creates
    ]
    return set(run.scalars(sql.add_key, rows)) if rows else set()


def _known(run: Runner, sql: Statements, keys: list[str]) -> dict[str, Any]:
    return {row.key: row for row in run.execute(sql.known_keys, {"keys": sql.listed(keys)})}


def _stored(run: Runner, sql: Statements, ids: list[str]) -> dict[str, Any]:
    return {row.job_id: row for row in run.execute(sql.known_jobs, {"ids": sql.listed(ids)})}


def _insert_jobs(run: Runner, sql: Statements, creates: Sequence[NewJob], now: float) -> set[str]:
    """Insert jobs, leases, first events and where they go; keys whose id was in use already."""
    if not creates:
        return set()
    added = set(run.scalars(sql.add_job, [_job_row(new, now) for new in creates]))
    own = {new.job_id: new.key for new in reversed(creates) if new.job_id in added}
    taken = {new.key for new in creates if own.get(new.job_id) != new.key}
    if taken:
        run.execute(sql.drop_key, [{"b_key": key} for key in taken])
        creates = [new for new in creates if new.key not in taken]
        if not creates:
            return taken
    run.execute(
        sql.add_lease,
        [{"job_id": new.job_id, "owner": new.owner, "epoch": new.epoch} for new in creates],
    )
    run.execute(
        sql.add_event,
        [
            {
                "job_id": new.job_id,
                "sequence": 1,
                "kind": "state",
                "wall": now,
                "detail": new.detail,
            }
            for new in creates
        ],
    )
    placed = [_fields(new.job_id, row) for new in creates for row in new.placed]
    if placed:
        run.execute(sql.put_placed, placed)
    return taken


def _job_row(new: NewJob, now: float) -> dict[str, Any]:
    return {
        "job_id": new.job_id,
        "name": new.name,
        "key": new.key,
        "digest": new.digest,
        "payload": new.payload,
        "state": "submitted",
        "reason": "",
        "cancel_reason": None,
        "summary": None,
        "accepted_at": now,
        "ended_at": None,
        "owner": new.owner,
        "epoch": new.epoch,
        "trace": new.trace,
    }


def _write(run: Runner, sql: Statements, writes: Sequence[JobWrite], now: float) -> list[Outcome]:
    ids = sorted({write.job_id for write in writes})
    held: dict[str, tuple[str, int]] = {}
    for start in range(0, len(ids), _CHUNK):
        some = ids[start : start + _CHUNK]
        rows = (
            run.execute(sql.fence, {"ids": sql.listed(some)})
            if len(some) > 1
            else run.execute(sql.fence_one, {"b_job": some[0]})
        )
        held.update({row.job_id: (row.owner, row.epoch) for row in rows})
    closing = [write.job_id for write in writes if write.ended and write.job_id not in held]
    ended = _stored(run, sql, closing) if closing else {}
    outcomes: list[Outcome] = []
    passed: list[JobWrite] = []
    for write in writes:
        holder = held.get(write.job_id)
        past = ended.get(write.job_id) if write.ended else None
        if past is not None and (past.owner, past.epoch) == (write.owner, write.epoch):
            outcomes.append(None)
        elif holder == (write.owner, write.epoch):
            passed.append(write)
            outcomes.append(None)
            if write.ended:
                del held[write.job_id]
        else:
            outcomes.append(_stale(write, holder))
    if passed:
        _write_rows(run, sql, passed, now)
        _write_jobs(run, sql, passed, now)
    return outcomes


def _stale(write: JobWrite, holder: tuple[str, int] | None) -> LedgerConflict:
    if holder is None:
        return LedgerConflict(f"job {write.job_id} has ended or never was")
    return LedgerConflict(
        f"job {write.job_id} is held by {holder[0]} with epoch {holder[1]}, "
        f"not by {write.owner} with epoch {write.epoch}"
    )


def _write_rows(run: Runner, sql: Statements, writes: Sequence[JobWrite], now: float) -> None:
    events = [
        {
            "job_id": write.job_id,
            "sequence": event.sequence,
            "kind": event.kind,
            "wall": now,
            "detail": event.detail,
        }
        for write in writes
        for event in write.events
    ]
    if events:
        run.execute(sql.add_event, events)
    results = [
        {
            "job_id": write.job_id,
            "workflow": row.workflow,
            "datacenter": row.datacenter,
            "attempt": row.attempt,
            "sequence": row.sequence,
            "state": row.state,
            "body": row.body,
        }
        for write in writes
        for row in write.results
    ]
    if results:
        run.execute(sql.add_result, results)
    parts = [(w.job_id, part) for w in writes for part in w.parts]
    if parts:
        run.execute(sql.add_part, [_fields(job, part) for job, part in parts])
    logs = {w.job_id: w.logs for w in writes if w.logs}
    if logs:
        run.execute(sql.put_logs, [{"job_id": job, "body": body} for job, body in logs.items()])
    for table, rows in (
        (sql.put_placed, [(w.job_id, row) for w in writes for row in w.placed]),
        (sql.put_workflow, [(w.job_id, row) for w in writes for row in w.workflows]),
    ):
        if rows:
            run.execute(table, [_fields(job, row) for job, row in rows])


def _fields(job_id: str, row: ValuePart | Placed | WorkflowRow) -> dict[str, Any]:
    return {"job_id": job_id} | {name: getattr(row, name) for name in row.__struct_fields__}


def _write_jobs(run: Runner, sql: Statements, writes: Sequence[JobWrite], now: float) -> None:
    cancels = [
        {"b_job": w.job_id, "b_cancel": w.cancel_reason}
        for w in writes
        if w.cancel_reason is not None
    ]
    if cancels:
        run.execute(sql.set_cancel, cancels)
    latest = {w.job_id: w for w in writes if w.state and not w.ended}
    if latest:
        run.execute(
            sql.set_state,
            [{"b_job": w.job_id, "b_state": w.state, "b_why": w.reason} for w in latest.values()],
        )
    ended = [w for w in writes if w.ended]
    if ended:
        run.execute(
            sql.set_ended,
            [
                {
                    "b_job": w.job_id,
                    "b_state": w.state or None,
                    "b_why": w.reason if w.state else None,
                    "b_now": now,
                    "b_summary": w.summary,
                }
                for w in ended
            ],
        )
        run.execute(sql.drop_lease, [{"b_job": w.job_id} for w in ended])
        tidy = [{"b_job": w.job_id} for w in ended if w.tidy]
        if tidy:
            run.execute(sql.tidy_parts, tidy)
