"""Data sets of shared traces: a file, its manifest, and the lineage that says whose traces are in it.

The lineage is stored before the first line is written, so that a kill can leave a file too few and never a trace that
nobody knows of; the manifest is written last, so that a data set that has one is whole.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Row, select, update

from inhouse.accounts import audit
from inhouse.accounts.actors import Action, Actor
from inhouse.accounts.authorisation import authorise
from inhouse.conversations import lineage, traces
from inhouse.conversations.sharing_texts import PURPOSE, VERSION, Purpose
from inhouse.conversations.tables import trace_exports
from inhouse.conversations.traces import SharedTrace, Traces
from inhouse.core import clock, ids
from inhouse.core.errors import InhouseError, NotFound, TooLarge
from inhouse.store.database import Database, Tx

FORMAT = 1
MOST_TRACES = 100_000
_MOST_NAME = 255


class NothingShared(InhouseError):
    """There is no question that both owner and fan have agreed to share."""

    status = 409


class DataSetExists(InhouseError):
    """There is a file {path} already. Choose another name."""

    status = 409


class Manifest(BaseModel):
    """What a data set is. ``lineage`` has the SHA-256 of each trace's id, in the file's order."""

    model_config = ConfigDict(frozen=True)

    format: int = FORMAT
    id: str
    purpose: str
    text_version: int
    made_at: datetime
    file: str
    sha256: str
    traces: int
    ais: int
    removed: dict[str, int]
    """Pieces of personal data that were taken out, by kind. What the finders miss is in the file still."""
    lineage: tuple[str, ...]


class DataSet(BaseModel):
    """One in a list."""

    model_config = ConfigDict(frozen=True)

    id: str
    purpose: str
    text_version: int
    file: str
    sha256: str | None
    """``None``: it was never finished."""
    traces: int
    removed: dict[str, int]
    begun_at: datetime
    begun_by: str | None
    finished_at: datetime | None
    unwanted: int
    """Traces in it that must not be learnt from any more: their fan or AI was erased, or consent withdrawn."""


class TraceExports:
    """Making data sets, for the operator."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._traces = Traces(db)

    def make(
        self,
        actor: Actor,
        ai_ids: Sequence[str],
        file: Path,
        purpose: Purpose = PURPOSE,
        wanted: Callable[[SharedTrace], bool] = lambda _: True,
    ) -> Manifest:
        """Write the shared traces of these AIs (those ``wanted``) as JSON lines into ``file``, and ``file`` + ``.manifest.json``."""
        with self._db.read() as tx:
            authorise(tx, actor, Action.OPERATE)
        for path in (file, _manifest_of(file)):
            if path.exists():
                raise DataSetExists(path=path)
        found = []
        for one in self._traces.consented(purpose, ai_ids):
            if wanted(one):
                found.append(one)
            if len(found) > MOST_TRACES:
                raise TooLarge(what="The data set", limit=f"{MOST_TRACES} traces; export fewer AIs at a time")
        with self._db.write() as tx:
            found = traces.still_covered(tx, found)
            if not found:
                raise NothingShared()
            begun = _begin(tx, actor, found, file, purpose)
        manifest = _write(begun, found, file)
        with self._db.write() as tx:
            done = {"sha256": manifest.sha256, "finished_at": clock.now()}
            tx.execute(update(trace_exports).where(trace_exports.c.id == begun.id).values(done))
        return manifest

    def listing(self, actor: Actor) -> list[DataSet]:
        """Every data set that was begun, the newest first."""
        with self._db.read() as tx:
            authorise(tx, actor, Action.OPERATE)
            rows = tx.execute(select(trace_exports).order_by(trace_exports.c.id.desc())).all()
            return [DataSet(**row._mapping, unwanted=len(lineage.unwanted(tx, row.id))) for row in rows]

    def unwanted(self, actor: Actor, export_id: str) -> list[str]:
        """The traces of a data set (SHA-256 of their ids) that whoever learns from it must leave out."""
        with self._db.read() as tx:
            authorise(tx, actor, Action.OPERATE)
            known = select(trace_exports.c.id).where(trace_exports.c.id == export_id)
            if tx.execute(known).one_or_none() is None:
                raise NotFound(kind="data set", name=export_id)
            return sorted(lineage.unwanted(tx, export_id))


def _begin(tx: Tx, actor: Actor, found: Sequence[SharedTrace], file: Path, purpose: Purpose) -> Row[Any]:
    values = {
        "id": ids.new_id("dat"),
        "purpose": purpose,
        "text_version": VERSION,
        "file": file.name[-_MOST_NAME:],
        "traces": len(found),
        "removed": _removed(found),
        "begun_at": clock.now(),
        "begun_by": actor.id,
    }
    begun = tx.execute(trace_exports.insert().values(values).returning(trace_exports)).one()
    lineage.add(tx, begun.id, [(one.id, one.fan_id, one.ai_id) for one in found])
    for ai_id, count in Counter(one.ai_id for one in found).items():
        detail = {"traces": count, "text_version": VERSION}
        audit.record(tx, actor, "exported traces", ai_id=ai_id, subject=begun.id, detail=detail)
    return begun


def _write(begun: Row[Any], found: Sequence[SharedTrace], file: Path) -> Manifest:
    lines = "".join(f"{one.model_dump_json()}\n" for one in found).encode()
    _put(file, lines)
    manifest = Manifest(
        id=begun.id,
        purpose=begun.purpose,
        text_version=begun.text_version,
        made_at=begun.begun_at,
        file=begun.file,
        sha256=hashlib.sha256(lines).hexdigest(),
        traces=len(found),
        ais=len({one.ai_id for one in found}),
        removed=begun.removed,
        lineage=tuple(ids.digest(one.id) for one in found),
    )
    _put(_manifest_of(file), f"{manifest.model_dump_json(indent=1)}\n".encode())
    return manifest


def _removed(found: Sequence[SharedTrace]) -> dict[str, int]:
    counted: Counter[str] = Counter()
    for one in found:
        counted.update(one.removed)
    return dict(sorted(counted.items()))


def _manifest_of(file: Path) -> Path:
    return file.with_name(f"{file.name}.manifest.json")


def _put(path: Path, data: bytes) -> None:
    """Whole or not at all, and for nobody else to read."""
    part = path.with_name(f".{path.name}.part")
    with part.open("wb") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    part.rename(path)
