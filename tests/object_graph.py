"""Walking object graphs: what something leads to, and which jobs are mentioned there."""

from __future__ import annotations

import gc
import logging
import re
import sys
from asyncio import AbstractEventLoop
from collections.abc import Iterable, Iterator
from contextvars import Context
from types import AsyncGeneratorType, BuiltinFunctionType, FunctionType, ModuleType

from sqlalchemy import Engine

SHARED: tuple[type, ...] = (
    type,
    ModuleType,
    BuiltinFunctionType,
    AsyncGeneratorType,
    logging.Logger,
    Engine,
    Context,
    AbstractEventLoop,
)
JOB_ID = re.compile(r"j-[0-9a-f]{32}")


def shared(thing: object, also: tuple[type, ...]) -> bool:
    """Whether a thing belongs to the process or to a test, not to the node that is walked."""
    if isinstance(thing, FunctionType):
        return not thing.__module__.startswith("distributed")
    return isinstance(thing, (*SHARED, *also))


def reachable(*roots: object, without: tuple[type, ...] = ()) -> Iterator[object]:
    """Everything that objects lead to; modules, classes, log, loop and `without` left out."""
    seen = {id(root) for root in roots}
    stack = list(roots)
    while stack:
        thing = stack.pop()
        yield thing
        for other in gc.get_referents(thing):
            if id(other) not in seen and not shared(other, without):
                seen.add(id(other))
                stack.append(other)


def mentions(things: Iterable[object]) -> set[str]:
    """Ids of jobs in any string or bytes among things: keys, task names, queued frames."""
    found: set[str] = set()
    for thing in things:
        if isinstance(thing, str):
            found.update(JOB_ID.findall(thing))
        elif isinstance(thing, bytes | bytearray):
            found.update(JOB_ID.findall(thing.decode("latin-1")))
    return found


def size_bytes(things: Iterable[object]) -> int:
    """What things take in memory, each by itself."""
    return sum(sys.getsizeof(thing) for thing in things)
