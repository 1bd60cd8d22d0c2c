"""A peer is whom its certificate says, or it is refused with the reason."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from distributed.commands.certificates import issue, make_authority
from distributed.errors import ConfigError, ShoalError
from distributed.messages.admin import NodeStatus, ShowStatus
from distributed.transport import Context, Handlers
from distributed.transport.tls import TlsFiles
from distributed.types import Address, Role

from .conftest import Node

Make = Callable[..., Node]
STATUS = NodeStatus("server", "gate", "north", 0.0, "up")


def answers() -> Handlers:
    def answer(_: Context, __: object) -> NodeStatus:
        return STATUS

    return {ShowStatus: answer}


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tls")
    make_authority(folder, days=1)
    return folder


def files(folder: Path, claim: str, name: str, *, authority: Path | None = None) -> TlsFiles:
    if not (folder / f"{name}.pem").exists():
        issue(folder, claim, name=name, days=1)
    signer = (authority or folder) / "authority.pem"
    return TlsFiles(str(folder / f"{name}.pem"), str(folder / f"{name}.key"), str(signer))


async def ask(client: Node, address: Address) -> object:
    connection = await client.connect(address)
    return await connection.request(ShowStatus(), timeout=30.0)


async def test_a_peer_with_the_certificate_of_its_claim_is_served(
    make_node: Make, authority: Path
) -> None:
    server = make_node("server", tls=files(authority, "gate/north", "gate"))
    client = make_node("m1", Role.MANAGER, tls=files(authority, "manager/north", "manager"))
    assert await ask(client, await server.listen(answers())) == STATUS


@pytest.mark.parametrize("claim", ["worker/north", "manager/south", "client/"])
async def test_a_claim_that_the_certificate_does_not_make_is_refused(
    make_node: Make, authority: Path, claim: str
) -> None:
    """GM 2.1e: a manager of north by its greeting, something else by its certificate."""
    server = make_node("server", tls=files(authority, "gate/north", "gate"))
    name = claim.replace("/", "-")
    client = make_node("m1", Role.MANAGER, tls=files(authority, claim, name))
    address = await server.listen(answers())
    with pytest.raises(ShoalError, match=f"the certificate is for {claim}"):
        await ask(client, address)


async def test_a_server_that_is_no_gate_by_its_certificate_is_not_believed(
    make_node: Make, authority: Path
) -> None:
    """GM 2.1e."""
    server = make_node("server", tls=files(authority, "worker/north", "worker"))
    client = make_node("m1", Role.MANAGER, tls=files(authority, "manager/north", "manager"))
    with pytest.raises(ShoalError, match="the certificate is for worker/north"):
        await client.connect(await server.listen(answers()))


async def test_a_certificate_of_another_authority_is_refused(
    make_node: Make, authority: Path, tmp_path: Path
) -> None:
    make_authority(tmp_path, days=1)
    stranger = files(tmp_path, "manager/north", "manager", authority=authority)
    server = make_node("server", tls=files(authority, "gate/north", "gate"))
    client = make_node("m1", Role.MANAGER, tls=stranger)
    address = await server.listen(answers())
    with pytest.raises(ShoalError):
        await ask(client, address)


async def test_a_peer_without_certificate_is_refused(make_node: Make, authority: Path) -> None:
    server = make_node("server", tls=files(authority, "gate/north", "gate"))
    address = await server.listen(answers())
    with pytest.raises(ShoalError):
        await make_node("m1", Role.MANAGER).connect(address)


def test_files_that_do_not_fit_are_named(authority: Path) -> None:
    gate = files(authority, "gate/north", "gate")
    other = files(authority, "manager/north", "manager")
    with pytest.raises(ConfigError, match=r"gate\.pem"):
        TlsFiles(gate.certificate, other.key, gate.authority).server_context()
