"""Which data sets hold a trace of whom. Rows hold hashes, so that they outlive the fan and the AI that they speak of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict
from sqlalchemy import ColumnElement, func, select, update

from inhouse.conversations.tables import trace_exports, trace_lineage
from inhouse.core import clock, ids
from inhouse.store import jobs
from inhouse.store.database import Tx

#: Values of one query: databases bound them.
_MOST_ASKED = 500

#: The job that removes words which were taken out of a data set to learn from, wherever they lie.
FORGET = "forget-shared"

Why = Literal["erased", "withdrawn"]


class Holding(BaseModel):
    """A data set that holds traces of somebody."""

    model_config = ConfigDict(frozen=True)

    export_id: str
    file: str
    """Its name as it was written."""
    sha256: str | None
    """Of the file; ``None`` while it is written, or where writing it was cut off."""
    at: datetime
    traces: int


def add(tx: Tx, export_id: str, traces: Iterable[tuple[str, str, str]]) -> None:
    """Note the ``(turn, fan, AI)`` of every trace that goes into a data set, before it does."""
    rows = [
        {"export_id": export_id, "trace": ids.digest(turn), "fan": ids.digest(fan), "ai": ids.digest(ai)}
        for turn, fan, ai in traces
    ]
    if rows:
        tx.execute(trace_lineage.insert(), rows)


def of_fan(tx: Tx, fan_id: str) -> list[Holding]:
    """The data sets that hold a trace of this fan, the oldest first."""
    return _holdings(tx, trace_lineage.c.fan == ids.digest(fan_id))


def of_ai(tx: Tx, ai_id: str) -> list[Holding]:
    """The data sets that hold a trace of this AI, the oldest first."""
    return _holdings(tx, trace_lineage.c.ai == ids.digest(ai_id))


def mark_fan(tx: Tx, fan_id: str, why: Why) -> int:
    """Say that this fan's traces are to be left out of whatever is made of a data set from now on; returns how many."""
    return _mark(tx, trace_lineage.c.fan == ids.digest(fan_id), why)


def mark_ai(tx: Tx, ai_id: str, why: Why) -> int:
    """The same for all traces of an AI."""
    return _mark(tx, trace_lineage.c.ai == ids.digest(ai_id), why)


def unwanted(tx: Tx, export_id: str) -> frozenset[str]:
    """Of a data set, the traces (SHA-256 of their ids) that must not be learnt from any more."""
    gone = (trace_lineage.c.export_id == export_id, trace_lineage.c.gone_at.is_not(None))
    return frozenset(tx.execute(select(trace_lineage.c.trace).where(*gone)).scalars())


def gone(tx: Tx, traces: Sequence[str]) -> frozenset[str]:
    """Of these traces (SHA-256 of their ids), in whichever data set they stand, those that must not be learnt from any more."""
    found: set[str] = set()
    for start in range(0, len(traces), _MOST_ASKED):
        some = trace_lineage.c.trace.in_(traces[start : start + _MOST_ASKED])
        query = select(trace_lineage.c.trace).where(some, trace_lineage.c.gone_at.is_not(None))
        found.update(tx.execute(query).scalars())
    return frozenset(found)


def _mark(tx: Tx, of: ColumnElement[bool], why: Why) -> int:
    """Erasing weighs more than withdrawing, and the first time of each stands. Words that lie about go in a job of their own."""
    there = trace_lineage.c.gone_why
    fresh = there.is_distinct_from(why) & there.is_distinct_from("erased")
    change = {"gone_at": clock.now(), "gone_why": why}
    marked = tx.execute(update(trace_lineage).where(of, fresh).values(change)).rowcount
    if marked:
        jobs.enqueue(tx, FORGET, {})
    return marked


def _holdings(tx: Tx, of: ColumnElement[bool]) -> list[Holding]:
    query = (
        select(
            trace_exports.c.id.label("export_id"),
            trace_exports.c.file,
            trace_exports.c.sha256,
            trace_exports.c.begun_at.label("at"),
            func.count().label("traces"),
        )
        .join(trace_lineage, trace_lineage.c.export_id == trace_exports.c.id)
        .where(of)
        .group_by(trace_exports.c.id, trace_exports.c.file, trace_exports.c.sha256, trace_exports.c.begun_at)
        .order_by(trace_exports.c.id)
    )
    return [Holding(**row._mapping) for row in tx.execute(query)]
