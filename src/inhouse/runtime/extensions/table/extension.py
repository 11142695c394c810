"""An owner's own table, such as the products of a shop, that their AI looks things up in: by words and conditions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from inhouse.content import plain
from inhouse.runtime.bridge import in_thread
from inhouse.runtime.extensions.base import Context, Json, Reading, Result, Source, Tool, ToolFailed
from inhouse.runtime.extensions.table.columns import Column, Kind, Value
from inhouse.runtime.extensions.table.query import (
    Condition,
    Counted,
    Found,
    Items,
    Operator,
    Row,
    Sort,
    Wanted,
)
from inhouse.runtime.extensions.table.reading import read_sheet, read_text
from inhouse.runtime.extensions.table.requests import Requests
from inhouse.runtime.extensions.table.tools import (
    MOST_CONDITIONS,
    MOST_ROWS,
    MOST_SHOWN,
    MOST_VALUE,
    MOST_WORDS,
    ORDERED,
    USUAL_ROWS,
    offered,
)

NOTHING = "Nothing in the table matches."
_MOST_CELL = 200
_MOST_NAME = 120
_MOST_VALUE_TOLD = 80
_ORDER: tuple[Operator, ...] = ("=", "!=", "<", "<=", ">", ">=")
_OPERATORS: Mapping[Kind, tuple[Operator, ...]] = {
    Kind.NUMBER: _ORDER,
    Kind.DATE: _ORDER,
    Kind.YES_NO: ("=", "!="),
    Kind.TEXT: ("=", "!=", "contains"),
}

Arguments = TypeVar("Arguments", bound=BaseModel)


class TableSettings(BaseModel):
    """A table as its owner hands it over."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str = Field(min_length=1, max_length=60)
    """What the table holds, in the plural: "products"."""
    csv: str | bytes = Field(repr=False)
    """The file: a line that names the columns, then at most 20,000 rows, at most 10 MB."""
    language: str = Field("und", max_length=20)
    """What its texts are written in, by which plurals are told; "und" has it guessed, which a short table may defy."""

    @field_validator("csv")
    @classmethod
    def _as_text(cls, csv: str | bytes) -> str:
        """Text, so that the settings can be stored as JSON. Raises ``BadTable`` or ``NotText`` for bytes."""
        return csv if isinstance(csv, str) else read_text(csv)


class _Arguments(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Where(_Arguments):
    column: str
    operator: Operator = Field(alias="is")
    value: str | bool | Annotated[float, Field(allow_inf_nan=False)]


class _Sort(_Arguments):
    column: str
    descending: bool = False


class _Of(_Arguments):
    column: str
    what: Literal["min", "max", "sum", "average"]


class _Count(_Arguments):
    words: str = Field("", max_length=MOST_WORDS)
    where: tuple[_Where, ...] = Field((), max_length=MOST_CONDITIONS)
    of: _Of | None = None


class _LookUp(_Arguments):
    words: str = Field("", max_length=MOST_WORDS)
    where: tuple[_Where, ...] = Field((), max_length=MOST_CONDITIONS)
    sort: _Sort | None = None
    limit: int = Field(USUAL_ROWS, ge=1, le=MOST_ROWS)
    show: tuple[str, ...] = Field((), max_length=MOST_SHOWN)
    """The columns that are told; all of them where none is named."""


class Table:
    """The tools of one table. It is read when the object is built, which takes a large file some seconds."""

    def __init__(self, settings: TableSettings) -> None:
        """Raises ``BadTable`` or ``NotText`` with a sentence for the owner."""
        sheet = read_sheet(settings.csv, settings.language)
        self._title = plain.one_line(settings.title)
        self._columns = {column.name: (at, column) for at, column in enumerate(sheet.columns)}
        self._name_at = sheet.name_at
        self._link_at = sheet.link_at
        self._items = Items(sheet)
        self._tools = offered(self._title, sheet)
        self._requests = Requests(self._title, sheet)

    async def tools(self) -> Sequence[Tool]:
        return self._tools

    def understood(self, tool: str, request: str, today: date) -> Reading | None:
        """The look-up or the count, where every word of the request is a name, a column or a condition of this table."""
        reads = {"look_up": self._requests.look_up, "count": self._requests.count}
        asked = reads[tool](request) if tool in reads else None
        return Reading(arguments=asked) if asked is not None else None

    async def call(self, tool: str, arguments: Mapping[str, Any], context: Context) -> Result:
        calls: dict[str, Callable[[Mapping[str, Any]], Result]] = {
            "look_up": self._look_up,
            "count": self._count,
        }
        if tool not in calls:
            raise ToolFailed(reason=f'The table has no tool "{plain.shortened(tool, 60)}".')
        return await in_thread(calls[tool], arguments)

    async def aclose(self) -> None:
        await in_thread(self._items.close)

    def _look_up(self, arguments: Mapping[str, Any]) -> Result:
        asked = _checked(_LookUp, arguments)
        sort = Sort(self._column(asked.sort.column)[0], asked.sort.descending) if asked.sort else None
        words = plain.one_line(asked.words)
        found = self._items.find(self._wanted(words, asked.where), sort, asked.limit)
        told = [self._column(name)[0] for name in asked.show]
        lines = [self._line(row, told) for row in found.rows]
        return Result(
            text=self._listed(found, lines, words),
            sources=tuple(self._source(row, self._line(row)) for row in found.rows),
            data={"rows": [self._json(row) for row in found.rows], "total": found.total},
            empty=not found.total,
            value=_value(found.rows, [sort.column] if sort else told),
        )

    def _count(self, arguments: Mapping[str, Any]) -> Result:
        asked = _checked(_Count, arguments)
        at, column = self._measured(asked.of) if asked.of else (None, None)
        words = plain.one_line(asked.words)
        wanted = self._wanted(words, asked.where)
        counted = self._items.count(wanted, at)
        data: Json = {"total": counted.total}
        if not counted.total:
            some = self._items.some(wanted)
            text = f"{self._in_part(words)}; {some} match a part of it." if some else NOTHING
        else:
            one = f"1 of the {self._title} matches"
            text = one if counted.total == 1 else f"{counted.total} {self._title} match"
            if column and asked.of:
                text += f"; {_told(column, asked.of.what, counted)}"
                data |= {"column": column.name, **_came_to(asked.of.what, counted)}
            text += "."
        source = Source(title=self._title, text=text)
        return Result(text=text, sources=(source,), data=data, empty=not counted.total)

    def _listed(self, found: Found, lines: Sequence[str], words: str) -> str:
        """The lines, with what a reader must know of them: that others match too, or that none matches wholly."""
        if not lines:
            return NOTHING
        head = [] if found.whole else [f"{self._in_part(words)}; these match a part of it:"]
        notes = [f"{len(lines)} of {found.total} shown"] if 1 < len(lines) < found.total else []
        if 0 < found.whole < len(lines):
            notes.append(f"every word of “{words}” is in the first {found.whole} only")
        return "\n".join([*head, *lines, *(["; ".join(notes) + "."] if notes else [])])

    def _in_part(self, words: str) -> str:
        return f"None of the {self._title} match every word of “{words}”"

    def _column(self, name: str) -> tuple[int, Column]:
        if name not in self._columns:
            names = plain.shortened(", ".join(self._columns), _MOST_CELL)
            raise ToolFailed(reason=f'The table has no column "{plain.shortened(name, 60)}": it has {names}.')
        return self._columns[name]

    def _wanted(self, words: str, where: Sequence[_Where]) -> Wanted:
        return Wanted(words, [self._condition(condition) for condition in where])

    def _condition(self, where: _Where) -> Condition:
        at, column = self._column(where.column)
        fitting = _OPERATORS[column.kind]
        if where.operator not in fitting:
            raise ToolFailed(
                reason=f'The column "{column.name}" holds {column.kind}, which is compared by {", ".join(fitting)}.'
            )
        return Condition(at, where.operator, _compared(column, where.value))

    def _measured(self, of: _Of) -> tuple[int, Column]:
        at, column = self._column(of.column)
        if column.kind is Kind.NUMBER or (column.kind in ORDERED and of.what in ("min", "max")):
            return at, column
        raise ToolFailed(reason=f'The column "{column.name}" holds {column.kind}, which has no {of.what}.')

    def _line(self, row: Row, told: Sequence[int] = ()) -> str:
        """A row as "Fold Mug: price £32.00; colour blue; in stock yes", or only the columns that are to be told."""
        cells = [
            f"{column.label} {plain.shortened(row.shown[at], _MOST_CELL)}"
            for at, column in self._columns.values()
            if row.shown[at] and at not in (self._name_at, self._link_at) and (not told or at in told)
        ]
        return ": ".join(filter(None, [self._name(row), "; ".join(cells)]))

    def _name(self, row: Row) -> str:
        return plain.shortened(row.shown[self._name_at], _MOST_NAME) or "(no name)"

    def _source(self, row: Row, line: str) -> Source:
        link = row.shown[self._link_at] if self._link_at is not None else None
        return Source(title=self._name(row), url=link, text=line)

    def _json(self, row: Row) -> Json:
        cells = zip(self._columns.values(), row.shown, row.values, strict=True)
        return {column.name: _as_json(column, shown, value) for (_, column), shown, value in cells}


def _value(rows: Sequence[Row], told: Sequence[int]) -> str:
    """The one cell that a look-up comes to."""
    return rows[0].shown[told[0]][:_MOST_VALUE_TOLD] if len(rows) == len(told) == 1 else ""


def _checked(kind: type[Arguments], arguments: Mapping[str, Any]) -> Arguments:
    try:
        return kind.model_validate(dict(arguments))
    except ValidationError as error:
        wrong = error.errors(include_url=False, include_input=False)[0]
        place = plain.shortened(".".join(str(part) for part in wrong["loc"][:3]), 60)
        raise ToolFailed(reason=f'The argument "{place}" does not fit: {wrong["msg"].lower()}.') from None


def _compared(column: Column, given: str | float | bool) -> str | float:
    """What the column's cells are compared with, or one sentence why that can't be."""
    if isinstance(given, str) and len(given) > MOST_VALUE:
        raise ToolFailed(
            reason=f'What "{column.name}" is compared with is longer than {MOST_VALUE} characters.'
        )
    value = _fitting(column, given)
    if value is None:
        samples = f", such as {column.samples[0]}" if column.samples else ""
        raise ToolFailed(
            reason=f'The column "{column.name}" holds {column.kind}{samples}; '
            f'it can\'t be compared with "{plain.shortened(plain.one_line(str(given)), 60)}".'
        )
    return value


def _fitting(column: Column, given: str | float | bool) -> Value:
    if isinstance(given, str):
        return column.value(plain.one_line(given))
    if column.kind is Kind.NUMBER or (column.kind is Kind.YES_NO and given in (0, 1)):
        return float(given)
    if column.kind is Kind.TEXT and not isinstance(given, bool):
        return column.value(str(int(given)) if float(given).is_integer() else str(given))
    return None


def _came_to(what: str, counted: Counted) -> dict[str, Value]:
    """A range for the least and the greatest, as one is seldom asked without the other."""
    if what in ("min", "max"):
        return {"min": counted.low, "max": counted.high}
    return {what: counted.sum if what == "sum" else counted.average}


def _told(column: Column, what: str, counted: Counted) -> str:
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
