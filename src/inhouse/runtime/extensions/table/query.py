"""A table's rows in memory, asked by conditions and words. Nothing but values ever comes from outside."""

from __future__ import annotations

import itertools
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from inhouse.runtime.extensions.base import ToolFailed
from inhouse.runtime.extensions.table.columns import Kind, Value
from inhouse.runtime.extensions.table.reading import Sheet
from inhouse.runtime.extensions.table.words import Match, WordIndex

Operator = Literal["=", "!=", "<", "<=", ">", ">=", "contains"]

_SQL = {"=": "=", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_TYPES = {Kind.NUMBER: "REAL", Kind.YES_NO: "REAL", Kind.DATE: "TEXT", Kind.TEXT: "TEXT"}
_FUNCTIONS = frozenset(["count", "min", "max", "sum", "avg", "instr", "held", "rarity"])
#: Steps of SQLite's machine that one statement may take; the largest table with all conditions takes a third of them.
_MOST_STEPS = 2_000_000
_STEPS_AT_ONCE = 1000


@dataclass(frozen=True)
class Condition:
    """What a column, by its number, is compared with. An empty cell meets no condition, not even "!="."""

    column: int
    operator: Operator
    value: str | float


@dataclass(frozen=True)
class Sort:
    """By which column, by its number, and whether from its greatest value down. Empty cells come last."""

    column: int
    descending: bool = False


@dataclass(frozen=True)
class Wanted:
    """Which rows are wanted: all that meet every condition and hold any of the words."""

    words: str = ""
    conditions: Sequence[Condition] = ()


@dataclass(frozen=True)
class Row:
    """A row's cells as people read them, and what they are compared by."""

    shown: tuple[str, ...]
    values: tuple[Value, ...]


@dataclass(frozen=True)
class Found:
    """The first of the rows that are wanted; how many there are, and how many hold every word."""

    rows: tuple[Row, ...]
    total: int
    whole: int


@dataclass(frozen=True)
class Counted:
    """Over the rows that hold every word: how many, and what a column's values come to (``None`` where all are empty)."""

    total: int
    low: Value = None
    high: Value = None
    sum: Value = None
    average: Value = None


class Rows(Protocol):
    """A table's rows, wherever they are. What can't be had raises ``ToolFailed`` with a sentence."""

    def find(self, wanted: Wanted, sort: Sort | None, limit: int) -> Found:
        """The rows wanted: first those with most of the words, then by ``sort``, and by rarer words."""
        ...

    def some(self, wanted: Wanted) -> int:
        """How many rows meet the conditions and hold any of the words."""
        ...

    def count(self, wanted: Wanted, column: int | None = None) -> Counted:
        """Count the rows that meet the conditions and hold every word, and what a column of theirs comes to."""
        ...

    def close(self) -> None:
        """Let go of them."""
        ...


class Items:
    """The rows of a sheet. Safe to use from several threads; each statement is bounded in its steps."""

    def __init__(
        self, sheet: Sheet, texts: Sequence[str] | None = None, *, most_steps: int = _MOST_STEPS
    ) -> None:
        """``texts`` is what words are looked for in, one a row; where it is left out, the cells that hold text."""
        self._columns = sheet.columns
        self._index = WordIndex(list(_texts(sheet)) if texts is None else texts, sheet.language)
        self._most_steps = most_steps
        self._lock = threading.Lock()
        self._connection = _loaded(sheet)

    def find(self, wanted: Wanted, sort: Sort | None, limit: int) -> Found:
        """The rows wanted: first those with most of the words, then by ``sort``, by rarer words, and as in the file."""
        match = self._match(wanted)
        by = (
            f"v{sort.column} IS NULL, v{sort.column} {'DESC' if sort.descending else 'ASC'}, " if sort else ""
        )
        where, values = _where(wanted, match.least)
        ids = self._ask(
            f"SELECT id FROM items WHERE {where} ORDER BY held(id) DESC, {by}rarity(id) DESC, id LIMIT ?",
            [*values, limit],
            match,
        )
        rows = tuple(self._row(number) for (number,) in ids)
        total = self._total(wanted, match, match.least)
        return Found(rows, total, self._total(wanted, match, match.words) if match.words > 1 else total)

    def some(self, wanted: Wanted) -> int:
        """How many rows meet the conditions and hold any of the words."""
        match = self._match(wanted)
        return self._total(wanted, match, match.least)

    def count(self, wanted: Wanted, column: int | None = None) -> Counted:
        """Count the rows that meet the conditions and hold every word, and what a column of theirs comes to."""
        match = self._match(wanted)
        if column is None:
            return Counted(self._total(wanted, match, match.words))
        where, values = _where(wanted, match.words)
        cells = ", ".join(f"{name}(v{column})" for name in ("min", "max", "sum", "avg"))
        return Counted(*self._ask(f"SELECT count(*), {cells} FROM items WHERE {where}", values, match)[0])

    def close(self) -> None:
        """Forget the rows."""
        with self._lock:
            self._connection.close()

    def _match(self, wanted: Wanted) -> Match:
        return self._index.match(wanted.words) if wanted.words else Match()

    def _total(self, wanted: Wanted, match: Match, least: int) -> int:
        where, values = _where(wanted, least)
        return int(self._ask(f"SELECT count(*) FROM items WHERE {where}", values, match)[0][0])

    def _row(self, number: int) -> Row:
        cells = self._ask("SELECT * FROM items WHERE id = ?", [number], Match())[0][1:]
        return Row(cells[::2], cells[1::2])

    def _ask(self, sql: str, values: Sequence[Value], match: Match) -> list[tuple[Any, ...]]:
        with self._lock:
            self._connection.create_function("held", 1, match.held)
            self._connection.create_function("rarity", 1, match.rarity)
            self._connection.set_progress_handler(_budget(self._most_steps), _STEPS_AT_ONCE)
            try:
                return self._connection.execute(sql, values).fetchall()
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
                    raise
                raise ToolFailed(
                    reason="To look that up in the table takes too long: ask for less at once."
                ) from error


def _where(wanted: Wanted, least: int) -> tuple[str, list[Value]]:
    """SQL with places for values. Columns are our own numbers, and operators our own words."""
    terms = [_term(condition) for condition in wanted.conditions]
    values: list[Value] = [condition.value for condition in wanted.conditions]
    if least:
        terms.append("held(id) >= ?")
        values.append(least)
    return " AND ".join(terms) or "1", values


def _term(condition: Condition) -> str:
    if condition.operator == "contains":
        return f"instr(v{condition.column}, ?) > 0"
    return f"v{condition.column} {_SQL[condition.operator]} ?"


def _loaded(sheet: Sheet) -> sqlite3.Connection:
    """The rows in a database of their own: what a cell shows (s) beside what it is compared by (v), then locked."""
    connection = sqlite3.connect(":memory:", check_same_thread=False)
    fields = ", ".join(f"s{at} TEXT, v{at} {_TYPES[column.kind]}" for at, column in enumerate(sheet.columns))
    connection.execute(f"CREATE TABLE items (id INTEGER PRIMARY KEY, {fields})")
    places = ", ".join("?" * (1 + 2 * len(sheet.columns)))
    connection.executemany(f"INSERT INTO items VALUES ({places})", _records(sheet))
    connection.commit()
    connection.execute("PRAGMA query_only = ON")
    connection.set_authorizer(_permit)
    return connection


def _records(sheet: Sheet) -> Iterator[list[Value]]:
    for number, row in enumerate(sheet.rows):
        record: list[Value] = [number]
        for column, cell in zip(sheet.columns, row, strict=True):
            record += [cell, column.value(cell)]
        yield record


def _texts(sheet: Sheet) -> Iterator[str]:
    """What words are looked for in: a row's texts, one a line."""
    at = [number for number, column in enumerate(sheet.columns) if column.kind is Kind.TEXT]
    return ("\n".join(row[number] for number in at) for row in sheet.rows)


def _permit(action: int, first: str | None, second: str | None, *_: str | None) -> int:
    """Reading the one table with a handful of functions is all that a statement may do, whatever it says."""
    permitted = (
        action == sqlite3.SQLITE_SELECT
        or (action == sqlite3.SQLITE_READ and first == "items")
        or (action == sqlite3.SQLITE_FUNCTION and second in _FUNCTIONS)
    )
    return sqlite3.SQLITE_OK if permitted else sqlite3.SQLITE_DENY


def _budget(steps: int) -> Callable[[], bool]:
    """Says, every thousand steps, whether to stop."""
    spent = itertools.count(_STEPS_AT_ONCE, _STEPS_AT_ONCE)
    return lambda: next(spent) > steps
