"""Hand-overs: a fan asks for a person, and the person's reply stands in the fan's thread."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Row, func, select, update

from inhouse.accounts import audit
from inhouse.accounts.actors import Action, Actor
from inhouse.accounts.authorisation import authorise
from inhouse.conversations import fans, threads, turns
from inhouse.conversations.fans import Fan
from inhouse.conversations.tables import handovers
from inhouse.core import clock, ids
from inhouse.core.errors import NotFound, TooLarge, TooMany, UsageError
from inhouse.store.database import Database, Tx

State = Literal["open", "answered", "closed"]

_MOST_CONTACT = 254
_MOST_NOTE = 2000
_MOST_TEXT = 8000
_MOST_OPEN = 5
_MOST_ROWS = 500


class Handover(BaseModel):
    """A fan's wish to talk to a person. ``contact`` and ``note`` are the fan's own words and may be empty."""

    model_config = ConfigDict(frozen=True)

    id: str
    ai_id: str
    fan_id: str
    conversation_id: str
    contact: str
    note: str
    state: State
    created_at: datetime
    changed_at: datetime
    changed_by: str | None


class Handovers:
    """Asking for a person, and answering as one."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def request(
        self, fan: Fan, conversation_id: str | None = None, *, contact: str = "", note: str = ""
    ) -> Handover:
        """Ask for a person, in a conversation or in a new one; one that waits there already is returned instead."""
        contact, note = (
            _bounded(contact, "The contact", _MOST_CONTACT),
            _bounded(note, "The message", _MOST_NOTE),
        )
        with self._db.write() as tx:
            fans.lock(tx, fan)
            waiting = _of_fan(tx, fan)
            for handover in waiting:
                if handover.conversation_id == conversation_id:
                    return _change(
                        tx, handover, None, contact=contact or handover.contact, note=note or handover.note
                    )
            if len(waiting) >= _MOST_OPEN:
                raise TooMany(seconds=3600)
            thread = (
                turns.conversation(tx, fan, conversation_id)
                if conversation_id
                else turns.open_conversation(tx, fan, "page")
            )
            return _insert(tx, thread, contact, note)

    def listing(
        self, actor: Actor, ai_id: str, *, waiting_only: bool = True, limit: int = 200
    ) -> list[Handover]:
        """The oldest first where only those that wait are wanted, else the newest first."""
        query = select(handovers).where(handovers.c.ai_id == ai_id)
        if waiting_only:
            query = query.where(handovers.c.state == "open").order_by(handovers.c.id)
        else:
            query = query.order_by(handovers.c.id.desc())
        with self._db.read() as tx:
            authorise(tx, actor, Action.REVIEW, ai_id=ai_id)
            return [_handover(row) for row in tx.execute(query.limit(min(limit, _MOST_ROWS)))]

    def waiting(self, tx: Tx, ai_id: str) -> int:
        """How many fans of this AI wait for a person."""
        query = select(func.count()).where(handovers.c.ai_id == ai_id, handovers.c.state == "open")
        return tx.execute(query).scalar_one()

    def get(self, actor: Actor, ai_id: str, handover_id: str) -> Handover:
        """One hand-over of one AI."""
        with self._db.read() as tx:
            authorise(tx, actor, Action.REVIEW, ai_id=ai_id)
            return _get(tx, ai_id, handover_id)

    def reply(self, actor: Actor, ai_id: str, handover_id: str, text: str) -> turns.Turn:
        """Write into the fan's thread as a person."""
        text = _bounded(text, "The reply", _MOST_TEXT)
        if not text:
            raise UsageError(reason="Write a reply first.")
        with self._db.write() as tx:
            authorise(tx, actor, Action.REVIEW, ai_id=ai_id)
            handover = _get(tx, ai_id, handover_id)
            fans.lock(tx, Fan(handover.fan_id, ai_id))  # numbers of turns are given out under the fan's lock
            thread = threads.of_ai(tx, ai_id, handover.conversation_id)
            turn = turns.add(tx, thread, author="person", state="done", answer=text)
            _change(tx, handover, actor, state="answered")
            audit.record(tx, actor, "replied to fan", ai_id=ai_id, subject=handover_id)
            return turn

    def close(self, actor: Actor, ai_id: str, handover_id: str) -> Handover:
        """Done with, answered or not."""
        with self._db.write() as tx:
            authorise(tx, actor, Action.REVIEW, ai_id=ai_id)
            handover = _get(tx, ai_id, handover_id)
            audit.record(tx, actor, "closed hand-over", ai_id=ai_id, subject=handover_id)
            return _change(tx, handover, actor, state="closed")


def _insert(tx: Tx, thread: turns.Conversation, contact: str, note: str) -> Handover:
    values = {
        "id": ids.new_id("hand"),
        "ai_id": thread.ai_id,
        "fan_id": thread.fan_id,
        "conversation_id": thread.id,
        "contact": contact,
        "note": note,
        "state": "open",
        "created_at": clock.now(),
        "changed_at": clock.now(),
    }
    return _handover(tx.execute(handovers.insert().values(values).returning(handovers)).one())


def _change(tx: Tx, handover: Handover, actor: Actor | None, **change: str) -> Handover:
    values = {**change, "changed_at": clock.now(), "changed_by": actor.id if actor else None}
    query = update(handovers).where(handovers.c.id == handover.id).values(values).returning(handovers)
    return _handover(tx.execute(query).one())


def _of_fan(tx: Tx, fan: Fan) -> list[Handover]:
    query = select(handovers).where(
        handovers.c.ai_id == fan.ai_id, handovers.c.fan_id == fan.id, handovers.c.state == "open"
    )
    return [_handover(row) for row in tx.execute(query)]


def _get(tx: Tx, ai_id: str, handover_id: str) -> Handover:
    query = select(handovers).where(handovers.c.ai_id == ai_id, handovers.c.id == handover_id)
    row = tx.execute(query).one_or_none()
    if row is None:
        raise NotFound(kind="hand-over", name=handover_id)
    return _handover(row)


def _bounded(text: str, what: str, most: int) -> str:
    if len(text) > most:
        raise TooLarge(what=what, limit=f"{most} characters")
    return text.strip()


def _handover(row: Row[Any]) -> Handover:
    return Handover(**row._mapping)
