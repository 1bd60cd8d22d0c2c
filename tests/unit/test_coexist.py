"""Dask's distribution is found by the names on the search path, and read only if it is there."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from distributed import _coexist


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The whole search path, empty."""
    monkeypatch.delenv(_coexist.CHECKED, raising=False)
    monkeypatch.setattr(sys, "path", [str(tmp_path), str(tmp_path / "missing")])
    _coexist._dask_version.cache_clear()
    yield tmp_path
    _coexist._dask_version.cache_clear()


def install(site: Path, folder: str, file: str, version: str) -> None:
    (site / folder).mkdir()
    text = f"Metadata-Version: 2.1\nName: distributed\nVersion: {version}\n"
    (site / folder / file).write_text(text)


def test_an_environment_without_it_is_left_alone(site: Path) -> None:
    (site / "shoal-0.1.dist-info").mkdir()
    (site / "distributed").mkdir()
    _coexist.check()


@pytest.mark.parametrize(
    ("folder", "file"),
    [
        ("distributed-2026.8.0.dist-info", "METADATA"),
        ("distributed-2026.8.0-py3.11.egg-info", "PKG-INFO"),
    ],
)
def test_it_is_found_however_it_was_installed(site: Path, folder: str, file: str) -> None:
    install(site, folder, file, "2026.8.0")
    with pytest.raises(ImportError, match=r"dask's 'distributed' 2026\.8\.0 both provide"):
        _coexist.check()


def test_a_child_of_a_parent_that_looked_does_not_look(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(site, "distributed-2026.8.0.dist-info", "METADATA", "2026.8.0")
    monkeypatch.setenv(_coexist.CHECKED, "1")
    _coexist.check()
