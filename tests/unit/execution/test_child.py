"""Two threads read for a child, never both: the main one while nothing runs, else the second."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from distributed.execution import frames
from distributed.execution.child import Child

RUN = frames.Run("d-1", "j", "w", 1, "pkg.mod:f", (), b"")


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    """The pool's end and the child's."""
    pool, theirs = socket.socketpair()
    with pool, theirs:
        yield pool, theirs


def test_what_comes_while_nothing_runs_is_left_to_the_main_thread(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    """Else it would wait for news on the link while its next attempt is there already."""
    pool, theirs = ends
    child = Child(theirs, "")
    pool.sendall(frames.encode([RUN]))
    assert child._look()
    assert not child._waiting
    assert child._next() == RUN


def test_what_comes_while_something_runs_is_read_beside_it(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    pool, theirs = ends
    child = Child(theirs, "")
    child._busy = True
    pool.sendall(frames.encode([RUN, frames.GiveBack()]))
    assert child._look()
    (said,) = frames.from_child.decode(next(iter(frames.Splitter().feed(pool.recv(1 << 16)))))
    assert said == frames.Returned(("d-1",))


@pytest.mark.parametrize("busy", [True, False])
def test_either_finds_the_end_of_the_link(
    ends: tuple[socket.socket, socket.socket], busy: bool
) -> None:
    pool, theirs = ends
    child = Child(theirs, "")
    child._busy = busy
    pool.close()
    assert not child._look() if busy else child._next() is None
