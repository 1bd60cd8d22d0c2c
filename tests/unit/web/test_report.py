"""Reports: one file, no script, nothing from elsewhere, text inert."""

from __future__ import annotations

import csv
import io

import pytest

from distributed.web.models import Window
from distributed.web.report import csv_report, html_report, job_page, window_plots

from .fakes import FakeNode

HOSTILE = "</style><script>alert(1)</script>=2+3\u202e\x1b"


async def _page(text: str = "plain"):  # type: ignore[no-untyped-def]
    shown = await FakeNode(text).job("j-1")
    assert shown is not None
    return job_page(shown.job, shown.events, shown.decisions, shown.logs)


async def test_the_html_needs_nothing_else() -> None:
    document = html_report(await _page())
    for needed in ("<script", "href=", "src=", "@import", "http-equiv=refresh"):
        assert needed not in document
    assert document.count("<svg") >= 4
    assert "default-src 'none'" in document


@pytest.mark.parametrize("text", [HOSTILE, "A" * 1_048_576])
async def test_hostile_text_does_no_harm(text: str) -> None:
    document = html_report(await _page(text))
    assert "<script" not in document
    assert document.count("</style>") == 1
    assert not set("\u202e\x1b") & set(document)
    assert len(document) < 400_000


async def test_the_csv_has_a_row_for_each_run_and_each_that_never_ran() -> None:
    rows = list(csv.DictReader(io.StringIO(csv_report(await _page()))))
    ended = {row["state"]: row for row in rows}
    assert set(ended) == {"completed", "running", "lost"}
    assert ended["completed"]["run_seconds"] == "0.5"
    assert ended["running"]["end_seconds"] == ""
    assert ended["lost"]["reason"] == "its worker was lost"


@pytest.mark.parametrize("text", ["=1+1", "@SUM(A1)", "+1", "-1", "\t=1"])
async def test_no_cell_is_a_formula(text: str) -> None:
    rows = list(csv.reader(io.StringIO(csv_report(await _page(text)))))
    assert not any(cell.startswith(("=", "+", "-", "@", "\t")) for row in rows for cell in row)


def test_windows_in_which_nothing_ended_are_zero_not_a_slope() -> None:
    def window(start: float) -> Window:
        return Window(
            datacenter="dc1",
            start=start,
            end=start + 1.0,
            ended=2,
            throughput=2.0,
            p50=0.1,
            p95=0.1,
            p99=0.1,
        )

    rates, spreads = window_plots((window(0.0), window(3.0)))
    assert rates.columns == ((1.0, 2.0, 3.0, 4.0), (2.0, 0.0, 0.0, 2.0))
    assert spreads.columns[1] == (0.1, None, None, 0.1)
