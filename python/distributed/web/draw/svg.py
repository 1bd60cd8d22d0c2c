"""Building SVG from elements, every attribute and text escaped."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from markupsafe import Markup, escape

from distributed.telemetry.text import harmless


def element(tag: str, *children: Markup | str, **attributes: object) -> Markup:
    """One element; `class_` and `text_anchor` become `class` and `text-anchor`."""
    named = Markup("").join(
        Markup(' {}="{}"').format(
            name.rstrip("_").replace("_", "-"),
            round(value, 2) if isinstance(value, float) else harmless(value),
        )
        for name, value in attributes.items()
        if value is not None
    )
    inner = Markup("").join(children)
    return Markup("<{}{}>{}</{}>").format(Markup(tag), named, inner, Markup(tag))


def words(text: object, limit: int = 60, **attributes: object) -> Markup:
    """A text element, cut to `limit` characters."""
    return element("text", escape(shortened(text, limit)), **attributes)


def shortened(text: object, limit: int) -> str:
    """The text made harmless and cut with an ellipsis."""
    clean = harmless(text, limit + 1)
    whole = str(text)
    return clean if len(whole) <= limit else f"{harmless(whole[: limit - 1])}…"


def picture(
    width: float,
    height: float,
    title: str,
    children: Iterable[Markup],
    *,
    class_: str,
    natural: bool = False,
) -> Markup:
    """A whole SVG with a title for screen readers.

    It scales with its container, unless `natural`: then it is as wide as drawn.
    """
    return element(
        "svg",
        element("title", escape(harmless(title, 200))),
        *children,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {width:.0f} {height:.0f}",
        role="img",
        aria_label=title,
        class_=class_,
        width=round(width) if natural else None,
    )


def ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Round values between `low` and `high`, both ends' neighbours included where round."""
    if not high > low:
        return [low]
    rough = (high - low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * 0.999)
    first = int(low / step) * step
    values = [first + step * index for index in range(int((high - first) / step) + 2)]
    return [round(value, 10) for value in values if low <= value <= high + step * 1e-6]


def tick_label(value: float) -> str:
    """A tick in as few digits as show it."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def lines(points: Sequence[tuple[float, float] | None]) -> str:
    """A path through points, broken where one is missing."""
    parts, pen = [], "M"
    for point in points:
        if point is None:
            pen = "M"
            continue
        parts.append(f"{pen}{point[0]:.1f} {point[1]:.1f}")
        pen = "L"
    return "".join(parts)
