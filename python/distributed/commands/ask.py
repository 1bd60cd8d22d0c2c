"""One request to any node, over a connection of its own."""

from __future__ import annotations

import asyncio
import random
import secrets
from typing import TYPE_CHECKING, TypeVar

from distributed.types import Address, Role

if TYPE_CHECKING:
    import msgspec

Reply = TypeVar("Reply", bound="msgspec.Struct")


def ask(address: str, message: msgspec.Struct, reply: type[Reply], *, timeout: float) -> Reply:
    """Send `message` to the node at `address` and return its reply.

    Raises:
        ConnectError: nobody answers there.
        PeerRefused: the node refuses, or answers with something else.
    """
    return asyncio.run(ask_node(address, message, reply, timeout=timeout))


async def ask_node(
    address: str, message: msgspec.Struct, reply: type[Reply], *, timeout: float
) -> Reply:
    """As `ask`, inside a running event loop."""
    from distributed.clock import SystemClock
    from distributed.commands.config import own_tls
    from distributed.errors import PeerRefused
    from distributed.supervision import Supervisor
    from distributed.telemetry.logs import node_logger
    from distributed.telemetry.metrics import CountingMetrics
    from distributed.transport import Identity
    from distributed.transport.tcp import TcpTransport

    name = f"cli-{secrets.token_hex(4)}"
    logger, metrics, clock = node_logger("client", name), CountingMetrics(), SystemClock()
    supervisor = Supervisor(clock, random.Random(secrets.randbits(64)), logger, metrics)
    transport = TcpTransport(supervisor, clock, logger, metrics, tls=own_tls())
    try:
        connection = await transport.connect(
            Address(address), {}, Identity(Role.CLIENT, name), timeout=timeout
        )
        try:
            answer = await connection.request(message, timeout=timeout)
        finally:
            await connection.close()
    finally:
        await supervisor.stop()
    if not isinstance(answer, reply):
        raise PeerRefused("unexpected", f"{address} answered with {type(answer).__name__}")
    return answer
