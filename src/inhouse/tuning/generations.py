"""Generations of the base model that this installation made or fetched: what they came from and what they scored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from inhouse.core import clock
from inhouse.core.errors import Conflict, NotFound
from inhouse.store.database import Tx
from inhouse.tuning.tables import generations


@dataclass(frozen=True)
class Generation:
    """A version of the base model: immutable."""

    id: str
    parent: str | None
    recipe: Mapping[str, Any]
    data_hashes: Mapping[str, str]
    scores: Mapping[str, Any]
    file_hash: str
    quantisation: str
    created_at: datetime


def add(
    tx: Tx,
    generation_id: str,
    *,
    parent: str | None,
    recipe: Mapping[str, Any],
    data_hashes: Mapping[str, str],
    scores: Mapping[str, Any],
    file_hash: str,
    quantisation: str,
) -> Generation:
    """Register a generation. The same again is the same; another file under its id is a ``Conflict``."""
    known = tx.execute(select(generations).where(generations.c.id == generation_id)).one_or_none()
    if known is None:
        tx.execute(
            generations.insert().values(
                id=generation_id,
                parent=parent,
                recipe=dict(recipe),
                data_hashes=dict(data_hashes),
                scores=dict(scores),
                file_hash=file_hash,
                quantisation=quantisation,
                created_at=clock.now(),
            )
        )
    elif known.file_hash != file_hash:
        raise Conflict(
            reason=f"There is another generation named {generation_id}. Give this one another name."
        )
    return get(tx, generation_id)


def get(tx: Tx, generation_id: str) -> Generation:
    """One generation; ``NotFound`` where there is none of that id."""
    row = tx.execute(select(generations).where(generations.c.id == generation_id)).one_or_none()
    if row is None:
        raise NotFound(kind="generation", name=generation_id)
    return Generation(**row._mapping)


def listing(tx: Tx) -> list[Generation]:
    """All generations, the newest first."""
    query = select(generations).order_by(generations.c.created_at.desc(), generations.c.id)
    return [Generation(**row._mapping) for row in tx.execute(query)]
