"""Cases: questions with what a right answer must hold; the regression test of one AI."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy import Row, func, select, update

from inhouse.accounts import audit
from inhouse.accounts.actors import Action, Actor
from inhouse.accounts.authorisation import authorise
from inhouse.core import clock, ids
from inhouse.core.errors import NotFound, TooLarge, UsageError
from inhouse.core.events import Ended
from inhouse.releases.tables import cases
from inhouse.store.database import Database, Tx

Origin = Literal["owner", "correction", "import"]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=8000)]

MOST_CASES = 2000
_MOST_QUESTIONS = 8
_MOST_QUESTION = 4000


class Expect(BaseModel):
    """What the last answer of a case must hold. Letters' case, width and spacing don't count."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    must_contain: tuple[Words, ...] = Field((), max_length=20)
    must_not_contain: tuple[Words, ...] = Field((), max_length=60)
    must_cite: tuple[Words, ...] = Field((), max_length=20)
    """Parts of a cited document's title or address."""
    must_abstain: bool | None = None
    """``True``: it must say that it does not know; ``False``: it must not."""

    def faults(self, end: Ended) -> list[str]:
        """What is wrong with an answer, in words; empty where it is right."""
        said = _folded(end.answer)
        cited = [_folded(f"{c.document} {c.url or ''}") for c in end.citations]
        faults = [f'lacks "{w}"' for w in self.must_contain if _folded(w) not in said]
        faults += [f'says "{w}"' for w in self.must_not_contain if _folded(w) in said]
        faults += [f'does not cite "{w}"' for w in self.must_cite if not any(_folded(w) in c for c in cited)]
        if self.must_abstain is not None and end.abstained != self.must_abstain:
            faults.append("answers what it can't know" if self.must_abstain else "says that it doesn't know")
        return faults


class Case(BaseModel):
    """One case of one AI: its questions are asked one after the other in one conversation."""

    model_config = ConfigDict(frozen=True)

    id: str
    ai_id: str
    questions: tuple[str, ...]
    expect: Expect
    origin: Origin
    turn_id: str | None = None
    fan_id: str | None = None
    created_at: datetime
    created_by: str | None = None
    retired_at: datetime | None = None


def add(
    tx: Tx,
    ai_id: str,
    questions: Sequence[str],
    expect: Expect,
    *,
    origin: Origin,
    by: str | None,
    turn_id: str | None = None,
    fan_id: str | None = None,
) -> Case:
    """A new case in the caller's transaction."""
    questions = _checked(questions)
    count = select(func.count()).where(cases.c.ai_id == ai_id, cases.c.retired_at.is_(None))
    if tx.execute(count).scalar_one() >= MOST_CASES:
        raise TooLarge(what="The list of cases", limit=str(MOST_CASES))
    values = {
        "id": ids.new_id("case"),
        "ai_id": ai_id,
        "questions": questions,
        "expect": expect.model_dump(mode="json"),
        "origin": origin,
        "turn_id": turn_id,
        "fan_id": fan_id,
        "created_at": clock.now(),
        "created_by": by,
    }
    return _case(tx.execute(cases.insert().values(values).returning(cases)).one())


def active(tx: Tx, ai_id: str) -> list[Case]:
    """The cases that the gate checks, the oldest first."""
    return list(each_active(tx, ai_id))


def each_active(tx: Tx, ai_id: str) -> Iterator[Case]:
    """The same, each read as it is asked for."""
    query = select(cases).where(cases.c.ai_id == ai_id, cases.c.retired_at.is_(None))
    return (_case(row) for row in tx.execute(query.order_by(cases.c.id)))


def retire(tx: Tx, ai_id: str, case_id: str) -> None:
    """Check a case no longer; ``NotFound`` where the AI has none of that id."""
    here = (cases.c.ai_id == ai_id, cases.c.id == case_id)
    change = update(cases).where(*here).values(retired_at=clock.now())
    if tx.execute(change).rowcount == 0:
        raise NotFound(kind="case", name=case_id)


class Cases:
    """The cases of an AI, on behalf of an actor."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def add(
        self, actor: Actor, ai_id: str, questions: Sequence[str], expect: Expect, *, origin: Origin = "owner"
    ) -> Case:
        """A case of 1 to 8 questions; the gate checks it from now on."""
        if expect == Expect():
            raise UsageError(reason="Say what the answer must hold, must not hold, or must cite.")
        with self._db.write() as tx:
            authorise(tx, actor, Action.REVIEW, ai_id=ai_id)
            made = add(tx, ai_id, questions, expect, origin=origin, by=actor.id)
            audit.record(tx, actor, "added case", ai_id=ai_id, subject=made.id)
            return made

    def listing(self, actor: Actor, ai_id: str) -> list[Case]:
        """The cases that the gate checks, the newest first."""
        with self._db.read() as tx:
            authorise(tx, actor, Action.REVIEW, ai_id=ai_id)
            return active(tx, ai_id)[::-1]

    def retire(self, actor: Actor, ai_id: str, case_id: str) -> None:
        """Let the gate check this case no longer."""
        with self._db.write() as tx:
            authorise(tx, actor, Action.REVIEW, ai_id=ai_id)
            retire(tx, ai_id, case_id)
            audit.record(tx, actor, "retired case", ai_id=ai_id, subject=case_id)


def _checked(questions: Sequence[str]) -> list[str]:
    cleaned = [question.strip() for question in questions]
    if not 1 <= len(cleaned) <= _MOST_QUESTIONS or not all(cleaned):
        raise UsageError(reason=f"A case has 1 to {_MOST_QUESTIONS} questions, none of them empty.")
    if any(len(question) > _MOST_QUESTION for question in cleaned):
        raise TooLarge(what="A question", limit=f"{_MOST_QUESTION} characters")
    return cleaned


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _case(row: Row[Any]) -> Case:
    return Case(**row._mapping)
