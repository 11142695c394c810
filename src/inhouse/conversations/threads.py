"""Conversations as lists show them."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict
from sqlalchemy import func, select

from inhouse.conversations.fans import Fan
from inhouse.conversations.tables import conversations, turns
from inhouse.conversations.turns import Conversation, Origin
from inhouse.core.errors import NotFound
from inhouse.store.database import Tx

_MOST_ROWS = 500
_EXCERPT = 160


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


def listing(tx: Tx, ai_id: str, *, before: str | None, limit: int) -> list[Summary]:
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
    return [_summary(dict(row._mapping)) for row in tx.execute(query)]


def _summary(values: dict[str, object]) -> Summary:
    values["first_question"] = str(values["first_question"] or "")[:_EXCERPT]
    return Summary.model_validate({name: values[name] for name in Summary.model_fields})
