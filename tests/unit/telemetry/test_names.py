"""What the code counts, and what the list of metrics says, are the same."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import distributed
from distributed.telemetry.metrics import known
from distributed.telemetry.names import METRICS, ROOMS
from distributed.telemetry.native import native_readings

TREE = Path(distributed.__file__).parent
KINDS = {"count": "counter", "gauge": "gauge", "observe": "histogram"}
PLACED = {"amount", "value", "seconds"}


def counted() -> Iterator[tuple[str, str, str, set[str]]]:
    """Place, kind, name and labels of every call on a registry of metrics."""
    for file in sorted(TREE.rglob("*.py")):
        for call in ast.walk(ast.parse(file.read_text())):
            if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
                continue
            verb, owner = call.func.attr, ast.unparse(call.func.value)
            if verb not in KINDS or not owner.endswith("metrics"):
                continue
            name = ast.literal_eval(call.args[0])
            labels = {word.arg or "**" for word in call.keywords} - PLACED
            yield f"{file.name}:{call.lineno}", KINDS[verb], name, labels


def read_names() -> set[str]:
    """Names that are read at scrape time."""
    text = (TREE / "commands" / "readings.py").read_text()
    return {name for name in METRICS if f'Reading("{name}"' in text}


def test_everything_that_is_counted_is_in_the_list() -> None:
    calls = list(counted())
    assert len(calls) > 30
    for place, kind, name, labels in calls:
        assert name in METRICS, place
        known(name, kind, dict.fromkeys(labels, ""))


def test_everything_in_the_list_is_counted_somewhere() -> None:
    seen = {name for _, _, name, _ in counted()} | read_names() | {"labels_folded"}
    silent = METRICS.keys() - seen - {metric.name for metric in ROOMS["Membership"]}
    assert silent == set()


def test_names_units_and_labels_keep_to_prometheus_manners() -> None:
    for metric in METRICS.values():
        assert not metric.name.endswith(("_total", "_count", "_sum", "_bucket"))
        assert (metric.unit == "seconds") == metric.name.endswith("_seconds"), metric.name
        assert metric.help.endswith(".")
        assert not {"job", "workflow", "id", "peer", "address"} & set(metric.labels)
        assert (metric.kind == "histogram") == bool(metric.buckets)


def test_native_figures_become_families_in_base_units() -> None:
    readings = {
        (reading.name, reading.labels.get("reason", "")): reading.value
        for reading in native_readings({"probes": 3, "dropped_key": 2, "gil_wait_longest_ms": 250})
    }
    assert readings == {
        ("membership_probes", ""): 3.0,
        ("membership_dropped", "key"): 2.0,
        ("membership_gil_wait_longest_seconds", ""): 0.25,
    }


async def test_every_native_figure_is_in_the_list_and_the_other_way_round() -> None:
    from distributed import membership

    node = await membership.Node.start(name="n", bind="127.0.0.1:0", profile="local")
    try:
        names = {reading.name for reading in native_readings(node.stats())}
    finally:
        await node.leave()
    assert names == {metric.name for metric in ROOMS["Membership"]}
