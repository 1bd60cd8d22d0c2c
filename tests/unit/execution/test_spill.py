"""Large results lie in files that appear whole and go when they are old."""

from __future__ import annotations

import os
from pathlib import Path

from distributed.execution.spill import spill, sweep


def test_a_file_holds_the_value_and_nothing_half_written_stays(tmp_path: Path) -> None:
    reference = spill(str(tmp_path / "results"), "job:1:1:f/../x", b"value")
    path = Path(reference.removeprefix("file://"))
    assert path.read_bytes() == b"value"
    assert path.parent == tmp_path / "results"
    assert list(path.parent.iterdir()) == [path]


def test_old_files_go_and_young_ones_stay(tmp_path: Path) -> None:
    old = Path(spill(str(tmp_path), "old", b"x").removeprefix("file://"))
    young = Path(spill(str(tmp_path), "young", b"x").removeprefix("file://"))
    os.utime(old, (1000.0, 1000.0))
    assert sweep(str(tmp_path), 2000.0) == 1
    assert list(tmp_path.iterdir()) == [young]


def test_sweeping_a_folder_that_is_not_there_removes_nothing(tmp_path: Path) -> None:
    assert sweep(str(tmp_path / "none"), 1e12) == 0
