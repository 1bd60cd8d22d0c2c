"""Values that no message can hold, through real processes on loopback."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from distributed.client import Client
from distributed.client.job import JobHandle
from distributed.commands.local.cluster import LocalCluster, Shape
from distributed.errors import ValueNotFetched
from distributed.messages.job import Job, Workflow

from .large_work import digest, pattern

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(300)]

ROOT = Path(__file__).parents[2]
SHAPE = Shape(gates=2, datacenters=("north",), managers=1, workers=2, cores=1)
LARGE = 40 << 20
MEDIUM = 700_000
MANY = 40


@pytest.fixture
async def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[LocalCluster]:
    """Two gates, a manager, two workers whose files lie in a folder of the test."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    async with LocalCluster(SHAPE, tmp_path) as running:
        yield running


def block(name: str, size: int, seed: int = 0) -> Workflow:
    return Workflow(
        name=name, run="tests.cluster.large_work:block", args={"size": size, "seed": seed}
    )


def digests(*after: str) -> Workflow:
    return Workflow(name="digests", run="tests.cluster.large_work:digests", after=after)


async def submit(client: Client, *workflows: Workflow) -> JobHandle:
    return await client.submit(Job(name="large", workflows=workflows))


def left_behind(folder: Path) -> list[str]:
    """Files of values that workers still keep."""
    results = folder / "shoal-results"
    return sorted(os.listdir(results)) if results.exists() else []


def stored_parts(ledger: Path) -> int:
    """How many parts of values are durable."""
    with closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)) as reader:
        (count,) = reader.execute("SELECT COUNT(*) FROM value_parts").fetchone()
        return int(count)


async def test_a_value_of_forty_mebibytes_reaches_dependants_and_the_client(
    cluster: LocalCluster, tmp_path: Path
) -> None:
    """MW 10.2b; any client and any gate can read it later, and no worker keeps a file of it."""
    expected = pattern(LARGE, 7)
    async with Client(cluster.addresses("gate")) as client:
        handle = await submit(client, block("large", LARGE, 7), digests("large"))
        outcome = await handle.result()
        assert outcome["large"] == expected
        assert outcome["digests"] == {"large": digest(expected)}
    for gate in cluster.addresses("gate"):
        async with Client(gate) as reader:
            outcome = await reader.job(handle.id).result(values=False)
            assert outcome["digests"] == {"large": digest(expected)}
            with pytest.raises(ValueNotFetched):
                _ = outcome["large"]
            assert await reader.job(handle.id).value("large") == expected
    while left_behind(tmp_path):
        await asyncio.sleep(0.05)


async def test_results_that_together_exceed_a_message_all_arrive(cluster: LocalCluster) -> None:
    names = [f"w{number}" for number in range(MANY)]
    assert MANY * MEDIUM > 16 << 20
    async with Client(cluster.addresses("gate")) as client:
        handle = await submit(
            client,
            *(block(name, MEDIUM, seed) for seed, name in enumerate(names)),
            digests(*names),
        )
        outcome = await handle.result()
        wanted = {name: digest(pattern(MEDIUM, seed)) for seed, name in enumerate(names)}
        assert outcome["digests"] == wanted
        assert {name: digest(outcome[name]) for name in names} == wanted
        again = await client.job(handle.id).result()
        assert again.values() == outcome.values()


async def test_a_large_value_outlives_the_gate_that_took_it(
    cluster: LocalCluster, tmp_path: Path
) -> None:
    """The job's owner is killed while the value is on its way, and the heir has all of it."""
    expected = pattern(LARGE, 3)
    async with Client(cluster.addresses("gate")) as client:
        handle = await submit(client, block("large", LARGE, 3), digests("large"))
        owner = (await handle.show()).owner
        while stored_parts(tmp_path / "ledger.db") < 5:
            await asyncio.sleep(0.001)
        await cluster.nodes[owner].kill()
        outcome = await handle.result()
        assert digest(outcome["large"]) == digest(expected)
        assert outcome["digests"] == {"large": digest(expected)}
