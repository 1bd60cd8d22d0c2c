"""Whatever others write is shown as text: markup, control characters, direction, size."""

from __future__ import annotations

import html.parser
import re

import pytest

from distributed.messages.submission import WorkflowView
from distributed.web.draw.graph import graph
from distributed.web.pages import PAGES

from .conftest import client_of
from .fakes import FakeNode, gate_site

MARKUP = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'&{{7*7}}"
CONTROL = "bell\x07 escape\x1b[31m null\x00 line\nfeed\u2028"
DIRECTION = "safe\u202egpj.exe\u2066"
ARABIC = "\u0645\u0631\u062d\u0628\u0627"
HUGE = "A" * 1_048_576
PATHS = ["/", *(f"/{name}" for name in PAGES if name not in ("overview", "job")), "/jobs/j-1"]
PATHS += ["/plots/job-graph?job=j-1", "/plots/job-stream?job=j-1", "/plots/coordinates"]
PICTURES = [f"/plots/{name}.svg?job=j-1" for name in ("job-graph", "job-stream", "job-latency")]


class _Tags(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def _tags(document: str) -> list[tuple[str, dict[str, str | None]]]:
    parser = _Tags()
    parser.feed(document)
    return parser.found


async def _text(path: str, text: str) -> str:
    async with client_of(gate_site(FakeNode(text))) as client:
        answer = await client.get(path)
    assert answer.status_code == 200
    return answer.text


@pytest.mark.parametrize("path", [*PATHS, *PICTURES])
async def test_markup_stays_text(path: str) -> None:
    document = await _text(path, MARKUP)
    for tag, attributes in _tags(document):
        assert tag != "img"
        assert tag != "script" or str(attributes.get("src", "")).startswith("/static/")
        assert not any(name.startswith("on") for name in attributes)
    assert "49" not in re.sub(r"\d{3,}", "", document) or "{{7*7}}" in document


@pytest.mark.parametrize("path", PATHS)
async def test_control_characters_and_direction_overrides_are_made_visible(path: str) -> None:
    document = await _text(path, CONTROL + DIRECTION)
    assert not set("\x00\x07\x1b\u2028\u202e\u2066") & set(document)
    assert "\\x1b[31m" in document


async def test_right_to_left_text_is_shown_and_kept_apart() -> None:
    document = await _text("/jobs", ARABIC)
    assert ARABIC in document


@pytest.mark.parametrize("path", PATHS)
async def test_a_mebibyte_of_text_is_cut(path: str) -> None:
    document = await _text(path, HUGE)
    assert len(document) < 300_000


async def test_json_keeps_the_text_as_it_was() -> None:
    async with client_of(gate_site(FakeNode(MARKUP))) as client:
        answer = await client.get("/jobs.json")
    assert answer.json()["jobs"][0]["name"] == MARKUP
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize("name", ["job<script>", "%2e%2e%2fpages.py", "..%2fapp.py"])
async def test_names_in_addresses_are_only_names(name: str) -> None:
    async with client_of(gate_site(FakeNode())) as client:
        assert (await client.get(f"/jobs/{name}")).text.count("<script>") == 0
        assert (await client.get(f"/static/{name}")).status_code == 404


async def test_a_notice_that_the_node_did_not_give_is_not_shown() -> None:
    site = gate_site(FakeNode(), token="sesame")
    async with client_of(site) as client:
        for forged in ("call this number", ".call this number", "0" * 16 + ".call this number"):
            page = await client.get("/", params={"notice": forged})
            assert "call this number" not in page.text
        page = await client.get("/", params={"notice": site.guard.sealed("<b>done</b>")})
    assert "&lt;b&gt;done&lt;/b&gt;" in page.text


def test_a_graph_of_a_cycle_ends() -> None:
    lines = [WorkflowView("a", "pending", after=("b",)), WorkflowView("b", "pending", after=("a",))]
    assert "<svg" in graph(lines)
