"""What commands that measure or simulate write: a page, rows, or JSON."""

from __future__ import annotations

import platform
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cyclopts import Parameter

from distributed.commands.output import writing

if TYPE_CHECKING:
    from distributed.commands.output import Output
    from distributed.web.figures import Figures


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Files:
    """The forms in which a run is told.

    Parameters
    ----------
    html
        Write one self-contained page with tables and plots to this file.
    csv
        Write the rows it is made of to this file.
    json
        Print JSON, one object a line.
    """

    html: Path | None = None
    csv: Path | None = None
    json: bool = False

    def write(self, output: Output, figures: Callable[[], Figures]) -> None:
        """Write the files that are wanted, and say so.

        Raises:
            ConfigError: one cannot be written.
        """
        if not (self.html or self.csv):
            return
        from distributed.web.figures import write_figures

        with writing():
            written = write_figures(figures(), html=self.html, csv=self.csv)
        for path in written:
            output.line(f"written: {path}")


NO_FILES = Files()


def again(verb: str, **options: object) -> str:
    """The command line that runs `verb` with these options; `None` and `False` are left out."""
    parts = ["shoal", *verb.split()]
    for name, value in options.items():
        flag = f"--{name.replace('_', '-')}"
        for one in value if isinstance(value, tuple) else (value,):
            if one is True:
                parts.append(flag)
            elif one is not None and one is not False:
                parts += [flag, f"{one:g}" if isinstance(one, float) else str(one)]
    return shlex.join(parts)


def versions() -> dict[str, str]:
    """What a number must be read with."""
    from distributed.commands.version import version_text

    return {
        "version": version_text(),
        "Python": platform.python_version(),
        "machine": f"{platform.machine()}, {platform.system()} {platform.release()}",
    }
