"""The dispatch stream: one bar for each run, a lane for each place on a worker."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from markupsafe import Markup, escape

from distributed.web.models import Run

from .svg import element, picture, shortened, tick_label, ticks, words

WIDTH, LEFT, RIGHT, LANE, HEAD = 960.0, 150.0, 10.0, 16.0, 26.0
MOST_RUNS = 1_500
MOST_LANES = 64


def stream(runs: Sequence[Run], elapsed: float) -> Markup:
    """The bars as SVG; of a larger job the newest, and it says how many are left out."""
    shown = sorted(runs, key=lambda run: run.start)[-MOST_RUNS:]
    begin = min((run.start for run in shown), default=0.0) if len(runs) > MOST_RUNS else 0.0
    span = max(max((run.end or elapsed for run in shown), default=0.0), elapsed) - begin or 1.0
    lanes = _lanes(shown, elapsed)
    scale = (WIDTH - LEFT - RIGHT) / span
    children: list[Markup] = []
    y = HEAD
    count = 0
    for worker, rows in lanes.items():
        if count >= MOST_LANES:
            break
        label = worker or "unknown worker"
        children.append(words(label, 22, x=LEFT - 8, y=y + 12, text_anchor="end", class_="name"))
        for row in rows:
            children.append(element("path", d=f"M{LEFT} {y + LANE:.1f}H{WIDTH}", class_="grid"))
            children += [_bar(run, y, begin, scale, elapsed) for run in row]
            y += LANE
            count += 1
    for tick in ticks(0.0, span, 8):
        x = LEFT + tick * scale
        children.append(element("path", d=f"M{x:.1f} {HEAD - 4}V{y:.1f}", class_="grid"))
        children.append(
            words(f"{tick_label(begin + tick)} s", x=x, y=HEAD - 10, text_anchor="middle")
        )
    hidden = len(runs) - len(shown)
    if hidden or count >= MOST_LANES:
        y += 20
        children.append(
            words(
                f"left out: {hidden:,} earlier runs, and lanes over {MOST_LANES}",
                90,
                x=LEFT,
                y=y - 4,
            )
        )
    return picture(WIDTH, y + 6, f"dispatch stream of {len(runs)} runs", children, class_="stream")


def _lanes(runs: Sequence[Run], elapsed: float) -> dict[str, list[list[Run]]]:
    """Runs by worker, in as many rows as overlap."""
    lanes: dict[str, list[list[Run]]] = defaultdict(list)
    for run in runs:
        rows = lanes[run.worker]
        for row in rows:
            end = row[-1].end
            if end is not None and end <= run.start + 1e-3:
                row.append(run)
                break
        else:
            rows.append([run])
    return dict(sorted(lanes.items()))


def _bar(run: Run, y: float, begin: float, scale: float, elapsed: float) -> Markup:
    end = elapsed if run.end is None else run.end
    x = LEFT + (run.start - begin) * scale
    width = max(1.5, (end - run.start) * scale)
    told = (
        f"{shortened(run.workflow, 80)}, attempt {run.attempt}, {shortened(run.state, 20)}"
        f"{f' in {shortened(run.datacenter, 40)}' if run.datacenter else ''}: {run.start:.3f} s to "
        f"{'now' if run.end is None else f'{run.end:.3f} s'}"
        f"{'' if run.sure else ' (its start was not told)'}"
    )
    parts = [
        element("title", escape(told)),
        element("rect", x=x, y=y + 2, width=width, height=LANE - 4, rx=2),
    ]
    if width > 46:
        parts.append(words(run.workflow, int(width / 7), x=x + 4, y=y + 12))
    state = run.state if run.state.replace("_", "").isalpha() else "unknown"
    return element("g", *parts, class_=f"bar state-{state}{'' if run.sure else ' unsure'}")
