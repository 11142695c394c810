"""A PostgreSQL server, read in transactions that can't write."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date
from os import dup
from typing import Any

from sqlalchemy import URL, Connection, Date, NullPool, Text, cast, create_engine, func, literal_column, text

from inhouse.core.errors import UsageError
from inhouse.runtime.extensions.table.database.base import CONNECT_SECONDS, MOST_CELL, Element, told

#: PostgreSQL's own numbers for bool, the integers, floats, numeric, date and both kinds of timestamp.
_PLAIN = frozenset({16, 20, 21, 23, 700, 701, 1700, 1082, 1114, 1184})
_GRACE = 1.0
"""Seconds after which a server that should have ended a statement itself is left."""
_ACCENTS = "[\u0300-\u036f]"
_NFC: Element = literal_column("NFC")
_NFKC: Element = literal_column("NFKC")
_NFKD: Element = literal_column("NFKD")


class PostgresBase:
    """A database behind an address. It is connected to for each answer, so that none leaves anything to the next."""

    def __init__(self, url: URL, seconds: float) -> None:
        self._seconds = seconds
        try:
            self._engine = create_engine(
                url.set(drivername="postgresql+psycopg"),
                poolclass=NullPool,
                connect_args={"connect_timeout": CONNECT_SECONDS, "application_name": "inhouse"},
                execution_options={"postgresql_readonly": True, "isolation_level": "REPEATABLE READ"},
            )
        except ModuleNotFoundError:
            raise UsageError(reason="Install inhouse[postgres] to read a PostgreSQL database.") from None

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One snapshot. The server ends what takes too long; where it doesn't, its connection is shut."""
        ends = time.monotonic() + self._seconds
        with told(lambda: time.monotonic() > ends), self._engine.connect() as connection:
            raw: Any = connection.connection.dbapi_connection
            watch = threading.Timer(self._seconds + _GRACE, _shut, [raw.fileno()])
            watch.daemon = True
            watch.start()
            try:
                for name, seconds in (
                    ("statement_timeout", self._seconds),
                    ("lock_timeout", CONNECT_SECONDS),
                ):
                    connection.execute(text(f"SET LOCAL {name} = {int(seconds * 1000)}"))
                yield connection
            finally:
                watch.cancel()

    def is_plain(self, type_code: Any) -> bool:
        """By the type's number."""
        return type_code in _PLAIN

    def cell(self, element: Element, plain: bool) -> Element:
        """The beginning of whatever can be written as text."""
        return element if plain else func.substr(cast(element, Text), 1, MOST_CELL)

    def number(self, element: Element) -> Element:
        """A column of numbers holds nothing else here."""
        return element

    def day(self, element: Element) -> Element:
        """Its date, in the session's time zone where it is a moment."""
        return cast(element, Date)

    def that_day(self, iso: str) -> Any:
        """A date."""
        return date.fromisoformat(iso)

    def folded(self, element: Element) -> Element:
        """By Unicode's compatibility forms, in small letters."""
        return func.lower(_normal(cast(element, Text), _NFKC))

    def bare(self, element: Element) -> Element:
        """Taken apart, without the accents, and put together again."""
        apart = _normal(func.lower(cast(element, Text)), _NFKD)
        return _normal(func.regexp_replace(apart, _ACCENTS, "", "g", type_=Text), _NFC)


def _normal(element: Element, form: Element) -> Element:
    return func.normalize(element, form, type_=Text)


def _shut(descriptor: int) -> None:
    """End a connection that another thread waits on: to shut its socket wakes that thread with an error."""
    with suppress(OSError), socket.socket(fileno=dup(descriptor)) as ours:
        ours.shutdown(socket.SHUT_RDWR)
