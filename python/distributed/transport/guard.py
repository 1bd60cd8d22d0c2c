"""Handlers that look at nothing that is to be shed: what matters least is refused first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from distributed.messages.progress import WorkerLog
from distributed.reliability.shedding import MessageClass, class_of

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from distributed.reliability.load import Load
    from distributed.telemetry.metrics import Metrics
    from distributed.transport.interface import Context, Handlers, Reply, Service

SHED_HERE = frozenset({MessageClass.PROGRESS, MessageClass.STATISTICS})
KEPT: frozenset[type[msgspec.Struct]] = frozenset({WorkerLog})
"""Captured lines are thinned out where they are written, and counted for their reader."""


def guarded(handlers: Handlers, load: Load, metrics: Metrics) -> Handlers:
    """The handlers of a node, those of progress and statistics behind its level of load.

    Progress that is shed is made good by the next; who asks for statistics is told when to ask
    again. New work is refused by those who know what it is (`gate.admission`, a manager, a
    worker).
    """

    def behind(kind: type[Any], service: Service) -> Service:
        importance = class_of(kind)
        if importance not in SHED_HERE or kind in KEPT:
            return service
        name = importance.name.lower()

        def serve(context: Context, message: Any) -> Awaitable[Reply] | Reply:
            refusal = load.shed(importance)
            if refusal is None:
                return service(context, message)
            metrics.count("requests_shed", kind=name)
            return refusal

        return serve

    return {kind: behind(kind, service) for kind, service in handlers.items()}
