"""What a table answers to calls of its tools, wherever its rows are kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from inhouse.content import plain
from inhouse.runtime.extensions.base import Json, Reading, Result, Source, Tool, ToolFailed
from inhouse.runtime.extensions.table import telling
from inhouse.runtime.extensions.table.arguments import (
    OPERATORS,
    Count,
    LookUp,
    Of,
    Where,
    checked,
    compared,
)
from inhouse.runtime.extensions.table.columns import Column, Kind
from inhouse.runtime.extensions.table.query import Condition, Found, Rows, Sort, Wanted
from inhouse.runtime.extensions.table.reading import Sheet
from inhouse.runtime.extensions.table.requests import Requests
from inhouse.runtime.extensions.table.telling import MOST_CELL, Lines
from inhouse.runtime.extensions.table.tools import ORDERED, offered

NOTHING = "Nothing in the table matches."


class Answers:
    """The tools of one table of, say, "products": described after a sheet, answered from its rows."""

    def __init__(self, title: str, sheet: Sheet, rows: Rows) -> None:
        self._title = plain.one_line(title)
        self._columns = {column.name: (at, column) for at, column in enumerate(sheet.columns)}
        self._lines = Lines(sheet.columns, sheet.name_at, sheet.link_at)
        self._rows = rows
        self._requests = Requests(self._title, sheet)
        self.tools: tuple[Tool, ...] = offered(self._title, sheet)

    def understood(self, tool: str, request: str) -> Reading | None:
        """The look-up or the count, where every word of the request is a name, a column or a condition of this table."""
        reads = {"look_up": self._requests.look_up, "count": self._requests.count}
        asked = reads[tool](request) if tool in reads else None
        return Reading(arguments=asked) if asked is not None else None

    def call(self, tool: str, arguments: Mapping[str, Any]) -> Result:
        """Answer a call. Raises ``ToolFailed`` with a sentence."""
        calls: dict[str, Callable[[Mapping[str, Any]], Result]] = {
            "look_up": self._look_up,
            "count": self._count,
        }
        if tool not in calls:
            raise ToolFailed(reason=f'The table has no tool "{plain.shortened(tool, 60)}".')
        return calls[tool](arguments)

    def close(self) -> None:
        """Let go of the rows."""
        self._rows.close()

    def _look_up(self, arguments: Mapping[str, Any]) -> Result:
        asked = checked(LookUp, arguments)
        sort = Sort(self._column(asked.sort.column)[0], asked.sort.descending) if asked.sort else None
        words = plain.one_line(asked.words)
        found = self._rows.find(self._wanted(words, asked.where), sort, asked.limit)
        told = [self._column(name)[0] for name in asked.show]
        lines = [self._lines.line(row, told) for row in found.rows]
        return Result(
            text=self._listed(found, lines, words),
            sources=tuple(self._lines.source(row) for row in found.rows),
            data={"rows": [self._lines.json(row) for row in found.rows], "total": found.total},
            empty=not found.total,
            value=telling.one_value(found.rows, [sort.column] if sort else told),
        )

    def _count(self, arguments: Mapping[str, Any]) -> Result:
        asked = checked(Count, arguments)
        at, column = self._measured(asked.of) if asked.of else (None, None)
        words = plain.one_line(asked.words)
        wanted = self._wanted(words, asked.where)
        counted = self._rows.count(wanted, at)
        data: Json = {"total": counted.total}
        if not counted.total:
            some = self._rows.some(wanted)
            text = f"{self._in_part(words)}; {some} match a part of it." if some else NOTHING
        else:
            one = f"1 of the {self._title} matches"
            text = one if counted.total == 1 else f"{counted.total} {self._title} match"
            if column and asked.of:
                text += f"; {telling.told(column, asked.of.what, counted)}"
                data |= {"column": column.name, **telling.came_to(asked.of.what, counted)}
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
            names = plain.shortened(", ".join(self._columns), MOST_CELL)
            raise ToolFailed(reason=f'The table has no column "{plain.shortened(name, 60)}": it has {names}.')
        return self._columns[name]

    def _wanted(self, words: str, where: Sequence[Where]) -> Wanted:
        return Wanted(words, [self._condition(condition) for condition in where])

    def _condition(self, where: Where) -> Condition:
        at, column = self._column(where.column)
        fitting = OPERATORS[column.kind]
        if where.operator not in fitting:
            raise ToolFailed(
                reason=f'The column "{column.name}" holds {column.kind}, which is compared by {", ".join(fitting)}.'
            )
        return Condition(at, where.operator, compared(column, where.value))

    def _measured(self, of: Of) -> tuple[int, Column]:
        at, column = self._column(of.column)
        if column.kind is Kind.NUMBER or (column.kind in ORDERED and of.what in ("min", "max")):
            return at, column
        raise ToolFailed(reason=f'The column "{column.name}" holds {column.kind}, which has no {of.what}.')
