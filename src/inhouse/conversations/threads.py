"""Conversations as lists show them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict
from sqlalchemy import ColumnElement, Select, exists, func, or_, select

from inhouse.conversations.fans import Fan
from inhouse.conversations.tables import conversations, corrections, tool_calls, turns
from inhouse.conversations.turns import Conversation, Origin
from inhouse.core.errors import NotFound
from inhouse.store.database import Tx

_MOST_ROWS = 500
_EXCERPT = 160


class Filter(BaseModel):
    """Which conversations a list shows: those in which one turn fits all that is asked for."""

    model_config = ConfigDict(frozen=True)

    tool: str = ""
    """``extension/tool`` that was called."""
    verdict: Literal["", "up", "down", "corrected"] = ""
    failed: bool = False
    """An answer broke off, or a tool failed or was refused."""

    @property
    def is_open(self) -> bool:
        """Whether it lets everything through."""
        return self == Filter()


class Summary(BaseModel):
    """A conversation in a list: its first question, how many turns it has, and when it changed."""

    model_config = ConfigDict(frozen=True)

    id: str
    fan_id: str
    origin: Origin
    created_at: datetime
    changed_at: datetime
    turns: int
    first_question: str
    thumbs_down: int


def latest(tx: Tx, fan: Fan) -> Conversation | None:
    """The conversation that this fan was in last."""
    query = select(conversations).where(conversations.c.ai_id == fan.ai_id, conversations.c.fan_id == fan.id)
    row = tx.execute(query.order_by(conversations.c.changed_at.desc()).limit(1)).one_or_none()
    return Conversation(**row._mapping) if row else None


def of_ai(tx: Tx, ai_id: str, conversation_id: str) -> Conversation:
    """One conversation of this AI, for its team, else ``NotFound``."""
    row = tx.execute(
        select(conversations).where(conversations.c.id == conversation_id, conversations.c.ai_id == ai_id)
    ).one_or_none()
    if row is None:
        raise NotFound(kind="conversation", name=conversation_id)
    return Conversation(**row._mapping)


def listing(
    tx: Tx, ai_id: str, *, before: str | None, limit: int, wanted: Filter | None = None
) -> list[Summary]:
    """Conversations by the time they were opened, the newest first (ids sort by time)."""
    opening = turns.alias("opening")
    first = select(opening.c.question).where(opening.c.conversation_id == conversations.c.id)
    query = (
        select(
            conversations,
            func.count(turns.c.id).label("turns"),
            func.count(turns.c.id).filter(turns.c.thumb == "down").label("thumbs_down"),
            first.order_by(opening.c.number).limit(1).scalar_subquery().label("first_question"),
        )
        .join(turns, turns.c.conversation_id == conversations.c.id)
        .where(conversations.c.ai_id == ai_id)
        .group_by(*conversations.c)
        .order_by(conversations.c.id.desc())
        .limit(min(limit, _MOST_ROWS))
    )
    if before is not None:
        query = query.where(conversations.c.id < before)
    if wanted is not None and not wanted.is_open:
        query = query.where(exists(_fitting(wanted)))
    return [_summary(dict(row._mapping)) for row in tx.execute(query)]


def _fitting(wanted: Filter) -> Select[tuple[str]]:
    one = turns.alias("fitting")
    here = (one.c.conversation_id == conversations.c.id, one.c.ai_id == conversations.c.ai_id)
    return select(one.c.id).where(*here, *_asked(wanted, one.c.id, one.c.thumb, one.c.state))


def _asked(
    wanted: Filter, turn_id: ColumnElement[str], thumb: ColumnElement[str], state: ColumnElement[str]
) -> Iterator[ColumnElement[bool]]:
    if wanted.tool:
        extension, _, tool = wanted.tool.partition("/")
        named = (tool_calls.c.extension == extension, tool_calls.c.tool == tool)
        yield exists().where(tool_calls.c.turn_id == turn_id, *named)
    if wanted.verdict == "corrected":
        yield exists().where(corrections.c.turn_id == turn_id, corrections.c.undone_at.is_(None))
    elif wanted.verdict:
        yield thumb == wanted.verdict
    if wanted.failed:
        broken = (tool_calls.c.turn_id == turn_id, tool_calls.c.state.is_distinct_from("done"))
        yield or_(state.in_(("failed", "interrupted")), exists().where(*broken))


def _summary(values: dict[str, object]) -> Summary:
    values["first_question"] = str(values["first_question"] or "")[:_EXCERPT]
    return Summary.model_validate({name: values[name] for name in Summary.model_fields})
