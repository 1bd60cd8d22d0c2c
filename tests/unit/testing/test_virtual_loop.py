"""Virtual time: what a program under it can rely on."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from distributed.clock import SystemClock
from distributed.testing.guards import no_real_world, real_world
from distributed.testing.virtual_host import VirtualHost
from distributed.testing.virtual_loop import VirtualLoop, VirtualTimeError


@pytest.fixture
def loop() -> Iterator[VirtualLoop]:
    made = VirtualLoop(seed=7)
    yield made
    made.close()


def test_a_year_of_sleep_takes_no_time_and_all_of_it(loop: VirtualLoop) -> None:
    loop.run_until_complete(asyncio.sleep(365 * 86_400))
    assert loop.time() == 365 * 86_400
    assert loop.steps < 10


def test_timers_fire_in_the_order_of_their_deadlines(loop: VirtualLoop) -> None:
    fired: list[str] = []
    for delay, name in [(3.0, "c"), (1.0, "a"), (2.0, "b"), (1.0, "a2")]:
        loop.call_later(delay, fired.append, name)
    loop.run_for(5.0)
    assert fired == ["a", "a2", "b", "c"]


def test_a_cancelled_timer_never_fires(loop: VirtualLoop) -> None:
    fired: list[str] = []
    loop.call_later(1.0, fired.append, "never").cancel()
    loop.run_for(2.0)
    assert fired == []


def test_a_timeout_ends_what_takes_too_long(loop: VirtualLoop) -> None:
    async def late() -> float:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(2.5):
                await asyncio.sleep(60)
        return loop.time()

    assert loop.run_until_complete(late()) == 2.5


def test_waiting_for_what_cannot_come_is_an_error_and_no_hang(loop: VirtualLoop) -> None:
    with pytest.raises(VirtualTimeError, match="nothing is left to happen"):
        loop.run_until_complete(loop.create_future())


def _interleaving(seed: int) -> list[str]:
    loop = VirtualLoop(seed)
    seen: list[str] = []

    async def talk(name: str) -> None:
        for turn in range(5):
            seen.append(f"{name}{turn}")
            await asyncio.sleep(0)

    for name in "abc":
        loop.spawn(VirtualHost(name), talk(name))
    loop.run_for(1.0)
    loop.close()
    return seen


def test_the_seed_fixes_how_processes_interleave() -> None:
    assert _interleaving(3) == _interleaving(3)
    assert len({tuple(_interleaving(seed)) for seed in range(10)}) > 1


def test_within_one_process_order_is_never_shuffled() -> None:
    for seed in range(10):
        seen = _interleaving(seed)
        assert [step for step in seen if step.startswith("b")] == [f"b{turn}" for turn in range(5)]


class TestFaults:
    """Each process can fail by itself."""

    @staticmethod
    async def tick(loop: VirtualLoop, seen: list[float]) -> None:
        while True:
            seen.append(loop.time())
            await asyncio.sleep(1.0)

    def test_a_killed_process_runs_no_cleanup(self, loop: VirtualLoop) -> None:
        cleaned: list[str] = []

        async def work() -> None:
            try:
                await asyncio.sleep(10)
            finally:
                cleaned.append("cleanup")

        host = VirtualHost("a")
        task = loop.spawn(host, work())
        loop.run_for(1.0)
        loop.kill(host)
        loop.run_for(20.0)
        assert cleaned == []
        assert not task.done()

    def test_a_paused_process_catches_up_when_it_goes_on(self, loop: VirtualLoop) -> None:
        host, seen = VirtualHost("a"), list[float]()
        loop.spawn(host, self.tick(loop, seen))
        loop.run_for(2.5)
        loop.pause(host)
        loop.run_for(10.0)
        assert seen == [0.0, 1.0, 2.0]
        loop.resume(host)
        loop.run_for(0.5)
        assert seen == [0.0, 1.0, 2.0, 12.5]

    def test_a_slow_process_is_late_and_others_are_not(self, loop: VirtualLoop) -> None:
        slow, swift = VirtualHost("slow"), VirtualHost("swift")
        slow.callback_seconds = 3.0
        late, prompt = list[float](), list[float]()
        loop.spawn(slow, self.tick(loop, late))
        loop.spawn(swift, self.tick(loop, prompt))
        loop.run_for(9.5)
        assert prompt == [float(second) for second in range(10)]
        assert len(late) <= 3


class TestTheRealWorld:
    """It is out of reach, and reaching for it says so."""

    def test_threads_are_refused(self, loop: VirtualLoop) -> None:
        async def offload() -> None:
            await asyncio.to_thread(len, "x")

        with pytest.raises(VirtualTimeError, match="run_in_executor"):
            loop.run_until_complete(offload())
        with no_real_world(loop), pytest.raises(VirtualTimeError, match=r"Thread\.start"):
            threading.Thread(target=len, args=("x",)).start()

    def test_sleeping_and_sockets_are_refused(self, loop: VirtualLoop) -> None:
        with no_real_world(loop):
            with pytest.raises(VirtualTimeError, match=r"time\.sleep"):
                time.sleep(1)
            with socket.socket() as plain, pytest.raises(VirtualTimeError, match="connect"):
                plain.connect(("127.0.0.1", 1))

    def test_our_own_code_cannot_read_the_machine_s_clock(self, loop: VirtualLoop) -> None:
        with no_real_world(loop), pytest.raises(VirtualTimeError, match="take a Clock"):
            SystemClock().now()

    def test_foreign_code_reads_virtual_time(self, loop: VirtualLoop) -> None:
        loop.run_for(42.0)
        with no_real_world(loop):
            assert time.monotonic() == 42.0
        assert time.monotonic() != 42.0

    def test_who_looks_on_from_outside_is_let_back_into_the_real_world(
        self, loop: VirtualLoop
    ) -> None:
        with no_real_world(loop):
            with real_world():
                assert SystemClock().now() != loop.time()
                with socket.socket() as listening:
                    listening.bind(("127.0.0.1", 0))
            with pytest.raises(VirtualTimeError, match="take a Clock"):
                SystemClock().now()
