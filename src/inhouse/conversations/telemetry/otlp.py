"""Turns sent to a collector over OTLP/HTTP, by OpenTelemetry's SDK: in batches, from a queue with an end, in a thread of its own.

A collector that is slow or away costs spans, never a turn. Its address, headers, and the sizes of queue and batch are
the standard ``OTEL_…`` variables, which the SDK reads.
"""

from __future__ import annotations

import threading
from datetime import datetime
from importlib.metadata import version

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags

from inhouse.accounts.ais import Ai
from inhouse.conversations.telemetry.genai import GenAiSpan, spans_of
from inhouse.conversations.turns import Turn

_CLOSE_SECONDS = 5
_KINDS = {"internal": SpanKind.INTERNAL, "client": SpanKind.CLIENT}


class OtlpSink:
    """A ``Sink`` for one process."""

    def __init__(self, *, content: bool) -> None:
        """Starts the sending thread; ``content`` lets people's words out."""
        self._content = content
        self._resource = Resource.create({"service.name": "inhouse", "service.version": version("inhouse")})
        self._scope = InstrumentationScope("inhouse", version("inhouse"))
        self._queue = BatchSpanProcessor(OTLPSpanExporter())

    def take(self, turn: Turn, ai: Ai) -> None:
        """Put the turn's spans into the queue; what doesn't fit is dropped."""
        for span in spans_of(turn, ai, content=self._content):
            self._queue.on_end(self._readable(span))

    def close(self) -> None:
        """Send what waits; a collector that doesn't answer is given up after five seconds."""
        closing = threading.Thread(target=self._queue.shutdown, daemon=True)
        closing.start()
        closing.join(_CLOSE_SECONDS)

    def _readable(self, span: GenAiSpan) -> ReadableSpan:
        def context(span_id: int) -> SpanContext:
            return SpanContext(
                span.trace_id, span_id, is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED)
            )

        attributes = span.attributes | ({"error.type": span.error} if span.error else {})
        return ReadableSpan(
            name=span.name,
            context=context(span.span_id),
            parent=context(span.parent_id) if span.parent_id is not None else None,
            resource=self._resource,
            attributes=attributes,
            kind=_KINDS[span.kind],
            status=Status(StatusCode.ERROR, span.error) if span.error else Status(StatusCode.UNSET),
            start_time=_nanoseconds(span.began),
            end_time=_nanoseconds(span.ended),
            instrumentation_scope=self._scope,
        )


def _nanoseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000_000) * 1000
