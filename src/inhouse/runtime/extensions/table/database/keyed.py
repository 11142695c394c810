"""A SELECT with places for values: an order by its number, a membership by its code. Without them nothing is found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select

from inhouse.content import plain
from inhouse.runtime.extensions.base import Example, Json, Result, Tool, ToolFailed
from inhouse.runtime.extensions.table.answers import NOTHING
from inhouse.runtime.extensions.table.columns import Column
from inhouse.runtime.extensions.table.database.base import Base
from inhouse.runtime.extensions.table.database.plans import planned
from inhouse.runtime.extensions.table.database.rows import row
from inhouse.runtime.extensions.table.database.sampling import columns_of
from inhouse.runtime.extensions.table.database.settings import DatabaseSettings
from inhouse.runtime.extensions.table.query import Row
from inhouse.runtime.extensions.table.reading import BadTable, link_at, name_at
from inhouse.runtime.extensions.table.telling import Lines
from inhouse.runtime.extensions.table.tools import MOST_ROWS, MOST_VALUE


class Keyed:
    """Looks up what values name."""

    def __init__(self, settings: DatabaseSettings, base: Base) -> None:
        self._settings = settings
        self._base = base
        self._places = settings.statement.places
        self.tool = _tool(settings, self._places)

    def check(self) -> None:
        """Look up the first example. Raises ``BadTable`` where it finds nothing."""
        _, rows = self._read(self._settings.examples[0].values)
        if not rows:
            raise BadTable(reason="the SELECT's first example finds nothing.")

    def call(self, tool: str, arguments: Mapping[str, Any]) -> Result:
        """The rows that the values name. Raises ``ToolFailed`` with a sentence."""
        if tool != self.tool.name:
            raise ToolFailed(reason=f'The table has no tool "{plain.shortened(tool, 60)}".')
        columns, rows = self._read({place: self._value(place, arguments) for place in self._places})
        if not rows:
            return Result(text=NOTHING, data={"rows": [], "total": 0}, empty=True)
        told = Lines(columns, name_at(columns), link_at(columns))
        shown = rows[:MOST_ROWS]
        more = [f"Only the first {MOST_ROWS} are shown."] if len(rows) > MOST_ROWS else []
        return Result(
            text="\n".join([*map(told.line, shown), *more]),
            sources=tuple(map(told.source, shown)),
            data={"rows": list(map(told.json, shown)), "total": len(shown)},
        )

    def _value(self, place: str, arguments: Mapping[str, Any]) -> str:
        value = plain.one_line(str(arguments.get(place, "")))
        if not value or len(value) > MOST_VALUE:
            raise ToolFailed(
                reason=f'The table is asked with "{_label(place)}", at most {MOST_VALUE} characters.'
            )
        return value

    def _read(self, values: Mapping[str, str]) -> tuple[tuple[Column, ...], Sequence[Row]]:
        with self._base.reading() as connection:
            plan = planned(connection, self._base, self._settings)
            asked = select(*plan.cells).select_from(plan.rows).limit(MOST_ROWS + 1)
            read = [tuple(cells) for cells in connection.execute(asked, dict(values))]
        columns = columns_of(plan, read, self._settings)
        return columns, [row(columns, cells) for cells in read]


def _tool(settings: DatabaseSettings, places: Sequence[str]) -> Tool:
    title = plain.one_line(settings.title)
    by = " and ".join(map(_label, places))
    return Tool(
        name="look_up",
        title=f"Look up {title}",
        description=f"Finds {title} in the owner's own table by {by}. Use it where somebody names the {by}.",
        parameters={
            "type": "object",
            "properties": {place: _text() for place in places},
            "required": list(places),
            "additionalProperties": False,
        },
        examples=tuple(Example(request=one.request, arguments=dict(one.values)) for one in settings.examples),
    )


def _text() -> Json:
    return {"type": "string", "minLength": 1, "maxLength": MOST_VALUE}


def _label(place: str) -> str:
    return place.replace("_", " ")
