"""What a shell block says to type, held against the programs and files that there are."""

from __future__ import annotations

import importlib.util
import re
import shlex
import subprocess
from collections.abc import Callable, Iterator

from distributed.commands.app import make_app

from .document import ROOT

ASSIGNMENT = re.compile(r"^[A-Z_]+=")
REDIRECTION = re.compile(r"^\d?>")
PLACEHOLDER = re.compile(r"^[A-Z]+$")
BETWEEN = ("&&", "||", "|", ";", "&")
OF_THE_SYSTEM = {
    "cat", "cd", "createdb", "cp", "curl", "export", "git", "install", "kill", "mkdir", "pg_dump",
    "pg_restore", "pip", "runuser", "sqlite3", "systemctl", "valgrind", "wait",
}  # fmt: skip
"""Programs that are not ours: that the block is shell is all that is checked of them."""


def commands(text: str) -> Iterator[list[str]]:
    """Each command's words, without assignments, redirections and comments.

    Raises:
        AssertionError: the block is no shell.
    """
    done = subprocess.run(["bash", "-n"], input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for line in _whole_lines(text):
        words: list[str] = []
        for word in [*_split(line), ";"]:
            if word not in BETWEEN:
                words.append(word)
                continue
            while words and ASSIGNMENT.match(words[0]):
                del words[0]
            kept = [word for word in words if not REDIRECTION.match(word)]
            if kept:
                yield kept
            words = []


def _split(text: str) -> list[str]:
    lexer = shlex.shlex(text, posix=True, punctuation_chars=";&|")
    lexer.whitespace_split = True
    return list(lexer)


def _whole_lines(text: str) -> Iterator[str]:
    """Lines with those that go on joined."""
    held = ""
    for line in text.replace("\\\n", " ").splitlines():
        held += line
        try:
            _split(held)
        except ValueError:
            held += "\n"
            continue
        yield held
        held = ""


def check(text: str) -> None:
    """Raises AssertionError where a command cannot be what is meant."""
    for words in commands(text):
        program, arguments = words[0], words[1:]
        if program in PROGRAMS:
            PROGRAMS[program](arguments)
        elif "/" in program:
            assert (ROOT / program).exists() or program.startswith("target/"), program
        else:
            assert program in OF_THE_SYSTEM, f"nobody knows what {program} is"


def shoal(arguments: list[str]) -> None:
    """The command line takes it."""
    make_app().parse_args(arguments, exit_on_error=False, print_error=False)


def check_named(text: str) -> None:
    """As `check`; a verb without any argument need but exist, and `NAME` stands for any value."""
    for words in commands(text):
        typed = ["1" if PLACEHOLDER.match(word) else word for word in words[1:]]
        _, _, unused = make_app().parse_commands(typed)
        if unused:
            shoal(typed)


def make(arguments: list[str]) -> None:
    """The target is there."""
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M)
    for target in (word for word in arguments if "=" not in word):
        assert target in targets, target


def pytest(arguments: list[str]) -> None:
    """The files are there."""
    for word in arguments:
        if word.startswith(("tests", "benches", "examples")):
            assert (ROOT / word.split("::")[0]).exists(), word


def python(arguments: list[str]) -> None:
    """The module, file or program is one."""
    if arguments[0] == "-m":
        assert importlib.util.find_spec(arguments[1]) is not None, arguments[1]
    elif arguments[0] == "-c":
        compile(arguments[1], "block", "exec")
    else:
        assert (ROOT / arguments[0]).exists(), arguments[0]


def cargo(arguments: list[str]) -> None:
    """The crate and its target are there."""
    if "-p" not in arguments:
        return
    crate = ROOT / "rust" / arguments[arguments.index("-p") + 1]
    assert crate.is_dir(), crate
    for flag, folder in (("--bench", "benches"), ("--test", "tests")):
        if flag in arguments:
            name = arguments[arguments.index(flag) + 1]
            assert any((crate / folder).glob(f"{name}*")), name


PROGRAMS: dict[str, Callable[[list[str]], None]] = {
    "cargo": cargo,
    "make": make,
    "pytest": pytest,
    "python": python,
    "shoal": shoal,
}
