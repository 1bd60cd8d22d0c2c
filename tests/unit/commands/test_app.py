"""Every verb can be imported, and what goes wrong ends in a sentence and a status."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import import_module

import pytest

from distributed.commands import app, entry


def targets() -> list[str]:
    verbs = [target for target, _ in app.VERBS.values()]
    for _, nouns in app.NOUNS.values():
        verbs += [target for target, _ in nouns.values()]
    return verbs


@pytest.mark.parametrize("target", targets())
def test_every_verb_leads_to_a_documented_function(target: str) -> None:
    module, _, name = target.partition(":")
    assert getattr(import_module(module), name).__doc__


def test_an_unknown_verb_is_refused_with_status_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert entry.run(["konfig"]) == entry.REFUSED
    assert "konfig" in capsys.readouterr().err


def test_a_bad_setting_is_one_sentence_on_stderr(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOAL_LOG_LEVEL", "loud")
    assert entry.run(["config"]) == entry.REFUSED
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("shoal: log.level:")


@pytest.mark.parametrize(
    ("arguments", "said", "hint"),
    [
        (["konfig"], 'Unknown command "konfig"', "`shoal --help`"),
        (["job", "show", "a", "b"], "'b' is one argument too many", "`shoal job show --help`"),
        (["job", "show"], "requires an argument", "`shoal job show --help`"),
        (["bench", "--jobs", "x"], 'unable to convert "x" into int', "`shoal bench --help`"),
        (["job", "list", "--state", "lost"], "'lost' is no state; there are submitted", ""),
        (["members", "--status", "lost"], "'lost' is no state; there are alive", ""),
        (["job", "list", "--every", "0"], "every: must be more than 0 seconds", ""),
        (["job", "list", "--every", "nan"], "every: must be more than 0 seconds", ""),
        (["konfig\x1b[31m\u202e"], "konfig\\x1b[31m\\x202e", "`shoal --help`"),
    ],
)
def test_wrong_arguments_are_one_sentence_and_a_hint(
    arguments: list[str], said: str, hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert entry.run(arguments) == entry.REFUSED
    captured = capsys.readouterr()
    assert captured.out == ""
    sentence, *hints = captured.err.splitlines()
    assert sentence.startswith("shoal: ")
    assert said in sentence
    assert [line.startswith(f"  {hint}") for line in hints] == ([True] if hint else [])


@pytest.mark.parametrize("arguments", [("--help",), ("job", "--help"), ("config",)])
def test_a_reader_who_goes_away_is_no_error(arguments: tuple[str, ...]) -> None:
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "distributed.commands", *arguments]
    try:
        done = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, check=False)
    finally:
        os.close(write)
    assert done.returncode == 0
    assert not any(word in done.stderr for word in (b"Traceback", b"rror", b"roken pipe"))
