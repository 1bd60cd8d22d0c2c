"""Matplotlib for the few commands that draw; nothing else of ours needs it."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from html import escape
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from distributed.errors import ConfigError

MISSING = "drawing needs matplotlib: pip install matplotlib"
ENDINGS = (".png", ".svg")
NO_METADATA = dict.fromkeys(("Creator", "Date", "Format", "Type"))


def possible() -> bool:
    """Whether matplotlib is installed."""
    return find_spec("matplotlib") is not None


def require(path: Path | None = None) -> None:
    """See that drawing is possible, before what is to be drawn is made.

    Raises:
        ConfigError: matplotlib is not installed, or the path's ending is not known.
    """
    if not possible():
        raise ConfigError(MISSING)
    if path is not None and path.suffix.lower() not in ENDINGS:
        raise ConfigError(f"{path} must end in {' or '.join(ENDINGS)}", field="plot")


def blank(width: float, height: float) -> Any:
    """A new matplotlib figure of that many inches, which no screen shows."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def save(figure: Any, path: Path) -> Path:
    """Write the figure, as PNG or SVG by the path's ending.

    Raises:
        OSError: it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=150)
    return path


def pictures(figures: Mapping[str, Callable[[], Any]]) -> tuple[tuple[str, ...], dict[str, str]]:
    """Pictures for a page by their titles; where none can be drawn, the fact that says why."""
    if not figures:
        return (), {}
    if not possible():
        return (), {"pictures": f"none: {MISSING}"}
    return tuple(svg(make(), title) for title, make in figures.items()), {}


def svg(figure: Any, title: str) -> str:
    """The figure as an element that HTML can hold: it refers to nothing but itself."""
    from matplotlib import rc_context

    out = io.StringIO()
    with rc_context({"svg.hashsalt": "shoal"}):  # The same figure is the same text.
        figure.savefig(out, format="svg", metadata=NO_METADATA)
    whole = out.getvalue()
    label = f'<svg role="img" aria-label="{escape(title)}"'
    return whole[whole.index("<svg") :].replace("<svg", label, 1)
