"""User code that the tests run in child processes."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from typing import Any

from distributed.execution.context import WorkflowContext


def add(ctx: WorkflowContext, a: int, b: int) -> int:
    return a + b


async def add_later(ctx: WorkflowContext, a: int, b: int) -> int:
    await asyncio.sleep(0.001)
    return a + b


def empty(ctx: WorkflowContext) -> None:
    return None


def raising(ctx: WorkflowContext) -> None:
    raise ValueError("as asked")


def unencodable(ctx: WorkflowContext) -> object:
    return object()


def leaving(ctx: WorkflowContext, status: int) -> None:
    os._exit(status)


def killing_itself(ctx: WorkflowContext) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def sys_exit(ctx: WorkflowContext) -> None:
    sys.exit(3)


def pid(ctx: WorkflowContext) -> int:
    return os.getpid()


def sleeping(ctx: WorkflowContext, seconds: float) -> str:
    time.sleep(seconds)
    return "slept"


def polite(ctx: WorkflowContext) -> str:
    ctx.progress(0, 1)
    while not ctx.cancelled:
        time.sleep(0.005)
    return ctx.cancel_reason


async def polite_coroutine(ctx: WorkflowContext) -> None:
    ctx.progress(0, 1)
    await asyncio.sleep(3600)


def deaf(ctx: WorkflowContext) -> None:
    ctx.progress(0, 1)
    while True:
        time.sleep(3600)


async def deaf_coroutine(ctx: WorkflowContext) -> None:
    ctx.progress(0, 1)
    while True:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            continue


def hog(ctx: WorkflowContext, megabytes: int) -> int:
    kept = []
    for _ in range(megabytes):
        kept.append(b"x" * (1 << 20))
        time.sleep(0.001)
    return len(kept)


def hog_in_child(ctx: WorkflowContext, megabytes: int) -> int:
    kept = b"x" * (megabytes << 20)
    if os.fork() == 0:
        kept = bytes(bytearray(b"y") * (megabytes << 20))
        time.sleep(30)
        os._exit(0)
    time.sleep(30)
    return len(kept)


def spinning(ctx: WorkflowContext) -> None:
    ctx.progress(0, 1)
    while True:
        pass


def talking(ctx: WorkflowContext) -> None:
    print("to stdout")
    print("to stderr", file=sys.stderr)
    import logging

    logging.getLogger("mine").warning("to the log")
    os.write(1, b"from below\n")
    time.sleep(0.05)
    print("unfinished", end="")


def flooding(ctx: WorkflowContext, lines: int) -> None:
    for number in range(lines):
        print(number)


def measuring(ctx: WorkflowContext, times: int) -> None:
    for number in range(times):
        ctx.report(number / 1000, ok=number % 10 != 0, size=2)
    ctx.progress(times, times)


def quiet_measuring(ctx: WorkflowContext) -> None:
    ctx.report(0.5)
    ctx.report(0.25)
    time.sleep(30)


def large(ctx: WorkflowContext, size: int) -> bytes:
    return b"x" * size


def results_of(ctx: WorkflowContext) -> dict[str, Any]:
    return dict(ctx.results)


def attempt(ctx: WorkflowContext) -> list[Any]:
    return [ctx.job_id, ctx.workflow, ctx.attempt]


async def leaves_a_task(ctx: WorkflowContext) -> None:
    async def later() -> None:
        await asyncio.sleep(3600)

    asyncio.get_running_loop().create_task(later())
    await asyncio.sleep(0)


async def count_tasks(ctx: WorkflowContext) -> int:
    return len(asyncio.all_tasks())


def child_sleeping(ctx: WorkflowContext, marker: str) -> None:
    child = os.fork()
    if child == 0:
        time.sleep(3600)
        os._exit(0)
    with open(marker, "w") as file:
        file.write(str(child))
    time.sleep(3600)


def forking(ctx: WorkflowContext) -> str:
    return "child" if os.fork() == 0 else "parent"


def steady(ctx: WorkflowContext, steps: int) -> int:
    for step in range(steps):
        ctx.progress(step + 1, steps)
        time.sleep(0.05)
    return steps


def delayed(ctx: WorkflowContext, value: int, seconds: float) -> int:
    time.sleep(seconds)
    return value
