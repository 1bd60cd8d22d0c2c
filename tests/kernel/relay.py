"""A bad link in user space: delays, doubles and reorders datagrams, passes streams on.

    python -m tests.kernel.relay LISTEN TARGET DELAY_SECONDS JITTER_SECONDS DOUBLED_SHARE

A member behind it advertises LISTEN and binds TARGET. Jitter reorders by itself.
"""

from __future__ import annotations

import asyncio
import random
import sys
from collections.abc import Callable
from typing import cast

Address = tuple[str, int]


class Link:
    """What happens to a datagram on its way."""

    def __init__(self, delay: float, jitter: float, doubled: float) -> None:
        self._delay, self._jitter, self._doubled = delay, jitter, doubled
        self._chance = random.Random(11)

    def carry(self, send: Callable[[], None]) -> None:
        copies = 2 if self._chance.random() < self._doubled else 1
        for _ in range(copies):
            late = max(0.0, self._chance.uniform(-self._jitter, self._jitter) + self._delay)
            asyncio.get_running_loop().call_later(late, send)


class Inward(asyncio.DatagramProtocol):
    """The advertised side: one socket towards the member for each peer."""

    def __init__(self, target: Address, link: Link) -> None:
        self.target, self._link = target, link
        self._peers: dict[Address, asyncio.Future[asyncio.DatagramTransport]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, source: Address) -> None:
        self._link.carry(lambda: self._pass_on(data, source))

    async def close(self) -> None:
        """Carry nothing more."""
        self.transport.close()
        for outward in self._peers.values():
            (await outward).close()

    def _pass_on(self, data: bytes, source: Address) -> None:
        task = asyncio.create_task(self._send(data, source))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _send(self, data: bytes, source: Address) -> None:
        loop = asyncio.get_running_loop()
        if source not in self._peers:
            self._peers[source] = loop.create_future()
            outward, _ = await loop.create_datagram_endpoint(
                lambda: Outward(self.transport, source), remote_addr=self.target
            )
            self._peers[source].set_result(outward)
        (await self._peers[source]).sendto(data)


class Outward(asyncio.DatagramProtocol):
    """Answers of the member to one peer, sent from the advertised address."""

    def __init__(self, inward: asyncio.DatagramTransport, peer: Address) -> None:
        self._inward, self._peer = inward, peer

    def datagram_received(self, data: bytes, source: Address) -> None:
        self._inward.sendto(data, self._peer)


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass a stream on until it ends."""
    try:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        return
    finally:
        writer.close()


def read_address(text: str) -> Address:
    host, port = text.rsplit(":", 1)
    return host, int(port)


async def serve(listen: Address, inward: Inward) -> asyncio.Server:
    """Carry what comes to `listen` until the server is closed."""
    loop = asyncio.get_running_loop()
    datagrams, _ = await loop.create_datagram_endpoint(lambda: inward, local_addr=listen)

    async def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        their_reader, their_writer = await asyncio.open_connection(*inward.target)
        await asyncio.gather(pump(reader, their_writer), pump(their_reader, writer))

    return await asyncio.start_server(accepted, *datagrams.get_extra_info("sockname"))


async def main() -> None:
    listen, target = read_address(sys.argv[1]), read_address(sys.argv[2])
    server = await serve(listen, Inward(target, Link(*map(float, sys.argv[3:6]))))
    print("ready", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
