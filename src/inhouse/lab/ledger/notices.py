"""What the authors of extensions are told: that theirs is a candidate, that it is built in, that it is not needed any more.

A candidate may be built in 30 days after it was announced, or as soon as every author agrees. Whoever operates the installation
and wrote the extension needs to tell nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict
from sqlalchemy import ColumnElement, Row, func, select, update

from inhouse.accounts import audit
from inhouse.accounts.actors import Action, Actor
from inhouse.accounts.authorisation import allowed, authorise
from inhouse.core import clock, ids
from inhouse.core.errors import Conflict, NotAllowed, NotFound
from inhouse.lab.ledger import worths
from inhouse.lab.ledger.identity import Named, extension_key, tool_key
from inhouse.lab.ledger.tables import author_notices
from inhouse.lab.ledger.worth import Line, Ranked
from inhouse.lab.ledger.worths import Worths
from inhouse.releases.extensions import Version
from inhouse.store.database import Database, Tx

Kind = Literal["candidate", "built in", "generalised away"]
#: How long before it may be built in an author is told.
AHEAD = timedelta(days=30)


class Notice(BaseModel):
    """What one author was told of their extension at one AI."""

    model_config = ConfigDict(frozen=True)

    id: str
    ai_id: str
    extension: str
    key: str
    author: str | None
    """The account; none for the local operator."""
    kind: Kind
    line: Line | None
    """The figures that were the reason."""
    generation_id: str | None
    at: datetime
    earliest_at: datetime | None
    agreed_at: datetime | None
    agreed_by: str | None
    read_at: datetime | None


class Notices:
    """Announcing, agreeing and reading."""

    def __init__(self, db: Database, worths: Worths, now: Callable[[], datetime] = clock.now) -> None:
        self._db = db
        self._worths = worths
        self._now = now

    def announce(self, actor: Actor, extension: str) -> list[Notice]:
        """Tell every author of an extension (by its name or key) that it is a candidate. Who was told already is not told
        again; returns those who were told now.

        The ledger is counted before anything is locked; what must hold is asked again in the transaction that writes.
        """
        with self._db.read() as tx:
            authorise(tx, actor, Action.OPERATE)
            line = worths.the_one(self._worths.lines(tx), extension).line
            holders = worths.holders(tx, line.key)
        with self._db.write() as tx:
            authorise(tx, actor, Action.OPERATE)
            if any(self._worths.knows(one) for one in holders):
                raise Conflict(reason=f"{line.title} is built in already.")
            told = [
                self._add(tx, one, "candidate", line=line, earliest_at=self._now() + AHEAD)
                for one in holders
                if worths.holds(tx, one) and not _told(tx, one, "candidate", None)
            ]
            if told:
                audit.record(tx, actor, "announced extension", subject=line.key)
            return told

    def of_author(self, actor: Actor) -> list[Notice]:
        """What an account was told, the newest first."""
        with self._db.read() as tx:
            return _listed(tx, _authored(actor)) if actor.id else []

    def of_ai(self, actor: Actor, ai_id: str) -> list[Notice]:
        """What the authors of an AI's extensions were told, the newest first."""
        with self._db.read() as tx:
            authorise(tx, actor, Action.VIEW, ai_id=ai_id)
            return _listed(tx, author_notices.c.ai_id == ai_id)

    def of_all(self, actor: Actor, limit: int = 200) -> list[Notice]:
        """Everything that was told, for the operator, the newest first."""
        with self._db.read() as tx:
            authorise(tx, actor, Action.OPERATE)
            return _listed(tx)[:limit]

    def unread(self, tx: Tx, actor: Actor, ai_id: str | None = None) -> int:
        """How much an account was told (of one AI) and has not opened yet."""
        if actor.id is None:
            return 0
        where = [_authored(actor), author_notices.c.read_at.is_(None)]
        if ai_id is not None:
            where.append(author_notices.c.ai_id == ai_id)
        return tx.execute(select(func.count()).select_from(author_notices).where(*where)).scalar_one()

    def open(self, actor: Actor, ai_id: str | None = None) -> None:
        """Its author has seen it."""
        if actor.id is None:
            return
        with self._db.write() as tx:
            here = [_authored(actor), author_notices.c.read_at.is_(None)]
            if ai_id is not None:
                here.append(author_notices.c.ai_id == ai_id)
            tx.execute(update(author_notices).where(*here).values(read_at=self._now()))

    def agree(self, actor: Actor, notice_id: str) -> Notice:
        """The author agrees that theirs is built in before the 30 days are over; nobody can for them."""
        with self._db.write() as tx:
            row = tx.execute(select(author_notices).where(author_notices.c.id == notice_id)).one_or_none()
            if row is None or row.kind != "candidate" or not _may_see(tx, actor, row):
                raise NotFound(kind="notice", name=notice_id)
            if not may_agree(actor, _notice(row)):
                raise NotAllowed(who=actor.name, action="agree for another author")
            if row.agreed_at is None:
                change = {"agreed_at": self._now(), "agreed_by": actor.id}
                tx.execute(update(author_notices).where(author_notices.c.id == notice_id).values(change))
                audit.record(tx, actor, "agreed to building in", ai_id=row.ai_id, subject=row.extension)
            return _notice(tx.execute(select(author_notices).where(author_notices.c.id == notice_id)).one())

    def tell_needless(self, generation_id: str | None) -> int:
        """Tell the authors of what the served generation does without as well as with; returns how many were told now.

        The ledger is counted before anything is locked. Who has it, and was not told, is asked again where it is written.
        """
        if generation_id is None:
            return 0
        with self._db.read() as tx:
            needless = [
                (one.line, version)
                for one in self._worths.lines(tx)
                if _is_needless(one, generation_id)
                for version in worths.holders(tx, one.line.key)
                if not _told(tx, version, "generalised away", generation_id)
            ]
        if not needless:
            return 0
        with self._db.write() as tx:
            told = [
                self._add(tx, version, "generalised away", line=line, generation_id=generation_id)
                for line, version in needless
                if worths.holds(tx, version) and not _told(tx, version, "generalised away", generation_id)
            ]
        return len(told)

    def _add(self, tx: Tx, version: Version, kind: Kind, **more: Any) -> Notice:
        return _add(tx, version, kind, self._now(), **more)


def may_agree(actor: Actor, notice: Notice) -> bool:
    """Whether it is this actor's to agree: its author's, or the local operator's where they wrote it."""
    if notice.author is None:
        return actor.is_operator
    return actor.id == notice.author


def built_in(tx: Tx, generation_id: str, tools: Sequence[Named], now: datetime | None = None) -> list[Notice]:
    """Tell the authors that a generation which goes live calls these tools by itself. In the transaction that makes it live;
    told once for each generation."""
    keys = {tool_key(tool) for tool in tools}
    return [
        _add(tx, one, "built in", now or clock.now(), generation_id=generation_id)
        for one in worths.holders_of_tools(tx, keys)
        if not _told(tx, one, "built in", generation_id)
    ]


def refusal(tx: Tx, actor: Actor, tools: Sequence[Named], now: datetime | None = None) -> str | None:
    """Why these tools may not be built in yet, in a sentence; ``None`` where they may.

    Every author whose extension an AI has now must have been told 30 days ago, have agreed, or be the operator who asks.
    """
    keys = {tool_key(tool) for tool in tools}
    waiting = [
        (one, earliest)
        for one in worths.holders_of_tools(tx, keys)
        if one.author is not None and one.author != actor.id
        for earliest in [_earliest(tx, one)]
        if earliest is None or earliest > (now or clock.now())
    ]
    if not waiting:
        return None
    untold = next((one for one, earliest in waiting if earliest is None), None)
    if untold is not None:
        return f"The author of {untold.name} was not told yet. Announce it first: inhouse lab announce {untold.name}"
    name, last = max(((one.name, at) for one, at in waiting if at), key=lambda one: one[1])
    return f"The author of {name} was told, and it may be built in from {last:%Y-%m-%d} on, or once the author agrees."


def _earliest(tx: Tx, version: Version) -> datetime | None:
    """From when on one AI's extension may be built in; ``None`` where its author was not told."""
    query = select(author_notices).where(*_of(version), author_notices.c.kind == "candidate")
    found = [_notice(row) for row in tx.execute(query)]
    moments = [one.agreed_at or one.earliest_at for one in found]
    return min((at for at in moments if at is not None), default=None)


def _is_needless(one: Ranked, generation_id: str) -> bool:
    lift = one.line.lift
    return lift is not None and lift.is_needless and lift.generation == generation_id


def _add(tx: Tx, version: Version, kind: Kind, at: datetime, **more: Any) -> Notice:
    line: Line | None = more.pop("line", None)
    values = {
        "id": ids.new_id("ntc"),
        "ai_id": version.ai_id,
        "extension": version.name,
        "key": extension_key(version.kind, version.name, version.tools),
        "author": version.author,
        "kind": kind,
        "line": line.model_dump(mode="json") if line else None,
        "at": at,
        **more,
    }
    return _notice(tx.execute(author_notices.insert().values(values).returning(author_notices)).one())


def _told(tx: Tx, version: Version, kind: Kind, generation_id: str | None) -> bool:
    query = select(author_notices.c.id).where(
        *_of(version),
        author_notices.c.kind == kind,
        author_notices.c.generation_id.is_not_distinct_from(generation_id),
    )
    return tx.execute(query.limit(1)).first() is not None


def _of(version: Version) -> Collection[ColumnElement[bool]]:
    return (
        author_notices.c.ai_id == version.ai_id,
        author_notices.c.extension == version.name,
        author_notices.c.key == extension_key(version.kind, version.name, version.tools),
        author_notices.c.author.is_not_distinct_from(version.author),
    )


def _authored(actor: Actor) -> ColumnElement[bool]:
    return author_notices.c.author == actor.id


def _may_see(tx: Tx, actor: Actor, row: Row[Any]) -> bool:
    return row.author == actor.id or bool(allowed(tx, actor, ai_id=row.ai_id))


def _listed(tx: Tx, *where: ColumnElement[bool]) -> list[Notice]:
    query = select(author_notices).where(*where).order_by(author_notices.c.at.desc(), author_notices.c.id)
    return [_notice(row) for row in tx.execute(query)]


def _notice(row: Row[Any]) -> Notice:
    return Notice(**row._mapping)
