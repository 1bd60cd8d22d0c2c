"""The page of behaviours names only tests that exist, and no number is forgotten."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

TREE = Path(__file__).parents[3]
PAGE = (TREE / "docs" / "membership-behaviours.md").read_text()
NUMBERS = range(1, 81)
UNPICKLERS = {"pickle", "_pickle", "marshal", "shelve", "dill", "cloudpickle", "jsonpickle"}


def sources() -> Iterator[str]:
    crates = ("core", "sim", "agent")
    for folder in [TREE / "rust" / f"shoal-{crate}" for crate in crates]:
        for path in folder.rglob("*.rs"):
            yield path.read_text()
    for path in (TREE / "tests").rglob("*.py"):
        yield path.read_text()


def names_of_tests() -> set[str]:
    return {name for text in sources() for name in re.findall(r"(?:fn|def) (\w+)\(", text)}


def numbered(names: set[str]) -> set[int]:
    return {int(number) for name in names for number in re.findall(r"11_(\d\d?)(?!\d)", name)}


def listed() -> set[int]:
    """Numbers of the table of those without a test of their number."""
    found: set[int] = set()
    table = PAGE.partition("Without a test of their number:")[2].partition("## ")[0]
    for row in re.findall(r"^\| (\d+)(?: to (\d+))? \|", table, flags=re.MULTILINE):
        first, last = int(row[0]), int(row[1] or row[0])
        found |= set(range(first, last + 1))
    return found


def test_every_behaviour_has_a_test_by_number_or_a_line_that_says_why_not() -> None:
    by_docstring = {60}
    missing = set(NUMBERS) - numbered(names_of_tests()) - listed() - by_docstring
    assert missing == set()


def test_every_test_that_the_page_names_exists() -> None:
    named = set(re.findall(r"`((?:test_)?[a-z0-9]+(?:_[a-z0-9]+){3,})`", PAGE))
    assert len(named) > 20
    assert named - names_of_tests() == set()


def test_nothing_in_the_package_can_unpickle() -> None:
    """earlier-membership 11.61."""
    found = []
    for path in (TREE / "python" / "distributed").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Import(names=names):
                    roots = {name.name.partition(".")[0] for name in names}
                case ast.ImportFrom(module=str(module), level=0):
                    roots = {module.partition(".")[0]}
                case _:
                    continue
            found += [f"{path}: {root}" for root in roots & UNPICKLERS]
    assert found == []
