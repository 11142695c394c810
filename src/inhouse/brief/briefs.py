"""The versions of every AI's brief: append-only, saved on top of the version that the editor saw."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from sqlalchemy import Row, delete, func, select
from sqlalchemy.exc import IntegrityError

from inhouse.accounts import audit
from inhouse.accounts.actors import Action, Actor
from inhouse.accounts.authorisation import authorise
from inhouse.brief.brief import Brief
from inhouse.brief.differences import differences
from inhouse.brief.tables import briefs
from inhouse.core import clock
from inhouse.core.errors import Conflict, NotFound
from inhouse.store.database import Database, Tx


class BriefChanged(Conflict):
    """Somebody saved version {current} of this brief while you worked on version {base}. Load it and make your change again."""


@dataclass(frozen=True)
class Version:
    """A saved brief. Version 0 is the empty brief that every AI begins with."""

    ai_id: str
    number: int
    brief: Brief
    author_kind: str
    author_id: str | None
    created_at: datetime | None


@dataclass(frozen=True)
class Change:
    """One line of the history: what a version changed, in words."""

    number: int
    author_kind: str
    author_id: str | None
    created_at: datetime | None
    changes: tuple[str, ...]


class Briefs:
    """Reading and saving briefs. What takes ``tx`` first asks nobody: it serves other services' transactions."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def current(self, actor: Actor, ai_id: str) -> Version:
        """The newest version."""
        with self._db.read() as tx:
            authorise(tx, actor, Action.VIEW, ai_id=ai_id)
            return _version(tx, ai_id, self.current_version(tx, ai_id))

    def get(self, actor: Actor, ai_id: str, number: int) -> Version:
        """One version; raises ``NotFound``."""
        with self._db.read() as tx:
            authorise(tx, actor, Action.VIEW, ai_id=ai_id)
            return _version(tx, ai_id, number)

    def history(self, actor: Actor, ai_id: str, limit: int = 50) -> list[Change]:
        """What the newest versions changed, newest first."""
        with self._db.read() as tx:
            authorise(tx, actor, Action.VIEW, ai_id=ai_id)
            newest = self.current_version(tx, ai_id)
            oldest = max(0, newest - limit)
            versions = [_version(tx, ai_id, number) for number in range(oldest, newest + 1)]
        return [_change(before, after) for before, after in pairwise(versions)][::-1]

    def save(self, actor: Actor, ai_id: str, brief: Brief, base_version: int) -> Version:
        """Save a new version on top of ``base_version``; raises ``BriefChanged`` where that isn't the newest.

        Saving what is there already returns the version that holds it.
        """
        with self._db.write() as tx:
            authorise(tx, actor, Action.EDIT_BRIEF, ai_id=ai_id)
            current = _version(tx, ai_id, self.current_version(tx, ai_id))
            if current.number != base_version:
                raise BriefChanged(current=current.number, base=base_version)
            if current.brief == brief:
                return current
            return self._append(tx, actor, ai_id, brief, base_version + 1)

    def current_version(self, tx: Tx, ai_id: str) -> int:
        """The newest version's number; 0 for an AI whose brief was never saved."""
        return tx.execute(select(func.max(briefs.c.version)).where(briefs.c.ai_id == ai_id)).scalar() or 0

    def at(self, tx: Tx, ai_id: str, version: int) -> Brief:
        """One version of an AI's brief; 0 is the empty one."""
        return _version(tx, ai_id, version).brief

    def erase(self, tx: Tx, ai_id: str) -> int:
        """Remove all versions, as part of erasing an AI; returns how many there were."""
        return tx.execute(delete(briefs).where(briefs.c.ai_id == ai_id)).rowcount

    def _append(self, tx: Tx, actor: Actor, ai_id: str, brief: Brief, number: int) -> Version:
        values = {
            "ai_id": ai_id,
            "version": number,
            "content": brief.model_dump(mode="json"),
            "author_kind": actor.kind,
            "author_id": actor.id,
            "created_at": clock.now(),
        }
        try:
            row = tx.execute(briefs.insert().values(values).returning(briefs)).one()
        except IntegrityError as error:  # two writers on PostgreSQL: the key lets only one of them in
            raise BriefChanged(current=number, base=number - 1) from error
        audit.record(tx, actor, "saved brief", ai_id=ai_id, subject=ai_id, detail={"version": number})
        return _of_row(row)


def _version(tx: Tx, ai_id: str, number: int) -> Version:
    if number == 0:
        return Version(ai_id, 0, Brief(), "system", None, None)
    query = select(briefs).where(briefs.c.ai_id == ai_id, briefs.c.version == number)
    row = tx.execute(query).one_or_none()
    if row is None:
        raise NotFound(kind="brief version", name=number)
    return _of_row(row)


def _of_row(row: Row[Any]) -> Version:
    brief = Brief.model_validate(row.content)
    return Version(row.ai_id, row.version, brief, row.author_kind, row.author_id, row.created_at)


def _change(before: Version, after: Version) -> Change:
    changes = tuple(differences(before.brief, after.brief))
    return Change(after.number, after.author_kind, after.author_id, after.created_at, changes)
