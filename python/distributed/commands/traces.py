"""Where a node's traces go, from its settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from distributed.errors import ConfigError
from distributed.telemetry.tracing import NO_TRACES, Tracer

if TYPE_CHECKING:
    from distributed.settings.sections import TraceSection
    from distributed.transport import Identity

NEEDS_EXTRA = "traces need the extra: pip install 'shoal[otel]'"


class Traces(Protocol):
    """A tracer with what stands behind it."""

    @property
    def tracer(self) -> Tracer: ...

    def close(self) -> None:
        """Send what waits; blocks for some seconds at most."""
        ...


class _NoTraces:
    """Nothing is traced."""

    tracer = NO_TRACES

    def close(self) -> None:
        """Nothing waits."""


def traces_of(section: TraceSection, identity: Identity) -> Traces:
    """What the settings ask for.

    Raises:
        ConfigError: the extra is not installed.
    """
    if not section.endpoint:
        return _NoTraces()
    try:
        from distributed.telemetry.otel import Exporting
    except ModuleNotFoundError as error:
        raise ConfigError(NEEDS_EXTRA, field="trace.endpoint") from error
    resource = {
        "service.name": f"shoal-{identity.role.value}",
        "service.instance.id": identity.name,
        "shoal.datacenter": identity.datacenter,
    }
    return Exporting(section.endpoint, section.sampled, resource)
