"""Members in processes of their own, as a test starts, questions and mistreats them."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).parents[3]
Told = dict[str, Any]


class MemberProcess:
    """A member that runs elsewhere; remembers everything it told."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.told: list[Told] = []
        self._news = asyncio.Condition()
        self._reading = asyncio.create_task(self._read())
        self.address = ""

    @classmethod
    async def start(cls, before: Sequence[str] = (), **arguments: Any) -> Self:
        process = await asyncio.create_subprocess_exec(
            *before,
            sys.executable,
            "-m",
            "tests.cluster.membership.member_process",
            json.dumps(arguments),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            cwd=ROOT,
        )
        member = cls(process)
        member.address = (await member.until(kind("ready")))["address"]
        return member

    async def _read(self) -> None:
        assert self._process.stdout
        async for line in self._process.stdout:
            async with self._news:
                self.told.append(json.loads(line))
                self._news.notify_all()
        async with self._news:
            self.told.append({"kind": "ended"})
            self._news.notify_all()

    def mark(self) -> int:
        """A place in what was told, to look from later."""
        return len(self.told)

    def since(self, mark: int, wanted: Callable[[Told], bool]) -> list[Told]:
        """What fits among all that was told since the mark."""
        return [told for told in self.told[mark:] if wanted(told)]

    async def until(self, wanted: Callable[[Told], bool], mark: int = 0) -> Told:
        """The first that fits, told already or still to come."""
        async with self._news:
            while True:
                for told in self.told[mark:]:
                    if wanted(told):
                        return told
                    if told["kind"] == "ended":
                        raise AssertionError(f"the member ended first; it told {self.told[-9:]}")
                mark = len(self.told)
                await self._news.wait()

    def order(self, verb: str, value: Any = None) -> None:
        """Send an order; its effects are told later."""
        assert self._process.stdin
        self._process.stdin.write(json.dumps([verb, value]).encode() + b"\n")

    async def ask(self, verb: str, value: Any = None) -> Told:
        """Send an order and wait for what it tells."""
        mark = self.mark()
        self.order(verb, value)
        return await self.until(kind(verb), mark)

    async def states(self) -> dict[str, str]:
        """Each member's state as this one sees it."""
        answer = await self.ask("members")
        return {name: seen["state"] for name, seen in answer["members"].items()}

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process."""
        self._process.send_signal(number)

    @property
    def pid(self) -> int:
        return self._process.pid

    async def end(self) -> None:
        """Kill what is left of it."""
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()
        await self._reading


def kind(*names: str, member: str | None = None) -> Callable[[Told], bool]:
    """Told of one of these kinds, about that member where one is named."""
    return lambda told: told["kind"] in names and member in (None, told.get("member"))


@asynccontextmanager
async def cluster(names: list[str], **arguments: Any) -> AsyncIterator[list[MemberProcess]]:
    """Members that all see each other, ended afterwards whatever happens."""
    members: list[MemberProcess] = []
    try:
        members.append(await MemberProcess.start(name=names[0], **arguments))
        seeds = [members[0].address]
        starting = [MemberProcess.start(name=name, seeds=seeds, **arguments) for name in names[1:]]
        members += await asyncio.gather(*starting)
        for member in members:
            await all_alive(member, names)
        yield members
    finally:
        await asyncio.gather(*(member.end() for member in members))


async def all_alive(member: MemberProcess, names: list[str]) -> None:
    """Wait until this member sees all of them alive."""
    while (await member.states()) != dict.fromkeys(names, "alive"):
        await asyncio.sleep(0.05)
