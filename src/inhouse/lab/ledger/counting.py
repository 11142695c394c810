"""What stored turns say of an AI's extensions: how often called, how rightly, at what cost. No words of fans are read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import fmean
from typing import Any

from sqlalchemy import ColumnElement, Row, func, select

from inhouse.conversations import sharing, toolcalls, trace
from inhouse.conversations.tables import corrections, picks, tool_calls, trace_consents, turns
from inhouse.conversations.trace import SpanAt, Trace
from inhouse.lab.comparing import intervals
from inhouse.lab.comparing.intervals import Interval
from inhouse.store.database import Tx

#: Turns whose traces are read for what a call costs, the newest.
_MOST_TRACES = 100
#: A mean of fewer says nothing.
FEWEST = 5


@dataclass(frozen=True)
class Calls:
    """How often an extension was called, and what came of it."""

    called: int = 0
    done: int = 0
    failed: int = 0
    refused: int = 0
    turns: int = 0
    """Turns with a call that was made."""

    def __add__(self, other: Calls) -> Calls:
        return Calls(
            self.called + other.called,
            self.done + other.done,
            self.failed + other.failed,
            self.refused + other.refused,
            self.turns + other.turns,
        )


@dataclass(frozen=True)
class Cost:
    """What one turn with a call of an extension took beyond an answer."""

    call_ms: float
    """In the extension itself: that stays, wherever its description is."""
    deciding_ms: float
    """By the model, to decide on the call and to write it."""
    deciding_tokens: float


def calls(tx: Tx, ai_id: str, since: datetime) -> dict[str, Calls]:
    """By the extension's name."""
    made = (*_mine(ai_id, since), tool_calls.c.state == "done")
    query = select(tool_calls.c.extension, func.count(tool_calls.c.turn_id.distinct()).label("turns"))
    of_turns = {
        row.extension: row.turns for row in tx.execute(query.where(*made).group_by(tool_calls.c.extension))
    }
    found: dict[str, Calls] = {}
    for one in toolcalls.counts(tx, ai_id, since):
        counted = Calls(one.called, one.done, one.failed, one.refused)
        found[one.extension] = found.get(one.extension, Calls()) + counted
    return {name: one + Calls(turns=of_turns.get(name, 0)) for name, one in found.items()}


def judged(tx: Tx, ai_id: str, since: datetime) -> dict[str, list[float]]:
    """By extension, a figure for each fan of whose turns with a call somebody said something: the share that was right.

    The team's word (a correction, then a pick of two) counts before the fan's thumb. Turns of one fan are no separate evidence.
    """
    columns = (tool_calls.c.extension, turns.c.id, turns.c.fan_id, turns.c.thumb, turns.c.answer)
    query = (
        select(*columns)
        .distinct()
        .select_from(tool_calls)
        .join(turns, (turns.c.id == tool_calls.c.turn_id) & (turns.c.ai_id == tool_calls.c.ai_id))
        .where(*_mine(ai_id, since), tool_calls.c.state == "done")
    )
    corrected = set(
        tx.execute(
            select(corrections.c.turn_id).where(
                corrections.c.ai_id == ai_id, corrections.c.undone_at.is_(None)
            )
        ).scalars()
    )
    picked = _picked(tx, ai_id)
    fans: dict[tuple[str, str], list[float]] = {}
    for row in tx.execute(query):
        right = _right(row, corrected, picked)
        if right is not None:
            fans.setdefault((row.extension, row.fan_id), []).append(float(right))
    found: dict[str, list[float]] = {}
    for (extension, _fan), verdicts in fans.items():
        found.setdefault(extension, []).append(fmean(verdicts))
    return found


def costs(tx: Tx, ai_id: str, since: datetime, extension: str) -> list[Cost]:
    """What each of the newest turns with a call took."""
    asked = select(tool_calls.c.turn_id).where(
        *_mine(ai_id, since), tool_calls.c.extension == extension, tool_calls.c.state == "done"
    )
    query = (
        select(turns.c.trace)
        .where(turns.c.ai_id == ai_id, turns.c.id.in_(asked))
        .order_by(turns.c.id.desc())
        .limit(_MOST_TRACES)
    )
    found = (of_trace(trace.read(stored), extension) for stored in tx.execute(query).scalars())
    return [one for one in found if one is not None]


def of_trace(read: Trace, extension: str) -> Cost | None:
    """What the calls of one extension took in a turn; ``None`` where its trace has none.

    What the model did after the tool before, or the beginning, and up to the call, it did for the call. Calls that it made by
    itself are left out: they say nothing of what the tool costs outside.
    """
    spans = sorted((span for span in read.spans if span.parent is None), key=lambda span: span.began_ms)
    mine, before, deciding = [], list[SpanAt](), list[SpanAt]()
    for span in spans:
        if span.kind == "chat":
            before.append(span)
        elif span.kind == "tool":
            outside = span.detail.get("way") != "built_in"
            if outside and span.detail.get("extension") == extension:
                mine.append(span)
                deciding += before
            before = []
    if not mine:
        return None
    return Cost(
        call_ms=sum(span.ms for span in mine),
        deciding_ms=sum(span.ms for span in deciding),
        deciding_tokens=float(sum(_tokens(span.detail) for span in deciding)),
    )


def learnable(tx: Tx, ai_id: str, extension: str) -> int:
    """Turns with a call that went well, of fans who agreed, and whom nobody contradicted: what could be learnt from."""
    owner = sharing.standing(tx, ai_id)
    if owner is None:
        return 0
    wrong = select(corrections.c.turn_id).where(
        corrections.c.ai_id == ai_id, corrections.c.undone_at.is_(None)
    )
    query = (
        select(func.count(turns.c.id.distinct()))
        .select_from(turns)
        .join(tool_calls, (tool_calls.c.turn_id == turns.c.id) & (tool_calls.c.ai_id == turns.c.ai_id))
        .join(trace_consents, sharing.covers(owner))
        .where(
            turns.c.ai_id == ai_id,
            tool_calls.c.extension == extension,
            tool_calls.c.state == "done",
            turns.c.thumb.is_distinct_from("down"),
            turns.c.id.not_in(wrong),
        )
    )
    return tx.execute(query).scalar_one()


def mean(values: Iterable[float]) -> Interval | None:
    """A mean with its interval; ``None`` of fewer than five."""
    kept = list(values)
    return intervals.of_mean(kept) if len(kept) >= FEWEST else None


def share(values: Sequence[float]) -> Interval | None:
    """A share over fans with an interval that holds of few fans too; ``None`` where nobody said anything."""
    return intervals.of_bounded_mean(values) if values else None


def _mine(ai_id: str, since: datetime) -> tuple[ColumnElement[bool], ...]:
    return (tool_calls.c.ai_id == ai_id, tool_calls.c.at >= since)


def _picked(tx: Tx, ai_id: str) -> dict[str, tuple[str, str]]:
    query = select(picks.c.turn_id, picks.c.chosen, picks.c.rejected).where(
        picks.c.ai_id == ai_id, picks.c.turn_id.is_not(None), picks.c.undone_at.is_(None)
    )
    return {row.turn_id: (row.chosen.strip(), row.rejected.strip()) for row in tx.execute(query)}


def _right(
    row: Row[Any, Any, Any, Any, Any], corrected: set[str], picked: Mapping[str, tuple[str, str]]
) -> bool | None:
    """Whether the answer was right, as far as anybody said."""
    if row.id in corrected:
        return False
    chosen, rejected = picked.get(row.id, ("", ""))
    if row.answer.strip() and row.answer.strip() in (chosen, rejected):
        return bool(row.answer.strip() == chosen)
    return None if row.thumb is None else bool(row.thumb == "up")


def _tokens(detail: Mapping[str, int]) -> int:
    return detail.get("prompt_tokens", 0) + detail.get("completion_tokens", 0)
