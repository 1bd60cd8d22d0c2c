"""Reports of finals besides the client: JSON and CSV files, and a callback of the embedder.

A report that fails is logged and counted; the job ended before and stays as it ended.
"""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path, PurePath

import msgspec

from distributed.errors import JobRejected, LedgerError
from distributed.messages.job import Job
from distributed.messages.submission import JobResult
from distributed.telemetry.text import inert

from .answers import Answers
from .record import JobRecord
from .state import GateState

Reporter = Callable[[JobResult], Awaitable[None]]
COLUMNS = ("workflow", "datacenter", "worker", "attempt", "state", "run_seconds", "error", "value")


def check_reports(job: Job, folder: str) -> None:
    """Refuse reports that would leave the folder, or that have none.

    Raises:
        JobRejected: names the report.
    """
    for index, report in enumerate(job.reports):
        path = PurePath(report.partition(":")[2])
        if not folder:
            reason = "this gate writes no reports (its reports folder is not set)"
        elif path.is_absolute() or ".." in path.parts:
            reason = f"{str(path)!r} leaves the reports folder"
        else:
            continue
        raise JobRejected("invalid", reason, field=f"reports[{index}]")


class Reporting:
    """Writes reports after the end of jobs; `callbacks` are added by whoever embeds the gate."""

    def __init__(self, state: GateState) -> None:
        self._state = state
        self.callbacks: list[Reporter] = []

    def ended(self, record: JobRecord, result: JobResult) -> None:
        """Start every report of a job that has ended."""
        for report in record.job.reports:
            self._state.spawn_free("report", partial(self._write, report, result))
        for callback in self.callbacks:
            self._state.spawn_free("report", partial(self._call, callback, result))

    async def _write(self, report: str, result: JobResult) -> None:
        kind, _, name = report.partition(":")
        path = Path(self._state.settings.reports_folder) / name
        try:
            result = await Answers(self._state.ledger).filled(result)
            await asyncio.to_thread(_put, path, as_json if kind == "json" else as_csv, result)
        except (OSError, LedgerError) as error:
            self._failed(report, result, error)

    async def _call(self, callback: Reporter, result: JobResult) -> None:
        try:
            await callback(result)
        except Exception as error:  # noqa: BLE001 - the embedder's code may raise anything
            self._failed(getattr(callback, "__qualname__", "callback"), result, error)

    def _failed(self, report: str, result: JobResult, error: Exception) -> None:
        self._state.metrics.count("reports_failed")
        self._state.logger.error(
            "report %s failed: %s", report, error, exc_info=error, extra={"job": result.job_id}
        )


def _put(path: Path, form: Callable[[JobResult], str], result: JobResult) -> None:
    """Write the report, whole or not at all; blocks."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{result.job_id}")
    try:
        unfinished.write_text(form(result), encoding="utf-8")
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def _value(raw: bytes) -> object:
    return msgspec.msgpack.decode(raw) if raw else None


def as_json(result: JobResult) -> str:
    """The result as one JSON document, values decoded."""
    document = {name: getattr(result, name) for name in result.__struct_fields__}
    document["workflows"] = [
        {name: getattr(r, name) for name in r.__struct_fields__ if name not in ("value", "sketch")}
        | {"value": _value(r.value)}
        for r in result.workflows
    ]
    document["datacenters"] = [
        {name: getattr(dc, name) for name in dc.__struct_fields__} for dc in result.datacenters
    ]
    return msgspec.json.format(msgspec.json.encode(document).decode(), indent=2) + "\n"


def as_csv(result: JobResult) -> str:
    """One line for each workflow result; no cell is a formula."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for r in result.workflows:
        value = msgspec.json.encode(_value(r.value)).decode()
        where = (inert(r.workflow), inert(r.datacenter), inert(r.worker))
        writer.writerow((*where, r.attempt, r.state, r.run_seconds, inert(r.error), value))
    return out.getvalue()
