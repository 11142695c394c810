"""A turn's trace as a picture: what was done, when it began, how long it took, in bars below each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from inhouse.conversations import trace
from inhouse.conversations.trace import SpanAt, Trace
from inhouse.web import calls
from inhouse.web.i18n import N_

#: The bars are drawn in a box so wide; a bar is never too thin to be seen.
WIDTH = 100.0
_THINNEST = 0.8
_MOST_SHOWN = 160
_NAMES = {"chat": N_("Model"), "tool": N_("Tool"), "retrieval": N_("Search"), "giant": N_("Bigger model")}
_STATES = {
    "failed": N_("failed"),
    "refused": N_("refused"),
    "cut off": N_("cut off"),
}


@dataclass(frozen=True)
class Row:
    """One piece of work. ``left`` and ``width`` are shares of the whole time, in hundredths."""

    name: str
    asked: str
    found: str
    began_ms: float
    ms: float
    tokens: tuple[int, int] | None
    """Read and written, where the model worked."""
    trouble: str
    depth: int
    left: float
    width: float


def rows(stored: Mapping[str, Any] | None) -> list[Row]:
    """The rows of a turn's trace, in the order in which they began; none where there is no trace."""
    traced = trace.read(stored)
    steps = list(_of_steps(traced))
    spans = [*traced.spans, *(one for one in steps if one.kind == "giant")] if traced.spans else steps
    whole = max([traced.total_ms, 1.0, *(span.ended_ms for span in spans)])
    return [_row(span, _depth(spans, span), whole) for span in spans]


def _row(span: SpanAt, depth: int, whole: float) -> Row:
    left = min(WIDTH * span.began_ms / whole, WIDTH - _THINNEST)
    told = span.detail
    state = str(told.get("state", ""))
    return Row(
        name=_NAMES.get(span.kind, span.kind),
        asked=_short(_asked(span)),
        found=_short(", ".join(map(str, told.get("found", ())))),
        began_ms=span.began_ms,
        ms=span.ms,
        tokens=(told["prompt_tokens"], told["completion_tokens"]) if "prompt_tokens" in told else None,
        trouble=_STATES.get(state) or (_STATES["failed"] if span.error else ""),
        depth=depth,
        left=round(left, 1),
        width=round(min(max(_THINNEST, WIDTH * span.ms / whole), WIDTH - left), 1),
    )


def _asked(span: SpanAt) -> str:
    if span.kind == "tool":
        return calls.words(calls.call_of({"title": "", **span.detail}))
    if span.kind == "giant":
        return str(span.detail.get("model", ""))
    return str(span.detail.get("query") or span.detail.get("asked") or "")


def _depth(spans: list[SpanAt], span: SpanAt) -> int:
    """How many pieces of work it is a part of."""
    depth = 0
    while span.parent is not None and span.parent < len(spans) and depth < len(spans):
        span, depth = spans[span.parent], depth + 1
    return depth


def _of_steps(traced: Trace) -> Iterator[SpanAt]:
    """What is known of turns before there were spans: when a step began and when it was done."""
    begun: dict[str, float] = {}
    for step in traced.steps:
        if step.state == "begun":
            begun[step.name] = step.at_ms
            continue
        kind = {"search": "retrieval"}.get(step.name, step.name)
        found = step.detail.get("found", [])
        detail = step.detail | {"state": step.state, "found": found if isinstance(found, list) else [found]}
        yield SpanAt(kind=kind, began_ms=begun.pop(step.name, step.at_ms), ended_ms=step.at_ms, detail=detail)


def _short(text: str) -> str:
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"
