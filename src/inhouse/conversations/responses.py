"""Responses: answers that a program may ask for again by their name, and go on from.

A response is a turn under a name of its own. It belongs to the key that asked for it: no other key finds it, not even one
of the same AI. Forgetting it takes the name away; the turn stays with the AI's conversations.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlalchemy import ColumnElement, delete, select

from inhouse.conversations import turns
from inhouse.conversations.fans import Fan
from inhouse.conversations.tables import responses
from inhouse.conversations.turns import MOST_EXCHANGES, Turn
from inhouse.core import clock, ids
from inhouse.core.errors import NotFound
from inhouse.store.database import Database, Tx

#: Turns that are looked back on: a question may take several, a call each.
_MOST_TURNS = 4 * MOST_EXCHANGES


class Response(BaseModel):
    """A turn's name for the program that asked. ``settings`` is what it asked with, as JSON, to be told again."""

    model_config = ConfigDict(frozen=True)

    id: str
    ai_id: str
    fan_id: str
    key_id: str
    turn_id: str
    previous: str | None
    settings: dict[str, Any]
    created_at: datetime

    @property
    def fan(self) -> Fan:
        """Whose turn it is."""
        return Fan(self.fan_id, self.ai_id)


class Responses:
    """The responses of all AIs. Every call takes the AI and the key."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def name(
        self, turn: Turn, key_id: str, *, previous: str | None, settings: dict[str, Any], keep: bool
    ) -> Response:
        """Give a turn a name; one that is not kept can't be asked for again."""
        made = Response(
            id=ids.new_id("resp"),
            ai_id=turn.ai_id,
            fan_id=turn.fan_id,
            key_id=key_id,
            turn_id=turn.id,
            previous=previous,
            settings=settings,
            created_at=clock.now(),
        )
        if keep:
            with self._db.write() as tx:
                tx.execute(responses.insert().values(made.model_dump()))
        return made

    def get(self, ai_id: str, key_id: str, response_id: str) -> tuple[Response, Turn]:
        """A response and its turn as it is now, else ``NotFound``."""
        with self._db.read() as tx:
            return _found(tx, ai_id, key_id, response_id)

    def thread(self, ai_id: str, key_id: str, response_id: str) -> list[tuple[Response, Turn]]:
        """A response with those that it goes on from, the oldest first. ``NotFound`` where it isn't there; earlier ones
        that are gone end the thread."""
        with self._db.read() as tx:
            thread = [_found(tx, ai_id, key_id, response_id)]
            while (before := thread[-1][0].previous) and len(thread) < _MOST_TURNS:
                try:
                    thread.append(_found(tx, ai_id, key_id, before))
                except NotFound:
                    break
        return thread[::-1]

    def forget(self, ai_id: str, key_id: str, response_id: str) -> None:
        """Take a response's name away, else ``NotFound``."""
        with self._db.write() as tx:
            if not tx.execute(delete(responses).where(_here(ai_id, key_id, response_id))).rowcount:
                raise NotFound(kind="response", name=response_id[:60])


def _found(tx: Tx, ai_id: str, key_id: str, response_id: str) -> tuple[Response, Turn]:
    row = tx.execute(select(responses).where(_here(ai_id, key_id, response_id))).one_or_none()
    if row is None:
        raise NotFound(kind="response", name=response_id[:60])
    found = Response(**row._mapping)
    return found, turns.get(tx, found.fan, found.turn_id)


def _here(ai_id: str, key_id: str, response_id: str) -> ColumnElement[bool]:
    return (responses.c.id == response_id) & (responses.c.ai_id == ai_id) & (responses.c.key_id == key_id)
