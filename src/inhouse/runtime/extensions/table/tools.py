"""What a table offers as tools, with its real columns in their schemas."""

from __future__ import annotations

from collections.abc import Sequence

from inhouse.content import plain
from inhouse.runtime.extensions.base import Json, Tool
from inhouse.runtime.extensions.table.columns import Column, Kind
from inhouse.runtime.extensions.table.examples import Examples
from inhouse.runtime.extensions.table.reading import Sheet

MOST_WORDS = 200
MOST_VALUE = 200
MOST_CONDITIONS = 5
MOST_ROWS = 10
USUAL_ROWS = 5
MOST_SHOWN = 5
ORDERED = (Kind.NUMBER, Kind.DATE)
"""Kinds of which one value is less than another."""

_MOST_LABELS = 300


def offered(title: str, sheet: Sheet) -> tuple[Tool, Tool]:
    """The tools ``look_up`` and ``count`` for a table of, say, "products"."""
    labels = plain.shortened(", ".join(column.label for column in sheet.columns), _MOST_LABELS)
    examples = Examples(title, sheet)
    return (
        Tool(
            name="look_up",
            title=f"Look up {title}",
            description=f"Finds {title} in the owner's own table, by words and by conditions on: {labels}. "
            "Use it for which there are, what one costs or is like.",
            parameters=_look_up_schema(sheet.columns),
            examples=examples.of_look_up(),
        ),
        Tool(
            name="count",
            title=f"Count {title}",
            description=f"Counts {title} in the owner's own table, by words and by conditions, and gives the range, "
            "sum or average of a column. Use it for how many, and for prices from and to.",
            parameters=_count_schema(sheet.columns),
            examples=examples.of_count(),
        ),
    )


def _look_up_schema(columns: Sequence[Column]) -> Json:
    sort = _object({"column": _column(columns), "descending": {"type": "boolean"}}, required=["column"])
    limit = {"type": "integer", "minimum": 1, "maximum": MOST_ROWS, "default": USUAL_ROWS}
    show = {"type": "array", "maxItems": MOST_SHOWN, "items": _column(columns)}
    return _object({**_wanted(columns), "sort": sort, "limit": limit, "show": show})


def _count_schema(columns: Sequence[Column]) -> Json:
    ordered = [column for column in columns if column.kind in ORDERED]
    if not ordered:
        return _object(_wanted(columns))
    what = {"type": "string", "enum": ["min", "max", "sum", "average"]}
    of = _object({"column": _column(ordered), "what": what}, required=["column", "what"])
    return _object({**_wanted(columns), "of": of})


def _wanted(columns: Sequence[Column]) -> Json:
    condition = _object(
        {
            "column": _column(columns) | {"description": "; ".join(map(_described, columns))},
            "is": {"type": "string", "enum": ["=", "!=", "<", "<=", ">", ">=", "contains"]},
            "value": {"type": ["string", "number", "boolean"], "maxLength": MOST_VALUE},
        },
        required=["column", "is", "value"],
    )
    words = {
        "type": "string",
        "maxLength": MOST_WORDS,
        "description": 'What is looked for, such as "blue mug"',
    }
    return {"words": words, "where": {"type": "array", "maxItems": MOST_CONDITIONS, "items": condition}}


def _object(properties: Json, required: Sequence[str] = ()) -> Json:
    need = {"required": list(required)} if required else {}
    return {"type": "object", "properties": properties, "additionalProperties": False, **need}


def _column(columns: Sequence[Column]) -> Json:
    return {"type": "string", "enum": [column.name for column in columns]}


def _described(column: Column) -> str:
    unit = f" in {column.unit}" if column.unit else ""
    samples = f", such as {' or '.join(column.samples)}" if column.samples else ""
    return f"{column.name}: {column.kind}{unit}{samples}"
