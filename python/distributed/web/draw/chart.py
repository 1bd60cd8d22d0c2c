"""Line charts for reports and for pages without scripts."""

from __future__ import annotations

from markupsafe import Markup

from distributed.web.models import Plot

from .svg import element, lines, picture, tick_label, ticks, words

WIDTH, HEIGHT = 720.0, 240.0
LEFT, RIGHT, TOP, BOTTOM = 64.0, 12.0, 34.0, 30.0


def titled(plot: Plot) -> str:
    """The title with the unit, where that says anything new."""
    known = plot.title.lower().endswith(plot.unit)
    return plot.title if known else f"{plot.title} ({plot.unit})"


def chart(plot: Plot) -> Markup:
    """The plot as SVG; one that has no value says so."""
    across = [value for value in plot.columns[0] if value is not None] if plot.columns else []
    values = [v for column in plot.columns[1:] for v in column if v is not None]
    if not across or not values:
        note = words("nothing was sampled yet", x=WIDTH / 2, y=HEIGHT / 2, text_anchor="middle")
        return picture(WIDTH, HEIGHT, f"{plot.title}: no data", [note], class_="plot")
    start = across[0] if plot.horizontal == "time" else min(0.0, across[0])
    span = max(across) - start or 1.0
    top = max(values) * 1.05 or 1.0
    inner_width, inner_height = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def x(value: float) -> float:
        return LEFT + (value - start) / span * inner_width

    def y(value: float) -> float:
        return HEIGHT - BOTTOM - value / top * inner_height

    children = [words(titled(plot), x=LEFT, y=14, class_="title")]
    for tick in ticks(0.0, top, 5):
        children.append(element("path", d=f"M{LEFT} {y(tick):.1f}H{WIDTH - RIGHT}", class_="grid"))
        children.append(words(tick_label(tick), x=LEFT - 6, y=y(tick) + 4, text_anchor="end"))
    for tick in ticks(0.0, span, 6):
        place = x(start + tick)
        label = f"{tick_label(tick)}{'' if plot.horizontal == 'share' else ' s'}"
        children.append(words(label, x=place, y=HEIGHT - 10, text_anchor="middle"))
    for number, (label, column) in enumerate(zip(plot.series, plot.columns[1:], strict=True)):
        points = [
            (x(at), y(value)) if at is not None and value is not None else None
            for at, value in zip(plot.columns[0], column, strict=True)
        ]
        colour = f"s{number % 8}"
        children.append(element("path", d=lines(points), class_=f"line {colour}"))
        alone = [point for point in points if point is not None]
        if len(alone) <= 40:
            children += [
                element("circle", cx=px, cy=py, r=2.5, class_=f"dot {colour}") for px, py in alone
            ]
        children.append(
            words(
                label,
                18,
                x=LEFT + 4 + 130 * (number % 5),
                y=28 + 11 * (number // 5),
                class_=f"key {colour}",
            )
        )
    return picture(WIDTH, HEIGHT, plot.title, children, class_="plot")
