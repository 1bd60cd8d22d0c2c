"""How long the command line takes to say what it can do, beside an interpreter that does nothing.

`python -m benches.python.start_up`: processor and wall time of whole processes, in turn.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import time

ROUNDS = 15
NOTHING = [sys.executable, "-c", "pass"]
SHOAL = [sys.executable, "-W", "ignore", "-m", "distributed.commands"]
COMMANDS = {
    "python -c pass": NOTHING,
    "shoal --help": [*SHOAL, "--help"],
    "shoal job --help": [*SHOAL, "job", "--help"],
    "shoal --version": [*SHOAL, "--version"],
}


def cost(command: list[str]) -> tuple[float, float]:
    """Seconds of wall and of processor time of one process."""
    before, began = processor_seconds(), time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - began, processor_seconds() - before


def processor_seconds() -> float:
    """What children that ended have used."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Print medians, and how many idle interpreters each is."""
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in COMMANDS}
    for _ in range(ROUNDS):
        for name, command in COMMANDS.items():
            taken[name].append(cost(command))
    wall = {name: statistics.median(w for w, _ in costs) for name, costs in taken.items()}
    cpu = {name: statistics.median(c for _, c in costs) for name, costs in taken.items()}
    idle = "python -c pass"
    for name in COMMANDS:
        print(
            f"{name:18} wall {wall[name] * 1e3:6.0f} ms  processor {cpu[name] * 1e3:6.0f} ms  "
            f"{cpu[name] / cpu[idle]:.2f} times an idle interpreter"
        )


if __name__ == "__main__":
    main()
