"""A node on loopback: joining, seeing, telling, leaving, and what it refuses."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest

from distributed.errors import ClosedError, ConfigError, ForkedError, JoinError
from distributed.membership import (
    DiedForJob,
    Joined,
    Left,
    Membership,
    MemberState,
    Node,
    RefutedForJob,
    Subscription,
    SuspectedForJob,
    Updated,
    UserEvent,
)

KEY, NEXT_KEY = bytes(range(32)), bytes(range(1, 33))


@pytest.fixture
async def pair() -> AsyncIterator[tuple[Node, Node]]:
    async with Node.join(name="a", profile="local", meta={"role": "api"}) as a:
        async with Node.join(
            name="b", profile="local", seeds=[a.address], job_min_seconds=0.1, job_max_seconds=0.2
        ) as b:
            await seen(a, "b")
            yield a, b


async def seen(node: Node, name: str) -> None:
    while node.member(name) is None:
        await asyncio.sleep(0.005)


async def until(events: Subscription, kind: type[Any]) -> Any:
    async for event in events:
        if isinstance(event, kind):
            return event
    raise AssertionError(f"the events ended without {kind.__name__}")


async def test_a_node_is_a_membership(pair: tuple[Node, Node]) -> None:
    assert all(isinstance(node, Membership) for node in pair)


async def test_members_see_each_other_with_their_metadata(pair: tuple[Node, Node]) -> None:
    a, b = pair
    known = b.member("a")
    assert known is not None
    assert (known.address, known.state) == (a.address, MemberState.ALIVE)
    assert known.role == "api"
    assert {member.name for member in a.members()} == {"a", "b"}
    assert (a.local.name, b.local.name) == ("a", "b")


async def test_metadata_merges_and_everyone_hears_of_it(pair: tuple[Node, Node]) -> None:
    a, b = pair
    events = b.events()
    a.update_meta({"load": 0.5, "role": None})
    updated = await until(events, Updated)
    assert dict(updated.member.meta) == {"load": 0.5}
    known = b.member("a")
    assert known is not None
    assert known == updated.member, "the snapshot holds what the event told"


async def test_a_member_sees_its_own_new_metadata_though_nothing_else_happens() -> None:
    async with Node.join(name="alone", profile="local", meta={"role": "api"}) as alone:
        alone.update_meta({"web": "127.0.0.1:8080"})
        while alone.local.meta != {"role": "api", "web": "127.0.0.1:8080"}:
            await asyncio.sleep(0.005)
        assert alone.member("alone") == alone.local


async def test_a_user_event_reaches_everyone_its_sender_included(pair: tuple[Node, Node]) -> None:
    readers = [node.events() for node in pair]
    pair[0].broadcast("deploy", b"v1")
    for events in readers:
        event = await until(events, UserEvent)
        assert (event.name, event.payload, event.origin) == ("deploy", b"v1", "a")


async def test_a_member_that_leaves_is_gone_for_the_others(pair: tuple[Node, Node]) -> None:
    a, b = pair
    events = a.events()
    await b.leave()
    assert (await until(events, Left)).member.name == "b"
    left = a.member("b")
    assert left is not None
    assert left.state is MemberState.LEFT


async def test_a_restart_under_the_same_name_is_another_instance(pair: tuple[Node, Node]) -> None:
    a, b = pair
    earlier, events, address = b.local.instance, a.events(), b.bound
    await b.stop()
    async with Node.join(name="b", profile="local", bind=address, seeds=[a.address]):
        joined = await until(events, Joined)
        assert joined.member.name == "b"
        assert joined.member.instance > earlier


async def test_the_job_layer_suspects_refutes_and_expires_for_one_job(
    pair: tuple[Node, Node],
) -> None:
    """MW 41.17c."""
    _, b = pair
    events = b.events()
    b.suspect_for_job("j1", "a")
    assert (await until(events, SuspectedForJob)).job == "j1"
    assert not b.is_alive_for_job("j1", "a")
    assert b.is_alive_for_job("j2", "a")
    b.refute_for_job("j1", "a")
    assert (await until(events, RefutedForJob)).job == "j1"
    assert b.is_alive_for_job("j1", "a")
    b.suspect_for_job("j1", "a")
    b.confirm_for_job("j1", "a", "c")
    died = await until(events, DiedForJob)
    assert (died.member.name, died.job) == ("a", "j1")
    assert "accused by b, c" in died.reason
    assert not b.is_alive_for_job("j1", "a")
    b.end_job("j1")
    assert b.is_alive_for_job("j1", "a")
    assert not b.is_alive_for_job("j1", "nobody")


async def test_both_paths_to_a_member_are_tried_apart(pair: tuple[Node, Node]) -> None:
    reach = await pair[0].reach("b")
    assert reach.complete
    with pytest.raises(ConfigError, match="no member is named"):
        await pair[0].reach("nobody")


async def test_coordinates_give_a_round_trip_between_members(pair: tuple[Node, Node]) -> None:
    a, _ = pair
    assert a.rtt("a", "nobody") is None
    while (estimate := a.rtt("a", "b")) is None:
        await asyncio.sleep(0.05)
    assert 0.0 <= estimate.seconds < 60.0
    assert estimate.error_seconds > 0.0


async def test_an_unreachable_seed_is_named_with_the_reason() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        seed = f"127.0.0.1:{closed.getsockname()[1]}"
        with pytest.raises(JoinError) as caught:
            await Node.start(name="a", profile="local", seeds=[seed, "no-such-host.invalid:1"])
    assert set(caught.value.failures) == {seed, "no-such-host.invalid:1"}
    assert "refused" in caught.value.failures[seed]


async def test_one_seed_that_answers_is_enough_and_our_own_address_is_skipped() -> None:
    async with Node.join(name="a", profile="local") as a:
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            dead = f"127.0.0.1:{closed.getsockname()[1]}"
            async with Node.join(name="b", profile="local", seeds=[dead, a.address]) as b:
                assert b.member("a") is not None
        async with Node.join(name="c", bind=dead, profile="local", seeds=[dead]) as c:
            assert [member.name for member in c.members()] == ["c"]


async def test_a_name_that_a_living_member_holds_is_refused_and_the_holder_stays() -> None:
    async with Node.join(name="a", profile="local") as a:
        async with Node.join(name="b", profile="local", seeds=[a.address]) as b:
            with pytest.raises(JoinError, match="name is held"):
                await Node.start(name="b", profile="local", seeds=[a.address])
            holder = a.member("b")
            assert holder is not None
            assert (holder.address, holder.state) == (b.address, MemberState.ALIVE)


async def test_a_label_keeps_clusters_apart() -> None:
    async with Node.join(name="a", profile="local", label="blue") as a:
        with pytest.raises(JoinError):
            await Node.start(
                name="b",
                profile="local",
                label="green",
                seeds=[a.address],
                overrides={"sync.timeout_seconds": 0.3},
            )
        assert len(a.members()) == 1


async def test_keys_rotate_and_a_stranger_stays_outside() -> None:
    async with Node.join(name="a", profile="local", keys=[KEY]) as a:
        async with Node.join(name="b", profile="local", keys=[KEY], seeds=[a.address]) as b:
            await seen(a, "b")
            for node in (a, b):
                added = node.keyring.add(NEXT_KEY)
                assert added in node.keyring.list()
            for node in (a, b):
                node.keyring.use(NEXT_KEY)
            for node in (a, b):
                node.keyring.remove(KEY)
                assert node.keyring.list() == [added]
            a.broadcast("after", b"")
            await until_stat(b, lambda stats: stats["dropped_key"] == 0)
            with pytest.raises(JoinError):
                await Node.start(
                    name="c",
                    profile="local",
                    keys=[KEY],
                    seeds=[a.address],
                    overrides={"sync.timeout_seconds": 0.3},
                )
            with pytest.raises(ConfigError, match="in use"):
                a.keyring.remove(NEXT_KEY)


async def until_stat(node: Node, holds: Any) -> None:
    while not holds(node.stats()):
        await asyncio.sleep(0.02)


async def test_a_source_outside_the_allow_list_is_not_heard() -> None:
    async with Node.join(name="a", profile="local", allow=["10.0.0.0/8"]) as a:
        with pytest.raises(JoinError):
            await Node.start(
                name="b",
                profile="local",
                seeds=[a.address],
                overrides={"sync.timeout_seconds": 0.3},
            )
        assert a.stats()["streams_turned_away"] > 0


async def test_ipv6_members_find_each_other() -> None:
    try:
        first = await Node.start(name="a", profile="local", bind="[::1]:0")
    except ConfigError:
        pytest.skip("no IPv6 on this host")
    async with first as a:
        async with Node.join(name="b", profile="local", bind="[::1]:0", seeds=[a.address]):
            await seen(a, "b")


async def test_a_stopped_node_refuses_and_its_events_end() -> None:
    node = await Node.start(name="a", profile="local")
    events, later = node.events(), None
    await node.stop()
    await node.stop()
    later = node.events()
    assert [event async for event in events] == []
    assert [event async for event in later] == []
    with pytest.raises(ClosedError):
        node.broadcast("x")
    with pytest.raises(ClosedError):
        node.stats()


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"bind": "192.0.2.1:0", "encryption": False}, "bind"),
        ({"profile": "moon"}, "profile"),
        ({"overrides": {"probe.timeout_seconds": 5.0}}, "probe.timeout"),
        ({"overrides": {"no.such": 1}}, "no.such"),
        ({"overrides": {"probe.indirect": "two"}}, "probe.indirect"),
        ({"allow": ["ten"]}, "allow"),
        ({"name": ""}, "name"),
    ],
)
async def test_what_cannot_stand_is_refused_by_field(arguments: dict[str, Any], field: str) -> None:
    with pytest.raises(ConfigError) as caught:
        await Node.start(**{"name": "a", **arguments})
    assert caught.value.field == field


async def test_a_join_that_is_a_task_can_be_given_up_and_frees_its_port() -> None:
    with socket.socket() as silent, socket.socket() as free:
        for one in (silent, free):
            one.bind(("127.0.0.1", 0))
        silent.listen()
        seed, bind = (f"127.0.0.1:{one.getsockname()[1]}" for one in (silent, free))
        free.close()
        joining = asyncio.create_task(Node.join(name="a", bind=bind, profile="local", seeds=[seed]))
        await asyncio.sleep(0.05)
        joining.cancel()
        with pytest.raises(asyncio.CancelledError):
            await joining
    async with Node.join(name="a", bind=bind, profile="local") as a:
        assert [member.name for member in a.members()] == ["a"]


async def test_metadata_beyond_its_bound_is_refused_and_nothing_changes(
    pair: tuple[Node, Node],
) -> None:
    a, _ = pair
    with pytest.raises(ConfigError, match="meta: takes"):
        a.update_meta({"blob": "x" * 600})
    assert a.local.meta == {"role": "api"}


async def test_too_long_an_event_is_refused_and_nothing_is_sent(pair: tuple[Node, Node]) -> None:
    with pytest.raises(ConfigError, match="limit is 512"):
        pair[0].broadcast("big", b"x" * 600)


async def test_a_reader_that_was_dropped_costs_nothing(pair: tuple[Node, Node]) -> None:
    a, b = pair
    for _ in range(100):
        a.events()
    kept = a.events()
    b.broadcast("x")
    await until(kept, UserEvent)
    assert len(a._subscriptions) == 1


async def test_a_taken_port_is_named() -> None:
    async with Node.join(name="a", profile="local") as a:
        with pytest.raises(ConfigError, match=a.bound):
            await Node.start(name="b", profile="local", bind=a.bound)


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
async def test_a_node_refuses_to_work_in_a_forked_child() -> None:
    async with Node.join(name="a", profile="local") as a:
        reads, writes = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                a.stats()
                os.write(writes, b"worked")
            except ForkedError:
                os.write(writes, b"refused")
            finally:
                os._exit(0)
        await asyncio.to_thread(os.waitpid, child, 0)
        assert os.read(reads, 16) == b"refused"
        os.close(reads)
        os.close(writes)
        assert a.stats()["members"] == 1


def start_in_child(pipe: Any) -> None:
    async def main() -> str:
        async with Node.join(name="child", profile="local") as node:
            return node.local.name

    pipe.send(asyncio.run(main()))


async def test_a_spawned_child_has_an_agent_of_its_own() -> None:
    async with Node.join(name="a", profile="local"):
        ours, theirs = multiprocessing.Pipe()
        child = multiprocessing.get_context("spawn").Process(target=start_in_child, args=(theirs,))
        child.start()
        assert await asyncio.to_thread(ours.recv) == "child"
        await asyncio.to_thread(child.join)
