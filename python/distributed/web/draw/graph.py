"""A job's workflows as a graph: layers from left to right by longest path."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from markupsafe import Markup, escape

from distributed.messages.submission import WorkflowView

from .svg import element, picture, shortened, words

BOX_WIDTH, BOX_HEIGHT, GAP_X, GAP_Y = 196.0, 40.0, 60.0, 12.0
MOST_BOXES = 120


def graph(workflows: Sequence[WorkflowView]) -> Markup:
    """The graph as SVG; of a larger job the first boxes, and it says how many are left out."""
    named: dict[str, WorkflowView] = {}
    for workflow in workflows:
        named.setdefault(workflow.name, workflow)
    shown = list(named.values())[:MOST_BOXES]
    kept = {workflow.name for workflow in shown}
    depth = _depths(shown, kept)
    columns: dict[int, list[WorkflowView]] = defaultdict(list)
    for workflow in shown:
        columns[depth[workflow.name]].append(workflow)
    spots: dict[str, tuple[float, float]] = {}
    tallest = max((len(column) for column in columns.values()), default=1)
    height = tallest * (BOX_HEIGHT + GAP_Y) + GAP_Y
    for layer, column in sorted(columns.items()):
        column.sort(key=lambda w: _pull(w, spots))
        step = height / (len(column) + 1)
        for row, workflow in enumerate(column):
            x = GAP_Y + layer * (BOX_WIDTH + GAP_X)
            spots[workflow.name] = x, step * (row + 1) - BOX_HEIGHT / 2
    width = GAP_Y * 2 + (max(columns, default=0) + 1) * (BOX_WIDTH + GAP_X) - GAP_X
    children = [edge for workflow in shown for edge in _edges(workflow, spots)]
    children += [_box(workflow, *spots[workflow.name]) for workflow in shown]
    left_out = len(named) - len(shown)
    if left_out:
        height += 24
        children.append(words(f"and {left_out:,} workflows more", x=GAP_Y, y=height - 8))
    title = f"workflow graph of {len(named)} workflows"
    return picture(width, height, title, children, natural=True, class_="graph")


def _depths(shown: Sequence[WorkflowView], kept: set[str]) -> dict[str, int]:
    """Longest path from a start; what a cycle leaves undecided goes behind the rest."""
    waits = {w.name: {name for name in w.after if name in kept} for w in shown}
    depth: dict[str, int] = {}
    layer = 0
    while waits:
        free = [name for name, needs in waits.items() if not needs - depth.keys()] or list(waits)
        for name in free:
            del waits[name]
        depth.update(dict.fromkeys(free, layer))
        layer += 1
    return depth


def _pull(workflow: WorkflowView, spots: dict[str, tuple[float, float]]) -> float:
    above = [spots[name][1] for name in workflow.after if name in spots]
    return sum(above) / len(above) if above else 0.0


def _edges(workflow: WorkflowView, spots: dict[str, tuple[float, float]]) -> list[Markup]:
    x, y = spots[workflow.name]
    edges = []
    for name in workflow.after:
        if name not in spots:
            continue
        from_x, from_y = spots[name][0] + BOX_WIDTH, spots[name][1] + BOX_HEIGHT / 2
        to_y, middle = y + BOX_HEIGHT / 2, (from_x + x) / 2
        bend = f"C{middle:.0f} {from_y:.1f} {middle:.0f} {to_y:.1f} {x:.0f} {to_y:.1f}"
        path = f"M{from_x:.0f} {from_y:.1f}{bend}"
        edges.append(element("path", d=path, class_="edge"))
    return edges


def _box(workflow: WorkflowView, x: float, y: float) -> Markup:
    where = workflow.worker or workflow.datacenter
    second = f"{workflow.state}{f' on {where}' if where else ''}"
    parts = [
        element("title", escape(f"{shortened(workflow.name, 120)}: {shortened(second, 120)}")),
        element("rect", x=x, y=y, width=BOX_WIDTH, height=BOX_HEIGHT, rx=6),
        words(workflow.name, 24, x=x + 9, y=y + 17, class_="name"),
        words(second, 30, x=x + 9, y=y + 32, class_="where"),
    ]
    if workflow.total > 0 and workflow.state == "running":
        share = min(1.0, workflow.done / workflow.total)
        parts.append(
            element(
                "rect", x=x, y=y + BOX_HEIGHT - 3, width=BOX_WIDTH * share, height=3, class_="done"
            )
        )
    return element("g", *parts, class_=f"box state-{_known(workflow.state)}")


def _known(state: str) -> str:
    return state if state.replace("_", "").isalpha() else "unknown"
