"""What came of the calls of tools: kept when their turn ends, counted for the team and for the lab's ledger."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlalchemy import func, select

from inhouse.conversations import trace
from inhouse.conversations.tables import actions, tool_calls
from inhouse.conversations.turns import Turn
from inhouse.core import clock, ids
from inhouse.store.database import Tx

#: A call that was not made: over its quota, or its arguments did not fit.
REFUSED = "refused"
PERIOD = timedelta(days=30)


class Count(BaseModel):
    """The calls of one tool of one AI in a period."""

    model_config = ConfigDict(frozen=True)

    extension: str
    tool: str
    called: int
    """All of them, whatever came of them."""
    done: int
    failed: int
    refused: int
    cut_off: int
    """Of which nobody knows the end: the turn was stopped, its process killed, or the action is under way or unknown."""
    ms: float | None
    """Mean time of those that were made and ended."""
    cost: float


def keep(tx: Tx, turn: Turn) -> None:
    """Note how the calls of a turn ended. A call was counted when it was made, if it was made at all."""
    for span in trace.read(turn.trace).calls:
        ended = {"turn_id": turn.id, "state": span.detail.get("state", "cut off"), "ms": span.ms}
        known = tool_calls.update().where(
            tool_calls.c.id == span.detail.get("call"), tool_calls.c.ai_id == turn.ai_id
        )
        if tx.execute(known.values(ended)).rowcount == 0 and ended["state"] == REFUSED:
            tx.execute(tool_calls.insert().values(_refused(turn, span.detail) | ended))


def counts(tx: Tx, ai_id: str, since: datetime | None = None) -> list[Count]:
    """Every tool that was called since (30 days ago), the most called first. What an agreed action came to stands in its
    own row, under the call's id."""
    state, ms = func.coalesce(tool_calls.c.state, actions.c.state), tool_calls.c.ms
    of = {name: func.count().filter(state == name) for name in ("done", "failed", REFUSED)}
    query = (
        select(
            tool_calls.c.extension,
            tool_calls.c.tool,
            func.count().label("called"),
            *(column.label(name) for name, column in of.items()),
            func.avg(ms).filter(state.in_(("done", "failed"))).label("ms"),
            func.coalesce(func.sum(tool_calls.c.cost).filter(state.is_distinct_from(REFUSED)), 0.0).label(
                "cost"
            ),
        )
        .select_from(tool_calls)
        .outerjoin(actions, (actions.c.key == tool_calls.c.id) & (actions.c.ai_id == ai_id))
        .where(tool_calls.c.ai_id == ai_id, tool_calls.c.at >= (since or clock.now() - PERIOD))
        .group_by(tool_calls.c.extension, tool_calls.c.tool)
        .order_by(func.count().desc(), tool_calls.c.extension, tool_calls.c.tool)
    )
    return [_count(row._mapping) for row in tx.execute(query)]


def called(tx: Tx, ai_id: str) -> list[str]:
    """The tools that conversations can be filtered by, each as ``extension/tool``."""
    query = select(tool_calls.c.extension, tool_calls.c.tool).where(
        tool_calls.c.ai_id == ai_id, tool_calls.c.turn_id.is_not(None)
    )
    return sorted(f"{row.extension}/{row.tool}" for row in tx.execute(query.distinct()))


def _count(row: Mapping[Any, Any]) -> Count:
    known = row["done"] + row["failed"] + row[REFUSED]
    return Count(**row, cut_off=row["called"] - known)


def _refused(turn: Turn, detail: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": detail.get("call") or ids.new_id("call"),
        "ai_id": turn.ai_id,
        "fan_id": turn.fan_id,
        "extension": detail["extension"],
        "tool": detail["tool"],
        "cost": 0.0,
        "at": turn.ended_at or clock.now(),
    }
