"""One member in a process of its own: tells its events on stdout, obeys lines on stdin.

Run as ``python -m tests.cluster.membership.member_process '{"name": …}'``; the argument is the
keyword arguments of `Node.join` as JSON.
"""

from __future__ import annotations

import asyncio
import ctypes
import json
import sys
import threading
import time
from typing import Any

from distributed.membership import Member, Node


def tell(kind: str, **values: Any) -> None:
    print(json.dumps({"kind": kind, **values}), flush=True)


def seen(member: Member) -> dict[str, Any]:
    return {"state": member.state, "degraded": member.degraded, "instance": member.instance}


async def tell_events(node: Node) -> None:
    async for event in node.events():
        member = getattr(event, "member", None)
        tell(
            event.kind,
            member=member.name if member else None,
            reason=getattr(event, "reason", ""),
            name=getattr(event, "name", None),
            payload=getattr(event, "payload", b"").decode(),
        )


def hold_the_gil(seconds: float) -> None:
    """A C call that never lets go of the interpreter, as a bad extension would."""
    ctypes.PyDLL(None).usleep(int(seconds * 1e6))


async def obey(node: Node, verb: str, value: Any) -> None:
    told: dict[str, Any] = {}
    match verb:
        case "hold_gil":
            hold_the_gil(value)
        case "block_loop":
            time.sleep(value)
        case "meta":
            node.update_meta(value)
        case "broadcast":
            node.broadcast(value, b"from " + node.name.encode())
        case "add_key":
            node.keyring.add(value)
        case "use_key":
            node.keyring.use(value)
        case "remove_key":
            node.keyring.remove(value)
        case "members":
            told["members"] = {member.name: seen(member) for member in node.members()}
        case "stats":
            told["stats"] = node.stats()
        case "leave":
            await node.leave()
    tell(verb, **told)


async def main() -> None:
    arguments = json.loads(sys.argv[1])
    loop = asyncio.get_running_loop()
    lines: asyncio.Queue[str] = asyncio.Queue()

    def read() -> None:
        for line in sys.stdin:
            loop.call_soon_threadsafe(lines.put_nowait, line)
        loop.call_soon_threadsafe(lines.put_nowait, "")

    node = await Node.start(**arguments)
    events = asyncio.create_task(tell_events(node))
    tell("ready", address=node.address)
    threading.Thread(target=read, daemon=True).start()
    while line := await lines.get():
        await obey(node, *json.loads(line))
    await node.stop()
    await events


if __name__ == "__main__":
    if sys.flags.dev_mode:
        asyncio.run(main())
    else:
        import uvloop

        uvloop.run(main())
