"""What was measured or simulated as one self-contained file: the same kind as a job's report."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import msgspec
from markupsafe import Markup

from distributed.telemetry.text import inert

from .draw.chart import chart
from .models import Plot
from .render import make_environment
from .report import STYLE

Cell = str | int | float | None


class Table(msgspec.Struct, frozen=True):
    """Rows of one kind, in the order of the columns."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


class Figures(msgspec.Struct, frozen=True):
    """A run with its numbers.

    Attributes:
        title: what was run.
        about: one sentence on what came of it.
        command: what runs it again.
        facts: what else a reader must know: versions, machine, seed.
        tables: the numbers.
        rows: which of the tables `csv` writes.
        plots: line charts.
        pictures: SVG elements that were drawn elsewhere, by a program that is trusted.
        text: what was told while it ran.
    """

    title: str
    about: str
    command: str
    facts: dict[str, str]
    tables: tuple[Table, ...]
    plots: tuple[Plot, ...] = ()
    pictures: tuple[str, ...] = ()
    text: str = ""
    rows: int = 0


def html_figures(figures: Figures) -> str:
    """A document that needs no other file, no script and no network."""
    template = make_environment().get_template("figures.html")
    charts = [*map(chart, figures.plots), *map(Markup, figures.pictures)]
    return template.render(it=figures, style=STYLE.read_text(), charts=charts)


def csv_figures(figures: Figures) -> str:
    """One of the tables; text cells are inert."""
    out = io.StringIO()
    rows = csv.writer(out)
    table = figures.tables[figures.rows]
    rows.writerow(table.columns)
    for row in table.rows:
        rows.writerow([inert(cell) if isinstance(cell, str) else cell for cell in row])
    return out.getvalue()


def write_figures(figures: Figures, *, html: Path | None, csv: Path | None) -> Sequence[Path]:
    """Write the files that are wanted; returns them.

    Raises:
        OSError: one cannot be written.
    """
    written = []
    for path, make in ((html, html_figures), (csv, csv_figures)):
        if path is not None:
            path.write_text(make(figures), encoding="utf-8")
            written.append(path)
    return written


def shares(title: str, unit: str, series: str, values: Sequence[float]) -> Plot:
    """Values from the least to the greatest, over the share of them that is no greater."""
    ordered = sorted(values)
    last = max(1, len(ordered) - 1)
    return Plot(
        title=title,
        unit=unit,
        series=(series,),
        columns=(tuple(place / last for place in range(len(ordered))), tuple(ordered)),
        horizontal="share",
    )
