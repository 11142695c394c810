"""The trace of a turn as it is stored: which release answered, what was done for it, and when.

Everything that is told of a turn afterwards (the studio's picture, the counts of tools, the export) is read from this value.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from inhouse.conversations.running import Running
from inhouse.core.events import Ended, Failed, Timing
from inhouse.releases.release import Route

VERSION = 2


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class StepAt(_Value):
    """A step as the page showed it, ``at_ms`` after the work began."""

    name: str
    state: Literal["begun", "done", "failed"]
    at_ms: float
    detail: dict[str, Any] = Field(default_factory=dict)


class SpanAt(_Value):
    """A piece of work: ``chat`` (the engine), ``tool`` or ``retrieval``; milliseconds since the work began."""

    kind: str
    began_ms: float
    ended_ms: float
    parent: int | None = None
    """Place in the list of the span that it is a part of: a specialist's work is part of the call that asked it."""
    error: str = ""
    detail: dict[str, Any] = Field(default_factory=dict)

    @property
    def ms(self) -> float:
        return round(self.ended_ms - self.began_ms, 1)

    @property
    def failed(self) -> bool:
        """Whether it broke, or a tool said no."""
        return bool(self.error) or self.detail.get("state") in ("failed", "refused")


class Trace(_Value):
    """Version 2. Version 1, of turns before there were spans, has neither ``began_at`` nor ``spans``."""

    version: int = VERSION
    began_at: datetime | None = None
    release: int | None = None
    generation: str | None = None
    adapter: str | None = None
    amendment: int = 0
    index_revision: int = 0
    steps: tuple[StepAt, ...] = ()
    spans: tuple[SpanAt, ...] = ()
    total_ms: float = 0.0
    timing: Timing | None = None

    @property
    def calls(self) -> list[SpanAt]:
        """The calls of tools, in the order in which they began."""
        return [span for span in self.spans if span.kind == "tool"]


def read(stored: Mapping[str, Any] | None) -> Trace:
    """The trace in a turn's row; an empty one where the turn has none (a person's, or cut off by a kill)."""
    return Trace.model_validate(stored or {"version": 1})


def made(running: Running, route: Route, event: Ended | Failed) -> dict[str, Any]:
    """The trace of an answer that has just ended, as JSON."""
    return {
        "version": VERSION,
        "began_at": running.began_at.isoformat(),
        "release": route.release_number,
        "generation": route.generation_id,
        "adapter": route.adapter.hash if route.adapter else None,
        "amendment": route.amendment,
        "index_revision": route.index_revision,
        "steps": running.steps,
        "spans": running.recorder.as_json(),
        "total_ms": running.elapsed_ms(),
        "timing": event.timing.model_dump(mode="json") if isinstance(event, Ended) else None,
    }
