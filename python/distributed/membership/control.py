"""A node's control socket: how the `shoal` command speaks to a running node on this host."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from socket import AF_UNIX, SOCK_STREAM, socket
from typing import Any, Self

import msgspec

from distributed.errors import ConnectError, PeerRefused, ShoalError

from . import control_messages as said
from .events import Event, EventsLost, UserEvent
from .member import Member
from .node import Node

LINE_BYTES = 64 << 10
"""Longest line that is read, either way."""


def default_path() -> Path:
    """Where `shoal agent` listens unless told otherwise."""
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    base = Path(runtime) if runtime else Path(tempfile.gettempdir()) / f"shoal-{os.getuid()}"
    return base / "shoal-agent.sock"


class ControlServer:
    """Answers questions about one node on a Unix socket that only its owner may open."""

    def __init__(self, node: Node, path: Path, on_leave: Callable[[], None] | None = None) -> None:
        self._node = node
        self._path = path
        self._on_leave = on_leave
        self._server: asyncio.Server | None = None

    async def start(self) -> Self:
        """Listen.

        Raises:
            OSError: the socket cannot be made at that path, or another node listens there.
        """
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._path.is_socket():
            with suppress(ConnectionRefusedError, FileNotFoundError), socket(AF_UNIX) as probe:
                probe.connect(str(self._path))
                raise FileExistsError(f"another node listens at {self._path}")
            self._path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._serve, self._path, limit=LINE_BYTES)
        self._path.chmod(0o600)
        return self

    async def stop(self) -> None:
        """Hang up on everyone and remove the socket."""
        if self._server is not None:
            self._server.close()
            self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            line = await reader.readline()
            question = said.questions.decode(line)
            if isinstance(question, said.Events):
                await self._stream(writer)
            elif isinstance(question, said.ReachMembers):
                await self._reach(writer, question.names)
            else:
                _reply(writer, said.Answer(await self._answer(question)))
        except (msgspec.MsgspecError, ShoalError, ValueError) as error:
            _reply(writer, said.Answer(error=str(error)))
        except ConnectionError:
            return
        finally:
            writer.close()

    async def _stream(self, writer: asyncio.StreamWriter) -> None:
        async for event in self._node.events():
            _reply(writer, said.Answer(event_record(event)))
            await writer.drain()

    async def _reach(self, writer: asyncio.StreamWriter, names: Sequence[str]) -> None:
        living = [member.name for member in self._node.members() if member.is_alive]
        for name in names or [name for name in living if name != self._node.name]:
            _reply(writer, said.Answer(await self._node.reach(name)))
            await writer.drain()

    async def _answer(self, question: said.Question) -> Any:
        node = self._node
        match question:
            case said.Members():
                rtts = node.rtts()
                return [member_record(member, rtts) for member in node.members()]
            case said.Stats():
                return node.stats()
            case said.RttBetween(a, b):
                return node.rtt(a, b) if b else node.rtt(node.name, a)
            case said.Broadcast(name, payload):
                return node.broadcast(name, payload.encode())
            case said.Keys():
                return node.keyring.list()
            case said.AddKey(key):
                return node.keyring.add(key)
            case said.UseKey(key):
                return node.keyring.use(key)
            case said.RemoveKey(key):
                return node.keyring.remove(key)
            case said.Leave():
                await node.leave()
                if self._on_leave is not None:
                    self._on_leave()
        return None


def _reply(writer: asyncio.StreamWriter, answer: said.Answer) -> None:
    writer.write(said.encode(answer) + b"\n")


def member_record(member: Member, rtts: Mapping[str, float]) -> dict[str, Any]:
    """One member as a plain object, with its round trip from the node asked."""
    return {
        "name": member.name,
        "address": member.address,
        "state": member.state.value,
        "degraded": member.degraded,
        "incarnation": member.incarnation,
        "instance": member.instance,
        "rtt_seconds": rtts.get(member.name),
        "meta": dict(member.meta),
    }


def event_record(event: Event) -> dict[str, Any]:
    """One event as a plain object."""
    if isinstance(event, UserEvent):
        payload = event.payload.decode(errors="replace")
        return {
            "kind": event.kind,
            "name": event.name,
            "payload": payload,
            "lamport": event.lamport,
            "origin": event.origin,
        }
    if isinstance(event, EventsLost):
        return {"kind": event.kind, "count": event.count, "user_events": event.user_events}
    record = {"kind": event.kind, "member": event.member.name, "reason": event.reason}
    job = getattr(event, "job", "")
    return record | {"address": event.member.address, **({"job": job} if job else {})}


@contextmanager
def _connected(path: Path, timeout_seconds: float | None) -> Iterator[socket]:
    with socket(AF_UNIX, SOCK_STREAM) as line:
        line.settimeout(timeout_seconds)
        try:
            line.connect(str(path))
        except OSError as error:
            raise ConnectError(
                f"no node listens at {path}: start one with `shoal agent`, or name its socket "
                "with --socket",
                peer=str(path),
            ) from error
        yield line


def ask(path: Path, question: said.Question, timeout_seconds: float = 10.0) -> Any:
    """Ask a running node and wait for its answer; blocks, for commands.

    Raises:
        ConnectError: no node listens there, or it hung up.
        PeerRefused: the node says why it will not.
    """
    for value in follow(path, question, timeout_seconds):
        return value
    raise ConnectError("the node hung up without an answer", peer=str(path))


def follow(
    path: Path, question: said.Question, timeout_seconds: float | None = None
) -> Iterator[Any]:
    """Every answer of a running node until it hangs up; blocks, for commands.

    Raises:
        ConnectError: no node listens there.
        PeerRefused: the node says why it will not.
    """
    with _connected(path, timeout_seconds) as line:
        line.sendall(said.encode(question) + b"\n")
        with line.makefile("rb") as lines:
            for text in lines:
                answer = said.answers.decode(text)
                if answer.error:
                    raise PeerRefused("refused", answer.error, peer=str(path))
                yield answer.value
