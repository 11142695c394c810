"""How rows of a table, and what they come to, are told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from inhouse.content import plain
from inhouse.runtime.extensions.base import Json, Source
from inhouse.runtime.extensions.table.columns import Column, Kind, Value
from inhouse.runtime.extensions.table.query import Counted, Row

MOST_CELL = 200
_MOST_NAME = 120
_MOST_VALUE_TOLD = 80


@dataclass(frozen=True)
class Lines:
    """Tells the rows of one table."""

    columns: tuple[Column, ...]
    name_at: int
    """The column that holds what a row is called."""
    link_at: int | None
    """The column that holds a row's web address, where there is one."""

    def line(self, row: Row, told: Sequence[int] = ()) -> str:
        """A row as "Fold Mug: price £32.00; colour blue; in stock yes", or only the columns that are to be told."""
        cells = [
            f"{column.label} {plain.shortened(row.shown[at], MOST_CELL)}"
            for at, column in enumerate(self.columns)
            if row.shown[at] and at not in (self.name_at, self.link_at) and (not told or at in told)
        ]
        return ": ".join(filter(None, [self._name(row), "; ".join(cells)]))

    def source(self, row: Row) -> Source:
        """A row as what an answer may quote."""
        link = row.shown[self.link_at] if self.link_at is not None else None
        return Source(title=self._name(row), url=link, text=self.line(row))

    def json(self, row: Row) -> Json:
        """A row by the names of its columns."""
        cells = zip(self.columns, row.shown, row.values, strict=True)
        return {column.name: _as_json(column, shown, value) for column, shown, value in cells}

    def _name(self, row: Row) -> str:
        return plain.shortened(row.shown[self.name_at], _MOST_NAME) or "(no name)"


def one_value(rows: Sequence[Row], told: Sequence[int]) -> str:
    """The one cell that a look-up comes to."""
    return rows[0].shown[told[0]][:_MOST_VALUE_TOLD] if len(rows) == len(told) == 1 else ""


def came_to(what: str, counted: Counted) -> dict[str, Value]:
    """A range for the least and the greatest, as one is seldom asked without the other."""
    if what in ("min", "max"):
        return {"min": counted.low, "max": counted.high}
    return {what: counted.sum if what == "sum" else counted.average}


def told(column: Column, what: str, counted: Counted) -> str:
    """What a column of the rows comes to, in words: "their price is £12 to £40"."""
    label, whose = column.label, "its" if counted.total == 1 else "their"
    if counted.low is None:
        return f"{whose} {label} is not told"
    if what == "sum":
        return f"{whose} {label} adds up to {_written(column, counted.sum)}"
    if what == "average":
        return f"{whose} average {label} is {_written(column, counted.average, max(column.decimals, 2))}"
    low, high = _written(column, counted.low), _written(column, counted.high)
    return f"{whose} {label} is {low}" if low == high else f"{whose} {label} is {low} to {high}"


def _written(column: Column, value: Value, decimals: int | None = None) -> str:
    return column.written(value, decimals) if isinstance(value, float) else str(value)


def _as_json(column: Column, shown: str, value: Value) -> str | float | bool | None:
    if column.kind is Kind.TEXT or value is None:
        return shown or None
    return bool(value) if column.kind is Kind.YES_NO else value
