"""Asking gates: whichever answers, wherever it redirects, again while patience lasts."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from distributed.clock import Clock
from distributed.errors import ConnectError, PeerRefused, RequestTimeout, TransportError
from distributed.messages.base import Redirect
from distributed.transport.interface import Connection
from distributed.types import Address

from .settings import ClientSettings

if TYPE_CHECKING:
    from distributed.transport.pool import ConnectionPool

ANY = Address("")
"""No gate in particular."""

KNOWN_GATES = 64

RETRIED_CODES = frozenset(
    {
        "cut_off",
        "ledger_unavailable",
        "overloaded",
        "rate_limited",
        "stopping",
        "no_owner",
        "draining",
        "unavailable",
    }
)
"""Refusals that a later try, or another gate, may not repeat."""


class Heard(NamedTuple):
    """What a gate answered, at which address, and on which connection."""

    reply: msgspec.Struct
    gate: Address
    connection: Connection


class Gates:
    """The gates a client knows, in the order in which it asks them.

    Those that were given come first; those that redirects name are asked once and
    remembered for the job they were named for, by the caller.
    """

    def __init__(
        self,
        addresses: tuple[Address, ...],
        pool: ConnectionPool,
        settings: ClientSettings,
        clock: Clock,
        rng: random.Random,
    ) -> None:
        self._addresses = list(addresses)
        self._pool = pool
        self._settings = settings
        self._clock = clock
        self._rng = rng

    async def ask(
        self,
        message: msgspec.Struct | Callable[[int], msgspec.Struct],
        *,
        first: Address = ANY,
        timeout: float | None = None,
        patience: float | None = None,
        waits: bool = False,
    ) -> tuple[msgspec.Struct, Address]:
        """The answer of whichever gate gives one, and its address; as `converse`."""
        heard = await self.converse(
            message, first=first, timeout=timeout, patience=patience, waits=waits
        )
        return heard.reply, heard.gate

    async def converse(
        self,
        message: msgspec.Struct | Callable[[int], msgspec.Struct],
        *,
        first: Address = ANY,
        timeout: float | None = None,
        patience: float | None = None,
        longest_pause: float | None = None,
        waits: bool = False,
    ) -> Heard:
        """The answer of whichever gate gives one, with the connection that it came on.

        That connection, and no other to the same gate, brings what the gate promised with its
        answer; it may be closed by now.

        Args:
            message: what to ask; a function gets the number of earlier tries.
            first: a gate to ask before the others.
            timeout: seconds for one gate; patience: seconds in all.
            longest_pause: seconds between two rounds over all gates.
            waits: patience is for silence alone; a gate that says "not now" renews it.

        Raises:
            PeerRefused: refused, and asking again would change nothing.
            ConnectError: no gate answered while patience lasted; says what each said.
        """
        patience = patience or self._settings.patience_seconds
        give_up_at = self._clock.now() + patience
        tries = 0
        pause = self._settings.first_pause_seconds
        longest = longest_pause or self._settings.longest_pause_seconds
        while True:
            failures: dict[str, str] = {}
            hint = 0.0
            for address in self._order(first):
                request = message(tries) if callable(message) else message
                tries += 1
                try:
                    return await self._follow(request, address, timeout)
                except PeerRefused as refusal:
                    if refusal.code not in RETRIED_CODES:
                        raise
                    hint = max(hint, refusal.retry_after_seconds or 0.0)
                    failures[address] = str(refusal)
                    last: PeerRefused | None = refusal
                    if waits:
                        give_up_at = self._clock.now() + hint + patience
                except TransportError as error:
                    failures[address] = str(error)
                    last = None
            wait = max(hint, pause) * (0.5 + self._rng.random())
            if self._clock.now() + wait > give_up_at:
                if last is not None and len(failures) == 1:
                    raise last
                raise ConnectError(_told(failures), peer=next(iter(failures), ""))
            await self._clock.sleep(wait)
            pause = min(2 * pause, longest)
            first = ANY

    def _order(self, first: Address) -> list[Address]:
        return [first, *(a for a in self._addresses if a != first)] if first else self._addresses

    async def _follow(
        self, message: msgspec.Struct, address: Address, timeout: float | None
    ) -> Heard:
        for _ in range(self._settings.redirects + 1):
            connection = await self._pool.connection(address)
            reply = await connection.request(
                message, timeout=timeout or self._settings.request_seconds
            )
            if not isinstance(reply, Redirect):
                self.learn(address)
                self._prefer(address)
                return Heard(reply, address, connection)
            if not reply.address:
                raise RequestTimeout(f"{address} knows no owner yet", peer=address)
            address = Address(reply.address)
        raise RequestTimeout("redirected in circles", peer=address)

    def learn(self, address: Address) -> None:
        """Remember a gate that others named: it may be the one that is left."""
        if address and address not in self._addresses and len(self._addresses) < KNOWN_GATES:
            self._addresses.append(address)

    def _prefer(self, address: Address) -> None:
        """A gate that answered is asked first next time."""
        if address in self._addresses and self._addresses[0] != address:
            self._addresses.remove(address)
            self._addresses.insert(0, address)


def _told(failures: dict[str, str]) -> str:
    if len(failures) == 1:
        return next(iter(failures.values()))
    listed = "; ".join(f"{address}: {why}" for address, why in failures.items())
    return f"no gate answered ({listed})"
