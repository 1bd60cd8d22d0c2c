"""The live screen: it follows its node, obeys its keys, and trusts no text."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import msgspec
import pytest

from distributed.commands.entry import run
from distributed.commands.view import board
from distributed.commands.view.top_app import JobScreen, PaneTable, TopApp
from distributed.messages.submission import JobView, WorkflowView
from distributed.web.models import JobLine, JobPage, Jobs, WorkerLine, Workers
from distributed.web.plain import plain
from tests.unit.web.fakes import FakeNode

HOSTILE = "[red]x[/red]\x1b[31m\x07\u202eabc<script>" + "y" * (1 << 20)


def worker(name: str, bound: int) -> WorkerLine:
    return WorkerLine(
        name=name,
        datacenter="dc1",
        address="",
        standing="open",
        cores=4,
        free_cores=4 - bound,
        bound=bound,
        ahead=0,
        status=None,
        heard_seconds_ago=1.0,
    )


class Node:
    """Gives pages as they come over the wire; `down` refuses."""

    def __init__(self, text: str = "plain") -> None:
        self.fake = FakeNode(text)
        self.names = ["first"]
        self.down = False
        self.asked: list[str] = []

    async def read(self, path: str) -> dict[str, Any]:
        self.asked.append(path)
        if self.down:
            raise OSError("connection refused")
        value = await self.value(path)
        whole: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(plain(value)))
        return whole

    async def value(self, path: str) -> Any:
        if path == "/overview.json":
            return self.fake.overview()
        if path == "/workers.json":
            return Workers(workers=(worker("idle", 0), worker("full", 4)))
        if path == "/jobs.json":
            (line,) = (await self.fake.jobs()).jobs
            named = [
                JobLine(
                    id=f"id-{name}", name=name, state="running", owner="g", epoch=1, age_seconds=1.0
                )
                for name in self.names
            ]
            return Jobs(jobs=(line, *named))
        return await self.fake.job(path.removeprefix("/jobs/").removesuffix(".json"))


def column(app: TopApp, pane: str, place: int) -> list[str]:
    table = app.query_one(f"#{pane}", PaneTable)
    return [str(table.get_row_at(row)[place]) for row in range(table.row_count)]


@pytest.fixture
def node() -> Node:
    return Node()


async def test_every_pane_shows_what_the_node_tells(node: Node) -> None:
    app = TopApp("here", node.read)
    async with app.run_test(size=(160, 48)) as pilot:
        await pilot.pause()
        assert column(app, "datacenters", 1) == ["healthy"]
        assert column(app, "deaths", 2) == ["died", "unwell"]
        assert column(app, "jobs", 1) == ["plain", "first"]
        assert column(app, "workers", 0) == ["full", "idle"]
        assert "2 open (2 running)" in board.heading(await node.read("/overview.json"))


async def test_a_picture_follows_the_node_and_keeps_the_cursor_on_its_row(node: Node) -> None:
    app = TopApp("here", node.read)
    async with app.run_test(size=(160, 48)) as pilot:
        await pilot.pause()
        await pilot.press("down")
        jobs = app.query_one("#jobs", PaneTable)
        assert jobs.key_at_cursor() == "id-first"
        node.names = ["newer", "first"]
        await app.picture()
        assert column(app, "jobs", 1) == ["plain", "newer", "first"]
        assert jobs.key_at_cursor() == "id-first"


async def test_held_still_it_asks_nothing_until_told(node: Node) -> None:
    app = TopApp("here", node.read, every_seconds=0.01)
    async with app.run_test(size=(160, 48)) as pilot:
        await pilot.pause()
        await pilot.press("p")
        await app.workers.wait_for_complete()
        node.asked.clear()
        await pilot.pause(0.1)
        assert node.asked == []
        await pilot.press("r")
        await app.workers.wait_for_complete()
        assert "/jobs.json" in node.asked


async def test_a_filter_keeps_matching_rows_and_escape_brings_all_back(node: Node) -> None:
    app = TopApp("here", node.read)
    async with app.run_test(size=(160, 48)) as pilot:
        await pilot.pause()
        await pilot.press("slash", *"FIRST", "enter")
        assert column(app, "jobs", 1) == ["first"]
        await pilot.press("escape")
        assert column(app, "jobs", 1) == ["plain", "first"]


async def test_enter_opens_a_job_and_escape_closes_it(node: Node) -> None:
    app = TopApp("here", node.read)
    async with app.run_test(size=(160, 48)) as pilot:
        await pilot.pause()
        await pilot.press("3", "enter")
        assert isinstance(app.screen, JobScreen)
        await app.picture()
        assert app.screen.query_one(PaneTable).row_count == 2
        await pilot.press("escape")
        assert not isinstance(app.screen, JobScreen)


async def test_a_pane_can_have_the_whole_screen(node: Node) -> None:
    app = TopApp("here", node.read)
    async with app.run_test(size=(160, 48)) as pilot:
        await pilot.press("4", "z")
        assert app.screen.maximized is app.query_one("#workers")
        await pilot.press("z")
        assert app.screen.maximized is None


async def test_a_node_that_stops_answering_is_said_and_its_last_picture_stays(node: Node) -> None:
    app = TopApp("here", node.read)
    async with app.run_test(size=(160, 48)) as pilot:
        await pilot.pause()
        node.down = True
        await app.picture()
        trouble = app.query_one("#trouble")
        assert trouble.has_class("said")
        assert column(app, "jobs", 1) == ["plain", "first"]
        node.down = False
        await app.picture()
        assert not trouble.has_class("said")


async def test_hostile_text_is_shown_as_text() -> None:
    node = Node(HOSTILE)
    app = TopApp("here", node.read)
    async with app.run_test(size=(160, 48)) as pilot:
        await pilot.pause()
        (name, _) = column(app, "jobs", 1)
        assert name.startswith("[red]x[/red]\\x1b[31m\\x07\\x202eabc<script>")
        assert len(name) < 120
        shown = app.export_screenshot()
        assert "\x1b" not in shown
        assert "\u202e" not in shown


async def test_without_colour_every_cell_is_grey(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = TopApp("here", node.read)
    async with app.run_test(size=(160, 48)) as pilot:
        await pilot.pause()
        filters = [type(line).__name__ for line in app.get_line_filters()]
        assert "Monochrome" in filters
        assert column(app, "datacenters", 1) == ["healthy"]


async def test_a_page_that_the_role_lacks_says_so() -> None:
    pane = board.jobs({"error": "Jobs is for gates and managers; this is a worker"})
    assert (pane.rows, pane.note) == ({}, "Jobs is for gates and managers; this is a worker")


def test_without_the_extra_one_sentence_says_what_to_install() -> None:
    program = (
        "import sys; sys.modules['textual'] = None; sys.modules['textual.app'] = None\n"
        "from distributed.commands.entry import run\n"
        "sys.exit(run(['top', '--web', '127.0.0.1:1']))\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr == ("shoal: the live screen needs the extra: pip install 'shoal[tui]'\n")


def test_a_pause_that_is_none_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["top", "--web", "127.0.0.1:1", "--every", "0"]) == 2
    assert "every: must be more than 0 seconds" in capsys.readouterr().err


def test_without_a_terminal_it_names_what_prints_lines(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["top", "--web", "127.0.0.1:1"]) == 2
    assert "`shoal status --watch` prints lines" in capsys.readouterr().err


def test_a_jobs_reason_is_in_the_title() -> None:
    lines = (WorkflowView("w", "failed", "dc1", "w1", 1, 0, 0, "boom"),)
    view = JobView("j-1", "etl", "failed", "g", 1, 4.0, "w failed", lines)
    page = JobPage(
        job=view, elapsed_seconds=1.0, runs=(), windows=(), latencies=(), events=(), decisions=()
    )
    pane = board.workflows(plain(page))
    assert pane.title == "etl j-1: failed w failed"
    assert pane.rows == {"w dc1": ("w", "failed", "dc1", "w1", "1", "", "boom")}
