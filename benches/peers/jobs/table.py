"""Medians over the rounds, with ratios to ours."""

from __future__ import annotations

import json
import statistics
import sys
from collections import defaultdict
from pathlib import Path

FIGURES = ("p50_ms", "p99_ms", "tasks_per_second")


def main(path: Path) -> None:
    rounds: dict[str, list[dict[str, float]]] = defaultdict(list)
    for line in path.read_text().splitlines():
        told = json.loads(line)
        rounds[told.pop("peer")].append(told)
    medians = {
        peer: {figure: statistics.median(r[figure] for r in told) for figure in FIGURES}
        for peer, told in rounds.items()
    }
    ours = medians["shoal-memory"]
    print("| | p50 | p99 | tasks/s | p50 : ours | p99 : ours | ours : tasks/s |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for peer, told in medians.items():
        print(
            f"| {peer} | {told['p50_ms']:.2f} ms | {told['p99_ms']:.2f} ms "
            f"| {told['tasks_per_second']:.0f} "
            f"| {told['p50_ms'] / ours['p50_ms']:.2f} | {told['p99_ms'] / ours['p99_ms']:.2f} "
            f"| {ours['tasks_per_second'] / told['tasks_per_second']:.2f} |"
        )
    if durable := medians.get("shoal-sqlite"):
        sync = statistics.median(told["sync_ms"] for told in rounds["shoal-sqlite"])
        more = durable["p50_ms"] - ours["p50_ms"]
        print(f"SQLite adds {more:.2f} ms, {more / sync:.2f} of a disk sync of {sync:.2f} ms")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
