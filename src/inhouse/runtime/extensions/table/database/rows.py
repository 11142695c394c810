"""A table's rows where they are: conditions are asked of the database, and only values go there."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import reduce
from typing import Any

from sqlalchemy import Connection, and_, case, false, func, or_, select, true

from inhouse.runtime.extensions.base import ToolFailed
from inhouse.runtime.extensions.table.columns import Column, Kind, Value
from inhouse.runtime.extensions.table.database import typed
from inhouse.runtime.extensions.table.database.base import Base, Element
from inhouse.runtime.extensions.table.database.plans import Plan
from inhouse.runtime.extensions.table.query import Condition, Counted, Found, Items, Row, Sort, Wanted
from inhouse.runtime.extensions.table.reading import Sheet
from inhouse.runtime.extensions.table.words import looked_for

MOST_CANDIDATES = 2_000
"""Rows that are read to see which of them hold the words, and how well."""
_COMPARED: Mapping[str, Callable[[Element, Any], Element]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class DatabaseRows:
    """The rows of one plan, as ``sheet`` describes their columns.

    Words are found in two steps: the database finds the rows that may hold them, and those are judged as the rows of a
    file are, so that both kinds of table answer alike.
    """

    def __init__(self, base: Base, plan: Plan, sheet: Sheet) -> None:
        self._base = base
        self._plan = plan
        self._sheet = sheet
        self._searched = plan.searched or tuple(
            element
            for element, column in zip(plan.columns, sheet.columns, strict=True)
            if column.kind is Kind.TEXT
        )

    def find(self, wanted: Wanted, sort: Sort | None, limit: int) -> Found:
        """The rows wanted: first those with most of the words, then by ``sort``, and by rarer words."""
        with self._base.reading() as connection:
            if not wanted.words:
                read = connection.execute(self._all(wanted, sort).limit(limit)).all()
                total = self._total(connection, self._conditions(wanted))
                return Found(tuple(self._row(cells) for cells in read), total, total)
            candidates = self._candidates(connection, wanted)
            if not candidates.is_all:
                total = self._total(
                    connection, [*self._conditions(wanted), or_(*self._holding(wanted.words))]
                )
        with candidates.items() as items:
            found = items.find(Wanted(wanted.words), sort, limit)
        return found if candidates.is_all else Found(found.rows, max(total, found.total), found.whole)

    def some(self, wanted: Wanted) -> int:
        """How many rows meet the conditions and hold any of the words."""
        return self.find(wanted, None, 1).total

    def count(self, wanted: Wanted, column: int | None = None) -> Counted:
        """Count the rows that meet the conditions and hold every word, and what a column of theirs comes to."""
        with self._base.reading() as connection:
            if not wanted.words:
                return self._counted(connection, self._conditions(wanted), column)
            candidates = self._candidates(connection, wanted, every=True)
        if not candidates.is_all:
            raise ToolFailed(
                reason=f"More than {MOST_CANDIDATES:,} rows may hold these words: ask for less at once."
            )
        with candidates.items() as items:
            return items.count(Wanted(wanted.words), column)

    def close(self) -> None:
        """Nothing is held."""

    def _all(self, wanted: Wanted, sort: Sort | None) -> Any:
        asked = select(*self._plan.cells).select_from(self._plan.rows).where(*self._conditions(wanted))
        return asked.order_by(*self._order(sort))

    def _order(self, sort: Sort | None) -> list[Any]:
        """Empty cells last, and rows that are alike always in one order."""
        name = self._plan.columns[self._sheet.name_at]
        if sort is None:
            return [name]
        key = self._sorted(self._plan.columns[sort.column], self._sheet.columns[sort.column])
        return [key.is_(None), key.desc() if sort.descending else key, name]

    def _sorted(self, element: Element, column: Column) -> Element:
        if column.kind is Kind.NUMBER:
            return self._base.number(element)
        return self._base.folded(element) if column.kind is Kind.TEXT else element

    def _conditions(self, wanted: Wanted) -> list[Element]:
        return [self._condition(one) for one in wanted.conditions]

    def _condition(self, asked: Condition) -> Element:
        element, column = self._plan.columns[asked.column], self._sheet.columns[asked.column]
        if column.kind is Kind.TEXT:
            text = self._base.folded(element)
            if asked.operator == "contains":
                return text.contains(str(asked.value), autoescape=True)
            met = _COMPARED[asked.operator](text, asked.value)
            # An empty cell meets no condition, not even "!=".
            return and_(met, text != "") if asked.operator == "!=" else met
        if column.kind is Kind.YES_NO:
            wants_yes = (asked.value == 1.0) == (asked.operator == "=")
            return element == (true() if wants_yes else false())
        if column.kind is Kind.DATE:
            return _COMPARED[asked.operator](self._base.day(element), self._base.that_day(str(asked.value)))
        return _COMPARED[asked.operator](self._base.number(element), asked.value)

    def _holding(self, words: str) -> list[Element]:
        """For each of the words, where a row may hold it."""
        pieces = looked_for(words, self._sheet.language)
        texts = [self._base.bare(element) for element in self._searched]
        if not texts or not pieces:
            return [false()]
        return [
            or_(*(text.contains(_beginning(piece), autoescape=True) for text in texts)) for piece in pieces
        ]

    def _candidates(self, connection: Connection, wanted: Wanted, *, every: bool = False) -> _Candidates:
        """The rows that may hold any, or every one, of the words; those with most of them first."""
        holding = self._holding(wanted.words)
        held: Element = reduce(operator.add, [case((each, 1), else_=0) for each in holding])
        texts = [self._base.cell(element, False).label(f"s{at}") for at, element in enumerate(self._searched)]
        asked = (
            select(*self._plan.cells, *texts)
            .select_from(self._plan.rows)
            .where(*self._conditions(wanted), and_(*holding) if every else or_(*holding))
            .order_by(held.desc(), self._plan.columns[self._sheet.name_at])
            .limit(MOST_CANDIDATES + 1)
        )
        width = len(self._plan.cells)
        read = connection.execute(asked).all()
        kept = read[:MOST_CANDIDATES]
        rows = tuple(typed.shown_row(self._sheet.columns, cells[:width]) for cells in kept)
        texts_read = [
            "\n".join("" if text is None else str(text) for text in cells[width:]) for cells in kept
        ]
        return _Candidates(replace(self._sheet, rows=rows), texts_read, len(read) == len(kept))

    def _total(self, connection: Connection, conditions: Sequence[Element]) -> int:
        asked = select(func.count()).select_from(self._plan.rows).where(*conditions)
        return int(connection.execute(asked).scalar_one())

    def _counted(self, connection: Connection, conditions: Sequence[Element], at: int | None) -> Counted:
        if at is None:
            return Counted(self._total(connection, conditions))
        element, column = self._plan.columns[at], self._sheet.columns[at]
        asked = select(func.count(), *self._measures(element, column)).select_from(self._plan.rows)
        total, *measured = connection.execute(asked.where(*conditions)).one()
        return Counted(int(total), *(_measured(each) for each in measured))

    def _measures(self, element: Element, column: Column) -> Iterator[Element]:
        value = self._base.number(element) if column.kind is Kind.NUMBER else self._base.day(element)
        yield func.min(value)
        yield func.max(value)
        if column.kind is Kind.NUMBER:
            yield func.sum(value)
            yield func.avg(value)

    def _row(self, cells: Sequence[Any]) -> Row:
        return row(self._sheet.columns, cells)


@dataclass(frozen=True)
class _Candidates:
    """Rows that may hold the words."""

    sheet: Sheet
    texts: Sequence[str]
    is_all: bool
    """Whether there are no more of them in the database."""

    def items(self) -> closing[Items]:
        """The rows as those of a file."""
        return closing(Items(self.sheet, self.texts))


def row(columns: Sequence[Column], cells: Sequence[Any]) -> Row:
    """A row as it was read."""
    shown = typed.shown_row(columns, cells)
    return Row(shown, tuple(column.value(text) for column, text in zip(columns, shown, strict=True)))


def _beginning(piece: str) -> str:
    """What a word of this stem has in any form: a final "i" may be a "y" there."""
    return piece[:-1] if piece.endswith("i") and len(piece) > 2 else piece


def _measured(value: Any) -> Value:
    if isinstance(value, int | float | Decimal):
        return float(value)
    return None if value is None else str(value)[:10]
