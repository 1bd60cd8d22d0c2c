"""What README and docs say to type, works; what they link to, exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from distributed.commands.app import make_app
from distributed.commands.entry import EXIT_CODES
from distributed.commands.settings_tree import Settings
from distributed.settings.sources import load

from .document import ROOT, DocumentRunner, blocks

TOP = [ROOT / name for name in ("CONTRIBUTING.md", "README.md", "SECURITY.md")]
DOCUMENTS = sorted([*TOP, *(ROOT / "docs").rglob("*.md")])
RUN = [ROOT / "README.md", ROOT / "docs" / "quickstart.md"]
LINK = re.compile(r"\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)")
NAMED = re.compile(r"`shoal ([a-z]+(?: [a-z]+)?)")


def titled(document: Path) -> str:
    return document.relative_to(ROOT).as_posix()


@pytest.mark.cluster
@pytest.mark.timeout(300)
@pytest.mark.parametrize("document", RUN, ids=titled)
def test_its_blocks_run_in_order(document: Path, tmp_path: Path) -> None:
    runner = DocumentRunner(tmp_path)
    try:
        for language, text in blocks(document):
            runner.run(language, text)
    finally:
        runner.close()


@pytest.mark.parametrize("document", DOCUMENTS, ids=titled)
def test_its_links_lead_somewhere(document: Path) -> None:
    dead = [
        target
        for target in LINK.findall(document.read_text())
        if not (document.parent / target).exists()
    ]
    assert dead == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=titled)
def test_the_commands_it_names_exist(document: Path) -> None:
    app = make_app()
    verbs = {name for name in app if not name.startswith("-")}
    for named in NAMED.findall(document.read_text()):
        verb, _, rest = named.partition(" ")
        assert verb in verbs, named
        if rest and rest in named.split() and verb in {"job", "keys", "event", "route", "simulate"}:
            nested = {name for name in app[verb] if not name.startswith("-")}
            assert rest in nested, named


def test_the_sample_settings_are_settings(tmp_path: Path) -> None:
    for language, text in blocks(ROOT / "docs" / "operating.md"):
        if language == "toml":
            file = tmp_path / "shoal.toml"
            file.write_text(text)
            assert load(Settings, file=file).tree.node.name == "gate-1"


def test_the_exit_statuses_are_those_that_the_commands_give() -> None:
    text = (ROOT / "docs" / "operating.md").read_text()
    told = re.findall(r"^\| (\d+) \| (.+) \|$", text, re.M)
    assert {int(status): meaning for status, meaning in told} == {
        status: meaning.replace("stderr", "standard error")
        for status, meaning in EXIT_CODES.items()
    }
