"""Errors of drivers and SQLAlchemy as ours, once, at the edge."""

from __future__ import annotations

import sqlite3
from contextlib import AbstractContextManager

from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    IntegrityError,
    ProgrammingError,
    SQLAlchemyError,
)

from distributed.errors import LedgerError, LedgerUnavailable, map_exceptions

_ERRORS: dict[type[BaseException], type[LedgerError]] = {
    IntegrityError: LedgerError,
    DataError: LedgerError,
    ProgrammingError: LedgerError,
    DBAPIError: LedgerUnavailable,
    SQLAlchemyError: LedgerError,
    sqlite3.OperationalError: LedgerUnavailable,
    OSError: LedgerUnavailable,
}
"""First match counts. A lost connection comes as a bare DBAPIError, a time-out as an OSError."""


def mapped() -> AbstractContextManager[None]:
    """Raise LedgerUnavailable where trying again may help, LedgerError where it will not."""
    return map_exceptions(_ERRORS)
