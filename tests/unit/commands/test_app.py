"""Every verb can be imported, and what goes wrong ends in a sentence and a status."""

from __future__ import annotations

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
