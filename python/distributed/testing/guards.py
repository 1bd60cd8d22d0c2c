"""Keeps the real clock, sleep, threads, sockets and entropy out of virtual time."""

from __future__ import annotations

import os
import random
import secrets
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, NoReturn
from unittest.mock import patch

from distributed.clock import LoopClock
from distributed.testing.virtual_loop import VirtualLoop, VirtualTimeError

_PACKAGE = "distributed"
_CLOCKS = ("time", "monotonic", "perf_counter")
_FORBIDDEN: tuple[tuple[Any, str], ...] = (
    (time, "sleep"),
    (threading.Thread, "start"),
    (socket.socket, "connect"),
    (socket.socket, "bind"),
    (socket, "getaddrinfo"),
    (socket, "create_connection"),
    (subprocess.Popen, "__init__"),
    (os, "urandom"),
    (uuid, "uuid4"),
    (secrets, "token_bytes"),
    (secrets, "token_hex"),
    (secrets, "token_urlsafe"),
    (random, "random"),
    (random, "choice"),
    (random, "shuffle"),
    (random, "uniform"),
    (random, "randint"),
)
_READINGS = tuple(f"{name}{unit}" for name in _CLOCKS for unit in ("", "_ns"))
_REAL = tuple(
    (owner, name, getattr(owner, name))
    for owner, name in (*_FORBIDDEN, *((time, name) for name in _READINGS))
)


@contextmanager
def real_world() -> Iterator[None]:
    """Within `no_real_world`, the real one again: for looking at a cluster that stands still.

    No virtual time may pass meanwhile.
    """
    with ExitStack() as stack:
        for owner, name, real in _REAL:
            stack.enter_context(patch.object(owner, name, real))
        yield


@contextmanager
def no_real_world(loop: VirtualLoop) -> Iterator[None]:
    """While open, reaching for the real world raises `VirtualTimeError`.

    Clocks raise for code of this package, which must take a `Clock`, and read virtual time
    for everybody else (log records, the database library).
    """
    clock = LoopClock(loop)
    with ExitStack() as stack:
        for owner, name in _FORBIDDEN:
            stack.enter_context(patch.object(owner, name, _forbidden(owner, name)))
        for name in _CLOCKS:
            reading = clock.wall if name == "time" else clock.now
            stack.enter_context(patch.object(time, name, _clock(name, reading, 1)))
            stack.enter_context(
                patch.object(time, f"{name}_ns", _clock(f"{name}_ns", reading, 1_000_000_000))
            )
        yield


def _forbidden(owner: Any, name: str) -> Callable[..., NoReturn]:
    what = f"{getattr(owner, '__name__', owner)}.{name}"

    def refuse(*_: Any, **__: Any) -> NoReturn:
        raise VirtualTimeError(f"{what} was called under virtual time")

    return refuse


def _clock(name: str, reading: Callable[[], float], scale: int) -> Callable[[], float]:
    def read() -> float:
        caller = str(sys._getframe(1).f_globals.get("__name__", ""))
        if caller.partition(".")[0] == _PACKAGE and not caller.startswith(f"{_PACKAGE}.testing"):
            raise VirtualTimeError(f"time.{name} was read by {caller}: take a Clock instead")
        return int(reading() * scale) if scale > 1 else reading()

    return read
