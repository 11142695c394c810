"""What stored turns say of fans: every query takes the AI. Nothing of what a fan wrote is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import Row, func, select

from inhouse.conversations.tables import corrections, handovers, turns
from inhouse.lab.experiments.design import Unit as UnitKind
from inhouse.lab.experiments.metrics import Metric
from inhouse.store.database import Tx

T = TypeVar("T")
#: Turns that have an end; what still runs is counted as its window closes, or not at all.
_ENDED = ("done", "stopped", "failed", "interrupted")
#: Before its experiment, a fan is known by this much of the past.
HISTORY = timedelta(days=28)
#: Fans that one look takes on at most; the others are the next look's.
MOST_FANS = 20_000
_AT_ONCE = 500


@dataclass(frozen=True)
class Seen:
    """A fan's figures, and the release that their first turn was answered by."""

    values: Mapping[Metric, float]
    release_id: str | None


def newcomers(
    tx: Tx, ai_id: str, since: datetime, after: datetime, until: datetime
) -> list[tuple[str, datetime]]:
    """Fans whose first turn since ``since`` was later than ``after`` and not later than ``until``, the earliest first."""
    first = func.min(turns.c.created_at)
    query = (
        select(turns.c.fan_id, first.label("first"))
        .where(turns.c.ai_id == ai_id, turns.c.author == "ai", turns.c.created_at > since)
        .group_by(turns.c.fan_id)
        .having(first > after, first <= until)
        .order_by(first, turns.c.fan_id)
        .limit(MOST_FANS)
    )
    return [(row.fan_id, row.first) for row in tx.execute(query)]


def during(
    tx: Tx, ai_id: str, fans: Sequence[tuple[str, datetime]], window: timedelta, unit: UnitKind
) -> dict[str, Seen]:
    """What each fan's turns were like from their first one to the end of the window; fans whose turns are gone are
    left out."""
    found: dict[str, Seen] = {}
    for lot in _lots(fans):
        first = dict(lot)
        rows = _turns(tx, ai_id, list(first), min(first.values()), max(first.values()) + window)
        corrected = _corrected(tx, ai_id, [row.id for row in rows])
        asked = _handovers(tx, ai_id, list(first))
        for fan_id, own in _by_fan(rows).items():
            begin = first[fan_id]
            counted = [row for row in own if begin <= row.created_at <= begin + window]
            counted = counted[:1] if unit == "first_turn" else counted
            if counted:
                handed = any(begin <= at <= begin + window for at in asked.get(fan_id, ()))
                found[fan_id] = Seen(_values(counted, corrected, handed), counted[0].release_id)
    return found


def earlier(tx: Tx, ai_id: str, fan_ids: Sequence[str], until: datetime) -> dict[str, Mapping[Metric, float]]:
    """What fans' turns were like in the four weeks before ``until``."""
    found: dict[str, Mapping[Metric, float]] = {}
    for lot in _lots(fan_ids):
        rows = _turns(tx, ai_id, lot, until - HISTORY, until)
        corrected = _corrected(tx, ai_id, [row.id for row in rows])
        asked = _handovers(tx, ai_id, lot)
        for fan_id, own in _by_fan(rows).items():
            handed = any(until - HISTORY <= at <= until for at in asked.get(fan_id, ()))
            found[fan_id] = _values(own, corrected, handed)
    return found


def of_answer(ended: Mapping[str, Any]) -> dict[Metric, float]:
    """What one answer shows by itself: ``ended`` is the event as it is stored."""
    timing = ended.get("timing") or {}
    return {
        Metric.ANSWERED: float(not ended.get("abstained", False)),
        Metric.GUARDED: float(ended.get("kind") == "guarded"),
        Metric.SECONDS: float(timing.get("total_ms", 0.0)) / 1000,
        Metric.TOKENS: float(timing.get("prompt_tokens", 0) + timing.get("completion_tokens", 0)),
    }


def _values(rows: Sequence[Row[Any]], corrected: set[str], handed: bool) -> dict[Metric, float]:
    def part(holds: Callable[[Row[Any]], bool]) -> float:
        return sum(holds(row) for row in rows) / len(rows)

    answers = [of_answer(row.ended) for row in rows if row.state == "done" and row.ended]
    values = {
        Metric.ANSWERED: sum(one[Metric.ANSWERED] for one in answers) / len(rows),
        Metric.GUARDED: sum(one[Metric.GUARDED] for one in answers) / len(rows),
        Metric.LIKED: part(lambda row: row.thumb == "up"),
        Metric.DISLIKED: part(lambda row: row.thumb == "down"),
        Metric.CORRECTED: part(lambda row: row.id in corrected),
        Metric.FAILED: part(lambda row: row.state in ("failed", "interrupted")),
        Metric.HANDED_OVER: float(handed),
    }
    for metric in (Metric.SECONDS, Metric.TOKENS):
        if answers:
            values[metric] = sum(one[metric] for one in answers) / len(answers)
    return values


def _turns(tx: Tx, ai_id: str, fan_ids: Sequence[str], since: datetime, until: datetime) -> list[Row[Any]]:
    columns = [
        turns.c[name] for name in ("id", "fan_id", "state", "ended", "thumb", "release_id", "created_at")
    ]
    query = select(*columns).where(
        turns.c.ai_id == ai_id,
        turns.c.fan_id.in_(fan_ids),
        turns.c.author == "ai",
        turns.c.state.in_(_ENDED),
        turns.c.created_at >= since,
        turns.c.created_at <= until,
    )
    return list(tx.execute(query.order_by(turns.c.created_at, turns.c.id)))


def _corrected(tx: Tx, ai_id: str, turn_ids: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for lot in _lots(turn_ids):
        query = select(corrections.c.turn_id).where(
            corrections.c.ai_id == ai_id, corrections.c.turn_id.in_(lot), corrections.c.undone_at.is_(None)
        )
        found.update(tx.execute(query).scalars())
    return found


def _handovers(tx: Tx, ai_id: str, fan_ids: Sequence[str]) -> dict[str, list[datetime]]:
    query = select(handovers.c.fan_id, handovers.c.created_at).where(
        handovers.c.ai_id == ai_id, handovers.c.fan_id.in_(fan_ids)
    )
    found: dict[str, list[datetime]] = {}
    for row in tx.execute(query):
        found.setdefault(row.fan_id, []).append(row.created_at)
    return found


def _by_fan(rows: Sequence[Row[Any]]) -> dict[str, list[Row[Any]]]:
    found: dict[str, list[Row[Any]]] = {}
    for row in rows:
        found.setdefault(row.fan_id, []).append(row)
    return found


def _lots(items: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), _AT_ONCE):
        yield items[start : start + _AT_ONCE]
