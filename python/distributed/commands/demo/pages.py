"""The local HTTP server that the demonstration fetches from."""

from __future__ import annotations

import asyncio
import random


class PageServer:
    """Serves `/page/N` on loopback, each after a small and varying delay."""

    def __init__(self, rng: random.Random, *, mean_delay_seconds: float = 0.004) -> None:
        self._rng = rng
        self._mean = mean_delay_seconds
        self._server: asyncio.Server | None = None
        self.served = 0

    @property
    def url(self) -> str:
        """Base URL, known once started."""
        assert self._server is not None
        host, port = self._server.sockets[0].getsockname()[:2]
        return f"http://{host}:{port}"

    async def start(self) -> None:
        """Listen on a free port."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)

    async def stop(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = await reader.readuntil(b"\r\n\r\n")
            path = request.split(b" ", 2)[1].decode(errors="replace")
            await asyncio.sleep(self._rng.expovariate(1 / self._mean))  # noqa: TID251 - the page's own slowness
            body = f"<h1>{path}</h1>\n".encode() + b"x" * 2000
            head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
            writer.write(head.encode() + body)
            await writer.drain()
            self.served += 1
        except (ConnectionError, asyncio.IncompleteReadError):
            # The fetching worker was killed in the middle, which is the point of the show.
            return
        finally:
            writer.close()
