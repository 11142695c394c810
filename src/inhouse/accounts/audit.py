"""The audit log: who released, revoked, erased, read a conversation. Rows are written once; the database refuses
to change or remove them.

A row holds ids and no personal data, so that the log stays whole when a person is erased: never put a name, an e-mail
address or anybody's words into ``subject`` or ``detail``. Names are looked up when the log is read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Row, case, func, select

from inhouse.accounts.actors import Action, Actor
from inhouse.accounts.authorisation import authorise
from inhouse.accounts.tables import api_keys, audit, people
from inhouse.core import clock
from inhouse.store.database import Database, Tx

_MOST_DETAIL = 4000
_MOST_ROWS = 1000


class Entry(BaseModel):
    """One line of the log. ``actor_name`` is today's name, empty where the actor was erased."""

    model_config = ConfigDict(frozen=True)

    id: int
    at: datetime
    actor_kind: str
    actor_id: str | None
    actor_name: str
    action: str
    ai_id: str | None
    subject: str | None
    detail: dict[str, Any]


def record(
    tx: Tx,
    actor: Actor,
    action: str,
    *,
    ai_id: str | None = None,
    subject: str | None = None,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Write one line in the caller's transaction. ``action`` is a verb phrase such as ``released``.

    ``subject`` is the id of what it was done to; ``detail`` is a little JSON without personal data.
    """
    detail = dict(detail or {})
    if len(json.dumps(detail)) > _MOST_DETAIL:
        raise ValueError("an audit detail is a few ids and numbers")
    tx.execute(
        audit.insert().values(
            at=clock.now(),
            actor_kind=actor.kind,
            actor_id=actor.id,
            action=action,
            ai_id=ai_id,
            subject=subject,
            detail=detail,
        )
    )


def listing(
    tx: Tx,
    *,
    ai_id: str | None = None,
    actor_id: str | None = None,
    action: str | None = None,
    before: int | None = None,
    limit: int = 100,
) -> list[Entry]:
    """Without authorisation: the newest lines first, at most 1,000; ``before`` is the id of the last line of the page before."""
    query = _named().order_by(audit.c.id.desc()).limit(min(limit, _MOST_ROWS))
    for column, wanted in ((audit.c.ai_id, ai_id), (audit.c.actor_id, actor_id), (audit.c.action, action)):
        if wanted is not None:
            query = query.where(column == wanted)
    if before is not None:
        query = query.where(audit.c.id < before)
    return [_entry(row) for row in tx.execute(query)]


def read(
    db: Database,
    actor: Actor | None,
    *,
    ai_id: str | None = None,
    action: str | None = None,
    before: int | None = None,
    limit: int = 100,
) -> list[Entry]:
    """One AI's log for those who manage it, else the whole installation's for operators; pages as in ``listing``."""
    with db.read() as tx:
        if ai_id is not None:
            authorise(tx, actor, Action.MANAGE, ai_id=ai_id)
        else:
            authorise(tx, actor, Action.OPERATE)
        return listing(tx, ai_id=ai_id, action=action, before=before, limit=limit)


def _named() -> Any:
    kind_name = case((audit.c.actor_kind.in_(("operator", "system")), audit.c.actor_kind), else_="")
    return (
        select(audit, func.coalesce(people.c.name, api_keys.c.name, kind_name).label("actor_name"))
        .select_from(audit)
        .outerjoin(people, people.c.id == audit.c.actor_id)
        .outerjoin(api_keys, api_keys.c.id == audit.c.actor_id)
    )


def _entry(row: Row[Any]) -> Entry:
    return Entry(**row._mapping)
