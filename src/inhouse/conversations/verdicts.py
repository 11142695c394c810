"""Verdicts: a fan's thumb, and the team's corrections with the three things that each makes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Row, select, update

from inhouse.accounts import audit
from inhouse.accounts.actors import Action, Actor
from inhouse.accounts.authorisation import authorise
from inhouse.conversations import turns
from inhouse.conversations.fans import Fan
from inhouse.conversations.tables import corrections
from inhouse.conversations.tables import turns as turns_table
from inhouse.core import clock, ids
from inhouse.core.errors import InhouseError, NotFound
from inhouse.releases import amendments, cases, routing
from inhouse.releases.cases import Expect
from inhouse.store.database import Database, Tx

_MOST_EARLIER = 7
_MOST_EXAMPLES = 20_000


class NothingToCorrect(InhouseError):
    """A turn by a person has no question, so there is nothing to correct."""


class Correction(BaseModel):
    """What the team would have answered: a case, a pinned answer and a training example in one.

    Its id names the example in the corpus, so that erasing the fan finds what was trained on it.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    ai_id: str
    turn_id: str
    fan_id: str
    question: str
    answer: str
    case_id: str
    amendment: int
    created_at: datetime
    created_by: str | None
    undone_at: datetime | None


class Verdicts:
    """What fans and the team say of turns."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def thumb(self, fan: Fan, turn_id: str, thumb: Literal["up", "down", "none"]) -> None:
        """Keep a fan's thumb; ``none`` takes it back."""
        with self._db.write() as tx:
            turn = turns.get(tx, fan, turn_id)
            value = None if thumb == "none" else thumb
            tx.execute(update(turns_table).where(turns_table.c.id == turn.id).values(thumb=value))

    def correct(self, actor: Actor, ai_id: str, turn_id: str, answer: str) -> Correction:
        """Say what the answer should have been. In one transaction it becomes a case, a pinned answer that holds from
        the next question on, and an example of the next corpus. A correction of the same turn replaces the last one."""
        with self._db.write() as tx:
            authorise(tx, actor, Action.REVIEW, ai_id=ai_id)
            routing.lock(tx, ai_id)
            turn = turns.of_ai(tx, ai_id, turn_id)
            if turn.author != "ai":
                raise NothingToCorrect()
            amendments.check_pin(turn.question, answer)
            for former in standing(tx, ai_id, [turn_id]):
                _undo(tx, former)
            made = _make(tx, actor, turn, answer.strip())
            audit.record(tx, actor, "corrected answer", ai_id=ai_id, subject=made.id)
            return made

    def undo(self, actor: Actor, ai_id: str, correction_id: str) -> None:
        """Take back the case, the pinned answer and the training example; undone before, it stays so."""
        with self._db.write() as tx:
            authorise(tx, actor, Action.REVIEW, ai_id=ai_id)
            routing.lock(tx, ai_id)
            correction = get(tx, ai_id, correction_id)
            if correction.undone_at is None:
                _undo(tx, correction)
                audit.record(tx, actor, "took correction back", ai_id=ai_id, subject=correction_id)

    def corrections(self, actor: Actor, ai_id: str, turn_ids: Sequence[str]) -> dict[str, Correction]:
        """The corrections that hold, by the turn that they correct."""
        with self._db.read() as tx:
            authorise(tx, actor, Action.REVIEW, ai_id=ai_id)
            return {c.turn_id: c for c in standing(tx, ai_id, turn_ids)}

    def listing(self, actor: Actor, ai_id: str, limit: int = 200) -> list[Correction]:
        """The corrections that hold, the newest first."""
        with self._db.read() as tx:
            authorise(tx, actor, Action.REVIEW, ai_id=ai_id)
            return examples(tx, ai_id)[::-1][:limit]


def examples(tx: Tx, ai_id: str) -> list[Correction]:
    """What the next corpus learns from: the corrections that hold, the oldest first, at most 20,000."""
    query = select(corrections).where(corrections.c.ai_id == ai_id, corrections.c.undone_at.is_(None))
    return [_correction(row) for row in tx.execute(query.order_by(corrections.c.id).limit(_MOST_EXAMPLES))]


def get(tx: Tx, ai_id: str, correction_id: str) -> Correction:
    """One correction of one AI, else ``NotFound``."""
    query = select(corrections).where(corrections.c.ai_id == ai_id, corrections.c.id == correction_id)
    row = tx.execute(query).one_or_none()
    if row is None:
        raise NotFound(kind="correction", name=correction_id)
    return _correction(row)


def _make(tx: Tx, actor: Actor, turn: turns.Turn, answer: str) -> Correction:
    thread = tx.execute(_earlier_questions(turn)).scalars().all()
    lineage = {"turn_id": turn.id, "fan_id": turn.fan_id}
    questions = [*thread[::-1], turn.question]
    case = cases.add(
        tx,
        turn.ai_id,
        questions,
        Expect(must_contain=(answer,)),
        origin="correction",
        by=actor.id,
        **lineage,
    )
    payload = {"question": turn.question, "answer": answer}
    pin = amendments.pin(tx, actor, turn.ai_id, payload, **lineage)
    values = {
        "id": ids.new_id("cor"),
        "ai_id": turn.ai_id,
        "question": turn.question,
        "answer": answer,
        "case_id": case.id,
        "amendment": pin.number,
        "created_at": clock.now(),
        "created_by": actor.id,
        **lineage,
    }
    return _correction(tx.execute(corrections.insert().values(values).returning(corrections)).one())


def _earlier_questions(turn: turns.Turn) -> Any:
    """The questions just before this one, the newest first: a follow-up is only understood after them."""
    query = select(turns_table.c.question).where(
        turns_table.c.ai_id == turn.ai_id,
        turns_table.c.conversation_id == turn.conversation_id,
        turns_table.c.number < turn.number,
        turns_table.c.author == "ai",
    )
    return query.order_by(turns_table.c.number.desc()).limit(_MOST_EARLIER)


def _undo(tx: Tx, correction: Correction) -> None:
    cases.retire(tx, correction.ai_id, correction.case_id)
    amendments.end(tx, correction.ai_id, correction.amendment)
    here = corrections.c.id == correction.id
    tx.execute(update(corrections).where(here).values(undone_at=clock.now()))


def standing(tx: Tx, ai_id: str, turn_ids: Sequence[str]) -> list[Correction]:
    """The corrections of these turns that hold."""
    query = select(corrections).where(
        corrections.c.ai_id == ai_id, corrections.c.turn_id.in_(turn_ids), corrections.c.undone_at.is_(None)
    )
    return [_correction(row) for row in tx.execute(query)]


def _correction(row: Row[Any]) -> Correction:
    return Correction(**row._mapping)
