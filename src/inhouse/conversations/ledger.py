"""The ledger of erasures: an append-only file beside the database, so that a restore can't bring back what was erased.

A line holds hashes and counts, no personal data. The rows in the table ``erasures`` are the same receipts.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError
from sqlalchemy import Row, select

from inhouse.conversations.tables import erasures
from inhouse.core import clock, ids
from inhouse.core.errors import InhouseError
from inhouse.store.database import Tx

Scope = Literal["fan", "ai"]


class BrokenLedger(InhouseError):
    """The list of erasures {path} is damaged at line {line}. Restore with a whole copy of it."""


class Receipt(BaseModel):
    """What was erased. ``subject`` is the SHA-256 of the fan's or AI's id; ``receipt`` that of all the rest."""

    model_config = ConfigDict(frozen=True)

    id: str
    scope: Scope
    subject: str
    at: datetime
    counts: dict[str, int]
    """How many rows went, by kind."""
    receipt: str


class Ledger:
    """The file. Its lines are only ever added to."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(self, receipts: Iterable[Receipt]) -> None:
        """Add receipts and see that they are on the disk."""
        lines = "".join(f"{receipt.model_dump_json()}\n" for receipt in receipts)
        if not lines:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(lines)
            file.flush()
            os.fsync(file.fileno())

    def entries(self) -> list[Receipt]:
        """All receipts, the oldest first. A last line that was cut off by a kill is left out."""
        if not self.path.exists():
            return []
        *whole, last = self.path.read_text(encoding="utf-8").split("\n")
        receipts = []
        for number, line in enumerate([*whole, last] if last.endswith("}") else whole, start=1):
            if line.strip():
                try:
                    receipts.append(Receipt.model_validate_json(line))
                except ValidationError as error:
                    raise BrokenLedger(path=self.path, line=number) from error
        return receipts

    def catch_up(self, tx: Tx) -> None:
        """Add the receipts that are in the database and not in the file: a kill may come between the two."""
        known = {receipt.id for receipt in self.entries()}
        rows = tx.execute(select(erasures).order_by(erasures.c.id))
        missing = [_receipt(row) for row in rows if row.id not in known]
        if missing and self.path.exists() and not self.path.read_bytes().endswith(b"\n"):
            with self.path.open("a", encoding="utf-8") as file:
                file.write("\n")
        self.append(missing)


def record(tx: Tx, scope: Scope, subject_id: str, counts: Mapping[str, int]) -> Receipt:
    """Write a receipt in the transaction that erases; the caller appends it to the ledger after the commit."""
    values: dict[str, Any] = {
        "id": ids.new_id("ers"),
        "scope": scope,
        "subject": ids.digest(subject_id),
        "at": clock.now(),
        "counts": {name: count for name, count in counts.items() if count},
    }
    values["receipt"] = ids.digest(json.dumps(values, sort_keys=True, default=str))
    return _receipt(tx.execute(erasures.insert().values(values).returning(erasures)).one())


def _receipt(row: Row[Any]) -> Receipt:
    return Receipt(**row._mapping)
