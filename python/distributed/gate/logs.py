"""Captured output of jobs: the newest lines at the owner while it is open, then in the ledger.

The lines of an open job are in its owner's memory, the newest `log_lines` of them, fewer where
those of all jobs together take too much. They are written with the end of the job and stay as
long as it does. A gate that dies takes the lines of its open jobs with it; what comes after the
takeover is kept.
"""

from __future__ import annotations

import zlib
from collections import deque

import msgspec

from distributed.messages.base import Gone, Redirect
from distributed.messages.progress import WorkerLog
from distributed.messages.submission import FetchLogs, JobLogs, LogLine
from distributed.transport.interface import Context, Handlers

from .record import JobRecord
from .state import GateState

LOGS_PAGE = 500
LINE_BYTES = 128
"""Counted for a line beside its text."""
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(JobLogs).decode


class Logs:
    """The conversation about captured output."""

    def __init__(self, state: GateState) -> None:
        self._state = state

    def handlers(self) -> Handlers:
        """What managers send and clients ask."""
        return {WorkerLog: self._log, FetchLogs: self._fetch}

    def _log(self, _context: Context, message: WorkerLog) -> None:
        record = self._state.records.get(message.job_id)
        if record is None:
            return
        record.logs_dropped += message.dropped
        record.logs_total += len(message.lines)
        for line in message.lines:
            self._keep(record, LogLine(message.workflow, message.attempt, message.stream, line))

    def _keep(self, record: JobRecord, line: LogLine) -> None:
        """Keep a line as the newest of its job; older ones of that job make room."""
        state, settings = self._state, self._state.settings
        if record.logs is None:
            record.logs = deque()
        room = settings.held_log_bytes - _size(line)
        while record.logs and (
            len(record.logs) >= settings.log_lines or state.held_log_bytes > room
        ):
            size = _size(record.logs.popleft())
            record.log_bytes -= size
            state.held_log_bytes -= size
            record.logs_dropped += 1
        if len(record.logs) >= settings.log_lines or state.held_log_bytes > room:
            record.logs_dropped += 1
            return
        record.logs.append(line)
        record.log_bytes += _size(line)
        state.held_log_bytes += _size(line)

    async def _fetch(self, _context: Context, message: FetchLogs) -> JobLogs | Gone | Redirect:
        record = self._state.records.get(message.job_id)
        if record is not None:
            return page(held_logs(record), message)
        where = await self._state.elsewhere(message.job_id)
        if isinstance(where, Redirect):
            return where
        kept = await self._state.ledger.logs(message.job_id)
        if kept:
            return page(_decode(zlib.decompress(kept)), message)
        if await self._state.ledger.exists(message.job_id):
            return JobLogs(message.job_id, ())
        return where


def _size(line: LogLine) -> int:
    """About what a line costs in memory."""
    return len(line.text) + LINE_BYTES


def held_logs(record: JobRecord) -> JobLogs:
    """All that is held of a job's output."""
    return JobLogs(
        record.job_id,
        tuple(record.logs or ()),
        next_line=record.logs_total,
        dropped=record.logs_dropped,
    )


def kept_logs(record: JobRecord) -> bytes:
    """A job's output as the ledger keeps it; empty where there is none."""
    if not record.logs_total and not record.logs_dropped:
        return b""
    return zlib.compress(_encode(held_logs(record)), 1)


def page(held: JobLogs, asked: FetchLogs) -> JobLogs:
    """The lines asked for, a bounded number of them; `next_line` goes on after them."""
    first = held.next_line - len(held.lines)
    start = max(0, asked.after_line - first)
    lines = held.lines[start : start + LOGS_PAGE]
    chosen = tuple(line for line in lines if asked.workflow in ("", line.workflow))
    return JobLogs(held.job_id, chosen, first + start + len(lines), held.dropped)
