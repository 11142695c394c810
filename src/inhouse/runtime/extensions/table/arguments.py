"""The arguments of a table's tools, checked, and what a condition compares a column with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from inhouse.content import plain
from inhouse.runtime.extensions.base import ToolFailed
from inhouse.runtime.extensions.table.columns import Column, Kind, Value
from inhouse.runtime.extensions.table.query import Operator
from inhouse.runtime.extensions.table.tools import (
    MOST_CONDITIONS,
    MOST_ROWS,
    MOST_SHOWN,
    MOST_VALUE,
    MOST_WORDS,
    USUAL_ROWS,
)

_ORDER: tuple[Operator, ...] = ("=", "!=", "<", "<=", ">", ">=")
OPERATORS: Mapping[Kind, tuple[Operator, ...]] = {
    Kind.NUMBER: _ORDER,
    Kind.DATE: _ORDER,
    Kind.YES_NO: ("=", "!="),
    Kind.TEXT: ("=", "!=", "contains"),
}

Arguments = TypeVar("Arguments", bound=BaseModel)


class _Arguments(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Where(_Arguments):
    """A condition on a column."""

    column: str
    operator: Operator = Field(alias="is")
    value: str | bool | Annotated[float, Field(allow_inf_nan=False)]


class SortBy(_Arguments):
    """The column that rows are told in the order of."""

    column: str
    descending: bool = False


class Of(_Arguments):
    """What is told of a column of the rows that are counted."""

    column: str
    what: Literal["min", "max", "sum", "average"]


class Count(_Arguments):
    """What ``count`` is asked."""

    words: str = Field("", max_length=MOST_WORDS)
    where: tuple[Where, ...] = Field((), max_length=MOST_CONDITIONS)
    of: Of | None = None


class LookUp(_Arguments):
    """What ``look_up`` is asked."""

    words: str = Field("", max_length=MOST_WORDS)
    where: tuple[Where, ...] = Field((), max_length=MOST_CONDITIONS)
    sort: SortBy | None = None
    limit: int = Field(USUAL_ROWS, ge=1, le=MOST_ROWS)
    show: tuple[str, ...] = Field((), max_length=MOST_SHOWN)
    """The columns that are told; all of them where none is named."""


def checked(kind: type[Arguments], arguments: Mapping[str, Any]) -> Arguments:
    """Arguments of this form. Raises ``ToolFailed`` with a sentence for those that don't fit."""
    try:
        return kind.model_validate(dict(arguments))
    except ValidationError as error:
        wrong = error.errors(include_url=False, include_input=False)[0]
        place = plain.shortened(".".join(str(part) for part in wrong["loc"][:3]), 60)
        raise ToolFailed(reason=f'The argument "{place}" does not fit: {wrong["msg"].lower()}.') from None


def compared(column: Column, given: str | float | bool) -> str | float:
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
