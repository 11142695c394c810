"""Migrations: the schema as a sum of steps. The files in ``versions`` are only ever added to."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from inhouse.core.errors import InhouseError
from inhouse.store.database import Database, Tx


class DatabaseTooNew(InhouseError):
    """This database was written by a newer Inhouse (schema {found}). Install that version, or restore a backup."""


def upgrade(db: Database, to: str = "head") -> None:
    """Bring the database to this version's schema, in one transaction; an empty one gets it whole.

    ``to`` names an earlier step, for a test of the next one.
    """
    with db.write() as tx:
        found = revision(tx)
        script = ScriptDirectory.from_config(_config())
        if found is not None and found not in {step.revision for step in script.walk_revisions()}:
            raise DatabaseTooNew(found=found)
        if found != script.get_current_head():
            command.upgrade(_config(tx), to)


def write_revision(db: Database, message: str, folder: Path | None = None) -> None:
    """Write the next step's file from the difference between the database and the tables (for developers)."""
    with db.write() as tx:
        command.revision(_config(tx, folder), message, autogenerate=True)


def revision(tx: Tx) -> str | None:
    """The step that this database is at; ``None`` for an empty one."""
    return MigrationContext.configure(tx).get_current_revision()


def _config(tx: Tx | None = None, folder: Path | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(files("inhouse.store.migrations")))
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    if folder is not None:
        config.set_main_option("version_locations", str(folder))
    config.attributes["connection"] = tx
    return config
