"""A database's rows as files of JSON lines, one file a table, and back: the logical copy of PostgreSQL."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import Table, func, select

from inhouse.app.schema import metadata
from inhouse.store.database import Database, Tx

_BATCH = 500


def dump(db: Database, folder: Path) -> Iterator[Path]:
    """Write every table as it stands in one snapshot; yields each file when it is whole."""
    folder.mkdir(parents=True)
    with db.engine.connect() as opened:
        tx = opened.execution_options(isolation_level="REPEATABLE READ", yield_per=_BATCH)
        for table in metadata.sorted_tables:
            path = folder / f"{table.name}.jsonl"
            with path.open("w", encoding="utf-8") as file:
                for row in tx.execute(select(table)).mappings():
                    file.write(json.dumps(_packed(row), ensure_ascii=False) + "\n")
            yield path


def load(db: Database, folder: Path) -> None:
    """Fill the empty tables in one transaction. A table that has no file stays empty."""
    with db.write() as tx:
        for table in metadata.sorted_tables:
            path = folder / f"{table.name}.jsonl"
            if path.exists():
                _fill(tx, table, path)
                _go_on_counting(tx, table)


def is_empty(db: Database) -> bool:
    """Whether no table has a row."""
    with db.read() as tx:
        return not any(tx.execute(select(table).limit(1)).first() for table in metadata.sorted_tables)


def _fill(tx: Tx, table: Table, path: Path) -> None:
    batch: list[dict[str, Any]] = []
    with path.open(encoding="utf-8") as file:
        for line in file:
            batch.append(_unpacked(json.loads(line)))
            if len(batch) == _BATCH:
                tx.execute(table.insert(), batch)
                batch = []
    if batch:
        tx.execute(table.insert(), batch)


def _go_on_counting(tx: Tx, table: Table) -> None:
    """Set the sequence of a counted column past the rows that were put in with their numbers."""
    column = table.autoincrement_column
    if column is None:
        return
    last = tx.execute(select(func.max(column))).scalar()
    if last is not None:
        sequence = func.pg_get_serial_sequence(table.name, column.name)
        tx.execute(select(func.setval(sequence, last)))


def _packed(row: Mapping[Any, Any]) -> dict[str, list[Any]]:
    return {name: _pack(value) for name, value in row.items()}


def _pack(value: Any) -> list[Any]:
    if isinstance(value, datetime):
        return ["moment", value.isoformat()]
    if isinstance(value, bytes):
        return ["bytes", base64.b64encode(value).decode()]
    if isinstance(value, np.ndarray):
        return ["floats", value.astype(float).tolist()]
    return ["json", value]


def _unpacked(row: Mapping[str, list[Any]]) -> dict[str, Any]:
    return {name: _unpack(kind, value) for name, (kind, value) in row.items()}


def _unpack(kind: str, value: Any) -> Any:
    if kind == "moment":
        return datetime.fromisoformat(value)
    if kind == "bytes":
        return base64.b64decode(value)
    if kind == "floats":
        return np.asarray(value, dtype=np.float32)
    return value
