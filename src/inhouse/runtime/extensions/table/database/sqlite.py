"""A SQLite file, opened for reading only."""

from __future__ import annotations

import sqlite3
import time
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, NullPool, Text, case, cast, create_engine, func, null

from inhouse.runtime.extensions.table.columns import fold
from inhouse.runtime.extensions.table.database.base import CONNECT_SECONDS, MOST_CELL, Element, told

_STEPS_AT_ONCE = 10_000
_MOST_BYTES = 16 * 1024 * 1024
"""Of one text or row."""
#: Reading.
_ACTIONS = frozenset(
    {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_RECURSIVE, sqlite3.SQLITE_TRANSACTION}
)
#: What SQLAlchemy asks when it connects and to know a table's columns; a value it may give to none but the last two.
_PRAGMAS = frozenset({"read_uncommitted", "database_list", "table_info", "table_xinfo"})
_PRAGMAS_OF_TABLES = frozenset({"table_info", "table_xinfo"})
_NO_FUNCTIONS = frozenset({"load_extension", "readfile", "writefile", "edit", "fts3_tokenizer"})


class SqliteBase:
    """A file at a path. It is opened for each answer, which costs less than a millisecond."""

    def __init__(self, path: str, seconds: float) -> None:
        self._path = path
        self._seconds = seconds
        self._engine = create_engine("sqlite://", creator=self._opened, poolclass=NullPool)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One snapshot, within the seconds."""
        ends = time.monotonic() + self._seconds
        with told(lambda: time.monotonic() > ends), self._engine.connect() as connection:
            raw: Any = connection.connection.dbapi_connection
            raw.set_progress_handler(lambda: time.monotonic() > ends, _STEPS_AT_ONCE)
            connection.exec_driver_sql("BEGIN")
            yield connection

    def is_plain(self, type_code: Any) -> bool:
        """Never known beforehand: a column may hold anything here."""
        return False

    def cell(self, element: Element, plain: bool) -> Element:
        """By what the cell holds: a text's beginning, nothing of bytes."""
        text = func.substr(element, 1, MOST_CELL)
        return case(
            (func.typeof(element) == "text", text), (func.typeof(element) == "blob", null()), else_=element
        )

    def number(self, element: Element) -> Element:
        """Without the texts that stand among numbers, which would be greater than all of them."""
        return case((func.typeof(element).in_(["integer", "real"]), element), else_=null())

    def day(self, element: Element) -> Element:
        """Dates are texts here, such as 2026-03-01 or 2026-03-01 14:30."""
        return func.substr(element, 1, 10)

    def that_day(self, iso: str) -> Any:
        """The same text."""
        return iso

    def folded(self, element: Element) -> Element:
        """By our own function: SQLite's ``lower`` knows ASCII only."""
        return func.inhouse_folded(cast(element, Text), type_=Text)

    def bare(self, element: Element) -> Element:
        """By our own function."""
        return func.inhouse_bare(cast(element, Text), type_=Text)

    def _opened(self) -> sqlite3.Connection:
        address = f"file:{quote(self._path)}?mode=ro"
        connection = sqlite3.connect(
            address, uri=True, timeout=CONNECT_SECONDS, isolation_level=None, check_same_thread=False
        )
        connection.execute("PRAGMA query_only = ON")
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MOST_BYTES)
        connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
        connection.create_function("inhouse_folded", 1, _folded, deterministic=True)
        connection.create_function("inhouse_bare", 1, bare, deterministic=True)
        connection.set_authorizer(_permit)
        return connection


def bare(text: str | None) -> str | None:
    """Folded, and without accents: as the stems of words are."""
    if text is None:
        return None
    apart = unicodedata.normalize("NFKD", fold(text))
    return unicodedata.normalize("NFC", "".join(sign for sign in apart if not "\u0300" <= sign <= "\u036f"))


def _folded(text: str | None) -> str | None:
    return None if text is None else fold(text)


def _permit(action: int, first: str | None, second: str | None, *_: str | None) -> int:
    """What a statement may do, whatever it says."""
    permitted = (
        action in _ACTIONS
        or (action == sqlite3.SQLITE_FUNCTION and second not in _NO_FUNCTIONS)
        or (action == sqlite3.SQLITE_PRAGMA and first in (_PRAGMAS_OF_TABLES if second else _PRAGMAS))
    )
    return sqlite3.SQLITE_OK if permitted else sqlite3.SQLITE_DENY
