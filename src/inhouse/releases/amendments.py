"""Amendments: what must hold at once, before the next release. Numbered per AI, never renumbered."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Row, func, select, update

from inhouse.core import clock
from inhouse.core.errors import NotFound, TooLarge, UsageError
from inhouse.releases.tables import amendments
from inhouse.runtime.request import PinnedAnswer
from inhouse.store.database import Tx

Kind = Literal["pinned_answer", "revocation", "extension_off", "adapter_off"]

MOST_PINS = 500
MOST_ANSWER = 8000
MOST_QUESTION = 4000


class Amendment(BaseModel):
    """One amendment of one AI. ``payload`` by kind: ``question`` and ``answer``, ``source_id``, ``extension``, or
    ``adapter_hash``."""

    model_config = ConfigDict(frozen=True)

    ai_id: str
    number: int
    kind: Kind
    payload: dict[str, Any]
    active: bool
    turn_id: str | None
    fan_id: str | None
    created_at: datetime
    created_by: str | None
    ended_at: datetime | None


def add(
    tx: Tx,
    ai_id: str,
    kind: Kind,
    payload: Mapping[str, Any],
    *,
    by: str | None,
    turn_id: str | None = None,
    fan_id: str | None = None,
) -> Amendment:
    """The next amendment of an AI. The AI's row must be locked (``routing.lock``) so that numbers stay unique."""
    last = tx.execute(select(func.max(amendments.c.number)).where(amendments.c.ai_id == ai_id)).scalar()
    values = {
        "ai_id": ai_id,
        "number": (last or 0) + 1,
        "kind": kind,
        "payload": dict(payload),
        "active": True,
        "turn_id": turn_id,
        "fan_id": fan_id,
        "created_at": clock.now(),
        "created_by": by,
    }
    return _amendment(tx.execute(amendments.insert().values(values).returning(amendments)).one())


def end(tx: Tx, ai_id: str, number: int) -> None:
    """Take an amendment out of force; one that is out already stays so."""
    here = (amendments.c.ai_id == ai_id, amendments.c.number == number, amendments.c.active)
    tx.execute(update(amendments).where(*here).values(active=False, ended_at=clock.now()))


def in_force(tx: Tx, ai_id: str) -> list[Amendment]:
    """The amendments that hold now, the oldest first."""
    query = select(amendments).where(amendments.c.ai_id == ai_id, amendments.c.active)
    return [_amendment(row) for row in tx.execute(query.order_by(amendments.c.number))]


def get(tx: Tx, ai_id: str, number: int) -> Amendment:
    """One amendment of one AI."""
    row = tx.execute(
        select(amendments).where(amendments.c.ai_id == ai_id, amendments.c.number == number)
    ).one_or_none()
    if row is None:
        raise NotFound(kind="amendment", name=number)
    return _amendment(row)


def pinned(force: list[Amendment]) -> tuple[PinnedAnswer, ...]:
    """The owner's own answers among the amendments; of equal questions the newest holds."""
    answers = {
        a.payload["question"].strip().casefold(): PinnedAnswer(a.payload["question"], a.payload["answer"])
        for a in force
        if a.kind == "pinned_answer"
    }
    return tuple(answers.values())


def named(force: list[Amendment], kind: Kind, field: str) -> frozenset[str]:
    """The values of one payload field over all amendments of a kind, such as the adapters that are off."""
    return frozenset(a.payload[field] for a in force if a.kind == kind)


def check_pin(question: str, answer: str) -> None:
    """Refuse an empty or oversized pinned answer."""
    if not question.strip() or not answer.strip():
        raise UsageError(reason="Give both the question and the answer.")
    if len(question) > MOST_QUESTION:
        raise TooLarge(what="The question", limit=f"{MOST_QUESTION} characters")
    if len(answer) > MOST_ANSWER:
        raise TooLarge(what="The answer", limit=f"{MOST_ANSWER} characters")


def _amendment(row: Row[Any]) -> Amendment:
    return Amendment(**row._mapping)
