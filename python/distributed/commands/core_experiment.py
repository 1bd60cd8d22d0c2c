"""What all verbs of `shoal simulate core` take, and how each runs, shows and writes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import msgspec
from cyclopts import Parameter
from cyclopts.validators import Number

from distributed.commands.figures import Files, again, versions
from distributed.commands.output import Output, writing
from distributed.commands.ranges import Seed
from distributed.commands.view import drawing

if TYPE_CHECKING:
    from distributed.testing.core_simulation import CoreSettings
    from distributed.web.figures import Figures, Table

Progress = Callable[[float], None]
Row = Mapping[str, Any]
Found = TypeVar("Found")

Nodes = Annotated[
    int, Parameter(help="Nodes in the cluster.", validator=Number(gte=2, lte=100_000))
]
Profile = Annotated[str, Parameter(help="lan, wan, local or memberlist_lan.")]


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Flags(Files):
    """What every experiment takes.

    Parameters
    ----------
    seed
        The same seed gives the same numbers.
    """

    seed: Seed = 1


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Drawn(Flags):
    """What an experiment takes that can be drawn; its page holds the picture too.

    Parameters
    ----------
    plot
        Write the picture to this file, PNG or SVG by its ending; needs matplotlib.
    """

    plot: Path | None = None


FLAGS = Flags()
DRAWN = Drawn()


@dataclass(frozen=True)
class Told:
    """An outcome for its readers.

    Attributes:
        outcome: one object, or one row for each of those that are compared.
        parts: what it was made of, in order: deaths, changes, moments.
        figure: draws it with matplotlib.
    """

    outcome: Sequence[Row]
    parts: Sequence[Row] = ()
    figure: Callable[[], Any] | None = None


def settings(profile: str, flags: Flags) -> CoreSettings:
    """The profile with the seed that was asked for."""
    from distributed.testing.core_simulation import CoreSettings

    return CoreSettings(profile=profile, seed=flags.seed)


def summary(found: Any, *parts: str) -> dict[str, Any]:
    """The fields of an outcome without those that hold its parts."""
    named = msgspec.to_builtins(found)
    return {name: value for name, value in named.items() if name not in parts}


def experiment(
    verb: str,
    options: Row,
    flags: Flags,
    run: Callable[[Progress], Found],
    told: Callable[[Found], Told],
) -> None:
    """Run it with a progress bar, show what came of it, and write what is wanted.

    Raises:
        ConfigError: the picture cannot be drawn here, which is said before it runs, or a file
            cannot be written.
    """
    plot = flags.plot if isinstance(flags, Drawn) else None
    if plot is not None:
        drawing.require(plot)
    output = Output(json=flags.json)
    title = f"{verb.replace('-', ' ')}, {options['nodes']} nodes"
    with _bar(output, title) as progress:
        found = told(run(progress))
    if len(found.outcome) == 1:
        output.record(found.outcome[0])
    else:
        output.table(tuple(found.outcome[0]), found.outcome, title=title)
    if plot is not None and found.figure is not None:
        with writing():
            output.line(f"written: {drawing.save(found.figure(), plot)}")
    command = again(f"simulate core {verb}", **options, seed=flags.seed)
    flags.write(output, lambda: _page(title, command, found))


def _page(title: str, command: str, found: Told) -> Figures:
    from distributed.web.figures import Figures, Table

    def table(name: str, rows: Sequence[Row]) -> Table:
        # A trace is a hash: its digits are not to be rounded.
        cells = (tuple(str(v) if k == "trace" else v for k, v in row.items()) for row in rows)
        return Table(name, tuple(rows[0]), tuple(cells))

    pictures, lacking = drawing.pictures({} if found.figure is None else {title: found.figure})
    if len(found.outcome) == 1:
        outcome = Table(
            "Outcome",
            ("measure", "value"),
            tuple(
                (name.replace("_", " "), str(value) if name == "trace" else value)
                for name, value in found.outcome[0].items()
            ),
        )
    else:
        outcome = table("Outcome", found.outcome)
    parts = [table("One by one", found.parts)] if found.parts else []
    return Figures(
        title.capitalize(),
        "The membership core on a simulated network, under virtual time.",
        command,
        {**versions(), **lacking},
        (outcome, *parts),
        pictures=pictures,
        rows=len(parts),
    )


@contextmanager
def _bar(output: Output, text: str) -> Iterator[Progress]:
    """A progress bar on standard error, where a person looks on."""
    from rich.console import Console
    from rich.progress import Progress as Bars

    console = Console(stderr=True)
    with Bars(
        console=console, transient=True, disable=output.json or not console.is_terminal
    ) as bars:
        task = bars.add_task(text, total=None)
        yield lambda share: bars.update(task, total=1.0, completed=share)
