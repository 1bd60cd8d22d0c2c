"""Membership beside memberlist, kinship and swim-protocol: same machine, same run, ratios.

    python benches/cluster/membership.py [quiet kills overload pings starved waking picture]

Prints a line for each measurement and a ratio to ours; refuses to run on a debug build.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import sys
from collections.abc import Callable

import peers
import pings
import quiet
import starved
import waking

from distributed import _native


def kills(count: int, number: int) -> None:
    """How long until the first and the last survivor know of a death."""
    print(f"\n## {number} kills, N={count}")
    for peer, profile in (
        ("shoal", "lan"),
        ("shoal", "memberlist_lan"),
        ("memberlist", ""),
        ("kinship", ""),
    ):
        os.environ["SHOAL_BENCH_PROFILE"] = profile or "lan"
        told = peers.cluster(peer, count, seconds=1, kills=number)
        deaths = [line for line in peers.only(told, "kill") if line["told"] == line["survivors"]]
        if not deaths:
            print(f"{peer:11s} {profile:15s} nobody noticed")
            continue
        spread = {name: [line[name] for line in deaths] for name in ("first", "last")}
        shown = "  ".join(
            f"{name} {statistics.median(values):5.2f} s ({min(values):.2f} to {max(values):.2f})"
            for name, values in spread.items()
        )
        print(f"{peer:11s} {profile:15s} {len(deaths):3d} kills  {shown}")
    os.environ.pop("SHOAL_BENCH_PROFILE", None)


def overload(count: int, scale: float, watch: float) -> None:
    """Many members at a fraction of the intervals: one view, or a storm that feeds itself."""
    print(f"\n## overload: N={count}, LAN intervals / {scale:g}")
    for peer in ("shoal", "memberlist", "kinship"):
        told = peers.cluster(peer, count, scale=scale, seconds=watch, limit=watch)
        booted, end = peers.only(told, "booted"), peers.only(told, "end")
        converged = booted[0]["converged"] if booted else False
        seconds = booted[0]["seconds"] if booted else 0.0
        deaths = end[0]["false_deaths"] if end else -1
        print(f"{peer:11s} one view: {converged} after {seconds:.1f} s  false deaths {deaths}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("only", nargs="*")
    parser.add_argument("--short", action="store_true", help="fewer members, kills and seconds")
    arguments = parser.parse_args()
    if _native.build_profile() != "release":
        print("a debug build: build the wheel for release first", file=sys.stderr)
        return 2
    short = arguments.short
    sections: dict[str, Callable[[], None]] = {
        "quiet": lambda: quiet.compare((20, 50) if short else (50, 100, 200), 5 if short else 15),
        "kills": lambda: kills(20 if short else 100, 3 if short else 15),
        "overload": lambda: overload(50 if short else 200, 5, 20 if short else 60),
        "pings": lambda: pings.compare(2 if short else 5),
        "starved": lambda: starved.compare(20 if short else 60),
        "waking": lambda: waking.compare(3 if short else 10),
        "picture": lambda: waking.picture(5 if short else 20),
    }
    load = os.getloadavg()[0]
    print(f"{os.cpu_count()} cores, load {load:.1f}, {platform.platform()}, {_native.version()}")
    for name, section in sections.items():
        if not arguments.only or name in arguments.only:
            section()
    return 0


if __name__ == "__main__":
    sys.exit(main())
