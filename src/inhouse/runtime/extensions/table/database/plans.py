"""What of a database is read: names come from the database itself, and are quoted; the rest of it is out of reach."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnClause,
    Connection,
    CursorResult,
    FromClause,
    Inspector,
    column,
    inspect,
    literal_column,
    quoted_name,
    select,
    table,
    text,
)

from inhouse.runtime.extensions.table.database.base import Base, Element
from inhouse.runtime.extensions.table.database.settings import MOST_COLUMNS, DatabaseSettings
from inhouse.runtime.extensions.table.reading import BadTable

_MOST_NAMED = 12


@dataclass(frozen=True)
class Plan:
    """The rows that may be read, and the expressions for their cells."""

    rows: FromClause
    columns: tuple[Element, ...]
    """Those that are told, in their order."""
    cells: tuple[Element, ...]
    """What is read of them."""
    searched: tuple[Element, ...]
    """Those that words are looked for in; none named: the ones that turn out to hold text."""
    truths: frozenset[str]
    """Columns that are declared as yes or no."""

    @property
    def names(self) -> list[str]:
        """The columns' names in the database."""
        return [str(each.name) for each in self.columns]


def planned(connection: Connection, base: Base, settings: DatabaseSettings) -> Plan:
    """Look at the database. Raises ``BadTable`` with a sentence for its operator."""
    return _of_table(connection, base, settings) if settings.table else _of_select(connection, base, settings)


def _of_table(connection: Connection, base: Base, settings: DatabaseSettings) -> Plan:
    found = inspect(connection)
    schema, name = _found(found, settings.table)
    there = {each["name"]: each["type"] for each in found.get_columns(name, schema)}
    wanted = list(dict.fromkeys([*settings.columns, *settings.search]))
    _check_columns(wanted, there)
    rows = table(
        quoted_name(name, True),
        *(column(quoted_name(each, True)) for each in wanted),
        schema=quoted_name(schema, True) if schema else None,
    )
    columns = tuple(rows.c[each] for each in settings.columns)
    asked = connection.execute(select(*columns).select_from(rows).where(literal_column("1") == 0))
    return Plan(
        rows=rows,
        columns=columns,
        cells=_cells(base, columns, asked),
        searched=tuple(rows.c[each] for each in settings.search),
        truths=frozenset(each for each in wanted if isinstance(there[each], Boolean)),
    )


def _found(found: Inspector, wanted: str) -> tuple[str | None, str]:
    """Where the table is: in the usual schema, or in the one that its name begins with."""
    schema, _, name = wanted.rpartition(".")
    usual = _tables(found, None)
    if wanted in usual:
        return None, wanted
    if schema and schema in found.get_schema_names() and name in _tables(found, schema):
        return schema, name
    raise BadTable(reason=f'the database has no table or view "{wanted}" that it shows to this user.')


def _tables(found: Inspector, schema: str | None) -> set[str]:
    kinds = [found.get_table_names(schema), found.get_view_names(schema)]
    if found.dialect.name == "postgresql":
        kinds.append(found.get_materialized_view_names(schema))
    return {name for names in kinds for name in names}


def _check_columns(wanted: Iterable[str], there: Iterable[str]) -> None:
    known = list(there)
    missing = next((name for name in wanted if name not in known), None)
    if missing is not None:
        some = ", ".join(known[:_MOST_NAMED])
        raise BadTable(reason=f'it has no column "{missing}"; it has {some}.')


def _of_select(connection: Connection, base: Base, settings: DatabaseSettings) -> Plan:
    """The SELECT inside a FROM, where only a query may stand."""
    checked = settings.statement
    nothing = dict.fromkeys(checked.places)
    probe = text(f"SELECT * FROM ({checked.text}\n) AS owned LIMIT :inhouse_none")
    asked = connection.execute(probe, nothing | {"inhouse_none": 0})
    names = list(asked.keys())
    if len(names) > MOST_COLUMNS or len(set(names)) < len(names) or not all(names):
        raise BadTable(reason=f"a SELECT gives at most {MOST_COLUMNS} columns, each with a name of its own.")
    _check_columns(settings.search, names)
    named: list[ColumnClause[Any]] = [column(quoted_name(name, True)) for name in names]
    rows = text(checked.text).columns(*named).subquery("owned")
    columns = tuple(rows.c)
    return Plan(
        rows=rows,
        columns=columns,
        cells=_cells(base, columns, asked),
        searched=tuple(rows.c[name] for name in settings.search),
        truths=frozenset(),
    )


def _cells(base: Base, columns: Sequence[Element], asked: CursorResult[Any]) -> tuple[Element, ...]:
    """What is read of the columns, by the types that a look at them told."""
    types: list[Any] = [each[1] for each in asked.cursor.description or ()] if asked.cursor else []
    return tuple(
        base.cell(each, base.is_plain(kind)).label(f"c{at}")
        for at, (each, kind) in enumerate(zip(columns, types, strict=True))
    )
