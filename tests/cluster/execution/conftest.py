"""A pool of real child processes, and someone who writes down what it tells."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from distributed.execution.events import Lost, Started
from distributed.execution.frames import Finished
from distributed.execution.interface import Event
from distributed.execution.pool import PoolSettings, SubprocessPool
from distributed.messages.dispatch import Assignment
from distributed.messages.job import Workflow
from distributed.transport.turn import Turn

HERE = str(Path(__file__).parent)


class Bench:
    """Starts workflows on a pool and waits for what happens to them."""

    def __init__(self, pool: SubprocessPool) -> None:
        self.pool = pool
        self.events: dict[str, list[Event]] = {}
        self._changed = asyncio.Event()
        self._count = 0

    def start(self, run: str, *, inputs: Any = (), attempt: int = 1, **fields: Any) -> str:
        """Start `workflows:run` (or the `command` among `fields`); its dispatch id."""
        self._count += 1
        dispatch_id = f"dispatch-{self._count}"
        self.events[dispatch_id] = []
        workflow = Workflow(name=run or "command", run=f"workflows:{run}" if run else "", **fields)
        assignment = Assignment("job", 1, dispatch_id, attempt, workflow, inputs=inputs)
        self.pool.start(assignment, self._take)
        return dispatch_id

    def _take(self, event: Event) -> None:
        self.events[event.dispatch_id].append(event)
        self._changed.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until the events make `condition` true."""
        while not condition():
            self._changed.clear()
            await self._changed.wait()

    def seen(self, dispatch_id: str, kind: type) -> list[Any]:
        """Events of one kind."""
        return [event for event in self.events[dispatch_id] if isinstance(event, kind)]

    async def started(self, dispatch_id: str) -> Started:
        """Wait for its start."""
        await self.until(lambda: bool(self.seen(dispatch_id, Started)))
        return self.seen(dispatch_id, Started)[0]

    async def end(self, dispatch_id: str) -> Any:
        """Wait for its last event: `Finished` or `Lost`."""
        await self.until(lambda: bool(self.seen(dispatch_id, (Finished, Lost))))
        (last,) = self.seen(dispatch_id, (Finished, Lost))
        return last


@pytest.fixture
async def make_bench(tmp_path: Path) -> AsyncIterator[Callable[..., Awaitable[Bench]]]:
    """Makes benches whose pools are closed in the end, which must leave no process."""
    tasks: list[asyncio.Task[None]] = []
    benches: list[Bench] = []

    def spawn(name: str, factory: Callable[[], Any]) -> object:
        tasks.append(asyncio.create_task(factory(), name=name))
        return tasks[-1]

    async def make(**settings: Any) -> Bench:
        merged = {
            "slots": 2,
            "warm_children": 1,
            "spill_directory": str(tmp_path / "spill"),
            "import_paths": (HERE,),
            **settings,
        }
        pool = SubprocessPool(PoolSettings(**merged), spawn, Turn().soon)
        await pool.open()
        benches.append(Bench(pool))
        return benches[-1]

    yield make
    for bench in benches:
        await bench.pool.close()
        assert bench.pool.processes == ()
        assert bench.pool.free_slots == bench.pool.slots or bench.pool.waiting >= 0
    await asyncio.gather(*tasks)


@pytest.fixture
async def bench(make_bench: Callable[..., Awaitable[Bench]]) -> Bench:
    """A bench of two cores."""
    return await make_bench()
