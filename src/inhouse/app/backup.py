"""Backup and restore of a whole installation, in one archive whose manifest is written last.

SQLite is copied with its online backup, PostgreSQL row by row from one snapshot. See ``docs/design/housekeeping.md``.
"""

from __future__ import annotations

import hashlib
import io
import re
import shutil
import sqlite3
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from inhouse.app import rows
from inhouse.conversations import actions
from inhouse.conversations.ledger import Ledger, Receipt
from inhouse.core import clock
from inhouse.core.errors import InhouseError
from inhouse.core.settings import Settings
from inhouse.store.database import Database
from inhouse.store.migrations import revision, upgrade
from inhouse.store.signing import KEY_FILE

FORMAT = 1
LEDGER = "erasures.log"

_MANIFEST = "manifest.json"
_DATABASE = "inhouse.db"
_BLOB = re.compile(r"[0-9a-f]{64}")
_UNFINISHED = "restore.unfinished"

#: Erases again, in the installation of these settings, what these receipts speak of.
Apply = Callable[[Settings, Sequence[Receipt]], Sequence[Receipt]]


class BackupExists(InhouseError):
    """There is a file {path} already. Choose another name."""


class BrokenBackup(InhouseError):
    """The backup {path} can't be used: {reason}. Nothing was restored."""


class HomeNotEmpty(InhouseError):
    """There is an installation in {where} already. Restore into an empty one."""

    status = 409


class OtherDatabase(InhouseError):
    """The backup was made from {made} and this installation uses {here}. Restore into one of the same kind."""


class OtherSchema(InhouseError):
    """The backup has schema {made} and this version of Inhouse has {here}. Restore it with the version that made it, then
    upgrade."""


class Manifest(BaseModel):
    """What a backup holds; its last file, so that a backup that has one is complete."""

    model_config = ConfigDict(frozen=True)

    format: int
    created_at: datetime
    database: str
    revision: str | None
    files: dict[str, str]
    """SHA-256 by name."""


@dataclass(frozen=True)
class Restored:
    """What a restore did: how many files it put back, and how many erasures it applied again."""

    files: int
    erased_again: int


def backup(settings: Settings, db: Database, target: Path) -> Manifest:
    """Write everything but models into ``target`` (gzipped tar) while the installation runs.

    The database is copied first: a blob that it names is there by then, and blobs never change.
    """
    if target.exists():
        raise BackupExists(path=target)
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.part")
    with tempfile.TemporaryDirectory(dir=target.parent) as aside, tarfile.open(part, "w:gz") as archive:
        files: dict[str, str] = {}
        with db.read() as tx:
            schema = revision(tx)
        for name, path in _content(settings, db, Path(aside)):
            files[name] = _add(archive, name, path)
        kind = db.engine.dialect.name
        manifest = Manifest(
            format=FORMAT, created_at=clock.now(), database=kind, revision=schema, files=files
        )
        _add_bytes(archive, _MANIFEST, manifest.model_dump_json(indent=1).encode())
    part.rename(target)
    return manifest


def restore(settings: Settings, archive: Path, apply: Apply, erasures: Path | None = None) -> Restored:
    """Put a backup into an empty installation and erase again what was erased since.

    Erasures are taken from the backup, from the ledger that lies in the home (it outlives the database) and from
    ``erasures``. They are applied before the database is in its place.
    """
    home = settings.home
    home.mkdir(parents=True, exist_ok=True)
    _check_empty(settings)
    with tempfile.TemporaryDirectory(dir=home, prefix=".restore") as folder:
        aside = Path(folder)
        manifest = _unpack(archive, aside)
        _check_fits(settings, archive, manifest)
        receipts = _receipts([aside / LEDGER, home / LEDGER, *([erasures] if erasures else [])])
        for blob in (aside / "blobs").glob("*/*"):
            _move(blob, home / blob.relative_to(aside))
        (home / _UNFINISHED).write_text(
            "A restore began and did not end: empty this folder and restore again.\n"
        )
        _merge_ledger(home, receipts)
        if (aside / KEY_FILE).exists():  # what the restored rows were signed with
            (aside / KEY_FILE).chmod(0o600)
            _move(aside / KEY_FILE, home / KEY_FILE)
        again = _put_database(settings, aside, apply, receipts)
        (home / _UNFINISHED).unlink()
    return Restored(files=len(manifest.files), erased_again=len(again))


def is_unfinished(settings: Settings) -> bool:
    """Whether a restore was cut off here: erased data may be back, so nothing should be served."""
    return (settings.home / _UNFINISHED).exists()


def _put_database(
    settings: Settings, aside: Path, apply: Apply, receipts: list[Receipt]
) -> Sequence[Receipt]:
    if settings.database.startswith("sqlite"):
        copied = aside / _DATABASE
        url = f"sqlite:///{copied}"
        with closing(Database(url)) as db:
            upgrade(db)
            _close_open_actions(db)
        again = apply(settings.model_copy(update={"database_url": url}), receipts)
        with closing(sqlite3.connect(copied)) as connection:  # fold the write-ahead log into the file
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        _move(copied, Path(settings.database.removeprefix("sqlite:///")))
        return again
    with closing(Database(settings.database)) as db:
        upgrade(db)
        rows.load(db, aside / "tables")
        _close_open_actions(db)
    return apply(settings, receipts)


def _close_open_actions(db: Database) -> None:
    """What was open when the backup was made may have been done since: it is not performed again."""
    with db.write() as tx:
        actions.after_restore(tx)


def _content(settings: Settings, db: Database, aside: Path) -> Iterator[tuple[str, Path]]:
    if db.is_sqlite:
        copy = aside / _DATABASE
        source = sqlite3.connect(db.url.removeprefix("sqlite:///"))
        with closing(source), closing(sqlite3.connect(copy)) as target:
            source.backup(target)
        yield _DATABASE, copy
    else:
        for path in rows.dump(db, aside / "tables"):
            yield f"tables/{path.name}", path
    for name in (LEDGER, KEY_FILE):
        if (settings.home / name).exists():
            yield name, settings.home / name
    for path in sorted((settings.home / "blobs").glob("*/*")):
        if _BLOB.fullmatch(path.name):
            yield f"blobs/{path.parent.name}/{path.name}", path


def _add(archive: tarfile.TarFile, name: str, path: Path) -> str:
    """Add a file as it is at this moment, whatever is appended to it meanwhile; returns its SHA-256."""
    with tempfile.TemporaryFile() as copy:
        with path.open("rb") as file:
            shutil.copyfileobj(file, copy)
        copy.seek(0)
        digest = hashlib.file_digest(copy, "sha256").hexdigest()
        info = tarfile.TarInfo(name)
        info.size = copy.tell()
        copy.seek(0)
        archive.addfile(info, copy)
    return digest


def _add_bytes(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    archive.addfile(info, io.BytesIO(data))


def _unpack(archive: Path, aside: Path) -> Manifest:
    """Extract and compare every file with the manifest."""
    try:
        with tarfile.open(archive, "r:gz") as tar:
            tar.extractall(aside, filter="data")
        manifest = Manifest.model_validate_json((aside / _MANIFEST).read_bytes())
    except (OSError, EOFError, tarfile.TarError, ValidationError) as error:
        raise BrokenBackup(path=archive, reason="it is incomplete or no backup at all") from error
    found = {
        path.relative_to(aside).as_posix(): path
        for path in aside.rglob("*")
        if path.is_file() and path.name != _MANIFEST
    }
    if set(found) != set(manifest.files):
        raise BrokenBackup(path=archive, reason="its files are not those that its manifest names")
    for name, path in found.items():
        with path.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != manifest.files[name]:
                raise BrokenBackup(path=archive, reason=f"{name} is damaged")
    return manifest


def _check_empty(settings: Settings) -> None:
    if settings.database.startswith("sqlite"):
        if Path(settings.database.removeprefix("sqlite:///")).exists():
            raise HomeNotEmpty(where=settings.home)
        return
    with closing(Database(settings.database)) as db:
        upgrade(db)
        if not rows.is_empty(db):
            raise HomeNotEmpty(where="the database")


def _check_fits(settings: Settings, archive: Path, manifest: Manifest) -> None:
    if manifest.format != FORMAT:
        raise BrokenBackup(path=archive, reason=f"its format {manifest.format} is not known to this version")
    here = "sqlite" if settings.database.startswith("sqlite") else "postgresql"
    if manifest.database != here:
        raise OtherDatabase(made=manifest.database, here=here)
    if here == "postgresql":
        with closing(Database(settings.database)) as db, db.read() as tx:
            if revision(tx) != manifest.revision:
                raise OtherSchema(made=manifest.revision, here=revision(tx))


def _receipts(ledgers: list[Path]) -> list[Receipt]:
    """All receipts of several ledgers, each once."""
    return list({receipt.id: receipt for path in ledgers for receipt in Ledger(path).entries()}.values())


def _merge_ledger(home: Path, receipts: list[Receipt]) -> None:
    known = {receipt.id for receipt in Ledger(home / LEDGER).entries()}
    Ledger(home / LEDGER).append(receipt for receipt in receipts if receipt.id not in known)


def _move(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(source, target)
