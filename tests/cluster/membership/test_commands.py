"""The commands against members that run: what they print and how they exit."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(120)]

Process = asyncio.subprocess.Process


async def start(*arguments: str) -> Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-W",
        "ignore",
        "-m",
        "distributed.commands",
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def shoal(*arguments: str) -> tuple[int | None, str, str]:
    process = await start(*arguments)
    out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


async def line(process: Process) -> str:
    assert process.stdout
    return (await process.stdout.readline()).decode()


class Agents:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.running: dict[str, Process] = {}
        self._seed: list[str] = []

    def socket(self, name: str) -> str:
        return str(self._folder / f"{name}.sock")

    async def add(self, name: str, *arguments: str) -> None:
        process = await start(
            "agent", "--name", name, "--bind", "127.0.0.1:0", "--profile", "local",
            "--socket", self.socket(name), *self._seed, *arguments,
        )  # fmt: skip
        self.running[name] = process
        said = await line(process)
        self._seed = self._seed or ["--seed", said.split(" at ")[1].split(",")[0]]


@pytest.fixture
async def agents(tmp_path: Path) -> AsyncIterator[Agents]:
    agents = Agents(tmp_path)
    await agents.add("a", "--tag", "role=api", "--tag", "dc=eu")
    await agents.add("b")
    yield agents
    for process in agents.running.values():
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def test_members_are_listed_filtered_and_as_json(agents: Agents) -> None:
    socket = agents.socket("b")
    status, out, _ = await shoal("members", "--socket", socket)
    assert status == 0
    assert {row.split("\t")[0] for row in out.splitlines()} == {"a", "b"}
    _, out, _ = await shoal("members", "--role", "api", "--json", "--socket", socket)
    (only,) = map(json.loads, out.splitlines())
    assert (only["name"], only["state"], only["meta"]["dc"]) == ("a", "alive", "eu")
    _, out, _ = await shoal("members", "--status", "dead", "--socket", socket)
    assert out == ""


async def test_both_paths_are_tried_and_a_round_trip_is_estimated(agents: Agents) -> None:
    socket = agents.socket("a")
    status, out, _ = await shoal("reach", "--json", "--socket", socket)
    assert status == 0
    assert json.loads(out)["member"] == "b"
    while (await shoal("rtt", "b", "--socket", socket))[0] != 0:
        await asyncio.sleep(0.1)
    status, out, said = await shoal("rtt", "nobody", "--socket", socket)
    assert (status, out) == (1, "")
    assert said == "shoal: there is no estimate yet for nobody, is it a member?\n"


async def test_a_second_agent_on_one_socket_is_refused_in_a_sentence(agents: Agents) -> None:
    socket = agents.socket("a")
    status, out, said = await shoal("agent", "--bind", "127.0.0.1:0", "--socket", socket)
    assert (status, out) == (2, "")
    assert said == (f"shoal: socket: cannot listen at {socket}: another node listens at {socket}\n")


async def test_events_and_goodbyes_are_seen_as_they_happen(agents: Agents) -> None:
    monitor = await start("monitor", "--socket", agents.socket("a"))
    watch = await start("event", "watch", "deploy", "--json", "--socket", agents.socket("a"))
    sending = asyncio.create_task(send_until_done(agents.socket("b")))
    assert json.loads(await line(watch))["payload"] == "v1"
    sending.cancel()
    agents.running["b"].send_signal(signal.SIGTERM)
    while "b" not in (said := await line(monitor)) or "left" not in said:
        assert "died" not in said
    assert await agents.running["b"].wait() == 0
    for process in (monitor, watch):
        process.kill()
        await process.communicate()


async def send_until_done(socket: str) -> None:
    """The watcher may not watch yet: send again and again."""
    while True:
        await shoal("event", "send", "deploy", "v1", "--socket", socket)


async def test_keys_are_listed_added_used_and_removed(tmp_path: Path) -> None:
    _, old, _ = await shoal("keys", "generate")
    _, new, _ = await shoal("keys", "generate")
    (tmp_path / "keys").write_text(old)
    agents = Agents(tmp_path)
    await agents.add("a", "--key-file", str(tmp_path / "keys"))
    ask = ("--socket", agents.socket("a"))
    _, held, _ = await shoal("keys", "list", *ask)
    status, added, _ = await shoal("keys", "add", new.strip(), *ask)
    assert status == 0
    assert (await shoal("keys", "use", added.strip(), *ask))[0] == 0
    status, _, said = await shoal("keys", "remove", added.strip(), *ask)
    assert (status, "in use" in said) == (2, True)
    assert (await shoal("keys", "remove", held.split()[0], *ask))[0] == 0
    _, out, _ = await shoal("keys", "list", "--json", *ask)
    assert json.loads(out) == {"key": added.strip(), "use": "encrypts"}
    agents.running["a"].terminate()
    assert await agents.running["a"].wait() == 0
    await agents.running["a"].communicate()


async def test_a_command_without_a_node_says_how_to_get_one(tmp_path: Path) -> None:
    status, out, said = await shoal("members", "--socket", str(tmp_path / "nobody.sock"))
    assert (status, out) == (1, "")
    assert "shoal agent" in said


async def test_off_loopback_an_agent_demands_keys() -> None:
    status, _, said = await shoal("agent", "--name", "a", "--bind", "0.0.0.0:0")
    assert status == 2
    assert "shoal keys generate" in said
