"""Consent: may traces feed a shared generation, and be asked again to compare? Asked of the owner and of each fan, off until both say yes.

A consent is to a version of the text (``sharing_texts``) and counts for what is asked from then on. Fans who come through
an API key have no page on which to say yes, so they have not.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlalchemy import ColumnElement, Row, and_, select, update

from inhouse.accounts import audit
from inhouse.accounts.actors import Action, Actor
from inhouse.accounts.authorisation import authorise
from inhouse.conversations import fans, lineage
from inhouse.conversations.fans import Fan
from inhouse.conversations.lineage import Holding
from inhouse.conversations.sharing_texts import PURPOSE, VERSION
from inhouse.conversations.tables import trace_consents, turns
from inhouse.core import clock, ids
from inhouse.core.errors import InhouseError
from inhouse.releases import routing
from inhouse.store.database import Database, Tx


class NotAsked(InhouseError):
    """The owner of this AI has not agreed to share questions, so there is nothing to agree to."""

    status = 409


class NothingGiven(InhouseError):
    """No such agreement is in force."""

    status = 409


class Consent(BaseModel):
    """An owner's agreement for an AI (no ``fan_id``), or a fan's for themself."""

    model_config = ConfigDict(frozen=True)

    id: str
    ai_id: str
    fan_id: str | None
    purpose: str
    text_version: int
    given_at: datetime
    given_by: str | None
    """The account that gave it; none for a fan and for the local operator."""
    withdrawn_at: datetime | None
    withdrawn_by: str | None

    @property
    def is_in_force(self) -> bool:
        """Whether it still counts: it was given to the text of today, and not taken back."""
        return self.text_version == VERSION and self.withdrawn_at is None


class Withdrawal(BaseModel):
    """The receipt of taking a consent back: nothing more is exported, and this is where something is already."""

    model_config = ConfigDict(frozen=True)

    consent: Consent
    exported: tuple[Holding, ...]
    receipt: str
    """SHA-256 of all the rest."""


class Sharing(BaseModel):
    """How it stands with one AI, for its team."""

    model_config = ConfigDict(frozen=True)

    consent: Consent | None
    """The owner's, where it is in force."""
    earlier: Consent | None = None
    """The owner's to an earlier text, where that is all that was not taken back: nothing more is taken under it."""
    fans: int
    """Of whom an agreement to the same text is in force."""
    exported: tuple[Holding, ...]


class Consents:
    """Giving, withdrawing and seeing consents."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def of_ai(self, actor: Actor, ai_id: str) -> Sharing:
        """How it stands with an AI."""
        with self._db.read() as tx:
            authorise(tx, actor, Action.VIEW, ai_id=ai_id)
            agreed = tx.execute(
                select(trace_consents.c.fan_id).where(
                    trace_consents.c.ai_id == ai_id, trace_consents.c.fan_id.is_not(None), in_force()
                )
            )
            given = _given(tx, ai_id)
            return Sharing(
                consent=given if given and given.is_in_force else None,
                earlier=given if given and not given.is_in_force else None,
                fans=len(set(agreed.scalars())),
                exported=tuple(lineage.of_ai(tx, ai_id)),
            )

    def give(self, actor: Actor, ai_id: str) -> Consent:
        """The owner agrees, to the text of today. One that stands stays as it is."""
        with self._db.write() as tx:
            authorise(tx, actor, Action.MANAGE, ai_id=ai_id)
            routing.lock(tx, ai_id)
            known = standing(tx, ai_id)
            if known is not None:
                return known
            made = _add(tx, ai_id, None, actor.id)
            audit.record(tx, actor, "agreed to share traces", ai_id=ai_id, subject=made.id)
            return made

    def withdraw(self, actor: Actor, ai_id: str) -> Withdrawal:
        """The owner takes it back: for all fans at once. ``NothingGiven`` where nothing was given."""
        with self._db.write() as tx:
            authorise(tx, actor, Action.MANAGE, ai_id=ai_id)
            routing.lock(tx, ai_id)
            ended = _end(tx, ai_id, None, actor.id)
            lineage.mark_ai(tx, ai_id, "withdrawn")
            audit.record(tx, actor, "withdrew from sharing traces", ai_id=ai_id, subject=ended.id)
            return _receipt(ended, lineage.of_ai(tx, ai_id))

    def asks(self, fan: Fan) -> bool:
        """Whether this fan may be asked: where the owner agreed."""
        with self._db.read() as tx:
            return standing(tx, fan.ai_id) is not None

    def of_fan(self, fan: Fan) -> Consent | None:
        """The fan's agreement, until it is taken back; to an earlier text it is not in force any more."""
        with self._db.read() as tx:
            return _given(tx, fan.ai_id, fan.id)

    def give_for(self, fan: Fan) -> Consent:
        """A fan agrees. ``NotAsked`` where the owner has not."""
        with self._db.write() as tx:
            fans.lock(tx, fan)
            if standing(tx, fan.ai_id) is None:
                raise NotAsked()
            return standing(tx, fan.ai_id, fan.id) or _add(tx, fan.ai_id, fan.id, None)

    def withdraw_for(self, fan: Fan) -> Withdrawal:
        """A fan takes it back. ``NothingGiven`` where they had not agreed."""
        with self._db.write() as tx:
            fans.lock(tx, fan)
            ended = _end(tx, fan.ai_id, fan.id, None)
            lineage.mark_fan(tx, fan.id, "withdrawn")
            return _receipt(ended, lineage.of_fan(tx, fan.id))


def standing(tx: Tx, ai_id: str, fan_id: str | None = None) -> Consent | None:
    """The consent to today's text that is in force for an AI, or for one of its fans."""
    row = tx.execute(select(trace_consents).where(_of(ai_id, fan_id), in_force())).first()
    return _consent(row) if row else None


def in_force() -> ColumnElement[bool]:
    """To today's text, for the one purpose that there is, and not withdrawn."""
    return and_(
        trace_consents.c.purpose == PURPOSE,
        trace_consents.c.text_version == VERSION,
        trace_consents.c.withdrawn_at.is_(None),
    )


def covers(owner: Consent) -> ColumnElement[bool]:
    """To join a turn with its fan's consent: that, and the owner's, were given before the turn was asked."""
    return and_(
        trace_consents.c.ai_id == turns.c.ai_id,
        trace_consents.c.fan_id == turns.c.fan_id,
        in_force(),
        turns.c.asked_at >= trace_consents.c.given_at,
        turns.c.asked_at >= owner.given_at,
    )


def covered_since(tx: Tx, owner: Consent, fan_id: str | None = None) -> dict[str, datetime]:
    """The same for the fans of the owner's AI who agreed, or for one of them: from when on each one's turns are covered."""
    whose = trace_consents.c.fan_id.is_not(None) if fan_id is None else trace_consents.c.fan_id == fan_id
    query = select(trace_consents.c.fan_id, trace_consents.c.given_at).where(
        trace_consents.c.ai_id == owner.ai_id, whose, in_force()
    )
    return {row.fan_id: max(row.given_at, owner.given_at) for row in tx.execute(query)}


def _given(tx: Tx, ai_id: str, fan_id: str | None = None) -> Consent | None:
    """What was agreed to last and not taken back, whichever text it was to."""
    open_ = (_of(ai_id, fan_id), trace_consents.c.withdrawn_at.is_(None))
    query = select(trace_consents).where(*open_).order_by(trace_consents.c.text_version.desc())
    row = tx.execute(query).first()
    return _consent(row) if row else None


def _of(ai_id: str, fan_id: str | None) -> ColumnElement[bool]:
    whose = trace_consents.c.fan_id.is_(None) if fan_id is None else trace_consents.c.fan_id == fan_id
    return and_(trace_consents.c.ai_id == ai_id, whose)


def _add(tx: Tx, ai_id: str, fan_id: str | None, by: str | None) -> Consent:
    values = {
        "id": ids.new_id("cns"),
        "ai_id": ai_id,
        "fan_id": fan_id,
        "purpose": PURPOSE,
        "text_version": VERSION,
        "given_at": clock.now(),
        "given_by": by,
    }
    return _consent(tx.execute(trace_consents.insert().values(values).returning(trace_consents)).one())


def _end(tx: Tx, ai_id: str, fan_id: str | None, by: str | None) -> Consent:
    """Withdraw whatever stands, to older texts too; returns the newest of them."""
    open_ = (_of(ai_id, fan_id), trace_consents.c.withdrawn_at.is_(None))
    change = {"withdrawn_at": clock.now(), "withdrawn_by": by}
    ended = tx.execute(update(trace_consents).where(*open_).values(change).returning(trace_consents)).all()
    if not ended:
        raise NothingGiven()
    return _consent(max(ended, key=lambda row: row.id))


def _receipt(ended: Consent, exported: list[Holding]) -> Withdrawal:
    told: dict[str, Any] = {
        "consent": ended.model_dump(mode="json"),
        "exported": [one.model_dump(mode="json") for one in exported],
    }
    return Withdrawal(
        consent=ended, exported=tuple(exported), receipt=ids.digest(json.dumps(told, sort_keys=True))
    )


def _consent(row: Row[Any]) -> Consent:
    return Consent(**row._mapping)
