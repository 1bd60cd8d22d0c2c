"""The end of a read: everything that it gave rise to is done once, in order, whatever fails."""

from __future__ import annotations

import asyncio
from typing import Any

from distributed.transport.turn import Turn


async def test_outside_of_a_read_it_is_the_next_turn_of_the_loop() -> None:
    done: list[str] = []
    Turn().soon(lambda: done.append("later"))
    assert done == []
    await asyncio.sleep(0)
    assert done == ["later"]


async def test_inside_it_is_the_end_of_the_read_with_all_that_follows_from_it() -> None:
    turn, done = Turn(), list[str]()

    def round_of_scheduling() -> None:
        done.append("round")
        turn.soon(lambda: done.append("write"))

    with turn:
        turn.soon(round_of_scheduling)
        done.append("read")
    assert done == ["read", "round", "write"]


async def test_one_that_fails_is_reported_and_the_others_are_done() -> None:
    turn, done = Turn(), list[str]()
    reported: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context))
    with turn:
        turn.soon(lambda: 1 / 0)
        turn.soon(lambda: done.append("next"))
    assert done == ["next"]
    assert isinstance(reported[0]["exception"], ZeroDivisionError)
    with turn:
        assert done == ["next"]
