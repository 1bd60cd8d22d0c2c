"""Pages made from the code are those that the code makes now."""

from __future__ import annotations

import re

import pytest

from distributed.commands.documents import PAGES, descriptions, settings_page
from distributed.gate.settings import GateSettings
from distributed.worker.settings import WorkerSettings

from .document import ROOT


@pytest.mark.parametrize("name", PAGES)
def test_a_generated_page_is_up_to_date(name: str) -> None:
    said = f"docs/{name} is stale: run `python -m distributed.commands.documents`"
    assert (ROOT / "docs" / name).read_text() == PAGES[name](), said


def test_every_setting_says_what_it_means() -> None:
    rows = [line for line in settings_page().splitlines() if line.startswith("| `")]
    assert len(rows) > 80
    silent = [row for row in rows if re.search(r"\|\s+\|$", row)]
    assert silent == []


def test_both_ways_to_describe_a_field_are_read() -> None:
    assert descriptions(GateSettings)["forward_hops"] == "how often a submission may be passed on."
    assert descriptions(WorkerSettings)["cores"].startswith("Cores offered; 0 means")
