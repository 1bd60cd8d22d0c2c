"""`shoal simulate core`: every verb prints its outcome, and writes a page and rows."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from distributed.commands import entry
from distributed.commands.view import drawing

SMALL = {
    "detection": ("--nodes", "8", "--kills", "2"),
    "dissemination": ("--nodes", "8", "--changes", "2"),
    "boot": ("--nodes", "8"),
    "impaired": ("--nodes", "8", "--faulty", "1", "--span", "20"),
    "coordinates": ("--nodes", "6", "--rounds", "4"),
    "stopped": ("--nodes", "8", "--rounds", "1"),
    "quiet": ("--nodes", "8", "--span", "5"),
}


COLUMNS = {
    "detection": ("death", "first", "last"),
    "dissemination": ("change", "all_seconds"),
    "boot": ("at", "least", "most"),
    "impaired": ("at", "faulty", "healthy"),
    "coordinates": ("round", "median"),
    "stopped": ("measure", "value"),
    "quiet": ("measure", "value"),
}


@pytest.mark.parametrize("verb", SMALL)
def test_a_page_and_rows_hold_what_is_printed(
    verb: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page, rows = tmp_path / "run.html", tmp_path / "run.csv"
    options = [*SMALL[verb], "--seed", "3"]
    files = ["--html", str(page), "--csv", str(rows), "--json"]
    assert entry.run(["simulate", "core", verb, *options, *files]) == 0
    printed = json.loads(capsys.readouterr().out)
    document = page.read_text()
    assert str(printed["trace"]) in document
    assert f"shoal simulate core {verb} {' '.join(SMALL[verb][:2])}" in document
    assert "--seed 3" in document
    for needed in ("<script", " href=", "src=", "@import"):
        assert needed not in document
    written = list(csv.DictReader(io.StringIO(rows.read_text())))
    assert written
    assert set(written[0]) >= set(COLUMNS[verb])


def test_what_is_compared_is_a_row_each(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from distributed.commands import simulate_search

    monkeypatch.setattr(simulate_search, "COARSE", ((1,), (0.5,), (1.0,)))
    rows = tmp_path / "run.csv"
    options = ["--nodes", "8", "--span", "5", "--json", "--csv", str(rows)]
    assert entry.run(["simulate", "core", "false-positives", *options]) == 0
    printed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    written = list(csv.DictReader(io.StringIO(rows.read_text())))
    names = [row["configuration"] for row in printed]
    assert [row["configuration"] for row in written] == names
    assert names[0] == "SWIM"


def test_the_page_holds_the_picture_that_plot_writes(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    page, plot = tmp_path / "run.html", tmp_path / "run.svg"
    command = ["simulate", "core", "detection", *SMALL["detection"], "--json"]
    assert entry.run([*command, "--html", str(page), "--plot", str(plot)]) == 0
    assert plot.read_text().startswith("<?xml")
    assert 'role="img" aria-label="detection, 8 nodes"' in page.read_text()


def test_without_matplotlib_the_page_says_why_it_has_no_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drawing, "find_spec", lambda _: None)
    page = tmp_path / "run.html"
    command = ["simulate", "core", "boot", *SMALL["boot"], "--json"]
    assert entry.run([*command, "--html", str(page)]) == 0
    assert "pip install matplotlib" in page.read_text()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("boot", "--plot", "x.doc"), "x.doc must end in .png or .svg"),
        (("boot", "--profile", "nonsense"), "nonsense"),
        (("boot", "--nodes", "4", "--html", "/nowhere/at/all.html"), "cannot write /nowhere"),
        (("coordinates", "--rounds", "4", "--look", "5"), "look: must be no more than the 4"),
        (("boot", "--nodes", "1"), "Must be >= 2"),
        (("boot", "--seed", "-1"), "Must be >= 0"),
        (("quiet", "--span", "nan"), "--span"),
        (("dissemination", "--loss", "1.5"), "Must be <= 1"),
        (("impaired", "--nodes", "4", "--faulty", "4"), "faulty: must be fewer than the 4 nodes"),
        (("stopped", "--nodes", "4", "--concurrent", "5"), "concurrent: must be no more than the"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(
    options: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib")
    assert entry.run(["simulate", "core", *options]) == entry.REFUSED
    assert said in capsys.readouterr().err
