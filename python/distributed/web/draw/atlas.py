"""The map of members by round trip, and members' states over time."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup, escape

from distributed.web.models import Coordinates, Place, Span

from .svg import element, picture, shortened, tick_label, ticks, words

SIDE, MARGIN = 560.0, 80.0
BAND_WIDTH, BAND_HEIGHT = 240.0, 14.0


def atlas(coordinates: Coordinates) -> Markup:
    """The map as SVG; distances are milliseconds of round trip, rings show the error."""
    places = coordinates.places
    reach = max((max(abs(place.x), abs(place.y)) for place in places), default=0.0) or 1.0
    scale = (SIDE / 2 - MARGIN) / reach
    middle = SIDE / 2
    children: list[Markup] = []
    step = ticks(0.0, reach, 3)[-1] or reach
    bar = step * scale
    children.append(element("path", d=f"M16 {SIDE - 18}h{bar:.1f}", class_="ruler"))
    children.append(words(f"{tick_label(step)} ms of round trip", x=16, y=SIDE - 26))
    datacenters = sorted({place.datacenter for place in places})
    for place in places:
        colour = f"s{datacenters.index(place.datacenter) % 8}"
        children.append(_spot(place, middle, scale, colour))
    for row, datacenter in enumerate(datacenters):
        label = datacenter or "no datacenter"
        children.append(words(label, 30, x=16, y=22 + 15 * row, class_=f"key s{row % 8}"))
    if not places:
        note = "no round trip is known yet"
        children.append(words(note, x=middle, y=middle, text_anchor="middle"))
    title = f"map of {len(places)} members by round trip"
    return picture(SIDE, SIDE, title, children, class_="atlas")


def _spot(place: Place, middle: float, scale: float, colour: str) -> Markup:
    x, y = middle + place.x * scale, middle + place.y * scale
    ring = min(60.0, (place.error_seconds or 0.0) * 1000 * scale)
    told = shortened(place.name, 80)
    if place.rtt_seconds is not None:
        told += f": {place.rtt_seconds * 1000:.2f} ms from here"
    if place.error_seconds is not None:
        told += f" ± {place.error_seconds * 1000:.2f} ms"
    shape = element("circle", cx=x, cy=y, r=6, class_=f"spot {colour}")
    if place.role == "gate":
        shape = element("path", d=f"M{x:.1f} {y - 8:.1f}l8 8l-8 8l-8 -8z", class_=f"spot {colour}")
    elif place.role == "manager":
        shape = element("rect", x=x - 6, y=y - 6, width=12, height=12, class_=f"spot {colour}")
    return element(
        "g",
        element("title", escape(told)),
        element("circle", cx=x, cy=y, r=ring, class_=f"error {colour}"),
        shape,
        words(place.name, 24, x=x, y=y - 12, text_anchor="middle"),
    )


def band(spans: Sequence[Span], length: float) -> Markup:
    """A member's states over the last `length` seconds, now at the right."""
    children = [element("rect", x=0, y=0, width=BAND_WIDTH, height=BAND_HEIGHT, class_="ground")]
    for span in spans:
        x = BAND_WIDTH * (1 - span.from_seconds_ago / length)
        width = BAND_WIDTH * (span.from_seconds_ago - span.to_seconds_ago) / length
        told = f"{span.state} from {span.from_seconds_ago:.0f} s to {span.to_seconds_ago:.0f} s ago"
        children.append(
            element(
                "g",
                element("title", escape(told)),
                element("rect", x=x, y=0, width=max(2.0, width), height=BAND_HEIGHT),
                class_=f"state-{span.state if span.state.isalpha() else 'unknown'}",
            )
        )
    states = ", then ".join(span.state for span in spans) or "nothing known"
    return picture(BAND_WIDTH, BAND_HEIGHT, states, children, class_="band")
