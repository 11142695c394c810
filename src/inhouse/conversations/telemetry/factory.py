"""Whether turns are exported, and where to: by OpenTelemetry's own variables."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

from inhouse.conversations.telemetry.base import Sink
from inhouse.core.errors import InhouseError

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")


class TelemetryMissing(InhouseError):
    """An OpenTelemetry collector is set and the package for it is not installed. Run: pip install 'inhouse[otel]'"""

    status = 503


def make_sink(environ: Mapping[str, str], *, content: bool) -> Sink | None:
    """What the environment asks for: nothing without a collector's address. ``content`` lets people's words out too."""
    off = (
        environ.get("OTEL_SDK_DISABLED", "").lower() == "true"
        or environ.get("OTEL_TRACES_EXPORTER") == "none"
    )
    if off or not any(environ.get(name) for name in _ENDPOINTS):
        return None
    try:
        otlp = import_module("inhouse.conversations.telemetry.otlp")
    except ModuleNotFoundError as error:
        raise TelemetryMissing() from error
    sink: Sink = otlp.OtlpSink(content=content)
    return sink
