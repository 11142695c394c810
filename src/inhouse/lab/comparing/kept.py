"""Outcomes as they become known, so that a killed comparison goes on after the last one. One row an outcome: what was
found before is not written again."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select

from inhouse.lab.comparing.outcomes import Outcome
from inhouse.lab.comparing.tables import comparison_outcomes as table
from inhouse.store.database import Tx
from inhouse.store.jobs import Head


def known(tx: Tx, job: Head) -> dict[str, dict[str, Outcome]]:
    """What a comparison has found so far, by model and question, in the order in which it was found."""
    query = select(table.c.model, table.c.outcome).where(table.c.job_id == job.id, table.c.ai_id == job.ai_id)
    found: dict[str, dict[str, Outcome]] = {}
    for row in tx.execute(query.order_by(table.c.number)):
        outcome = Outcome.model_validate(row.outcome)
        found.setdefault(row.model, {})[outcome.question] = outcome
    return found


def keep(tx: Tx, job: Head, number: int, model: str, outcome: Outcome) -> None:
    """Write one down; ``number`` counts them."""
    row = {"job_id": job.id, "number": number, "ai_id": job.ai_id, "model": model}
    tx.execute(table.insert().values(row | {"outcome": outcome.model_dump(mode="json")}))


def count(found: Mapping[str, Mapping[str, Outcome]]) -> int:
    """How many there are."""
    return sum(map(len, found.values()))
