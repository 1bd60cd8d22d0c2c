"""Times a member's answers from another process: one line `seconds round-trip` for each."""

from __future__ import annotations

import asyncio
import sys
import time

from distributed.membership import Node


async def main() -> None:
    seed, seconds = sys.argv[1], float(sys.argv[2])
    async with Node.join(name="clock", seeds=[seed]) as node:
        print("ready", flush=True)
        start = time.monotonic()
        while (at := time.monotonic() - start) < seconds:
            reach = await node.reach("hogged")
            if reach.udp_seconds is not None:
                print(f"{at:.6f} {reach.udp_seconds:.9f}")
            await asyncio.sleep(0.02)


asyncio.run(main())
