"""The extensions of an AI: set up by its team, versioned and signed, frozen into releases as ``name@version``.

Off is at once, by an amendment; on is by the next release (``docs/design/extensions.md``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Row, select, update

from inhouse.accounts import audit
from inhouse.accounts.actors import Action, Actor
from inhouse.accounts.authorisation import authorise
from inhouse.core import clock, ids
from inhouse.core.errors import Conflict, NotFound, TooLarge, UsageError
from inhouse.releases import amendments, entries, routing
from inhouse.releases.amendments import Amendment
from inhouse.releases.tables import extension_versions, extensions
from inhouse.runtime.bridge import waited_for
from inhouse.runtime.extensions import factory
from inhouse.runtime.extensions.base import Context, Extension, Limits, Result, Tool, ToolFailed
from inhouse.runtime.extensions.calling import Attached, Caller, Uncounted
from inhouse.runtime.extensions.factory import Place, Plugs
from inhouse.store import jobs
from inhouse.store.database import Database, Tx
from inhouse.store.signing import Signer

#: Reads an AI's feeds; its handler is in ``feeds``.
FEEDS_JOB = "feeds"
MOST_EXTENSIONS = 16
MOST_SETTINGS = 2_000_000
MOST_TOOLS = 64

_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True)


class _SetUp(_Value):
    """What a version and its listing have in common."""

    name: str
    kind: str
    title: str
    version: str
    settings: dict[str, Any]
    limits: Limits
    tools: tuple[Tool, ...]
    author: str | None
    """The account that set it up; ``None`` for the local operator."""
    created_at: datetime


class Version(_SetUp):
    """An extension as somebody set it up: never changed. Its settings hold its secrets and are not for showing."""

    ai_id: str
    signature: str

    @property
    def entry(self) -> str:
        """How a release names it."""
        return entries.of(self.name, self.version)

    def signed_text(self) -> str:
        """What the signature is over: all the rest."""
        return json.dumps(self.model_dump(mode="json", exclude={"signature"}), sort_keys=True)


class Listed(_SetUp):
    """An extension as a page shows it: secrets are stars."""

    off: int | None
    """The amendment that switched it off."""


class Extensions:
    """What a team attaches to its AI, on behalf of an actor."""

    def __init__(self, db: Database, signer: Signer, plugs: Plugs) -> None:
        self._db = db
        self._signer = signer
        self._plugs = plugs

    def set_up(
        self,
        actor: Actor,
        ai_id: str,
        kind: str,
        name: str,
        settings: Mapping[str, Any],
        limits: Limits | None = None,
    ) -> Version:
        """Attach an extension, or a new version of it; it is used from the next release on.

        Its tools are asked for now, so this may take as long as its server does. Kinds that reach into the operator's
        machine or network are the operator's to set up. Raises ``UsageError`` for settings that don't fit and
        ``ToolFailed`` where the extension can't say what it offers.
        """
        with self._db.read() as tx:
            self._authorise(tx, actor, ai_id, kind)
        _check_name(name)
        if len(json.dumps(dict(settings))) > MOST_SETTINGS:
            raise TooLarge(what="The extension's settings", limit=f"{MOST_SETTINGS} characters")
        tools = waited_for(self._offered(kind, settings, Place(ai_id, name, self._plugs)))
        if not tools:
            raise UsageError(reason="This extension offers no tools.")
        within = limits or Limits(seconds=factory.kind(kind).seconds)
        made = self._version(actor, ai_id, kind, name, settings, within, tools)
        with self._db.write() as tx:
            self._authorise(tx, actor, ai_id, kind)
            routing.lock(tx, ai_id)
            _put(tx, made)
            if kind == "feeds":
                jobs.enqueue(tx, FEEDS_JOB, {}, ai_id=ai_id)
            audit.record(tx, actor, "set up extension", ai_id=ai_id, subject=made.entry)
        return made

    def remove(self, actor: Actor, ai_id: str, name: str) -> Amendment:
        """Leave it out of the next release, and switch it off now."""
        with self._db.write() as tx:
            authorise(tx, actor, Action.RELEASE, ai_id=ai_id)
            routing.lock(tx, ai_id)
            row = _row(tx, ai_id, name)
            here = (extensions.c.ai_id == ai_id, extensions.c.name == row.name)
            tx.execute(update(extensions).where(*here).values(removed_at=clock.now()))
            audit.record(tx, actor, "removed extension", ai_id=ai_id, subject=name)
            return amendments.add(tx, ai_id, "extension_off", {"extension": name}, by=actor.id)

    def listing(self, actor: Actor, ai_id: str) -> list[Listed]:
        """What is set up, by name."""
        with self._db.read() as tx:
            authorise(tx, actor, Action.VIEW, ai_id=ai_id)
            off = {
                a.payload["extension"]: a.number
                for a in amendments.in_force(tx, ai_id)
                if a.kind == "extension_off"
            }
            found = [version(tx, ai_id, entry) for entry in current(tx, ai_id)]
        return [
            Listed(
                **one.model_dump(include=set(_SetUp.model_fields) - {"settings"}),
                settings=factory.shown(one.kind, one.settings),
                off=off.get(one.name),
            )
            for one in found
        ]

    async def try_out(
        self, actor: Actor, ai_id: str, name: str, tool: str, arguments: Mapping[str, Any], context: Context
    ) -> Result:
        """Call one tool for its team, outside of any turn. Raises ``ToolFailed`` and ``NotFound``."""
        with self._db.read() as tx:
            authorise(tx, actor, Action.EDIT_BRIEF, ai_id=ai_id)
            entry = next(
                (one for one in current(tx, ai_id) if entries.name(one) == name), entries.of(name, "")
            )
            version, handler = self.made(tx, ai_id, entry, self._plugs)
        try:
            return await _tried(version, handler, tool, arguments, context)
        finally:
            await handler.aclose()

    def made(self, tx: Tx, ai_id: str, entry: str, plugs: Plugs) -> tuple[Version, Extension]:
        """A version at work, with what ``plugs`` reaches from the caller's event loop. Raises ``Conflict`` for one that was changed behind our back."""
        found = version(tx, ai_id, entry)
        if not self._signer.holds(found.signed_text(), found.signature):
            raise Conflict(reason=f"The extension {found.name} is not as it was set up. Set it up again.")
        return found, factory.make(found.kind, found.settings, Place(ai_id, found.name, plugs))

    @staticmethod
    async def _offered(kind: str, settings: Mapping[str, Any], place: Place) -> tuple[Tool, ...]:
        handler = factory.make(kind, settings, place)
        try:
            return tuple(await handler.tools())[:MOST_TOOLS]
        finally:
            await handler.aclose()

    def _authorise(self, tx: Tx, actor: Actor, ai_id: str, kind: str) -> None:
        authorise(tx, actor, Action.EDIT_BRIEF, ai_id=ai_id)
        if factory.kind(kind).operator_only:
            authorise(tx, actor, Action.OPERATE)

    def _version(
        self,
        actor: Actor,
        ai_id: str,
        kind: str,
        name: str,
        settings: Mapping[str, Any],
        limits: Limits,
        tools: tuple[Tool, ...],
    ) -> Version:
        asked = json.dumps([kind, dict(settings), limits.model_dump(), [t.model_dump() for t in tools]])
        made = Version(
            ai_id=ai_id,
            name=name,
            version=ids.digest(asked)[:16],
            kind=kind,
            title=factory.kind(kind).title,
            settings=dict(settings),
            limits=limits,
            tools=tools,
            author=actor.id,
            created_at=clock.now(),
            signature="",
        )
        return made.model_copy(update={"signature": self._signer.sign(made.signed_text())})


def current(tx: Tx, ai_id: str) -> tuple[str, ...]:
    """What the next release has: the newest version of each that is not removed."""
    query = select(extensions.c.name, extensions.c.version).where(
        extensions.c.ai_id == ai_id, extensions.c.removed_at.is_(None)
    )
    return tuple(entries.of(row.name, row.version) for row in tx.execute(query.order_by(extensions.c.name)))


def version(tx: Tx, ai_id: str, entry: str) -> Version:
    """One version of one AI's extension by its entry in a release."""
    row = tx.execute(
        select(extension_versions).where(
            extension_versions.c.ai_id == ai_id,
            extension_versions.c.name == entries.name(entry),
            extension_versions.c.version == entries.version(entry),
        )
    ).one_or_none()
    if row is None:
        raise NotFound(kind="extension", name=entry)
    return Version(**row._mapping)


async def _tried(
    version: Version, handler: Extension, tool: str, arguments: Mapping[str, Any], context: Context
) -> Result:
    """One call within its limits; where it brings nothing, the line that a fan would read is raised."""
    offered = next((one for one in version.tools if one.name == tool), None)
    if offered is None:
        raise NotFound(kind="tool", name=tool)
    attached = Attached(version.name, offered, version.limits, handler)
    outcome = await Caller(Uncounted()).call(attached, dict(arguments), context)
    if outcome.result is None:
        raise ToolFailed(reason=outcome.line)
    return outcome.result


def _put(tx: Tx, made: Version) -> None:
    """Write a version, unless it is there, and make it the one that the next release has."""
    here = (extensions.c.ai_id == made.ai_id, extensions.c.name == made.name)
    known = tx.execute(select(extensions).where(*here)).one_or_none()
    if known is None and len(current(tx, made.ai_id)) >= MOST_EXTENSIONS:
        raise TooLarge(what="The list of extensions", limit=str(MOST_EXTENSIONS))
    if known is not None and known.removed_at is None and known.kind != made.kind:
        raise Conflict(reason=f"{made.name} is another kind of extension already. Choose another name.")
    change = {"kind": made.kind, "version": made.version, "removed_at": None}
    if known is None:
        row = change | {"ai_id": made.ai_id, "name": made.name, "created_at": made.created_at}
        tx.execute(extensions.insert().values(row))
    else:
        tx.execute(update(extensions).where(*here).values(change))
    if not _is_known(tx, made):
        tx.execute(
            extension_versions.insert().values(made.model_dump(mode="json") | {"created_at": made.created_at})
        )
    for amendment in amendments.in_force(tx, made.ai_id):
        if amendment.kind == "extension_off" and amendment.payload["extension"] == made.name:
            amendments.end(tx, made.ai_id, amendment.number)


def _is_known(tx: Tx, made: Version) -> bool:
    here = (
        extension_versions.c.ai_id == made.ai_id,
        extension_versions.c.name == made.name,
        extension_versions.c.version == made.version,
    )
    return tx.execute(select(extension_versions.c.version).where(*here)).first() is not None


def _row(tx: Tx, ai_id: str, name: str) -> Row[Any]:
    here = (extensions.c.ai_id == ai_id, extensions.c.name == name, extensions.c.removed_at.is_(None))
    row = tx.execute(select(extensions).where(*here)).one_or_none()
    if row is None:
        raise NotFound(kind="extension", name=name)
    return row


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise UsageError(
            reason="An extension's name has small letters, digits and dashes, such as price-list."
        )
