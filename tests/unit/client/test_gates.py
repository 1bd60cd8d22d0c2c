"""Asking gates: redirects followed, silent ones left behind, refusals told apart."""

from __future__ import annotations

import random
from typing import Any

import msgspec
import pytest

from distributed.client.gates import KNOWN_GATES, Gates
from distributed.client.settings import ClientSettings
from distributed.clock import SystemClock
from distributed.errors import ConnectError, PeerRefused, RequestTimeout
from distributed.messages.base import Done, Redirect
from distributed.types import Address

A, B, C = Address("a:1"), Address("b:1"), Address("c:1")


class Scripted:
    """A pool whose gates answer from a script; the last entry repeats.

    The connection to a gate knows its address, and no more.
    """

    def __init__(self, **script: Any) -> None:
        self.script = {Address(f"{name}:1"): list(answers) for name, answers in script.items()}
        self.asked: list[str] = []

    async def connection(self, address: Address) -> ScriptedConnection:
        return ScriptedConnection(self, address)

    def answer(self, address: Address) -> Any:
        self.asked.append(address)
        answers = self.script.get(address) or [ConnectError("nothing listens", peer=address)]
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


class ScriptedConnection:
    def __init__(self, pool: Scripted, address: Address) -> None:
        self.pool = pool
        self.address = address

    async def request(self, message: msgspec.Struct, *, timeout: float) -> Any:
        return self.pool.answer(self.address)


class Sleepless(SystemClock):
    """Whoever sleeps has slept."""

    def __init__(self) -> None:
        self.passed = 0.0

    def now(self) -> float:
        return self.passed

    async def sleep(self, seconds: float) -> None:
        self.passed += seconds


def gates(
    pool: Scripted, *addresses: Address, clock: SystemClock | None = None, **settings: Any
) -> Gates:
    quick = {"first_pause_seconds": 0.001, "longest_pause_seconds": 0.002} | settings
    chosen: Any = pool
    held = ClientSettings(**quick)
    return Gates(addresses, chosen, held, clock or SystemClock(), random.Random(1))


async def test_the_next_gate_is_asked_when_one_is_silent() -> None:
    pool = Scripted(a=[RequestTimeout("too late")], b=[Done()])
    reply, where = await gates(pool, A, B).ask(Done())
    assert (reply, where) == (Done(), B)


async def test_a_gate_that_answered_is_asked_first_from_then_on() -> None:
    pool = Scripted(b=[Done()])
    known = gates(pool, A, B)
    await known.ask(Done())
    await known.ask(Done())
    assert pool.asked == [A, B, B]


async def test_redirects_are_followed_and_remembered() -> None:
    pool = Scripted(a=[Redirect("g-c", C)], c=[Done()])
    known = gates(pool, A)
    assert await known.ask(Done()) == (Done(), C)
    pool.script.pop(A)
    assert await known.ask(Done()) == (Done(), C)


async def test_redirects_in_circles_end() -> None:
    pool = Scripted(a=[Redirect("g-b", B)], b=[Redirect("g-a", A)])
    with pytest.raises(ConnectError, match="circles"):
        await gates(pool, A, redirects=3).ask(Done(), patience=0.01)


async def test_a_refusal_that_would_repeat_is_raised_at_once() -> None:
    pool = Scripted(a=[PeerRefused("conflict", "another payload")], b=[Done()])
    with pytest.raises(PeerRefused, match="another payload"):
        await gates(pool, A, B).ask(Done())
    assert pool.asked == [A]


async def test_a_refusal_for_load_is_tried_again_after_its_hint() -> None:
    busy = PeerRefused("overloaded", "too much", retry_after_seconds=0.001)
    pool = Scripted(a=[busy, busy, Done()])
    assert await gates(pool, A).ask(Done()) == (Done(), A)
    assert len(pool.asked) == 3


async def test_who_waits_does_so_for_as_long_as_a_gate_answers() -> None:
    """A job between two owners: its gate says "not now" for longer than patience lasts."""
    clock = Sleepless()
    moving = PeerRefused("no_owner", "the job changes its owner", retry_after_seconds=5.0)
    pool = Scripted(a=[*[moving] * 100, Done()], b=[ConnectError("nothing listens", peer=B)])
    known = gates(pool, A, B, clock=clock, patience_seconds=10.0)
    with pytest.raises(ConnectError, match=r"b:1: nothing listens"):
        await known.ask(Done())
    assert clock.now() < 30.0
    assert await known.ask(Done(), waits=True) == (Done(), A)
    assert clock.now() > 200.0


async def test_who_waits_gives_up_once_no_gate_answers() -> None:
    clock = Sleepless()
    moving = PeerRefused("no_owner", "the job changes its owner", retry_after_seconds=5.0)
    pool = Scripted(a=[*[moving] * 20, ConnectError("nothing listens", peer=A)])
    with pytest.raises(ConnectError, match="nothing listens"):
        await gates(pool, A, clock=clock, patience_seconds=10.0, longest_pause_seconds=2.0).ask(
            Done(), waits=True
        )
    assert 20 < len(pool.asked) < 60


async def test_giving_up_says_what_each_gate_said() -> None:
    pool = Scripted()
    with pytest.raises(ConnectError, match=r"a:1: nothing listens; b:1: nothing listens"):
        await gates(pool, A, B).ask(Done(), patience=0.01)


async def test_each_try_knows_how_many_came_before() -> None:
    tries: list[int] = []
    pool = Scripted(a=[ConnectError("gone"), Done()])

    def message(number: int) -> msgspec.Struct:
        tries.append(number)
        return Done()

    await gates(pool, A).ask(message)
    assert tries == [0, 1]


async def test_the_connection_of_an_answer_is_the_one_it_came_on() -> None:
    pool = Scripted(a=[Redirect("g-b", B)], b=[Done()])
    heard = await gates(pool, A).converse(Done())
    connection: Any = heard.connection
    assert (heard.gate, connection.address) == (B, B)


async def test_gates_that_others_name_are_learnt_up_to_a_bound() -> None:
    known = gates(Scripted(), A)
    for number in range(3 * KNOWN_GATES):
        known.learn(Address(f"g{number}:1"))
    assert len(known._addresses) == KNOWN_GATES
    assert known._addresses[0] == A
