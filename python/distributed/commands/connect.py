"""The flags of every command that talks to a gate, and the session behind them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, TypeVar

from cyclopts import Parameter

if TYPE_CHECKING:
    from distributed.client import Client

T = TypeVar("T")
DEFAULT_GATE = "127.0.0.1:7700"


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class GateFlags:
    """Which gates to ask, and for how long.

    Parameters
    ----------
    gate
        Address of a gate; give several and another is used when one dies.
    patience
        Seconds to go on trying when no gate answers.
    """

    gate: Annotated[tuple[str, ...], Parameter(negative="")] = (DEFAULT_GATE,)
    patience: float = 5.0

    def run(self, act: Callable[[Client], Awaitable[T]]) -> T:
        """Do something with a client, in an event loop of its own."""
        return asyncio.run(self._session(act))

    async def _session(self, act: Callable[[Client], Awaitable[T]]) -> T:
        from distributed.client import Client, ClientSettings
        from distributed.commands.config import own_tls

        # Functions were looked up when the job file was read, unless told otherwise.
        settings = ClientSettings(patience_seconds=self.patience, check_imports=False)
        async with Client(self.gate, settings=settings, tls=own_tls()) as client:
            return await act(client)


DEFAULT_FLAGS = GateFlags()
