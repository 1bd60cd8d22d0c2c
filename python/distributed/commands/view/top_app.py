"""The live screen itself: four tables, keys, and one job opened on top of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, ClassVar

from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Grid
from textual.screen import Screen
from textual.widgets import DataTable, Footer, Input, Static

from distributed.commands.view import board
from distributed.commands.view.board import PANES, Pane

Read = Callable[[str], Awaitable[dict[str, Any]]]


class PaneTable(DataTable[Text]):
    """A table that keeps its cursor on the same row while rows come and go."""

    def show(self, pane: Pane) -> None:
        """Show these rows in this order."""
        count = len(pane.rows)
        self.border_title = f"{pane.title} ({count})" if not pane.note else pane.title
        self.border_subtitle = pane.note
        if tuple(str(column.label) for column in self.columns.values()) != pane.columns:
            self.clear(columns=True)
            for name in pane.columns:
                self.add_column(name, key=name)
        held = self.key_at_cursor()
        top = self.scroll_offset.y
        self.clear()
        for key, row in pane.rows.items():
            self.add_row(*map(Text, row), key=key)
        if held in pane.rows:
            self.move_cursor(row=self.get_row_index(held), scroll=False)
        self.scroll_to(y=top, animate=False)

    def key_at_cursor(self) -> str:
        """What the cursor stands on; "" in an empty table."""
        if not self.row_count:
            return ""
        return str(self.coordinate_to_cell_key(self.cursor_coordinate).row_key.value)


class JobScreen(Screen[None]):
    """One job's workflows, until it is closed."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q", "app.pop_screen", "Back")]

    def __init__(self, job: str) -> None:
        super().__init__()
        self.job = job

    def compose(self) -> ComposeResult:
        """One table."""
        yield PaneTable(id="workflows", cursor_type="row")
        yield Footer()


class TopApp(App[None]):
    """Shows what `read` gives for the paths of a node's pages.

    Args:
        page: where that node's status page is, for the title.
        read: a page's value by its path.
        every_seconds: between two pictures.
    """

    TITLE = "shoal top"
    ENABLE_COMMAND_PALETTE = False
    CSS = """
    #heading { height: auto; max-height: 3; padding: 0 1; text-style: bold; }
    #trouble { height: auto; padding: 0 1; text-style: reverse; display: none; }
    #trouble.said, #filter.open { display: block; }
    #filter { display: none; }
    Grid { grid-size: 2 2; }
    PaneTable { border: round $foreground 50%; height: 1fr; }
    PaneTable:focus { border: heavy $foreground; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q", "quit", "Quit"),
        Binding("p", "hold", "Hold"),
        Binding("r", "again", "Now"),
        Binding("slash", "filter", "Filter", key_display="/"),
        Binding("escape", "unfilter", "All", show=False),
        Binding("z", "zoom", "Zoom"),
        Binding("question_mark", "show_help_panel", "Keys", key_display="?"),
        *(
            Binding(str(n), f"to('{name}')", name, show=False)
            for n, (name, *_) in enumerate(PANES, 1)
        ),
    ]

    def __init__(self, page: str, read: Read, *, every_seconds: float = 1.0) -> None:
        super().__init__()
        self._page = page
        self._read = read
        self._every = every_seconds
        self._held = False
        self._busy = False
        self._wanted = ""
        self._pages: dict[str, dict[str, Any]] = {}

    def compose(self) -> ComposeResult:
        """A heading, four tables, the keys."""
        yield Static(f"asking {self._page}", id="heading", markup=False)
        yield Static("", id="trouble", markup=False)
        yield Input(placeholder="only rows with …", id="filter")
        with Grid():
            for name, *_ in PANES:
                yield PaneTable(id=name, cursor_type="row")
        yield Footer()

    def on_mount(self) -> None:
        """Begin to ask."""
        self.query_one("#jobs").focus()
        self.set_interval(self._every, self._tick)
        self._tick()

    def _tick(self) -> None:
        if not self._held and not self._busy:
            self._busy = True
            self.run_worker(self.picture(), exit_on_error=True)

    async def picture(self) -> None:
        """Ask for every page once and show what came."""
        try:
            pages = {path: await self._read(path) for path in {path for _, path, _ in PANES}}
            if isinstance(self.screen, JobScreen):
                opened = self.screen
                path = f"/jobs/{opened.job}.json"
                opened.query_one(PaneTable).show(board.workflows(await self._read(path)))
        except OSError as error:
            self._say(f"no answer from {self._page}: {error}; what is shown is old")
            return
        finally:
            self._busy = False
        self._pages = pages
        self._say("")
        self._show()

    def _say(self, text: str) -> None:
        line = self._base.query_one("#trouble", Static)
        line.update(board.cell(text) if text else "")
        line.set_class(bool(text), "said")

    @property
    def _base(self) -> Screen[Any]:
        return self.screen_stack[0]

    def _show(self) -> None:
        if not self._pages:
            return
        held = "  ·  held still" if self._held else ""
        heading = board.heading(self._pages["/overview.json"])
        self._base.query_one("#heading", Static).update(heading + held)
        for name, path, rows in PANES:
            pane = board.matching(rows(self._pages[path]), self._wanted)
            self._base.query_one(f"#{name}", PaneTable).show(pane)

    def action_hold(self) -> None:
        """Hold the picture still, or let it go on."""
        self._held = not self._held
        self._show()

    def action_again(self) -> None:
        """Ask now, held or not."""
        held, self._held = self._held, False
        self._tick()
        self._held = held

    def action_to(self, name: str) -> None:
        """Move to a table."""
        self._base.query_one(f"#{name}").focus()

    def action_zoom(self) -> None:
        """Give the focused table the whole screen, or take it back."""
        if self.screen.maximized is not None:
            self.screen.minimize()
        elif self.focused is not None:
            self.screen.maximize(self.focused)

    def action_filter(self) -> None:
        """Ask for a text that rows must hold."""
        box = self._base.query_one("#filter", Input)
        box.add_class("open")
        box.focus()

    def action_unfilter(self) -> None:
        """Show every row again."""
        box = self._base.query_one("#filter", Input)
        box.value = ""
        box.remove_class("open")
        self._base.query_one("#jobs").focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter while it is typed."""
        self._wanted = event.value
        self._show()

    def on_input_submitted(self, _: Input.Submitted) -> None:
        """Back to the tables, filtered."""
        self._base.query_one("#jobs").focus()

    def on_data_table_row_selected(self, event: DataTable.RowSelected) -> None:
        """Open the job under the cursor."""
        if event.data_table.id == "jobs" and event.row_key.value:
            self.push_screen(JobScreen(event.row_key.value))
            self.action_again()
