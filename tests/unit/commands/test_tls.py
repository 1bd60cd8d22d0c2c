"""Certificates made by the command line are those that nodes ask of each other."""

from __future__ import annotations

import asyncio
import json
import stat
from pathlib import Path

import pytest

from distributed.commands.entry import run
from distributed.settings.sections import TlsSection
from distributed.transport.tls import TlsFiles, claim_of


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "tls"
    assert run(["tls", "init", str(made)]) == 0
    return made


def issue(folder: Path, *arguments: str) -> int:
    return run(["tls", "issue", "--folder", str(folder), *arguments])


def files(folder: Path, stem: str) -> TlsFiles:
    named = TlsSection(folder=str(folder)).of(*stem.partition("-")[::2])
    return TlsFiles(named.certificate, named.key, named.authority)


async def claim_seen(server: TlsFiles, client: TlsFiles) -> str | None:
    """What a server makes of a client that connects over the loopback."""
    seen: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()

    async def accepted(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.set_result(claim_of(writer.get_extra_info("peercert")))
        writer.close()

    async with await asyncio.start_server(
        accepted, "127.0.0.1", 0, ssl=server.server_context()
    ) as listener:
        port = listener.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", port, ssl=client.client_context()
        )
        await reader.read()
        writer.close()
        await writer.wait_closed()
        return await seen


async def test_nodes_of_one_authority_know_each_other_by_their_claim(folder: Path) -> None:
    assert await asyncio.to_thread(issue, folder, "gate/north", "manager/north", "client/") == 0
    gate = files(folder, "gate-north")
    assert await claim_seen(gate, files(folder, "manager-north")) == "manager/north"
    assert await claim_seen(gate, files(folder, "client")) == "client/"


def test_keys_are_for_their_owner_alone_and_nothing_is_replaced(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert issue(folder, "worker/south") == 0
    for key in folder.glob("*.key"):
        assert stat.S_IMODE(key.stat().st_mode) == 0o600
    before = {path: path.read_bytes() for path in folder.iterdir()}
    assert run(["tls", "init", str(folder)]) == 2
    assert issue(folder, "worker/south") == 2
    assert "is there already" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


def test_a_certificate_can_bear_a_name_of_its_own(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert issue(folder, "gate/north", "--name", "gate-1", "--days", "30", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["claim"], Path(told["key"]).name) == ("gate/north", "gate-1.key")
    assert run(["tls", "show", str(folder / "gate-1.pem"), str(folder / "authority.pem")]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert [line.split("\t")[0] for line in shown] == ["gate/north", "authority"]
    assert shown[0].endswith(told["expires"])


@pytest.mark.parametrize("claim", ["captain/north", "gate", "gate/", "client/north", "gate/a/b"])
def test_a_claim_that_no_node_makes_is_refused(folder: Path, claim: str) -> None:
    before = set(folder.iterdir())
    assert issue(folder, claim) == 2
    assert set(folder.iterdir()) == before


def test_without_an_authority_the_sentence_says_what_makes_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert issue(tmp_path, "gate/north") == 2
    assert "`shoal tls init` makes it" in capsys.readouterr().err


def test_a_file_that_a_setting_names_stands_over_the_folders() -> None:
    named = TlsSection(folder="/f", key="/elsewhere.key").of("gate", "north")
    assert named.certificate == "/f/gate-north.pem"
    assert named.key == "/elsewhere.key"
    assert named.authority == "/f/authority.pem"
    assert TlsSection().of("gate", "north").certificate == ""
