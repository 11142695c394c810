"""Picks: the better of two answers, as the owner sees it. They train the adapter's taste; a fifth is held out."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Row, func, select, update

from inhouse.accounts import ais, audit
from inhouse.accounts.actors import Action, Actor
from inhouse.accounts.authorisation import authorise
from inhouse.conversations.tables import picks
from inhouse.conversations.tables import turns as turns_table
from inhouse.core import clock, ids
from inhouse.core.errors import InhouseError, NotFound, TooLarge, UsageError
from inhouse.releases import cases
from inhouse.releases.release import NotLive, Route
from inhouse.releases.releases import Releases
from inhouse.runtime.bridge import in_thread
from inhouse.runtime.request import Answerer, answered
from inhouse.store.database import Database, Tx

_MOST_CHARS = 8000
_MOST_PICKS = 20_000
_MOST_PROMPTS = 200
_HELD_OUT_SHARE = 0.2


class SameAnswers(InhouseError):
    """Both answers to "{prompt}" are the same, so there is nothing to pick. Try another question."""

    status = 409


class NothingToAsk(InhouseError):
    """There are no questions to compare answers on yet. Write one, or wait for the first fans."""

    status = 409


@dataclass(frozen=True)
class Pair:
    """Two answers to one question, in an order that doesn't tell which release gave them."""

    prompt: str
    first: str
    second: str
    turn_id: str | None = None


class Pick(BaseModel):
    """One pick. A held-out one is never trained on: the gate measures with it."""

    model_config = ConfigDict(frozen=True)

    id: str
    ai_id: str
    turn_id: str | None
    fan_id: str | None
    prompt: str
    chosen: str
    rejected: str
    held_out: bool
    created_at: datetime
    created_by: str | None
    undone_at: datetime | None


class Picks:
    """Proposing pairs and keeping picks."""

    def __init__(self, db: Database, releases: Releases, answerer: Answerer) -> None:
        self._db = db
        self._releases = releases
        self._answerer = answerer

    async def propose(self, actor: Actor, ai_id: str, prompt: str | None = None, *, skip: int = 0) -> Pair:
        """Answer one question with the live release's adapter and without one; ``prompt`` or a fan's own question,
        the next one after ``skip`` of those that wait.

        ``SameAnswers`` where they agree, ``NothingToAsk`` where there is no question yet, ``NotLive`` before a release.
        """
        asked, turn_id, first, second = await in_thread(self._prepare, actor, ai_id, prompt, skip)
        answers = [await self._answer(route, asked) for route in (first, second)]
        if answers[0].strip() == answers[1].strip():
            raise SameAnswers(prompt=asked[:100])
        if int(ids.digest(asked)[:2], 16) % 2:
            answers.reverse()
        return Pair(asked, answers[0], answers[1], turn_id)

    def pick(
        self, actor: Actor, ai_id: str, prompt: str, chosen: str, rejected: str, *, turn_id: str | None = None
    ) -> Pick:
        """Keep that ``chosen`` is better than ``rejected``; ``turn_id`` where a fan asked it."""
        for words in (prompt, chosen, rejected):
            _check(words)
        if chosen.strip() == rejected.strip():
            raise SameAnswers(prompt=prompt[:100])
        with self._db.write() as tx:
            authorise(tx, actor, Action.REVIEW, ai_id=ai_id)
            if tx.execute(select(func.count()).where(*_standing(ai_id))).scalar_one() >= _MOST_PICKS:
                raise TooLarge(what="The list of picks", limit=str(_MOST_PICKS))
            values = {
                "id": ids.new_id("pick"),
                "ai_id": ai_id,
                "turn_id": turn_id,
                "fan_id": _fan_of(tx, ai_id, turn_id),
                "prompt": prompt,
                "chosen": chosen,
                "rejected": rejected,
                "held_out": is_held_out(prompt),
                "created_at": clock.now(),
                "created_by": actor.id,
            }
            made = _pick(tx.execute(picks.insert().values(values).returning(picks)).one())
            audit.record(tx, actor, "picked answer", ai_id=ai_id, subject=made.id)
            return made

    def undo(self, actor: Actor, ai_id: str, pick_id: str) -> None:
        """Take a pick back."""
        with self._db.write() as tx:
            authorise(tx, actor, Action.REVIEW, ai_id=ai_id)
            here = (picks.c.ai_id == ai_id, picks.c.id == pick_id)
            if tx.execute(update(picks).where(*here).values(undone_at=clock.now())).rowcount == 0:
                raise NotFound(kind="pick", name=pick_id)
            audit.record(tx, actor, "took pick back", ai_id=ai_id, subject=pick_id)

    def listing(self, actor: Actor, ai_id: str, limit: int = 200) -> list[Pick]:
        """The picks that hold, the newest first."""
        with self._db.read() as tx:
            authorise(tx, actor, Action.REVIEW, ai_id=ai_id)
            return standing(tx, ai_id)[::-1][:limit]

    def _prepare(
        self, actor: Actor, ai_id: str, prompt: str | None, skip: int
    ) -> tuple[str, str | None, Route, Route]:
        with self._db.read() as tx:
            authorise(tx, actor, Action.REVIEW, ai_id=ai_id)
            ai = ais.get(tx, ai_id)
            live = self._releases.current(tx, ai_id)
            if live is None:
                raise NotLive(name=ai.name)
            asked, turn_id = (prompt.strip(), None) if prompt else _next_prompt(tx, ai_id, skip)
            _check(asked)
            plain = live.candidate.model_copy(update={"adapter_hash": None})
            return (
                asked,
                turn_id,
                self._releases.route_of(tx, ai, live).alone,  # the picks teach what answers, and no giant
                self._releases.route_of(tx, ai, plain).alone,
            )

    async def _answer(self, route: Route, prompt: str) -> str:
        ended = await answered(self._answerer, route.request(prompt))
        return ended.answer if ended else ""


def is_held_out(prompt: str) -> bool:
    """Whether picks on this prompt are kept from training: always the same answer for the same prompt."""
    return int(hashlib.sha256(prompt.strip().encode()).hexdigest()[:8], 16) / 16**8 < _HELD_OUT_SHARE


def standing(tx: Tx, ai_id: str) -> list[Pick]:
    """The picks that hold, the oldest first: what the next training and its gate use."""
    query = select(picks).where(*_standing(ai_id)).order_by(picks.c.id).limit(_MOST_PICKS)
    return [_pick(row) for row in tx.execute(query)]


def _next_prompt(tx: Tx, ai_id: str, skip: int) -> tuple[str, str | None]:
    """A question that has no pick yet, after ``skip`` of them: the latest of fans first, then those of cases."""
    done = {pick.prompt for pick in standing(tx, ai_id)}
    asked = (
        select(turns_table.c.question, turns_table.c.id)
        .where(turns_table.c.ai_id == ai_id, turns_table.c.author == "ai")
        .order_by(turns_table.c.id.desc())
        .limit(_MOST_PROMPTS)
    )
    waiting = {question: turn_id for question, turn_id in tx.execute(asked) if question not in done}
    for case in cases.active(tx, ai_id):
        if case.questions[0] not in done:
            waiting.setdefault(case.questions[0], case.turn_id)
    for question, turn_id in list(waiting.items())[skip:]:
        return question, turn_id
    raise NothingToAsk()


def _fan_of(tx: Tx, ai_id: str, turn_id: str | None) -> str | None:
    if turn_id is None:
        return None
    query = select(turns_table.c.fan_id).where(turns_table.c.ai_id == ai_id, turns_table.c.id == turn_id)
    fan_id: str | None = tx.execute(query).scalar()
    if fan_id is None:
        raise NotFound(kind="turn", name=turn_id)
    return fan_id


def _check(words: str) -> None:
    if not words.strip():
        raise UsageError(reason="Give the question and both answers.")
    if len(words) > _MOST_CHARS:
        raise TooLarge(what="The text", limit=f"{_MOST_CHARS} characters")


def _standing(ai_id: str) -> tuple[Any, ...]:
    return picks.c.ai_id == ai_id, picks.c.undone_at.is_(None)


def _pick(row: Row[Any]) -> Pick:
    return Pick(**row._mapping)
