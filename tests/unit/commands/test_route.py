"""`shoal route simulate` and `plot`: numbers that repeat, refusals in one sentence."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import msgspec
import pytest

from distributed.commands import entry
from distributed.commands.view import drawing
from distributed.testing.routing_simulator.trace import Arrival, Site, Trace, save_trace


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    sites = (
        Site(name="near", rtt_seconds=0.01, cores=4),
        Site(name="far", rtt_seconds=0.1, cores=8),
    )
    arrivals = tuple(Arrival(number * 0.05, 0.1) for number in range(200))
    path = tmp_path / "trace.json"
    save_trace(Trace(name="tiny", about="steady", sites=sites, arrivals=arrivals), path)
    return path


def test_a_recorded_trace_is_replayed_over_every_policy(
    recorded: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert entry.run(["route", "simulate", "--file", str(recorded), "--json"]) == 0
    first = capsys.readouterr().out
    rows = [msgspec.json.decode(line) for line in first.splitlines()]
    policies = {row["policy"] for row in rows}
    assert policies == {
        "shoal",
        "round-robin",
        "nearest",
        "least-loaded",
        "two-choices",
        "oracle",
    }
    entry.run(["route", "simulate", "--file", str(recorded), "--json"])
    assert capsys.readouterr().out == first


def test_a_comparison_is_a_page_and_rows_as_well(
    recorded: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page, rows = tmp_path / "run.html", tmp_path / "run.csv"
    files = ["--html", str(page), "--csv", str(rows)]
    assert entry.run(["route", "simulate", "--file", str(recorded), *files, "--json"]) == 0
    printed = [msgspec.json.decode(line) for line in capsys.readouterr().out.splitlines()]
    document = page.read_text()
    assert "tiny: ours takes" in document
    assert document.count("<svg") == drawing.possible()
    written = list(csv.DictReader(io.StringIO(rows.read_text())))
    assert [row["policy"] for row in written] == [row["policy"] for row in printed]
    assert [row["mean_ms"] for row in written] == [str(row["mean_ms"]) for row in printed]


def test_an_unknown_trace_is_refused_with_those_there_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert entry.run(["route", "simulate", "storm"]) == entry.REFUSED
    assert "no trace 'storm'; there are calm, noisy" in capsys.readouterr().err


def test_a_file_that_is_no_trace_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "other.json"
    path.write_text('{"name": 3}')
    assert entry.run(["route", "simulate", "--file", str(path)]) == entry.REFUSED
    assert "is not a trace" in capsys.readouterr().err
