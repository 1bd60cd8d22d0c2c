"""Every block of code in README and docs is run, or read by what would read it."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest

from distributed.commands.settings_tree import Settings
from distributed.jobs.validation import check_job, decode_job
from distributed.settings.sources import load

from . import shell
from .document import ROOT, blocks
from .programs import STAGES, Stage
from .test_documents import DOCUMENTS, titled

LANGUAGES = {"python", "sh", "toml", "json", "text"}
RUN_ELSEWHERE = {
    "README.md": "test_documents.py runs it whole, nodes and programs",
    "docs/quickstart.md": "as README",
    "docs/tutorial.md": "test_tutorial.py types it whole",
}
"""Documents whose Python is run by another test. There is no block that is not run or read."""

INLINE = re.compile(r"`(shoal [^`]+)`")
SYNOPSIS = re.compile(r"[|\[…]|\w/\w+/")
"""In a command between backticks: choices, options and "and so on", which no parser takes."""


def of_language(language: str) -> list[Path]:
    return [
        document for document in DOCUMENTS if language in {name for name, _ in blocks(document)}
    ]


@pytest.mark.parametrize("document", DOCUMENTS, ids=titled)
def test_every_block_says_what_it_is(document: Path) -> None:
    fences = re.findall(r"^\s*```", document.read_text(), re.M)
    found = blocks(document)
    assert len(fences) == 2 * len(found), "a fence is indented or not closed"
    assert {language for language, _ in found} <= LANGUAGES


def test_every_document_with_python_is_run() -> None:
    assert {titled(document) for document in of_language("python")} == {*STAGES, *RUN_ELSEWHERE}


@pytest.mark.cluster
@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", STAGES)
async def test_its_python_runs(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage(tmp_path)
    async with STAGES[name](stage, monkeypatch):
        for language, text in blocks(ROOT / name):
            if language == "python":
                await stage.run(text)


@pytest.mark.parametrize("document", of_language("sh"), ids=titled)
def test_what_it_says_to_type_can_be_typed(document: Path) -> None:
    for language, text in blocks(document):
        if language == "sh":
            shell.check(text)


@pytest.mark.parametrize("document", DOCUMENTS, ids=titled)
def test_commands_in_its_sentences_are_taken_by_the_command_line(document: Path) -> None:
    for typed in INLINE.findall(document.read_text()):
        if not SYNOPSIS.search(typed):
            shell.check_named(typed)


@pytest.mark.parametrize("document", [*of_language("toml"), *of_language("json")], ids=titled)
def test_its_files_are_read_by_what_they_are_for(document: Path, tmp_path: Path) -> None:
    for language, text in blocks(document):
        if language not in ("toml", "json"):
            continue
        value = tomllib.loads(text) if language == "toml" else json.loads(text)
        if "workflows" in value:
            check_job(decode_job(value))
        else:
            file = tmp_path / "shoal.toml"
            file.write_text(text)
            load(Settings, file=file)
