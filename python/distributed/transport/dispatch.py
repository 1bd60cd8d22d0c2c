"""From a decoded message to its handler, through filters in one fixed order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from distributed.errors import (
    ConfigError,
    JobGone,
    LedgerUnavailable,
    NotOwner,
    PeerRefused,
    ShoalError,
    StaleFence,
)
from distributed.messages.base import Gone, Message, Redirect, Refused
from distributed.messages.senders import INSIDE, LOOKING, SENDERS, SPEAKS_FOR
from distributed.transport.interface import Context, Handlers, Reply, Service

if TYPE_CHECKING:
    from distributed.telemetry.logs import BoundLogger
    from distributed.telemetry.metrics import Metrics
    from distributed.transport.interface import Identity

Filter = Callable[[Context, Any], Reply]
"""Returns a refusal, or None to let the message through."""

ORDER = ("trace", "identity", "deadline", "size", "shed", "fence")


class Router:
    """Serves messages of known types; everything else is refused with a code.

    `filters` maps names of `ORDER` to functions; they run in that order whatever the
    mapping's own, and the handler last.

    Raises:
        ConfigError: a filter of an unknown name.
    """

    def __init__(
        self,
        handlers: Handlers,
        logger: BoundLogger,
        metrics: Metrics,
        filters: Mapping[str, Filter] | None = None,
    ) -> None:
        given = dict(filters or {})
        if unknown := given.keys() - set(ORDER):
            raise ConfigError(f"no filter is called {', '.join(sorted(unknown))}", field="filters")
        self._handlers = dict(handlers)
        self._filters = tuple(given[name] for name in ORDER if name in given)
        self._logger = logger
        self._metrics = metrics

    def admit(self, context: Context, message: msgspec.Struct) -> Service | Reply:
        """The handler to call, or the refusal that answers the message."""
        service = self._handlers.get(type(message))
        if service is None:
            name = type(message).__name__
            self._metrics.count("messages_refused", reason="unhandled")
            return Refused("unhandled", f"this node does not handle {name}")
        for check in self._filters:
            refusal = check(context, message)
            if refusal is not None:
                code = refusal.code if isinstance(refusal, Refused) else type(refusal).__name__
                self._metrics.count("messages_refused", reason=code)
                return refusal
        return service

    def vetted(self, peer: Identity, reply: Message) -> Message:
        """The reply, or a refusal in its place where `peer` may not give it."""
        refusal = refuse_foreign(peer, reply)
        if refusal is None:
            return reply
        self._metrics.count("messages_refused", reason=refusal.code)
        return refusal

    def refusal_for(
        self, context: Context, message: msgspec.Struct, error: Exception
    ) -> msgspec.Struct:
        """What a handler's exception tells the peer; faults of ours are logged here."""
        if isinstance(error, JobGone):
            return Gone(error.job)
        if isinstance(error, NotOwner):
            return Redirect("", error.redirect)
        if isinstance(error, StaleFence):
            return Refused("stale_fence", str(error))
        if isinstance(error, PeerRefused):
            return Refused(error.code, error.reason, error.field, error.retry_after_seconds)
        if isinstance(error, LedgerUnavailable):
            return Refused("ledger_unavailable", str(error), retry_after_seconds=1.0)
        code = getattr(error, "code", "") or "failed"
        if isinstance(error, ShoalError):
            retry = getattr(error, "retry_after_seconds", None)
            reason = getattr(error, "reason", "") or str(error)
            return Refused(code, reason, getattr(error, "field", ""), retry)
        name = type(message).__name__
        self._metrics.count("handler_failures", message=name)
        self._logger.bind(peer=context.peer.name, job=getattr(message, "job_id", "")).error(
            "handling %s failed: %s", name, error, exc_info=error
        )
        return Refused("failed", f"handling {name} failed: {error}")


def refuse_strangers(identity: Identity) -> Filter:
    """The identity filter of that node: a peer causes only what its role and datacenter may."""

    def check(context: Context, message: Any) -> Reply:
        kind, peer = type(message), context.peer
        if peer.role not in SENDERS.get(kind, ()):
            return _forbidden(f"{kind.__name__} is not taken from a {peer.role.value}")
        if kind in LOOKING:
            return None
        if (
            identity.role in INSIDE
            and peer.role in INSIDE
            and peer.datacenter != identity.datacenter
        ):
            return _forbidden(f"{kind.__name__} is not taken from {_of(peer)} here")
        return refuse_foreign(peer, message)

    return check


def refuse_foreign(peer: Identity, message: Message) -> Refused | None:
    """Why `peer` may not say that, asked or not: it speaks for a datacenter that is not its own."""
    spoken_for = SPEAKS_FOR.get(type(message))
    if spoken_for is None or (datacenter := spoken_for(message)) == peer.datacenter:
        return None
    return _forbidden(f"{type(message).__name__} for {datacenter} is not taken from {_of(peer)}")


def _of(peer: Identity) -> str:
    return f"a {peer.role.value} of {peer.datacenter or 'no datacenter'}"


def _forbidden(reason: str) -> Refused:
    return Refused("forbidden", reason)


def refuse_late(now: Callable[[], float]) -> Filter:
    """The deadline filter: what nobody waits for any more is not worked on."""

    def check(context: Context, message: Any) -> Reply:
        if context.deadline is not None and now() > context.deadline:
            return Refused("deadline_passed", f"{type(message).__name__} came after its deadline")
        return None

    return check
