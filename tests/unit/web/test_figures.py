"""Figures of a bench or a simulation: one file, no script, nothing from elsewhere, text inert."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from distributed.commands.bench import Measured, figures_of
from distributed.commands.entry import run
from distributed.commands.figures import again
from distributed.web.figures import Figures, Table, csv_figures, html_figures, shares

HOSTILE = "</style><script>alert(1)</script>=2+3\u202e\x1b"


def figures(text: str) -> Figures:
    return Figures(
        text,
        text,
        text,
        {text: text},
        (Table(text, (text, "count"), ((text, 3), ("=1+1", None))),),
        (shares("Times", "s", text, [2.0, 1.0, 3.0]),),
        text=f"{text}\n{text}",
    )


@pytest.mark.parametrize("text", ["plain", HOSTILE, "A" * 1_048_576])
def test_the_document_needs_nothing_else_and_runs_nothing(text: str) -> None:
    document = html_figures(figures(text))
    for needed in ("<script", "href=", "src=", "@import"):
        assert needed not in document
    assert document.count("<svg") == 1
    assert document.count("</style>") == 1
    assert not set("\u202e\x1b") & set(document)
    assert len(document) < 400_000


def test_rows_are_those_of_the_first_table_and_no_cell_is_a_formula() -> None:
    rows = list(csv.reader(io.StringIO(csv_figures(figures("name")))))
    assert rows == [["name", "count"], ["name", "3"], ["'=1+1", ""]]


def test_a_bench_is_told_in_round_trips_of_its_own_run() -> None:
    measured = Measured([0.001] * 5, [0.004] * 10, 1.0, 100, 2.0, 1000)
    told = {row[0]: row[1:] for row in figures_of(measured, "shoal bench").tables[0].rows}
    assert told["empty job, p50"] == (4.0, 250.0, 4.0)
    assert told["empty job, 100 at once, each"] == (10.0, 100.0, 10.0)
    assert told["empty workflow, 1000 of one job, each"] == (2.0, 500.0, 2.0)


def test_a_simulated_run_writes_its_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page, rows = tmp_path / "run.html", tmp_path / "run.csv"
    options = ["--seed", "3", "--profile", "crashes", "--minutes", "0.5", "--jobs", "2"]
    files = ["--html", str(page), "--csv", str(rows)]
    assert run(["simulate", "cluster", *options, *files, "--json"]) == 0
    digest = json.loads(capsys.readouterr().out)["digest"]
    document = page.read_text()
    assert digest in document
    assert "shoal simulate cluster --seed 3 --profile crashes --minutes 0.5 --jobs 2" in document
    assert "Every rule held" in document
    kinds = [row["kind"] for row in csv.DictReader(io.StringIO(rows.read_text()))]
    assert kinds.count("job") == 2


def test_the_printed_command_says_all_that_makes_the_run() -> None:
    given = {"seed": 3, "minutes": 0.5, "jobs": None, "full": True, "shrink": False}
    command = again("simulate cluster", **given, gate=("a:1", "b:2"), run_for="x y")
    assert command == (
        "shoal simulate cluster --seed 3 --minutes 0.5 --full --gate a:1 --gate b:2 --run-for 'x y'"
    )
