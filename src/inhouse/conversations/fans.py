"""Fans: who talks to one AI. A fan is known by a token that only their browser holds, and to one AI only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.exc import IntegrityError

from inhouse.conversations.tables import fans
from inhouse.core import clock, ids
from inhouse.core.errors import NotFound
from inhouse.store.database import Database, Tx

_SEEN_EVERY = timedelta(hours=1)
_MOST_TOKEN = 200


@dataclass(frozen=True)
class Fan:
    """A fan of one AI: what every call of the turn path is made on behalf of. Got from ``Fans``, never from a form."""

    id: str
    ai_id: str


class Fans:
    """Meeting fans and knowing them again."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def welcome(self, ai_id: str) -> tuple[Fan, str]:
        """A new fan and the token for their browser. The AI must exist; the caller has looked it up."""
        token = ids.new_secret()
        return self._enter(ai_id, ids.digest(token)), token

    def known(self, ai_id: str, token: str | None) -> Fan | None:
        """The fan that this token belongs to at this AI, or ``None``."""
        if not token or len(token) > _MOST_TOKEN:
            return None
        with self._db.read() as tx:
            row = tx.execute(select(fans).where(_here(ai_id, ids.digest(token)))).one_or_none()
        if row is None:
            return None
        if row.seen_at < clock.now() - _SEEN_EVERY:
            with self._db.write() as tx:
                tx.execute(update(fans).where(fans.c.id == row.id).values(seen_at=clock.now()))
        return Fan(row.id, ai_id)

    def named(self, ai_id: str, name: str) -> Fan:
        """The fan that a program goes by, such as ``key:KEY_ID:USER``; made on first use. Browsers can't be named."""
        token_hash = ids.digest(f"named:{name}")
        with self._db.read() as tx:
            row = tx.execute(select(fans).where(_here(ai_id, token_hash))).one_or_none()
        return Fan(row.id, ai_id) if row else self._enter(ai_id, token_hash)

    def _enter(self, ai_id: str, token_hash: str) -> Fan:
        fan = Fan(ids.new_id("fan"), ai_id)
        values = {
            "id": fan.id,
            "ai_id": ai_id,
            "token_hash": token_hash,
            "created_at": clock.now(),
            "seen_at": clock.now(),
        }
        try:
            with self._db.write() as tx:
                tx.execute(fans.insert().values(values))
        except IntegrityError:  # two first requests of one program at once: the other one made the row
            with self._db.read() as tx:
                found = tx.execute(select(fans.c.id).where(_here(ai_id, token_hash))).scalar_one()
            return Fan(found, ai_id)
        return fan


def lock(tx: Tx, fan: Fan) -> None:
    """Let this fan do one thing at a time until the transaction ends; ``NotFound`` where they were erased."""
    here = select(fans.c.id).where(fans.c.id == fan.id, fans.c.ai_id == fan.ai_id)
    if tx.execute(here.with_for_update(key_share=True)).one_or_none() is None:
        raise NotFound(kind="visitor", name=fan.id)


def _here(ai_id: str, token_hash: str) -> ColumnElement[bool]:
    return (fans.c.ai_id == ai_id) & (fans.c.token_hash == token_hash)
