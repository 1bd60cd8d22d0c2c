"""A reader of events gets them in order, or an honest account of what it missed."""

import asyncio

from distributed.membership import Event, EventsLost, Joined, Member, UserEvent
from distributed.membership.subscription import Subscription

MEMBER = Member(name="a", address="127.0.0.1:1", instance=1)


def subscription(bound: int = 4) -> Subscription:
    return Subscription(lambda: (MEMBER,), bound)


def joined(number: int) -> Joined:
    return Joined(MEMBER, str(number))


async def taken(events: Subscription, count: int) -> list[Event]:
    return [await anext(events) for _ in range(count)]


async def test_events_come_in_order() -> None:
    events = subscription()
    sent = [joined(number) for number in range(4)]
    for event in sent:
        events.push(event)
    assert await taken(events, 4) == sent


async def test_a_reader_that_waits_is_woken() -> None:
    events = subscription()
    asyncio.get_running_loop().call_soon(events.push, joined(1))
    assert await anext(events) == joined(1)


async def test_a_slow_reader_gets_the_whole_membership_in_place_of_what_it_missed() -> None:
    events = subscription(bound=4)
    for number in range(3):
        events.push(joined(number))
    events.push(UserEvent("deploy", b"", 1, "a"))
    events.push(joined(9))
    events.push(joined(10))
    assert await anext(events) == EventsLost(count=6, user_events=1, members=(MEMBER,))
    events.push(joined(11))
    assert await anext(events) == joined(11)


async def test_what_the_agent_dropped_is_added_to_the_account() -> None:
    events = subscription()
    events.push(joined(1))
    events.lose(changes=5, user_events=2)
    assert await anext(events) == EventsLost(count=8, user_events=2, members=(MEMBER,))


async def test_a_stopped_reader_finishes_what_waits_and_ends() -> None:
    events = subscription()
    events.push(joined(1))
    events.stop()
    assert [event async for event in events] == [joined(1)]
