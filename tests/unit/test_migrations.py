"""The schema that migrations make is the schema that the code has, on both databases."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from inhouse.app.schema import metadata
from inhouse.content import index
from inhouse.content.index import View
from inhouse.releases import releases
from inhouse.runtime.answering import BY_GENERATION
from inhouse.store.database import Database
from inhouse.store.migrations import DatabaseTooNew, revision, upgrade


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database with nothing in it."""
    if request.param == "sqlite":
        database = Database(f"sqlite:///{tmp_path / 'inhouse.db'}")
    else:
        database = Database(request.getfixturevalue("postgres_server"))
        with database.write() as tx:
            tx.execute(text("DROP SCHEMA public CASCADE"))
            tx.execute(text("CREATE SCHEMA public"))
    yield database
    database.close()


def test_the_schema_equals_the_sum_of_the_migrations(empty: Database) -> None:
    upgrade(empty)
    with empty.read() as tx:
        context = MigrationContext.configure(tx, opts={"compare_type": _differs})
        assert compare_metadata(context, metadata) == []


def test_upgrading_twice_changes_nothing(empty: Database) -> None:
    upgrade(empty)
    upgrade(empty)
    with empty.read() as tx:
        assert revision(tx) is not None


def test_the_index_of_an_older_database_is_in_every_view(empty: Database) -> None:
    upgrade(empty, "0001")
    with empty.write() as tx:
        columns = "id, ai_id, document_id, position, title, place, text, context, language, hash, length"
        row = "'psg_1', 'ai_1', 'doc_1', 0, 'Kiln', '{}', 'The kiln is small.', '', 'en', 'h', 4"
        tx.execute(text(f"INSERT INTO passages ({columns}) VALUES ({row})"))
        number = tx.execute(text("SELECT number FROM passages")).scalar()
        tx.execute(text("INSERT INTO postings VALUES ('ai_1', 'kiln', :number, 1, 4)"), {"number": number})
    upgrade(empty)
    with empty.read() as tx:
        [passage] = index.passages_of(tx, "ai_1")
        assert passage.text == "The kiln is small."
        assert tx.execute(text("SELECT count(*) FROM postings")).scalar() == 1
        assert not index.differs(tx, View("ai_1", 0))


def test_releases_of_an_older_database_answer_as_their_generations_say(empty: Database) -> None:
    upgrade(empty, "0013")
    with empty.write() as tx:
        columns = "id, ai_id, number, brief_version, index_revision, extensions, gate, created_at"
        gate = json.dumps({"passed": True, "verdict": "first", "reason": ""})
        row = {"gate": gate, "at": "2026-01-01 00:00:00"}
        values = "'rel_1', 'ai_1', 1, 1, 0, '[]', :gate, :at"
        tx.execute(text(f"INSERT INTO releases ({columns}) VALUES ({values})"), row)
    upgrade(empty)
    with empty.read() as tx:
        assert releases.get(tx, "ai_1", "rel_1").answering == BY_GENERATION


def test_the_audit_log_is_append_only_after_migrating_too(empty: Database) -> None:
    upgrade(empty)
    with empty.write() as tx:
        values = "(at, actor_kind, action, detail) VALUES ('2026-01-01 00:00:00', 'system', 'tried', '{}')"
        tx.execute(text(f"INSERT INTO audit {values}"))
    with pytest.raises(DatabaseError, match="append-only"), empty.write() as tx:
        tx.execute(text("DELETE FROM audit"))


def test_a_database_from_the_future_is_refused(empty: Database) -> None:
    upgrade(empty)
    with empty.write() as tx:
        tx.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DatabaseTooNew):
        upgrade(empty)


def _differs(context: Any, column: Any, meta: Any, found: Any, wanted: Any) -> bool | None:
    """JSON and moments are kept under other names in SQLite; everything else must be alike."""
    names = {type(found).__name__.upper(), type(wanted).__name__.upper()}
    return False if context.dialect.name == "sqlite" and names & {"JSON", "MOMENT", "FLOATS"} else None
