"""What was done for a turn, and when: noted where the work happens, stored with the turn's trace.

Whoever wants the spans opens a ``Recorder`` around the work (``recording``); without one nothing is noted and nothing is
paid. What is shown of a turn, counted of its tools and exported of it are all translations of these.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["chat", "tool", "retrieval"]
"""A completion by the engine, a call of a tool, a search among the passages."""

_MOST_SPANS = 200
_MOST_DETAIL_CHARS = 8000


@dataclass
class Span:
    """One piece of work. Times are milliseconds since the recording began."""

    kind: Kind
    began_ms: float
    parent: int | None
    """Place in the list of the span that it is a part of."""
    detail: dict[str, Any]
    ended_ms: float | None = None
    error: str = ""
    """The kind of error that ended it, such as ``Unavailable``; empty where none did."""


@dataclass
class Recorder:
    """The spans of one turn, in the order in which they began."""

    spans: list[Span] = field(default_factory=list)
    _began: float = field(default_factory=time.perf_counter)

    def now_ms(self) -> float:
        """Milliseconds since the recording began."""
        return round((time.perf_counter() - self._began) * 1000, 1)

    def as_json(self) -> list[dict[str, Any]]:
        """For storing; what has not ended was cut off now."""
        return [
            {
                "kind": span.kind,
                "began_ms": span.began_ms,
                "ended_ms": self.now_ms() if span.ended_ms is None else span.ended_ms,
                "parent": span.parent,
                "error": span.error or ("cut off" if span.ended_ms is None else ""),
                "detail": _bounded(span.detail),
            }
            for span in self.spans
        ]


_recorder: ContextVar[Recorder | None] = ContextVar("recorder", default=None)
_within: ContextVar[int | None] = ContextVar("within", default=None)


@contextmanager
def recording(recorder: Recorder) -> Iterator[None]:
    """Note the work that this task, and tasks that it starts, do meanwhile."""
    token = _recorder.set(recorder)
    try:
        yield
    finally:
        _recorder.reset(token)


def is_recording() -> bool:
    """Whether anybody wants to know."""
    return _recorder.get() is not None


@contextmanager
def leaf(kind: Kind, **detail: Any) -> Iterator[dict[str, Any]]:
    """Note a piece of work that has no parts; yields its detail, to which may be added. May be left from another task,
    as a stream of the engine is."""
    recorder = _recorder.get()
    if recorder is None or len(recorder.spans) >= _MOST_SPANS:
        yield detail
        return
    span = Span(kind, recorder.now_ms(), _within.get(), detail)
    recorder.spans.append(span)
    try:
        yield detail
    except GeneratorExit:
        raise  # whoever read the stream had enough of it
    except BaseException as error:
        span.error = type(error).__name__
        raise
    finally:
        span.ended_ms = recorder.now_ms()


@contextmanager
def whole(kind: Kind, **detail: Any) -> Iterator[dict[str, Any]]:
    """Note a piece of work with all that is done within it as its parts."""
    recorder = _recorder.get()
    with leaf(kind, **detail) as noted:
        token = _within.set(len(recorder.spans) - 1) if recorder else None
        try:
            yield noted
        finally:
            if token is not None:
                _within.reset(token)


def _bounded(detail: dict[str, Any]) -> dict[str, Any]:
    """Details that are too long lose what is longest."""
    sizes = {name: len(json.dumps(value, default=str)) for name, value in detail.items()}
    kept = dict(detail)
    while sum(sizes.values()) > _MOST_DETAIL_CHARS:
        longest = max(sizes, key=lambda name: sizes[name])
        del kept[longest], sizes[longest]
    return kept
