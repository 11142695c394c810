"""Amendments: what must hold at once, before the next release. Numbered per AI, never renumbered."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Row, func, select, update

from inhouse.accounts import audit
from inhouse.accounts.actors import Action, Actor
from inhouse.accounts.authorisation import authorise
from inhouse.core import clock
from inhouse.core.errors import NotFound, TooLarge, UsageError
from inhouse.releases import routing
from inhouse.releases.tables import amendments
from inhouse.runtime.request import PinnedAnswer
from inhouse.store.database import Database, Tx

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


class Amendments:
    """What a team changes at once, on behalf of an actor."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def pin(self, actor: Actor, ai_id: str, question: str, answer: str) -> Amendment:
        """Give this answer, word for word, to this question from the next turn on."""
        check_pin(question, answer)
        payload = {"question": question.strip(), "answer": answer.strip()}
        with self._db.write() as tx:
            authorise(tx, actor, Action.EDIT_BRIEF, ai_id=ai_id)
            return pin(tx, actor, ai_id, payload)

    def switch_extension_off(self, actor: Actor, ai_id: str, extension: str) -> Amendment:
        """Let no turn use this extension from now on."""
        with self._db.write() as tx:
            authorise(tx, actor, Action.RELEASE, ai_id=ai_id)
            routing.lock(tx, ai_id)
            made = add(tx, ai_id, "extension_off", {"extension": extension[:100]}, by=actor.id)
            audit.record(tx, actor, "switched extension off", ai_id=ai_id, subject=str(made.number))
            return made

    def take_back(self, actor: Actor, ai_id: str, number: int) -> Amendment:
        """End a pinned answer or a switched-off extension. What a revocation brought about stays."""
        with self._db.write() as tx:
            amendment = get(tx, ai_id, number)
            pinned_one = amendment.kind == "pinned_answer"
            authorise(tx, actor, Action.EDIT_BRIEF if pinned_one else Action.RELEASE, ai_id=ai_id)
            if amendment.kind in ("revocation", "adapter_off"):
                raise UsageError(reason="A revocation can't be taken back: import the source again.")
            end(tx, ai_id, number)
            audit.record(tx, actor, "took amendment back", ai_id=ai_id, subject=str(number))
            return get(tx, ai_id, number)

    def listing(self, actor: Actor, ai_id: str, *, ended: bool = False, limit: int = 500) -> list[Amendment]:
        """The newest amendments first; ``ended`` shows those that hold no longer too."""
        query = select(amendments).where(amendments.c.ai_id == ai_id).order_by(amendments.c.number.desc())
        if not ended:
            query = query.where(amendments.c.active)
        with self._db.read() as tx:
            authorise(tx, actor, Action.VIEW, ai_id=ai_id)
            return [_amendment(row) for row in tx.execute(query.limit(limit))]


def pin(
    tx: Tx,
    actor: Actor,
    ai_id: str,
    payload: Mapping[str, str],
    *,
    turn_id: str | None = None,
    fan_id: str | None = None,
) -> Amendment:
    """Pin an answer in the caller's transaction; the caller has authorised and checked it."""
    routing.lock(tx, ai_id)
    if len(pinned(in_force(tx, ai_id))) >= MOST_PINS:
        raise TooLarge(what="The list of pinned answers", limit=str(MOST_PINS))
    made = add(tx, ai_id, "pinned_answer", payload, by=actor.id, turn_id=turn_id, fan_id=fan_id)
    audit.record(tx, actor, "pinned answer", ai_id=ai_id, subject=str(made.number))
    return made


def _amendment(row: Row[Any]) -> Amendment:
    return Amendment(**row._mapping)
