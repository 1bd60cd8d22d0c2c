"""Spans of the extra `otel`: exported by OpenTelemetry's SDK, linked by what messages carry."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

if TYPE_CHECKING:
    from opentelemetry.context import Context

    from .tracing import Span

HEADER = "traceparent"
SCOPE = "shoal"
_format = TraceContextTextMapPropagator()


class OtelSpan:
    """One span of the SDK's."""

    def __init__(self, span: trace.Span) -> None:
        self._span = span
        carrier: dict[str, str] = {}
        _format.inject(carrier, trace.set_span_in_context(span))
        self.context = carrier.get(HEADER, "")

    def end(self, error: str = "", /, **attributes: str | int) -> None:
        """Hand it to the exporter."""
        if not self._span.is_recording():
            return
        _put(self._span, attributes)
        if error:
            self._span.set_status(Status(StatusCode.ERROR, error))
        self._span.end()


class OtelTracer:
    """Spans of a provider of the SDK's; in a service, its own.

    Without a parent the span is put below the one that is current where it begins: a client in a
    request's handler makes the job part of the request's trace.
    """

    on = True

    def __init__(self, provider: trace.TracerProvider) -> None:
        self._tracer = provider.get_tracer(SCOPE)

    def begin(self, name: str, parent: str = "", /, **attributes: str | int) -> Span:
        """A span, with attributes under `shoal.`."""
        above: Context | None = _format.extract({HEADER: parent}) if parent else None
        span = self._tracer.start_span(name, above)
        _put(span, attributes)
        return OtelSpan(span)


def _put(span: trace.Span, attributes: dict[str, str | int]) -> None:
    for name, value in attributes.items():
        span.set_attribute(f"{SCOPE}.{name}", value)


class Exporting:
    """A node's own provider, which sends spans by OTLP over HTTP in the background.

    Args:
        endpoint: where to, for example `http://127.0.0.1:4318/v1/traces`.
        sampled: share of the traces that begin here that are exported, 0 to 1.
        resource: what is said of the node with each span.
    """

    def __init__(self, endpoint: str, sampled: float, resource: dict[str, str]) -> None:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        self._provider = TracerProvider(
            sampler=ParentBased(TraceIdRatioBased(sampled)),
            resource=Resource.create(resource),
            shutdown_on_exit=False,
        )
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint)))
        self.tracer = OtelTracer(self._provider)

    def close(self) -> None:
        """Send what waits, for some seconds at most; blocks meanwhile."""
        if not self._provider.force_flush(5_000):
            logging.getLogger("distributed.telemetry").warning("some spans were not exported")
        self._provider.shutdown()
