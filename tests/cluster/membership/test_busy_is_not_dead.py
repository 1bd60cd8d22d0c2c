"""Busy is not dead: what a process does in Python decides nothing about its being alive."""

import asyncio
import signal

import pytest

from .processes import MemberProcess, all_alive, cluster, kind

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(120)]

NAMES = ["busy", "b", "c", "d"]
ACCUSED = kind("suspected", "died", member="busy")


async def stall(members: list[MemberProcess], verb: str, seconds: float) -> dict[str, int]:
    busy, *others = members
    marks = [member.mark() for member in others]
    busy.order(verb, seconds)
    for member, mark in zip(others, marks, strict=True):
        await member.until(kind("degraded", member="busy"), mark)
    assert not busy.since(0, kind(verb)), "reported while it lasted"
    await busy.until(kind(verb))
    for member, mark in zip(others, marks, strict=True):
        await member.until(kind("recovered", member="busy"), mark)
        assert member.since(mark, ACCUSED) == []
        assert (await member.states())["busy"] == "alive"
    stats: dict[str, int] = (await busy.ask("stats"))["stats"]
    assert stats["loop_stalls"] >= 1
    return stats


async def test_a_process_whose_gil_is_held_for_ten_seconds_is_degraded_and_never_accused() -> None:
    async with cluster(NAMES) as members:
        stats = await stall(members, "hold_gil", 10.0)
        assert stats["gil_stalls"] >= 1


async def test_a_process_whose_loop_is_blocked_is_degraded_and_never_accused() -> None:
    async with cluster(NAMES) as members:
        stats = await stall(members, "block_loop", 6.0)
        assert stats["gil_wait_longest_ms"] < stats["loop_stall_longest_ms"]


async def stop_for(member: MemberProcess, seconds: float) -> float:
    """Stop a process; how long it was stopped really, which a busy machine prolongs."""
    clock = asyncio.get_running_loop()
    began = clock.time()
    member.signal(signal.SIGSTOP)
    await asyncio.sleep(seconds)
    member.signal(signal.SIGCONT)
    return clock.time() - began


async def test_a_process_that_is_stopped_for_three_seconds_refutes_and_dies_nowhere() -> None:
    async with cluster(NAMES) as members:
        stopped, *others = members
        for _ in range(5):
            marks = [member.mark() for member in members]
            took = await stop_for(stopped, 3.0)
            for member in members:
                await all_alive(member, NAMES)
            if took < 3.25:
                break
        else:
            pytest.skip("this machine woke us late each time: nobody stood still for three seconds")
        for member, mark in zip(others, marks[1:], strict=True):
            suspected = member.since(mark, kind("suspected", member="busy"))
            if suspected:
                await member.until(kind("refuted", member="busy"), mark)
        # As long again: a false death would show up late, by gossip.
        await asyncio.sleep(3.0)
        for member, mark in zip(members, marks, strict=True):
            assert member.since(mark, kind("died")) == []


async def test_a_process_that_is_killed_is_dead_everywhere_with_its_reason() -> None:
    async with cluster(NAMES) as members:
        killed, *others = members
        killed.signal(signal.SIGKILL)
        for member in others:
            died = await member.until(kind("died", member="busy"))
            assert died["reason"]
            assert (await member.states())["busy"] == "dead"


async def test_a_member_that_leaves_is_gone_and_not_dead() -> None:
    async with cluster(NAMES) as members:
        leaving, *others = members
        leaving.order("leave")
        for member in others:
            await member.until(kind("left", member="busy"))
            assert member.since(0, kind("died", member="busy")) == []
