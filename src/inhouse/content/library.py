"""What an owner brought: importing it, the right that it stands on, and taking it back."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from inhouse.accounts import audit
from inhouse.accounts.actors import Action, Actor
from inhouse.accounts.authorisation import authorise
from inhouse.content import documents, index, rights, sources
from inhouse.content.archives import is_archive, open_files
from inhouse.content.fetch import Fetcher
from inhouse.content.files import Files, Limits
from inhouse.content.importers.base import Options
from inhouse.content.importers.factory import Plan, plan
from inhouse.content.intake import Intake, Report, SourceRevoked
from inhouse.content.reports import ImportReport
from inhouse.content.staging import Staging, safe_name
from inhouse.content.values import Document, Section, Source
from inhouse.core.errors import InhouseError
from inhouse.store import jobs
from inhouse.store.database import Database, Tx
from inhouse.store.jobs import Job

#: Called in the transaction that revokes a source, with the AI's id and the source's.
OnRevoked = Callable[[Tx, str, str], None]

IMPORT_JOB = "import"
_MOST_ORIGIN = 500


class NothingToImport(InhouseError):
    """Nothing in "{origin}" can be imported: {reason}."""


class SourceInUse(BaseModel):
    """A source with how much it holds."""

    model_config = ConfigDict(frozen=True)

    source: Source
    documents: int


class Revocation(BaseModel):
    """What revoking a source took away."""

    model_config = ConfigDict(frozen=True)

    source: Source
    documents: int
    passages: int


@dataclass(frozen=True)
class Location:
    """Where an import reads from: exactly one of a local path, an address, an upload."""

    path: str | None = None
    url: str | None = None
    upload: str | None = None


@dataclass(frozen=True)
class Wish:
    """How an import is to be done."""

    include_private: bool = False
    prune: bool = False
    """Remove documents that the source no longer holds."""


class Library:
    """Sources and documents of AIs, on behalf of an actor.

    ``right`` is always the owner's statement in words, as ``rights.state`` reads it.
    """

    def __init__(self, db: Database, staging: Staging, fetcher: Fetcher, limits: Limits) -> None:
        self._db = db
        self._staging = staging
        self._fetcher = fetcher
        self._limits = limits
        self.on_revoked: list[OnRevoked] = []

    def queue_path(self, actor: Actor, ai_id: str, path: Path, *, right: str, wish: Wish = Wish()) -> Job:
        """Queue the import of a folder, file or archive of this machine. For the command line only: whoever may call
        this reads any file that the process may read."""
        self._check(actor, ai_id, right)
        path = path.expanduser().resolve()
        with self._opened(Location(path=str(path))) as opened:
            origin = opened.plan.account or str(path)
        return self._queue(actor, ai_id, Location(path=str(path)), origin, right, wish)

    def queue_url(self, actor: Actor, ai_id: str, url: str, *, right: str, wish: Wish = Wish()) -> Job:
        """Queue the import of a public address: a page, a feed, a file."""
        url = self._fetcher.checked(url)
        return self._queue(actor, ai_id, Location(url=url), url, right, wish)

    def queue_upload(
        self, actor: Actor, ai_id: str, name: str, pieces: Iterable[bytes], *, right: str, wish: Wish = Wish()
    ) -> Job:
        """Store an upload as it comes and queue its import. Hostile and useless ones are refused here already."""
        self._check(actor, ai_id, right)
        location = Location(upload=self._staging.put(ai_id, name, pieces))
        try:
            with self._opened(location, ai_id) as opened:
                origin = opened.plan.account or safe_name(name)
            return self._queue(actor, ai_id, location, origin, right, wish)
        except InhouseError:
            self._staging.remove(ai_id, location.upload or "")
            raise

    def import_path(
        self,
        actor: Actor,
        ai_id: str,
        path: Path,
        *,
        right: str,
        wish: Wish = Wish(),
        report: Report | None = None,
    ) -> ImportReport:
        """Import a folder, file or archive of this machine at once. For the command line only, as ``queue_path``."""
        self._check(actor, ai_id, right)
        path = path.expanduser().resolve()
        with self._opened(Location(path=str(path))) as opened:
            source = self._register(actor, ai_id, opened.plan.account or str(path), right)
            return self._take(source, opened, wish, report or _say_nothing)

    def import_url(
        self,
        actor: Actor,
        ai_id: str,
        url: str,
        *,
        right: str,
        wish: Wish = Wish(),
        report: Report | None = None,
    ) -> ImportReport:
        """Import a public address at once."""
        self._check(actor, ai_id, right)
        url = self._fetcher.checked(url)
        with self._opened(Location(url=url)) as opened:
            source = self._register(actor, ai_id, url, right)
            return self._take(source, opened, wish, report or _say_nothing)

    def run_queued(
        self, ai_id: str, source_id: str, location: Location, wish: Wish, report: Report
    ) -> ImportReport:
        """Do a queued import; run again after a kill, it goes on where it was."""
        with self._db.read() as tx:
            source = sources.get(tx, ai_id, source_id)
        try:
            if source.revoked_at is not None:
                raise SourceRevoked(origin=source.origin)
            with self._opened(location, ai_id) as opened:
                done = self._take(source, opened, wish, report)
        except SourceRevoked:
            self._forget(ai_id, location)
            raise
        self._forget(ai_id, location)
        return done

    def revoke(self, actor: Actor, ai_id: str, source_id: str) -> Revocation:
        """Take back the right to a source: its documents and passages go at once, and what was made of it is marked.

        Revoking twice changes nothing.
        """
        with self._db.write() as tx:
            authorise(tx, actor, Action.EDIT_CONTENT, ai_id=ai_id)
            source = sources.get(tx, ai_id, source_id, lock=True)
            if source.revoked_at is not None:
                return Revocation(source=source, documents=0, passages=0)
            gone = list(documents.ids_by_key(tx, ai_id, source_id).values())
            passages = index.remove_documents(tx, ai_id, gone)
            documents.remove(tx, ai_id, gone)
            revoked = sources.mark_revoked(tx, ai_id, source_id, actor.id or actor.kind)
            for hook in self.on_revoked:
                hook(tx, ai_id, source_id)
            counts = {"documents": len(gone), "passages": passages}
            audit.record(tx, actor, "revoked source", ai_id=ai_id, subject=source_id, detail=counts)
        return Revocation(source=revoked, documents=len(gone), passages=passages)

    def remove_documents(self, actor: Actor, ai_id: str, document_ids: Iterable[str]) -> int:
        """Remove single documents; the next import of their source brings them back, unless they are gone there."""
        with self._db.write() as tx:
            authorise(tx, actor, Action.EDIT_CONTENT, ai_id=ai_id)
            gone = [documents.get(tx, ai_id, document_id).id for document_id in document_ids]
            index.remove_documents(tx, ai_id, gone)
            documents.remove(tx, ai_id, gone)
            audit.record(tx, actor, "removed documents", ai_id=ai_id, detail={"documents": len(gone)})
        return len(gone)

    def sources(self, actor: Actor, ai_id: str) -> list[SourceInUse]:
        """An AI's sources with how many documents each has, the newest first, revoked ones too."""
        with self._db.read() as tx:
            authorise(tx, actor, Action.VIEW, ai_id=ai_id)
            counts = documents.counts(tx, ai_id)
            listing = sources.listing(tx, ai_id)
        return [SourceInUse(source=source, documents=counts.get(source.id, 0)) for source in listing]

    def documents(
        self, actor: Actor, ai_id: str, *, source_id: str | None = None, limit: int = 100, offset: int = 0
    ) -> list[Document]:
        """An AI's documents in the order of their import; of one source where given."""
        with self._db.read() as tx:
            authorise(tx, actor, Action.VIEW, ai_id=ai_id)
            return documents.listing(tx, ai_id, source_id=source_id, limit=min(limit, 1000), offset=offset)

    def document(self, actor: Actor, ai_id: str, document_id: str) -> tuple[Document, tuple[Section, ...]]:
        """One document with its text."""
        with self._db.read() as tx:
            authorise(tx, actor, Action.VIEW, ai_id=ai_id)
            return documents.get(tx, ai_id, document_id), documents.sections(tx, ai_id, document_id)

    def erase(self, tx: Tx, ai_id: str) -> dict[str, int]:
        """All sources, documents and passages of an AI, as a step of erasing it; the caller authorises and records."""
        gone = [document.id for document in documents.listing(tx, ai_id, limit=documents.count(tx, ai_id))]
        passages = index.remove_documents(tx, ai_id, gone)
        documents.remove(tx, ai_id, gone)
        removed = sources.remove_all(tx, ai_id)
        self._staging.remove_all(ai_id)
        return {"sources": removed, "documents": len(gone), "passages": passages}

    def _check(self, actor: Actor, ai_id: str, right: str) -> None:
        """May this actor, and is a right stated? Asked before anything is read or fetched on somebody's word."""
        with self._db.read() as tx:
            authorise(tx, actor, Action.EDIT_CONTENT, ai_id=ai_id)
        rights.state(actor, right)

    def _queue(
        self, actor: Actor, ai_id: str, location: Location, origin: str, right: str, wish: Wish
    ) -> Job:
        with self._db.write() as tx:
            source = self._state(tx, actor, ai_id, origin, right)
            payload = {"source_id": source.id, "location": vars(location), "wish": vars(wish)}
            return jobs.enqueue(tx, IMPORT_JOB, payload, ai_id=ai_id)

    def _register(self, actor: Actor, ai_id: str, origin: str, right: str) -> Source:
        with self._db.write() as tx:
            return self._state(tx, actor, ai_id, origin, right)

    def _state(self, tx: Tx, actor: Actor, ai_id: str, origin: str, right: str) -> Source:
        authorise(tx, actor, Action.EDIT_CONTENT, ai_id=ai_id)
        source = sources.put(tx, ai_id, origin[-_MOST_ORIGIN:], rights.state(actor, right))
        detail = {"basis": source.right.basis}
        audit.record(tx, actor, "stated right", ai_id=ai_id, subject=source.id, detail=detail)
        return source

    def _take(self, source: Source, opened: _Opened, wish: Wish, report: Report) -> ImportReport:
        options = Options(include_private=wish.include_private, url=opened.url)
        done = Intake(self._db, source, report).run(opened.files, opened.plan, options, prune=wish.prune)
        counts = done.model_dump(include={"added", "changed", "unchanged", "removed", "skipped_count"})
        with self._db.write() as tx:
            audit.record(tx, Actor.system(), "imported", ai_id=source.ai_id, subject=source.id, detail=counts)
        return done

    @contextmanager
    def _opened(self, location: Location, ai_id: str = "") -> Iterator[_Opened]:
        """The files of a location with the plan to read them; ``NothingToImport`` where the plan is empty."""
        with tempfile.TemporaryDirectory(prefix="inhouse-fetch-") as folder:
            url = name = None
            if location.url is not None:
                fetched = self._fetcher.fetch(location.url, Path(folder))
                path, url, name = fetched.path, fetched.url, fetched.name
            elif location.upload is not None:
                path = self._staging.path(ai_id, location.upload)
            else:
                path = Path(location.path or "")
            with open_files(path, self._limits, name) as files:
                planned = plan(files)
                if not planned.units:
                    reason = planned.skipped[0].reason if planned.skipped else "it is empty"
                    raise NothingToImport(origin=location.url or path.name, reason=reason)
                # An archive's address is where none of its documents can be read.
                yield _Opened(files, planned, url if url and not is_archive(path.name) else None)

    def _forget(self, ai_id: str, location: Location) -> None:
        if location.upload is not None:
            self._staging.remove(ai_id, location.upload)


@dataclass(frozen=True)
class _Opened:
    files: Files
    plan: Plan
    url: str | None


def _say_nothing(_share: float, _message: str) -> None:
    """Nobody watches."""
