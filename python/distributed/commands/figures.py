"""Writing a report of figures from a command."""

from __future__ import annotations

import platform
from pathlib import Path
from typing import TYPE_CHECKING

from distributed.errors import ConfigError

if TYPE_CHECKING:
    from distributed.commands.output import Output
    from distributed.web.figures import Figures


def write(figures: Figures, output: Output, *, html: Path | None, csv: Path | None) -> None:
    """Write the files that are wanted, and say so.

    Raises:
        ConfigError: one cannot be written.
    """
    from distributed.web.figures import write_figures

    try:
        written = write_figures(figures, html=html, csv=csv)
    except OSError as error:
        raise ConfigError(f"cannot write {error.filename}: {error.strerror}") from error
    for path in written:
        output.line(f"written: {path}")


def versions() -> dict[str, str]:
    """What a number must be read with."""
    from distributed.commands.version import version_text

    return {
        "version": version_text(),
        "Python": platform.python_version(),
        "machine": f"{platform.machine()}, {platform.system()} {platform.release()}",
    }
