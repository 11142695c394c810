"""Sessions: what a browser's cookie stands for. The token is stored hashed, and ends by time, by signing out, by a
changed password, or when the person is disabled."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update

from inhouse.accounts import people
from inhouse.accounts.actors import Actor
from inhouse.accounts.people import Person
from inhouse.accounts.tables import sign_ins
from inhouse.core import clock, ids
from inhouse.store.database import Tx

LONGEST = timedelta(days=30)
IDLE = timedelta(days=7)
#: How stale ``last_seen_at`` may be: not every page view is worth a write.
_SEEN = timedelta(minutes=5)


@dataclass(frozen=True)
class Session:
    """Somebody who is signed in. ``csrf`` is the secret that their forms must send back."""

    id: str
    person: Person
    csrf: str = field(repr=False)
    expires_at: datetime
    last_seen_at: datetime

    @property
    def actor(self) -> Actor:
        return self.person.actor

    @property
    def is_stale(self) -> bool:
        """Whether ``touch`` is due."""
        return self.last_seen_at < clock.now() - _SEEN


def start(tx: Tx, person_id: str) -> str:
    """Begin a session; returns its token, which is stored nowhere. Sessions that ended by time are swept out."""
    now = clock.now()
    tx.execute(
        delete(sign_ins).where((sign_ins.c.expires_at <= now) | (sign_ins.c.last_seen_at <= now - IDLE))
    )
    token = ids.new_secret()
    tx.execute(
        sign_ins.insert().values(
            id=ids.new_id("ses"),
            token_hash=ids.digest(token),
            person_id=person_id,
            csrf=ids.new_secret(),
            created_at=now,
            last_seen_at=now,
            expires_at=now + LONGEST,
        )
    )
    return token


def find(tx: Tx, token: str) -> Session | None:
    """The session of a token, none where it ended or its person was disabled."""
    now = clock.now()
    row = tx.execute(
        select(sign_ins).where(
            sign_ins.c.token_hash == ids.digest(token),
            sign_ins.c.expires_at > now,
            sign_ins.c.last_seen_at > now - IDLE,
        )
    ).one_or_none()
    if row is None:
        return None
    person = people.get(tx, row.person_id)
    if person.disabled_at is not None:
        return None
    return Session(row.id, person, row.csrf, row.expires_at, row.last_seen_at)


def touch(tx: Tx, session_id: str) -> None:
    """Note that the session was used, so that it isn't ended as idle."""
    tx.execute(update(sign_ins).where(sign_ins.c.id == session_id).values(last_seen_at=clock.now()))


def end(tx: Tx, token: str) -> None:
    """Sign out; nothing happens where the session ended already."""
    tx.execute(delete(sign_ins).where(sign_ins.c.token_hash == ids.digest(token)))


def end_all(tx: Tx, person_id: str, *, but: str | None = None) -> None:
    """End all sessions of a person, but the one with this id where given."""
    query = delete(sign_ins).where(sign_ins.c.person_id == person_id)
    tx.execute(query.where(sign_ins.c.id != but) if but else query)
