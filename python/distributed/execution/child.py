"""The process that runs workflows: `python -m distributed.execution.child FD SPILL_DIR`.

The main thread runs one attempt after another, so that user code finds itself where it
expects to be (signals, coroutines). It reads what the pool says itself while it has nothing to
run: handing each attempt from one thread to another would cost more than a tiny one takes. A
second thread looks every few milliseconds while user code runs, so that a stop is heard.
Whatever the parent started first is finished first.

Start-up imports msgspec and little else: it is paid at every crash.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections import deque
from select import select
from threading import Lock, Thread
from time import sleep  # noqa: TID251 - a child has neither a loop nor a clock

from . import frames
from .capture import CapturedText, LineBuffer
from .limits import CpuLimitExceeded
from .runner import Runner

LOOK_SECONDS = 0.005
"""How often the second thread reads while an attempt runs."""
FLUSH_LOOKS = 20
"""Looks after which it sends what the attempt reported and wrote."""
IDLE_LOOKS = 20
"""Looks without anything to run after which it sleeps until there is."""


class Child:
    """Both threads' shared state: the socket, the attempts not begun, and whether one runs."""

    def __init__(self, link: socket.socket, spill_directory: str) -> None:
        self._link = link
        self._pid = os.getpid()
        self._send_lock = Lock()
        self._changing_hands = Lock()
        """Held by the second thread while it reads, and by the main one to say that it is idle."""
        self._splitter = frames.Splitter()
        self._waiting: deque[frames.Run] = deque()
        self._busy = False
        self._asleep = Lock()
        """Held while the second thread sleeps; whoever gives it work lets it go."""
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
        self._asleep.acquire()
        Thread(target=self._watch, name="shoal-reader", daemon=True).start()
        self.send(frames.Ready(os.getpid()))
        while (run := self._next()) is not None:
            self._busy = True
            if self._asleep.locked():
                self._asleep.release()
            finished = self.runner.run(run)
            if os.getpid() != self._pid:
                os._exit(1)  # user code forked and came back here: only the original answers
            with self._changing_hands:
                self._busy = False
            self.send(finished)
            if finished.retire:
                return

    def _next(self) -> frames.Run | None:
        """The next attempt; None where the pool has hung up. Nobody else reads meanwhile."""
        while not self._waiting:
            select([self._link], [], [])
            if not self._read():
                return None
        return self._waiting.popleft()

    def _watch(self) -> None:
        """Read while attempts run, until the link ends: then nobody is left to work for."""
        looks = idle = 0
        try:
            while True:
                if idle >= IDLE_LOOKS:
                    self._asleep.acquire()
                sleep(LOOK_SECONDS)
                idle = 0 if self._busy else idle + 1
                looks += 1
                if self._busy and looks % FLUSH_LOOKS == 0:
                    self.runner.flush()
                if not self._look():
                    return
        finally:
            end_group()

    def _look(self) -> bool:
        """Read unless the main thread does; False at the link's end."""
        with self._changing_hands:
            return not self._busy or self._read()

    def _read(self) -> bool:
        """Take in what has come; False at the link's end."""
        try:
            data = self._link.recv(1 << 18, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return True
        except ConnectionError:
            return False
        if not data:
            return False
        for body in self._splitter.feed(data):
            for message in frames.to_child.decode(body):
                self._obey(message)
        return True

    def _obey(self, message: frames.ToChild) -> None:
        if isinstance(message, frames.Run):
            self._waiting.append(message)
        elif isinstance(message, frames.Stop):
            self.runner.stop(message.dispatch_id, message.reason)
        else:
            self._give_back()

    def _give_back(self) -> None:
        returned = tuple(run.dispatch_id for run in self._waiting)
        self._waiting.clear()
        self.send(frames.Returned(returned))

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
