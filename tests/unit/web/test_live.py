"""Live pages: one rendering for all who look, short queues, the slow dropped."""

from __future__ import annotations

import asyncio
import random

import msgspec
import pytest
from starlette.types import Message

from distributed.supervision import Supervisor
from distributed.telemetry.logs import node_logger
from distributed.telemetry.metrics import CountingMetrics
from distributed.web.live import (
    ALL_SHARE,
    PAGE_SHARE,
    QUEUE,
    Client,
    EventStream,
    Full,
    Hub,
    Topic,
    event,
)
from distributed.web.pages import PAGES

from .fakes import FakeNode, gate_site

TOPIC = Topic("overview")


class HandClock:
    """A clock that a test moves; sleeping only yields."""

    def __init__(self) -> None:
        self.at = 100.0
        self.slept: list[float] = []

    def now(self) -> float:
        return self.at

    def wall(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.at += seconds
        await asyncio.sleep(0)


class Rendering:
    """Counts renderings, each of which takes `cost` of the clock's seconds."""

    def __init__(self, clock: HandClock, cost: float = 0.0) -> None:
        self.clock = clock
        self.cost = cost
        self.done: list[Topic] = []

    async def __call__(self, topic: Topic) -> bytes:
        self.done.append(topic)
        self.clock.at += self.cost
        return event(f"number {len(self.done)}")


def _hub(cost: float = 0.0, *, most_clients: int = 256) -> tuple[Hub, HandClock, Rendering]:
    clock = HandClock()
    rendering = Rendering(clock, cost)
    logger = node_logger("gate", "test")
    supervisor = Supervisor(clock, random.Random(1), logger, CountingMetrics())
    hub = Hub(clock, supervisor, rendering, most_clients=most_clients, spent=clock.now)
    return hub, clock, rendering


async def test_a_hundred_who_look_at_one_page_cost_one_rendering() -> None:
    hub, _, rendering = _hub()
    clients = [hub.join(TOPIC) for _ in range(100)]
    await hub.round()
    assert rendering.done == [TOPIC]
    assert all(client.queue.qsize() == 1 for client in clients)


async def test_one_who_does_not_read_is_dropped_and_the_others_are_not() -> None:
    hub, clock, _ = _hub()
    slow, brisk = hub.join(TOPIC), hub.join(TOPIC)
    for _ in range(QUEUE + 1):
        clock.at += 1.0
        await hub.round()
        brisk.queue.get_nowait()
    assert slow.dropped
    assert not brisk.dropped
    assert hub.clients == 1
    assert hub.dropped == 1


async def test_a_dropped_client_ends_its_stream() -> None:
    client = Client()
    for number in range(QUEUE + 1):
        client.offer(event(str(number)))
    told = [message async for message in client.messages()]
    assert told == [b": shoal\n\n"]


async def test_more_than_may_look_are_turned_away() -> None:
    hub, _, _ = _hub(most_clients=2)
    first = hub.join(TOPIC)
    hub.join(TOPIC)
    with pytest.raises(Full):
        hub.join(TOPIC)
    hub.leave(TOPIC, first)
    hub.join(TOPIC)


async def test_a_dear_page_is_rendered_more_rarely() -> None:
    hub, clock, rendering = _hub(cost=0.06)
    client = hub.join(TOPIC)
    began = clock.at
    for _ in range(100):
        await hub.round()
        clock.at += 1.0
        while not client.queue.empty():
            client.queue.get_nowait()
    share = 0.06 * len(rendering.done) / (clock.at - began)
    assert share <= PAGE_SHARE * 1.15


async def test_all_pages_together_keep_to_their_share() -> None:
    hub, clock, rendering = _hub(cost=0.01)
    topics = [Topic("jobs", (("search", str(number)),)) for number in range(50)]
    clients = [hub.join(topic) for topic in topics]
    for _ in range(40):
        await asyncio.sleep(0)
        for client in clients:
            while not client.queue.empty():
                client.queue.get_nowait()
    assert rendering.done
    assert 0.01 * len(rendering.done) / (clock.at - 100.0) <= ALL_SHARE * 1.2


async def test_a_page_that_costs_seconds_still_moves() -> None:
    hub, clock, rendering = _hub(cost=2.0)
    client = hub.join(TOPIC)
    for _ in range(20):
        await hub.round()
        clock.at += 1.0
        while not client.queue.empty():
            client.queue.get_nowait()
    assert len(rendering.done) >= 4


async def test_nothing_is_rendered_when_nobody_looks() -> None:
    hub, _, rendering = _hub()
    client = hub.join(TOPIC)
    hub.leave(TOPIC, client)
    await hub.round()
    assert rendering.done == []


async def test_a_connection_that_takes_nothing_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("distributed.web.live.SLOW_SECONDS", 0.01)
    hub, _, _ = _hub()
    client = hub.join(TOPIC)

    async def stuck(_: Message) -> None:
        await asyncio.Event().wait()

    await EventStream(hub, TOPIC, client).stream_response(stuck)
    assert hub.clients == 0
    assert hub.dropped >= 1


def test_lines_of_any_ending_stay_within_their_event() -> None:
    assert event("a\r\nb\rc\n\nevent: x", "points") == (
        b"event: points\ndata: a\ndata: b\ndata: c\ndata: \ndata: event: x\n\n"
    )


@pytest.mark.parametrize("name", list(PAGES))
async def test_each_page_lives(name: str) -> None:
    site = gate_site(FakeNode())
    site.recorder.sample()
    query = (("job", "j-1"),) if name == "job" else ()
    client = site.hub.join(Topic(name, query))
    await site.hub.round()
    message = client.queue.get_nowait().decode()
    assert message.startswith("data: ")
    if PAGES[name].plots and name != "native":
        points = msgspec.json.decode(message.rsplit("event: points\ndata: ", 1)[1])
        assert points
    site.hub.leave(Topic(name, query), client)
