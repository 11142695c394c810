"""What a table in a database is like: its columns, and some of its rows for examples and for the names in requests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from inhouse.content import languages
from inhouse.runtime.extensions.table.columns import Column
from inhouse.runtime.extensions.table.database import typed
from inhouse.runtime.extensions.table.database.base import Base
from inhouse.runtime.extensions.table.database.plans import Plan, planned
from inhouse.runtime.extensions.table.database.settings import DatabaseSettings
from inhouse.runtime.extensions.table.reading import (
    BadTable,
    Sheet,
    column_names,
    guessed,
    link_at,
    name_at,
)

SAMPLE_ROWS = 2_000


def sampled(base: Base, settings: DatabaseSettings) -> tuple[Plan, Sheet]:
    """Read it. Raises ``BadTable`` or ``ToolFailed`` with a sentence."""
    with base.reading() as connection:
        plan = planned(connection, base, settings)
        asked = select(*plan.cells).select_from(plan.rows).limit(SAMPLE_ROWS)
        read = [tuple(cells) for cells in connection.execute(asked)]
    if not read:
        raise BadTable(reason="it has no rows yet.")
    columns = columns_of(plan, read, settings)
    rows = tuple(typed.shown_row(columns, cells) for cells in read)
    language = settings.language
    if language == languages.UNKNOWN:
        language = guessed(columns, rows)
    return plan, Sheet(columns, rows, name_at(columns), link_at(columns), language)


def columns_of(plan: Plan, read: Sequence[Sequence[Any]], settings: DatabaseSettings) -> tuple[Column, ...]:
    """The columns by what was read of them."""
    named = zip(plan.names, column_names(plan.names), strict=True)
    return tuple(
        typed.column(
            name,
            [cells[at] for cells in read],
            settings.units.get(owned, ""),
            is_truth=owned in plan.truths,
        )
        for at, (owned, name) in enumerate(named)
    )
