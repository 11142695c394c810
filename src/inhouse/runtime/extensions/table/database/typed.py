"""Cells of a database, which have types already, as a table's columns and as the words that people read."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import regex

from inhouse.content import plain
from inhouse.runtime.extensions.table.columns import Column, Kind, samples
from inhouse.runtime.extensions.table.database.base import MOST_CELL

_MOST_DECIMALS = 6
_ISO = regex.compile(r"\d{4}-\d{2}-\d{2}(?:[ T]\d.*)?")
_SIGN = regex.compile(r"\p{Sc}")


def column(name: str, cells: Sequence[Any], unit: str = "", *, is_truth: bool = False) -> Column:
    """A column by its cells. ``is_truth`` is for a database that writes yes and no as 1 and 0."""
    filled = [cell for cell in cells if cell is not None and cell != ""]
    made = _of_kind(name, filled, unit, is_truth)
    return replace(made, samples=samples(made, [shown(made, cell) for cell in filled[:50]]))


def shown(column: Column, cell: Any) -> str:
    """A cell as people read it."""
    if cell is None or isinstance(cell, bytes | memoryview):
        return ""
    if column.kind is Kind.YES_NO and cell in (0, 1):
        return "yes" if cell else "no"
    if column.kind is Kind.NUMBER and _is_number(cell):
        return _number(column, cell)
    if isinstance(cell, date):
        return _moment(cell)
    return plain.one_line(str(cell)[:MOST_CELL])


def shown_row(columns: Sequence[Column], cells: Sequence[Any]) -> tuple[str, ...]:
    """A row as people read it."""
    return tuple(shown(column, cell) for column, cell in zip(columns, cells, strict=True))


def _of_kind(name: str, filled: Sequence[Any], unit: str, is_truth: bool) -> Column:
    if is_truth or (filled and all(isinstance(cell, bool) for cell in filled)):
        return Column(name, Kind.YES_NO)
    if filled and all(map(_is_number, filled)):
        return _numbers(name, filled, unit)
    if filled and all(map(_is_date, filled)):
        return Column(name, Kind.DATE)
    return Column(name, Kind.TEXT)


def _numbers(name: str, filled: Sequence[Any], unit: str) -> Column:
    decimals = min(max(map(_decimals, filled)), _MOST_DECIMALS)
    if not unit:
        return Column(name, Kind.NUMBER, decimals=decimals)
    if _SIGN.fullmatch(unit):
        # Money has two decimals, unless it is kept in whole numbers.
        is_whole = all(isinstance(cell, int) for cell in filled)
        return Column(name, Kind.NUMBER, before=unit, decimals=0 if is_whole else max(decimals, 2))
    return Column(name, Kind.NUMBER, after=unit if unit in ("%", "円") else f" {unit}", decimals=decimals)


def _number(column: Column, cell: Any) -> str:
    if isinstance(cell, float) and not math.isfinite(cell):
        return ""
    decimals = min(max(column.decimals, _decimals(cell)), _MOST_DECIMALS)
    digits = f"{abs(cell):.{decimals}f}"
    return f"{'-' if cell < 0 else ''}{column.before}{digits}{column.after}"


def _decimals(cell: Any) -> int:
    if isinstance(cell, int) or not math.isfinite(cell):
        return 0
    # What a database fills up with noughts ("32.00" of numeric(10, 2)) it means.
    exponent = (cell if isinstance(cell, Decimal) else Decimal(repr(cell)).normalize()).as_tuple().exponent
    return max(0, -int(exponent))


def _is_number(cell: Any) -> bool:
    return isinstance(cell, int | float | Decimal) and not isinstance(cell, bool)


def _is_date(cell: Any) -> bool:
    if isinstance(cell, str) and _ISO.fullmatch(cell):
        return Column("", Kind.DATE).value(cell) is not None
    return isinstance(cell, date)


def _moment(cell: date) -> str:
    day = cell.isoformat()[:10]
    return f"{day} {cell:%H:%M}" if isinstance(cell, datetime) and (cell.hour or cell.minute) else day
