"""Statements of the hot path on sqlite3 itself: compiled by SQLAlchemy once, then only bound.

SQLAlchemy's own execution costs a SQLite statement several times what SQLite does with it.
The statements stay SQLAlchemy's; only what runs them for a batch is different. Inside the
transaction of the connection that it is made of.
"""

from __future__ import annotations

import sqlite3
from collections import namedtuple
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from sqlalchemy import Connection
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.sql import ClauseElement


class Runner(Protocol):
    """What runs a statement of a batch: SQLAlchemy's connection, or this module's."""

    def execute(self, statement: Any, parameters: Any = None, /) -> Iterable[Any]:
        """Run it once, or once for each row of parameters; its rows."""
        ...

    def scalars(self, statement: Any, parameters: Any = None, /) -> Iterable[Any]:
        """The first column of its rows."""
        ...

    def scalar(self, statement: Any, parameters: Any = None, /) -> Any:
        """The first column of the first row."""
        ...


class _Text:
    """One compiled statement: its text, its own values, and the type of its rows."""

    __slots__ = ("_compiled", "_fixed", "row", "text")

    def __init__(self, statement: ClauseElement, dialect: Dialect) -> None:
        compiled: Any = statement.compile(dialect=dialect)
        self.text = str(compiled)
        self._compiled = compiled
        self.row: Any = None
        own = {key: bind for key, bind in compiled.binds.items() if not bind.required}
        self._fixed = {key: bind.effective_value for key, bind in own.items()}
        if not any(bind.callable for bind in own.values()):
            self._compiled = None

    def bound(self, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        """The parameters with the values that the statement brings itself."""
        if self._compiled is not None:
            return {**self._compiled.construct_params(dict(parameters)), **parameters}
        return {**self._fixed, **parameters} if self._fixed else parameters


class Texts:
    """Compiled statements, kept for as long as the ledger."""

    def __init__(self) -> None:
        self._dialect = sqlite.dialect(paramstyle="named")
        self._known: dict[int, tuple[ClauseElement, _Text]] = {}

    def __call__(self, statement: ClauseElement) -> _Text:
        known = self._known.get(id(statement))
        if known is None:
            known = self._known[id(statement)] = (statement, _Text(statement, self._dialect))
        return known[1]


class DirectRunner:
    """Runs compiled statements on the connection's own sqlite3 connection."""

    def __init__(self, connection: Connection, texts: Texts) -> None:
        raw: Any = connection.connection.driver_connection
        self._raw: sqlite3.Connection = raw
        self._texts = texts

    def execute(self, statement: Any, parameters: Any = None, /) -> list[Any]:
        """Run it once, or once for each row of parameters; its rows by name."""
        text = self._texts(statement)
        if isinstance(parameters, list):
            self._raw.executemany(text.text, [text.bound(row) for row in parameters])
            return []
        cursor = self._raw.execute(text.text, text.bound(parameters or {}))
        rows = cursor.fetchall()
        if text.row is None and cursor.description:
            text.row = namedtuple("row", [column[0] for column in cursor.description])  # type: ignore[misc]
        return [text.row(*row) for row in rows]

    def scalars(self, statement: Any, parameters: Any = None, /) -> list[Any]:
        """The first column of its rows, of every run."""
        text = self._texts(statement)
        found: list[Any] = []
        for row in parameters if isinstance(parameters, list) else [parameters or {}]:
            found.extend(first for first, *_ in self._raw.execute(text.text, text.bound(row)))
        return found

    def scalar(self, statement: Any, parameters: Any = None, /) -> Any:
        """The first column of the first row; None where there is none."""
        return next(iter(self.scalars(statement, parameters)), None)
