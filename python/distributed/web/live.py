"""Live pages: one rendering of each open page a second, shared by all who look at it.

A client has a short queue and is dropped when it does not keep up. A page whose rendering is
dear is rendered less often, so that no page takes more than a fiftieth of a core, nor all
together more than a twentieth.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, NamedTuple

from starlette.responses import StreamingResponse

from distributed.supervision import Policy

if TYPE_CHECKING:
    from starlette.types import Message, Send

    from distributed.clock import Clock
    from distributed.supervision import Supervisor

EVERY_SECONDS = 1.0
PAGE_SHARE = 0.02
ALL_SHARE = 0.05
LONGEST_SECONDS = 5.0
"""However dear one page is, it waits no longer than this for its turn."""
LONGEST_PAUSE_SECONDS = 30.0
QUEUE = 4
SLOW_SECONDS = 10.0
MOST_CLIENTS = 256


class Topic(NamedTuple):
    """What a client looks at: a page, its parameters, and where the app is mounted."""

    page: str
    query: tuple[tuple[str, str], ...] = ()
    base: str = ""


class Full(Exception):
    """As many clients look on as may."""


class Client:
    """One open page."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[bytes] = asyncio.Queue(QUEUE)
        self.dropped = False

    def offer(self, message: bytes) -> None:
        """Give it a message, or give it up."""
        try:
            self.queue.put_nowait(message)
        except asyncio.QueueFull:
            self.dropped = True

    async def messages(self) -> AsyncIterator[bytes]:
        """What it is given, until it is dropped."""
        yield b": shoal\n\n"
        while not self.dropped:
            yield await self.queue.get()


class _Watched:
    __slots__ = ("clients", "due")

    def __init__(self) -> None:
        self.clients: set[Client] = set()
        self.due = 0.0


class Hub:
    """Who looks at what; renders for them while anybody does."""

    def __init__(
        self,
        clock: Clock,
        supervisor: Supervisor,
        render: Callable[[Topic], Awaitable[bytes]],
        *,
        most_clients: int = MOST_CLIENTS,
        spent: Callable[[], float] = time.thread_time,
    ) -> None:
        self._clock = clock
        self._spent = spent
        self._supervisor = supervisor
        self._render = render
        self._most = most_clients
        self._watched: dict[Topic, _Watched] = {}
        self._task: asyncio.Task[None] | None = None
        self.dropped = 0

    @property
    def clients(self) -> int:
        """How many look on."""
        return sum(len(watched.clients) for watched in self._watched.values())

    def join(self, topic: Topic) -> Client:
        """Look on.

        Raises:
            Full: as many do as may.
        """
        if self.clients >= self._most:
            raise Full(f"{self._most} pages are open already")
        client = Client()
        self._watched.setdefault(topic, _Watched()).clients.add(client)
        if self._task is None or self._task.done():
            self._task = self._supervisor.spawn("live pages", self._run, policy=Policy.RESTART)
        return client

    def leave(self, topic: Topic, client: Client) -> None:
        """Look away; idempotent."""
        watched = self._watched.get(topic)
        if watched is not None:
            watched.clients.discard(client)
            if not watched.clients:
                del self._watched[topic]

    async def _run(self) -> None:
        while self._watched:
            cost = await self.round()
            pause = max(EVERY_SECONDS - cost, cost / ALL_SHARE)
            await self._clock.sleep(min(LONGEST_PAUSE_SECONDS, pause))

    async def round(self) -> float:
        """Render every page that is due, once, for all its clients.

        Returns the processor seconds that this thread spent meanwhile: time in which other
        processes ran is no cost of ours.
        """
        began = self._spent()
        for topic, watched in list(self._watched.items()):
            now, before = self._clock.now(), self._spent()
            if watched.due > now:
                continue
            message = await self._render(topic)
            for client in tuple(watched.clients):
                client.offer(message)
                if client.dropped:
                    self.dropped += 1
                    self.leave(topic, client)
            rest = (self._spent() - before) / PAGE_SHARE - EVERY_SECONDS / 2
            watched.due = now + min(LONGEST_SECONDS, max(0.0, rest))
        return self._spent() - began


class EventStream(StreamingResponse):
    """Server-sent events; ends when the client reads nothing for `SLOW_SECONDS`."""

    def __init__(self, hub: Hub, topic: Topic, client: Client) -> None:
        self._hub, self._topic, self._client = hub, topic, client
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        super().__init__(client.messages(), media_type="text/event-stream", headers=headers)

    async def stream_response(self, send: Send) -> None:
        """Send what comes, each within the limit."""

        async def bounded(message: Message) -> None:
            async with asyncio.timeout(SLOW_SECONDS):
                await send(message)

        try:
            await super().stream_response(bounded)
        except TimeoutError:
            self._hub.dropped += 1
        finally:
            self._hub.leave(self._topic, self._client)


def event(data: str, name: str = "") -> bytes:
    """One message; a text of many lines is sent as many `data` lines (HTML Living Standard,
    section 9.2).
    """
    head = f"event: {name}\n" if name else ""
    body = "".join(f"data: {line}\n" for line in data.splitlines() or [""])
    return f"{head}{body}\n".encode()
