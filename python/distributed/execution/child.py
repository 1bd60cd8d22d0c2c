"""The process that runs workflows: `python -m distributed.execution.child FD SPILL_DIR`.

The main thread runs one attempt after another, so that user code finds itself where it
expects to be (signals, coroutines). A second thread reads what the pool says, so that a stop
is heard while user code runs. Whatever the parent started first is finished first.

Start-up imports msgspec and little else: it is paid at every crash.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
from _queue import Empty, SimpleQueue
from select import select
from threading import Lock, Thread

from . import frames
from .capture import CapturedText, LineBuffer
from .limits import CpuLimitExceeded
from .runner import Runner

TICK_SECONDS = 0.1


class Child:
    """Both threads' shared state: the socket, the attempts not begun, and the one that runs."""

    def __init__(self, link: socket.socket, spill_directory: str) -> None:
        self._link = link
        self._pid = os.getpid()
        self._send_lock = Lock()
        self._waiting: SimpleQueue[frames.Run | None] = SimpleQueue()
        self._received = 0
        self._ended = 0
        self._streams = {name: LineBuffer(name, self._emit_lines) for name in ("stdout", "stderr")}
        self.runner = Runner(self.send, self._streams, spill_directory)

    def send(self, *messages: frames.FromChild) -> None:
        """Hand messages to the pool; blocks while it does not read.

        A fork of this process says nothing: the link is not its own.
        """
        if os.getpid() != self._pid:
            return
        data = frames.encode(list(messages))
        with self._send_lock:
            self._link.sendall(data)

    def capture(self) -> None:
        """Put line capture in the place of this process's standard streams."""
        sys.stdout = CapturedText(self._streams["stdout"], 1)
        sys.stderr = CapturedText(self._streams["stderr"], 2)

    def serve(self) -> None:
        """Run what arrives until the pool hangs up or an attempt asks to retire."""
        Thread(target=self._listen, name="shoal-reader", daemon=True).start()
        self.send(frames.Ready(os.getpid()))
        while (run := self._waiting.get()) is not None:
            finished = self.runner.run(run)
            if os.getpid() != self._pid:
                os._exit(1)  # user code forked and came back here: only the original answers
            self.send(finished)
            self._ended += 1
            if finished.retire:
                return

    def _listen(self) -> None:
        """Read until the link ends in whatever way: then nobody is left to work for."""
        try:
            self._read()
        finally:
            end_group()

    def _read(self) -> None:
        splitter = frames.Splitter()
        while True:
            busy = self._received > self._ended
            readable, _, _ = select([self._link], [], [], TICK_SECONDS if busy else None)
            if not readable:
                self.runner.flush()
                continue
            try:
                data = self._link.recv(1 << 18)
            except ConnectionError:
                return
            if not data:
                return
            for body in splitter.feed(data):
                for message in frames.to_child.decode(body):
                    self._obey(message)

    def _obey(self, message: frames.ToChild) -> None:
        if isinstance(message, frames.Run):
            self._received += 1
            self._waiting.put(message)
        elif isinstance(message, frames.Stop):
            self.runner.stop(message.dispatch_id, message.reason)
        else:
            self._give_back()

    def _give_back(self) -> None:
        returned = []
        try:
            while (run := self._waiting.get_nowait()) is not None:
                returned.append(run.dispatch_id)
        except Empty:
            self._ended += len(returned)
        self.send(frames.Returned(tuple(returned)))

    def _emit_lines(self, stream: str, lines: tuple[str, ...], dropped: int) -> None:
        dispatch_id = self.runner.current_dispatch
        if dispatch_id:
            self.send(frames.Output(dispatch_id, stream, lines, dropped))


def end_group() -> None:
    """Kill this process and everything it started: nobody is left to hear of them."""
    os.killpg(0, signal.SIGKILL)


def raise_cpu_limit(_signal: int, _frame: object) -> None:
    """SIGXCPU becomes an exception in the main thread."""
    raise CpuLimitExceeded


def main(descriptor: int, spill_directory: str) -> None:
    """Serve the pool at the other end of `descriptor`."""
    os.set_inheritable(descriptor, False)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGXCPU, raise_cpu_limit)
    child = Child(socket.socket(fileno=descriptor), spill_directory)
    child.capture()
    try:
        child.serve()
    except ConnectionError:
        return
    finally:
        end_group()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
