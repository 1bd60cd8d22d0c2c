"""Printing for people, for pipes and for programs.

A table to a terminal, tab-separated lines to a pipe, one JSON object a line with
`--json`. Whatever comes from the network or from users is made harmless first.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import Event
from typing import Any, TextIO

import msgspec

from distributed.errors import ConfigError
from distributed.telemetry.text import harmless
from distributed.web.plain import plain

__all__ = ["Output", "age", "check_every", "harmless", "repeat", "writing"]


class Output:
    """Where a command's answer goes, and in which form."""

    def __init__(self, *, json: bool = False, stream: TextIO | None = None) -> None:
        self.json = json
        self._stream = stream or sys.stdout

    @property
    def terminal(self) -> bool:
        """Whether a person reads this."""
        return not self.json and self._stream.isatty()

    def line(self, text: str) -> None:
        """A plain line; nothing under `--json`."""
        if not self.json:
            self._stream.write(f"{harmless(text)}\n")
            self._stream.flush()

    def cells(self, *texts: object) -> None:
        """A line of parts with tabs between them; nothing under `--json`."""
        if not self.json:
            self._stream.write("\t".join(map(harmless, texts)) + "\n")
            self._stream.flush()

    def start_over(self) -> None:
        """Clear a terminal for the next picture of what is watched; nothing elsewhere."""
        if self.terminal:
            self._stream.write("\x1b[H\x1b[2J")

    def record(self, record: Any) -> None:
        """One object: a JSON line, or `name: value` lines."""
        named = plain(record)
        if self.json:
            self._stream.write(msgspec.json.encode(named).decode() + "\n")
        else:
            for name, value in named.items():
                self._stream.write(f"{harmless(name)}: {harmless(value)}\n")
        self._stream.flush()

    def table(
        self, columns: Sequence[str], rows: Iterable[Mapping[str, Any]], *, title: str = ""
    ) -> None:
        """Rows as a table, as tab-separated lines, or as JSON lines."""
        if self.json:
            for row in rows:
                self.record(dict(row))
        elif self.terminal:
            self._rich_table(columns, rows, title)
        else:
            for row in rows:
                self._stream.write("\t".join(harmless(row.get(name, "")) for name in columns))
                self._stream.write("\n")
            self._stream.flush()

    def _rich_table(
        self, columns: Sequence[str], rows: Iterable[Mapping[str, Any]], title: str
    ) -> None:
        from rich.console import Console
        from rich.markup import escape
        from rich.table import Table

        table = Table(title=escape(title) or None, header_style="bold")
        for name in columns:
            table.add_column(name.replace("_", " "))
        for row in rows:
            table.add_row(*(escape(harmless(row.get(name, ""))) for name in columns))
        Console(file=self._stream).print(table)


def repeat(show: Callable[[], None], output: Output, every_seconds: float | None) -> None:
    """Show once; with a pause, again and again until interrupted.

    Raises:
        ConfigError: the pause is none.
    """
    if every_seconds is None:
        show()
        return
    check_every(every_seconds)
    show()
    pause = Event()
    while not pause.wait(every_seconds):
        output.start_over()
        show()


def check_every(seconds: float) -> None:
    """See that there is a pause between two pictures.

    Raises:
        ConfigError: there is none.
    """
    if not seconds > 0:
        raise ConfigError("must be more than 0 seconds", field="every")


@contextmanager
def writing() -> Iterator[None]:
    """A file that cannot be written is refused in one sentence.

    Raises:
        ConfigError: names the file and the reason.
    """
    try:
        yield
    except OSError as error:
        which = f" {error.filename}" if error.filename else ""
        raise ConfigError(f"cannot write{which}: {error.strerror}") from error


def age(seconds: float) -> str:
    """A duration as people say it: `5s`, `3m`, `2h`, `4d`, with `ago`."""
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds >= size:
            return f"{int(seconds // size)}{unit} ago"
    return f"{max(0, int(seconds))}s ago"
