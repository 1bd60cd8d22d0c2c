"""How many pings one member receives and answers for a second of one core."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys

import peers

SERVER = """
import asyncio, json, sys
from distributed.membership import Node
async def main():
    async with Node.join(name="server") as node:
        print(json.dumps({"address": node.address, "instance": node.local.instance}), flush=True)
        await asyncio.to_thread(sys.stdin.read)
asyncio.run(main())
"""


def compare(seconds: float) -> None:
    """64 pings in flight from another core; the answerer's processor time is what counts."""
    print(f"\n## pings answered by one member, {seconds:g} s, 64 in flight")
    ours = asyncio.run(_shoal(seconds))
    theirs = asyncio.run(_memberlist(seconds))
    for name, (answered, cpu) in {"shoal": ours, "memberlist": theirs}.items():
        print(
            f"{name:11s} {answered / seconds:9.0f} answered a second"
            f"  {answered / cpu:9.0f} for a second of one core  {cpu / answered * 1e6:6.2f} us each"
        )
    print(f"ratio for a second of one core: {(ours[0] / ours[1]) / (theirs[0] / theirs[1]):.1f}")


async def _serve(command: list[str]) -> tuple[asyncio.subprocess.Process, dict[str, str]]:
    process = await asyncio.create_subprocess_exec(
        "taskset", "-c", "0", *command, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout
    return process, json.loads(await process.stdout.readline())


async def _load(process: asyncio.subprocess.Process, command: list[str]) -> tuple[int, float]:
    before = peers.cpu_seconds(process.pid)
    load = await asyncio.create_subprocess_exec(
        "taskset", "-c", "1", *command, stdout=subprocess.PIPE
    )
    out, _ = await load.communicate()
    used = peers.cpu_seconds(process.pid) - before
    process.kill()
    await process.wait()
    return json.loads(out.splitlines()[-1])["answered"], used


async def _shoal(seconds: float) -> tuple[int, float]:
    process, told = await _serve([sys.executable, "-W", "ignore", "-c", SERVER])
    command = [str(peers.example("ping_load")), told["address"], str(told["instance"])]
    return await _load(process, [*command, str(seconds)])


async def _memberlist(seconds: float) -> tuple[int, float]:
    process, told = await _serve([str(peers.memberlist()), "-serve"])
    command = [str(peers.memberlist()), "-ping", told["address"], "-seconds", str(seconds)]
    return await _load(process, command)
