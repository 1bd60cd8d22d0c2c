"""What an attempt reports leaves in the order in which it was gathered."""

from __future__ import annotations

from threading import Event, Thread

from distributed.execution.capture import LineBuffer
from distributed.execution.context import WorkflowContext
from distributed.execution.frames import FromChild, Reported, Run


def test_a_report_gathered_first_is_sent_first_whatever_thread_sends_it() -> None:
    """The reader thread is held up while it sends; the attempt ends meanwhile."""
    sending, go_on = Event(), Event()
    sent: list[float] = []

    def send(message: FromChild) -> None:
        assert isinstance(message, Reported)
        if not sending.is_set():
            sending.set()
            go_on.wait(30)
        sent.append(message.counters["reports"])

    context = WorkflowContext(Run("d", "j", "w", 1, "m:f", (), b""), send)
    reader = Thread(target=lambda: (context.report(0.1), context.flush()))
    reader.start()
    assert sending.wait(30)
    main = Thread(target=lambda: (context.report(0.1), context.flush()))
    main.start()
    main.join(0.2)
    go_on.set()
    reader.join()
    main.join()
    assert sent == [1, 2]


def test_lines_gathered_first_are_told_first_whatever_thread_tells_them() -> None:
    telling, go_on = Event(), Event()
    told: list[str] = []

    def emit(_stream: str, lines: tuple[str, ...], _dropped: int) -> None:
        if not telling.is_set():
            telling.set()
            go_on.wait(30)
        told.extend(lines)

    buffer = LineBuffer("stdout", emit)
    buffer.write("first\n")
    reader = Thread(target=buffer.flush)
    reader.start()
    assert telling.wait(30)
    main = Thread(target=lambda: (buffer.write("second\n"), buffer.flush()))
    main.start()
    main.join(0.2)
    go_on.set()
    reader.join()
    main.join()
    assert told == ["first", "second"]
