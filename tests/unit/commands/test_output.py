"""Answers suit their reader, and hostile text shows harmlessly."""

from __future__ import annotations

import io
import json

import pytest

from distributed.commands.output import Output, age, harmless


def test_a_pipe_gets_tab_separated_lines() -> None:
    stream = io.StringIO()
    Output(stream=stream).table(("a", "b"), [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}])
    assert stream.getvalue() == "1\tx\n2\ty\n"


def test_json_is_one_object_a_line() -> None:
    stream = io.StringIO()
    Output(json=True, stream=stream).table(("a",), [{"a": 1}, {"a": 2}])
    assert [json.loads(line) for line in stream.getvalue().splitlines()] == [{"a": 1}, {"a": 2}]


@pytest.mark.parametrize("hostile", ["\x1b[2J", "a\nb", "\u202eevil", "\x07", "\x00"])
def test_control_characters_and_overrides_are_made_visible(hostile: str) -> None:
    shown = harmless(hostile)
    assert shown.isprintable()
    assert "\\x" in shown


def test_markup_in_a_name_is_not_obeyed_by_the_table() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    stream = Terminal()
    Output(stream=stream).table(("name",), [{"name": "[red]job[/red]"}])
    assert "[red]job[/red]" in stream.getvalue()


def test_ages_read_as_people_say_them() -> None:
    assert [age(s) for s in (3, 200, 7300, 100_000)] == ["3s ago", "3m ago", "2h ago", "1d ago"]


def test_messages_are_objects_with_names_not_lists() -> None:
    from distributed.messages.admin import MemberList, MemberView

    stream = io.StringIO()
    found = MemberList((MemberView("m-1", "127.0.0.1:1", "alive", 0),))
    Output(json=True, stream=stream).record(found)
    (member,) = json.loads(stream.getvalue())["members"]
    assert (member["name"], member["state"]) == ("m-1", "alive")


@pytest.mark.parametrize("no_color", ["", "1"], ids=["colour", "no-colour"])
def test_no_color_is_honoured(no_color: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("NO_COLOR", no_color)
    stream = Terminal()
    Output(stream=stream).table(("name",), [{"name": "x"}], title="t")
    assert ("\x1b[3" in stream.getvalue() or "\x1b[1m" in stream.getvalue()) or no_color
    assert "\x1b[38" not in stream.getvalue()
