"""AIs: one owner's AI each, known in every API by its slug."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict
from sqlalchemy import ColumnElement, Row, false, select, update
from sqlalchemy.exc import IntegrityError

from inhouse.accounts import audit
from inhouse.accounts.actors import OF_SCOPE, Action, Actor
from inhouse.accounts.authorisation import allowed, authorise
from inhouse.accounts.tables import ais, api_keys, memberships, people
from inhouse.accounts.text import line
from inhouse.core import clock, ids
from inhouse.core.errors import InhouseError, NotFound, NotSignedIn, UsageError
from inhouse.store.database import Database, Tx

Kind = Literal["creator", "business", "assistant", "research"]
#: Kinds that read what people give them, unless their owner says otherwise.
READERS = frozenset({"assistant", "research"})

_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,38}[a-z0-9]")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")
_MOST_LANGUAGES = 20
_MOST_ROWS = 1000
_MOST_RETENTION_DAYS = 36_500


class Ai(BaseModel):
    """One owner's AI as it stands in the database. Its slug never changes: links, embeds and clients hold it."""

    model_config = ConfigDict(frozen=True)

    id: str
    team_id: str
    slug: str
    name: str
    kind: Kind
    languages: tuple[str, ...]
    """Codes such as ``en`` or ``ja``, the main one first."""
    retention_days: int | None
    """Conversations older than this are erased; ``None`` keeps them."""
    reads_documents: bool | None
    """Whether it reads documents that people give it, as its owner said; ``None`` where they said nothing."""
    is_open: bool
    """Whether AIs of other teams may ask it."""
    created_at: datetime
    archived_at: datetime | None
    erased_at: datetime | None

    @property
    def takes_documents(self) -> bool:
        """Whether people may give it documents."""
        return self.kind in READERS if self.reads_documents is None else self.reads_documents


class BadSlug(InhouseError):
    """ "{slug}" can't be an AI's name in addresses: use 2 to 40 of a-z, 0-9 and "-", with no "-" at an end."""


class SlugTaken(InhouseError):
    """The name "{slug}" is taken. Choose another one."""

    status = 409


def get(tx: Tx, ai_id: str) -> Ai:
    """One AI by id, without authorisation: for callers that have authorised already. ``NotFound`` where erased."""
    row = tx.execute(select(ais).where(ais.c.id == ai_id, ais.c.erased_at.is_(None))).one_or_none()
    if row is None:
        raise NotFound(kind="AI", name=ai_id)
    return _ai(row)


def by_slug(tx: Tx, slug: str) -> Ai:
    """One AI by slug, without authorisation. ``NotFound`` where erased, or where it could be no slug at all."""
    query = select(ais).where(ais.c.slug == slug, ais.c.erased_at.is_(None))
    row = tx.execute(query).one_or_none() if _SLUG.fullmatch(slug) else None
    if row is None:
        raise NotFound(kind="AI", name=slug[:40])
    return _ai(row)


def in_use(tx: Tx) -> list[Ai]:
    """Every AI that is neither archived nor erased, by slug, without authorisation: for callers that have authorised already."""
    there = (ais.c.erased_at.is_(None), ais.c.archived_at.is_(None))
    return [_ai(row) for row in tx.execute(select(ais).where(*there).order_by(ais.c.slug))]


def mark_erased(tx: Tx, ai_id: str) -> None:
    """Empty the row of an AI whose data is being erased, and end its keys. The slug stays taken for good.

    A step of erasing an owner's AI: the caller authorises, removes the data and writes the audit line.
    """
    now = clock.now()
    tx.execute(update(ais).where(ais.c.id == ai_id).values(name="", erased_at=now))
    tx.execute(
        update(api_keys)
        .where(api_keys.c.ai_id == ai_id)
        .values(name="", revoked_at=now, secret_hash=api_keys.c.id)
    )


class AIs:
    """Making, finding and editing AIs on behalf of an actor."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def create(
        self,
        actor: Actor,
        team_id: str,
        slug: str,
        name: str,
        *,
        kind: Kind = "creator",
        languages: tuple[str, ...] = ("en",),
        retention_days: int | None = None,
    ) -> Ai:
        """A new AI of a team. ``BadSlug``, ``SlugTaken`` or ``UsageError`` say what is wrong with the values."""
        if not _SLUG.fullmatch(slug):
            raise BadSlug(slug=slug[:60])
        if kind not in get_args(Kind):
            raise UsageError(reason=f"The kind of an AI is one of {', '.join(get_args(Kind))}.")
        values = {
            "id": ids.new_id("ai"),
            "team_id": team_id,
            "slug": slug,
            "name": line(name, "The AI's name"),
            "kind": kind,
            "languages": _languages(languages),
            "retention_days": _retention(retention_days),
            "is_open": False,
            "created_at": clock.now(),
        }
        with self._db.write() as tx:
            authorise(tx, actor, Action.MANAGE, team_id=team_id)
            made = _insert(tx, values)
            audit.record(tx, actor, "created AI", ai_id=made.id, subject=made.id)
            return made

    def edit(
        self,
        actor: Actor,
        ai_id: str,
        *,
        name: str | None = None,
        languages: tuple[str, ...] | None = None,
        retention_days: int | None = None,
        keep_for_ever: bool = False,
        reads_documents: bool | None = None,
        is_open: bool | None = None,
    ) -> Ai:
        """Change what is given and leave the rest; ``keep_for_ever`` takes the retention away."""
        change: dict[str, Any] = {}
        if name is not None:
            change["name"] = line(name, "The AI's name")
        if languages is not None:
            change["languages"] = _languages(languages)
        if retention_days is not None or keep_for_ever:
            change["retention_days"] = _retention(retention_days)
        flags = {"reads_documents": reads_documents, "is_open": is_open}
        change |= {flag: value for flag, value in flags.items() if value is not None}
        with self._db.write() as tx:
            authorise(tx, actor, Action.MANAGE, ai_id=ai_id)
            return _change(tx, actor, ai_id, change, "edited AI")

    def archive(self, actor: Actor, ai_id: str) -> Ai:
        """Take an AI out of use: nobody can chat with it, train or release it. ``restore`` undoes it."""
        with self._db.write() as tx:
            authorise(tx, actor, Action.MANAGE, ai_id=ai_id)
            return _change(tx, actor, ai_id, {"archived_at": clock.now()}, "archived AI")

    def restore(self, actor: Actor, ai_id: str) -> Ai:
        """Put an archived AI back into use."""
        with self._db.write() as tx:
            authorise(tx, actor, Action.MANAGE, ai_id=ai_id)
            return _change(tx, actor, ai_id, {"archived_at": None}, "restored AI")

    def get(self, actor: Actor | None, ai_id: str) -> Ai:
        """One AI by id that the actor may do something with, else ``NotFound``."""
        with self._db.read() as tx:
            return _visible(tx, actor, get(tx, ai_id), ai_id)

    def by_slug(self, actor: Actor | None, slug: str) -> Ai:
        """One AI by slug that the actor may do something with, else ``NotFound``."""
        with self._db.read() as tx:
            return _visible(tx, actor, by_slug(tx, slug), slug)

    def public(self, slug: str) -> Ai:
        """One AI by slug for its fans, who sign in nowhere. ``NotFound`` where archived or erased."""
        with self._db.read() as tx:
            ai = by_slug(tx, slug)
        if ai.archived_at is not None:
            raise NotFound(kind="AI", name=slug)
        return ai

    def listing(
        self, actor: Actor | None, *, archived: bool = False, after: str = "", limit: int = 200
    ) -> list[Ai]:
        """The AIs that the actor may view, by slug, at most 1,000; ``after`` is the last slug of the page before."""
        if actor is None:
            raise NotSignedIn()
        query = select(ais).where(ais.c.erased_at.is_(None), ais.c.slug > after).order_by(ais.c.slug)
        if not archived:
            query = query.where(ais.c.archived_at.is_(None))
        with self._db.read() as tx:
            if Action.OPERATE not in allowed(tx, actor):
                query = query.where(_reach(actor))
            return [_ai(row) for row in tx.execute(query.limit(min(limit, _MOST_ROWS)))]


def _reach(actor: Actor) -> ColumnElement[bool]:
    """What an actor who doesn't operate the installation may view: every role may view its team's AIs."""
    if actor.kind == "key":
        may_view = any(Action.VIEW in OF_SCOPE[scope] for scope in actor.scopes)
        return ais.c.id == actor.ai_id if may_view else false()
    standing = memberships.join(people, people.c.id == memberships.c.person_id)
    return (
        select(memberships.c.person_id)
        .select_from(standing)
        .where(
            memberships.c.team_id == ais.c.team_id,
            memberships.c.person_id == actor.person_id,
            people.c.disabled_at.is_(None),
        )
        .exists()
    )


def _visible(tx: Tx, actor: Actor | None, ai: Ai, name: str) -> Ai:
    if actor is None:
        raise NotSignedIn()
    if not allowed(tx, actor, ai_id=ai.id):
        raise NotFound(
            kind="AI", name=name
        )  # with the name that was asked for: the id would tell that it exists
    return ai


def _insert(tx: Tx, values: dict[str, Any]) -> Ai:
    try:
        with tx.begin_nested():
            return _ai(tx.execute(ais.insert().values(values).returning(ais)).one())
    except IntegrityError as error:
        raise SlugTaken(slug=values["slug"]) from error


def _change(tx: Tx, actor: Actor, ai_id: str, change: dict[str, Any], action: str) -> Ai:
    if change:
        tx.execute(update(ais).where(ais.c.id == ai_id).values(change))
        audit.record(tx, actor, action, ai_id=ai_id, subject=ai_id, detail={"changed": sorted(change)})
    return get(tx, ai_id)


def _languages(codes: tuple[str, ...]) -> list[str]:
    unique = list(dict.fromkeys(codes))
    if not 1 <= len(unique) <= _MOST_LANGUAGES:
        raise UsageError(reason=f"Name 1 to {_MOST_LANGUAGES} languages, such as en or ja.")
    for code in unique:
        if not _LANGUAGE.fullmatch(code):
            raise UsageError(reason=f'"{code[:40]}" is not a language code. Write it like en, ja or pt-BR.')
    return unique


def _retention(days: int | None) -> int | None:
    if days is not None and not 1 <= days <= _MOST_RETENTION_DAYS:
        raise UsageError(reason=f"The retention is 1 to {_MOST_RETENTION_DAYS} days.")
    return days


def _ai(row: Row[Any]) -> Ai:
    return Ai(**row._mapping)
