"""A table in a database whose server hangs, is none, or is away: each costs one sentence, in time."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from inhouse.runtime.extensions.base import Context, Extension, Result, ToolFailed
from inhouse.runtime.extensions.table.database.extension import database_table
from inhouse.runtime.extensions.table.database.settings import DatabaseSettings

pytestmark = [pytest.mark.integration, pytest.mark.enable_socket]

CONTEXT = Context(ai_id="ai", fan_id=None, call_id="c", now=datetime(2026, 6, 1, tzinfo=UTC))


def made(url: str, **more: Any) -> Extension:
    given = {"title": "products", "database": url, "table": "products", "columns": ["name"]}
    return database_table(DatabaseSettings.model_validate(given | more))


def call(used: Extension, tool: str, **arguments: Any) -> Result:
    return asyncio.run(used.call(tool, arguments, CONTEXT))


def _fill(url: str) -> None:
    engine = create_engine(url)
    with engine.begin() as tx:
        tx.execute(text("DROP TABLE IF EXISTS products CASCADE"))
        tx.execute(
            text("CREATE TABLE products AS SELECT 'Mug ' || n AS name FROM generate_series(1, 10) AS n")
        )
    engine.dispose()


def test_a_server_that_does_not_end_a_statement_is_left(postgres_server: str) -> None:
    """As one that was stopped, or is behind a network that swallows everything."""
    _fill(postgres_server)
    used: Any = made(postgres_server.replace("+psycopg", ""), seconds=0.5)
    began = time.monotonic()
    with pytest.raises(ToolFailed, match="takes too long"), used._base.reading() as connection:
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(text("SELECT pg_sleep(60)"))
    assert time.monotonic() - began < 10
    assert call(used, "count").data == {"total": 10}


@contextmanager
def _listening(answer: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server on this machine that takes connections and does as told with them."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    taken, _ = server.accept()
                except OSError:
                    return
                threading.Thread(target=answer, args=(taken,), daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]


@pytest.mark.parametrize(
    "answer",
    [
        lambda taken: time.sleep(60),
        lambda taken: taken.close(),
        lambda taken: taken.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n" * 1000),
    ],
)
def test_a_server_that_is_none_costs_a_sentence(answer: Callable[[socket.socket], None]) -> None:
    with _listening(answer) as port:
        began = time.monotonic()
        used = made(f"postgresql://reader:s3cret@127.0.0.1:{port}/shop", seconds=1)
        with pytest.raises(ToolFailed) as caught:
            call(used, "count")
        assert (
            caught.value.message == "The database can't be read at the moment."
            or "too long" in caught.value.message
        )
        assert time.monotonic() - began < 12


def test_an_absent_server_costs_a_sentence_and_is_tried_again() -> None:
    with _listening(lambda taken: None) as port:
        pass
    used = made(f"postgresql://reader:s3cret@127.0.0.1:{port}/shop")
    assert used.understood("look_up", "How much is the Fold Mug?", date(2026, 6, 1)) is None  # type: ignore[attr-defined]
    for _ in range(2):
        with pytest.raises(ToolFailed, match="can't be read"):
            call(used, "look_up", words="mug")
