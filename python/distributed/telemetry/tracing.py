"""Following one job through processes: an interface for roles, and nothing behind it by default.

A span's `context` is a `traceparent` (W3C Trace Context, section 3.2) that messages carry to the
next process, "" where nobody traces. `distributed.telemetry.otel` has the spans that are exported.
"""

from __future__ import annotations

import re
from typing import Protocol

_FORM = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


def traceparent(text: str) -> str:
    """What is fit to be kept of a `traceparent` that a stranger sent; "" where nothing is.

    A later version of the format begins as this one does, and is read as this one.
    """
    found = _FORM.match(text)
    return found.group() if found else ""


class Span(Protocol):
    """Something that takes a while; `context` makes later spans its children."""

    @property
    def context(self) -> str: ...

    def end(self, error: str = "", /, **attributes: str | int) -> None:
        """It is over; failed where `error` says how. Only the first call counts."""
        ...


class Tracer(Protocol):
    """Begins spans. `on` is False where `begin` would do nothing: ask it in hot places."""

    @property
    def on(self) -> bool: ...

    def begin(self, name: str, parent: str = "", /, **attributes: str | int) -> Span:
        """A span below the one whose context is given; a trace of its own without one."""
        ...


class _Nothing:
    """A span that nobody looks at."""

    context = ""

    def end(self, error: str = "", /, **attributes: str | int) -> None:
        """Nothing."""


NO_SPAN: Span = _Nothing()


class _Off:
    """Begins nothing."""

    on = False

    def begin(self, name: str, parent: str = "", /, **attributes: str | int) -> Span:
        """The span that is none."""
        return NO_SPAN


NO_TRACES: Tracer = _Off()
