"""From values to HTML. Whatever is put into a template is made harmless, then escaped."""

from __future__ import annotations

import math
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from distributed.telemetry.text import harmless

UNKNOWN = "\N{EN DASH}"
LONGEST_TEXT = 2_000
"""Characters of one text that a page shows; the `.json` has all of it."""


def _finalize(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, str) and not isinstance(value, Markup):
        return harmless(value, LONGEST_TEXT)
    return value


def duration(seconds: float | None) -> str:
    """A duration with the unit that suits it; a dash for an unknown one."""
    if seconds is None or math.isnan(seconds):
        return UNKNOWN
    size = abs(seconds)
    if size == 0:
        return "0 s"
    if size < 0.001:
        return f"{seconds * 1e6:.0f} µs"
    if size < 1:
        return f"{seconds * 1e3:.3g} ms"
    if size < 60:
        return f"{seconds:.3g} s"
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if size >= length:
            return f"{int(seconds // length)} {unit}"
    return f"{seconds:.0f} s"


def ago(seconds: float | None) -> str:
    """An age as people say it."""
    if seconds is None:
        return "never"
    return "now" if seconds < 1 else f"{duration(float(int(seconds)))} ago"


def number(value: float | None) -> str:
    """A number for people: grouped, or with three digits that matter; a dash for none."""
    if value is None:
        return UNKNOWN
    if isinstance(value, int) or float(value).is_integer():
        return f"{int(value):,}"
    return f"{value:.3g}"


def words(name: object) -> str:
    """An identifier as words."""
    return str(name).replace("_", " ")


def make_environment() -> Environment:
    """Templates of this room, autoescaped always."""
    environment = Environment(
        loader=PackageLoader("distributed.web"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(duration=duration, ago=ago, number=number, words=words)
    return environment
