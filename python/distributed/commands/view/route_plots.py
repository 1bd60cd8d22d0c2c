"""Pictures of a simulated trace. Needs matplotlib."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

from distributed.commands.view.drawing import blank, require, save
from distributed.testing.routing_simulator.comparison import Comparison, compare, makers
from distributed.testing.routing_simulator.run import Run
from distributed.testing.routing_simulator.shoal import Shoal
from distributed.testing.routing_simulator.trace import Trace

SAMPLE_SECONDS = 1.0


def draw(trace: Trace, seed: int, folder: Path) -> Iterator[Path]:
    """Write the pictures of a trace as PNG and name each file.

    Raises:
        ConfigError: matplotlib is not installed.
        OSError: one cannot be written.
    """
    require()
    folder.mkdir(parents=True, exist_ok=True)
    yield _scores(trace, seed, folder / f"{trace.name}-scores.png")
    compared = policies(compare(trace, seed=seed), trace)
    yield save(compared, folder / f"{trace.name}-policies.png")


class _Watch:
    """The newest decision of a run, once a second, as scores and as jobs placed."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._next = 0.0
        self.times: list[float] = []
        self.scores: dict[str, list[float]] = {name: [] for name in run.world.sites}
        self.placed: dict[str, list[int]] = {name: [] for name in run.world.sites}

    def look(self, now: float) -> None:
        """Take a sample if it is time."""
        policy = self._run.policy
        if now < self._next or not isinstance(policy, Shoal) or policy.last is None:
            return
        self._next = now + SAMPLE_SECONDS
        self.times.append(now)
        scores = {v.name: v.score for v in policy.last.explain().candidates}
        for name, series in self.scores.items():
            score = scores.get(name)
            series.append(float("nan") if score is None else score)
            self.placed[name].append(self._run.placed[name])


def _scores(trace: Trace, seed: int, path: Path) -> Path:
    run = Run(trace, makers()["shoal"], seed)
    watch = _Watch(run)
    run.watch = watch.look
    run.result()
    figure = blank(9, 7)
    above, below = figure.subplots(2, 1, sharex=True)
    for name, series in watch.scores.items():
        above.plot(watch.times, series, label=name, linewidth=1.2)
    above.set_yscale("log")
    above.set_ylabel("score (seconds, lower is better)")
    above.set_title(f"{trace.name}: {trace.about}")
    rates = [[b - a for a, b in pairwise(series)] for series in watch.placed.values()]
    below.stackplot(watch.times[1:], rates, labels=list(watch.placed))
    below.set_ylabel("jobs sent each second")
    below.set_xlabel("virtual seconds")
    for axes in (above, below):
        _mark_faults(axes, trace)
    above.legend(ncol=8, fontsize="small", loc="upper center", bbox_to_anchor=(0.5, -0.02))
    return save(figure, path)


def policies(comparison: Comparison, trace: Trace) -> Any:
    """What jobs paid besides running, under every policy, as the trace went on."""
    figure = blank(9, 4.5)
    axes = figure.subplots()
    for name, result in comparison.results.items():
        times, costs = zip(*result.timeline, strict=True)
        style = {"shoal": "-", "oracle": ":"}.get(name, "--")
        axes.plot(times, [1e3 * cost for cost in costs], style, label=name, linewidth=1.6)
    axes.set_yscale("log")
    axes.set_ylabel("mean route cost (ms)")
    axes.set_xlabel("virtual seconds")
    axes.set_title(f"{trace.name}: what jobs pay besides running")
    _mark_faults(axes, trace)
    axes.legend(ncol=3, fontsize="small")
    return figure


def _mark_faults(axes: Any, trace: Trace) -> None:
    for start, end in {(fault.start, fault.end) for fault in trace.faults}:
        axes.axvspan(start, end, color="grey", alpha=0.15)
