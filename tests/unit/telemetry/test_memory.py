"""How much memory this process is told to have."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from distributed.telemetry.memory import ProcessMemory, memory_limit_bytes

MACHINE = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


@pytest.mark.parametrize("name", ["memory.max", "memory/memory.limit_in_bytes"])
@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("1048576\n", 1_048_576),
        ("max\n", MACHINE),
        ("9223372036854771712\n", MACHINE),
        ("", MACHINE),
    ],
)
def test_the_limit_is_the_containers_or_the_machines(
    tmp_path: Path, name: str, text: str, limit: int
) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(text)
    assert memory_limit_bytes(tmp_path) == limit


def test_without_a_container_the_machine_is_the_limit(tmp_path: Path) -> None:
    assert memory_limit_bytes(tmp_path) == MACHINE


def test_what_grows_takes_a_larger_share() -> None:
    memory = ProcessMemory(limit_bytes=1 << 30)
    before = memory()
    held = bytearray(os.urandom(1)) * (64 << 20)
    after = memory()
    assert before is not None
    assert after is not None
    assert after - before > 0.05
    del held


def test_what_cannot_be_read_is_not_known(tmp_path: Path) -> None:
    assert ProcessMemory(str(tmp_path / "statm"))() is None
