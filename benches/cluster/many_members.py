"""Some members of a larger cluster in this process; told what to do by lines on stdin.

Run by `thousand.py`; prints one JSON object a line.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from distributed.membership import Died, Node

COUNTED = ("datagrams_out", "bytes_out", "probes_answered")


def tell(kind: str, **values: Any) -> None:
    print(json.dumps({"kind": kind, **values}), flush=True)


class Members:
    """The members of this process and the deaths that they told."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self.nodes: list[Node] = []
        self.deaths: Counter[str] = Counter()
        self._readers: list[asyncio.Task[None]] = []

    async def open(self, count: int, seed: str) -> None:
        seeds = [seed] if seed else []
        for number in range(count):
            name = f"{self._prefix}{number}"
            node = await Node.start(name=name, seeds=seeds, join_retry_seconds=120.0)
            seeds = seeds or [node.address]
            self.nodes.append(node)
            self._readers.append(asyncio.create_task(self._listen(node)))

    async def _listen(self, node: Node) -> None:
        async for event in node.events():
            if isinstance(event, Died):
                self.deaths[event.member.name] += 1

    def obey(self, verb: str, value: Any) -> None:
        """`kill` silences one member; `view` and `figures` only look."""
        match verb:
            case "view":
                living = [node.stats()["members"] for node in self.nodes]
                tell("view", fewest=min(living), most=max(living), when=time.monotonic())
            case "figures":
                used = resource.getrusage(resource.RUSAGE_SELF)
                resident = int(Path("/proc/self/statm").read_text().split()[1])
                stats = [node.stats() for node in self.nodes]
                tell(
                    "figures",
                    cpu=used.ru_utime + used.ru_stime,
                    resident=resident * os.sysconf("SC_PAGE_SIZE"),
                    **{name: sum(each[name] for each in stats) for name in COUNTED},
                )
            case "deaths":
                others = sum(count for name, count in self.deaths.items() if name != value)
                tell("deaths", others=others)


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("-n", type=int, required=True)
    parser.add_argument("--seed", default="")
    parser.add_argument("--prefix", default="m")
    arguments = parser.parse_args()
    members = Members(arguments.prefix)
    await members.open(arguments.n, arguments.seed)
    tell("ready", address=members.nodes[0].address)
    while line := await asyncio.to_thread(sys.stdin.readline):
        verb, value = json.loads(line)
        if verb == "kill":
            await members.nodes.pop().stop()
            tell("kill", when=time.monotonic())
        else:
            members.obey(verb, value)
    os._exit(0)


if __name__ == "__main__":
    asyncio.run(main())
