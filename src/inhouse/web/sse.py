"""Server-sent events: one line of JSON each, numbered, so that a reader that reconnects goes on where it was."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

from starlette.responses import StreamingResponse

#: Proxies must neither keep nor gather what we stream.
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


def message(data: Any, *, event: str | None = None, seq: int | None = None) -> str:
    """One event on the wire. JSON holds no bare line break, so one ``data:`` line is enough."""
    lines = []
    if seq is not None:
        lines.append(f"id: {seq}")
    if event is not None:
        lines.append(f"event: {event}")
    text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return "\n".join([*lines, f"data: {text}"]) + "\n\n"


def stream(messages: AsyncIterator[str], headers: dict[str, str] | None = None) -> StreamingResponse:
    """A response that sends messages as they come."""
    return StreamingResponse(
        messages, media_type="text/event-stream", headers={**_HEADERS, **(headers or {})}
    )
