"""Generations of the base model: which there are, which one is current, and where its file lies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select, update

from inhouse.core import clock
from inhouse.core.errors import NotFound
from inhouse.store.database import Tx
from inhouse.tuning import models
from inhouse.tuning.tables import generations


@dataclass(frozen=True)
class Generation:
    """A version of the base model. Immutable but for being adopted; ``id`` follows from the file's content."""

    id: str
    parent: str | None
    name: str
    recipe: Mapping[str, Any]
    data_hashes: Mapping[str, str]
    scores: Mapping[str, Any]
    file_hash: str
    quantisation: str
    created_at: datetime
    adopted_at: datetime | None


def path(folder: Path, generation_id: str | None) -> Path:
    """Where a generation's GGUF file lies among the models; ``None`` is the base model as it came."""
    return models.default_path(folder) if generation_id is None else folder / f"{generation_id}.gguf"


def add(
    tx: Tx,
    *,
    name: str,
    parent: str | None,
    recipe: Mapping[str, Any],
    data_hashes: Mapping[str, str],
    scores: Mapping[str, Any],
    file_hash: str,
    quantisation: str,
) -> Generation:
    """Register a generation whose file lies in its place; the same file again is the same generation."""
    generation_id = models.generation_id(file_hash)
    if not tx.execute(select(generations.c.id).where(generations.c.id == generation_id)).first():
        tx.execute(
            generations.insert().values(
                id=generation_id,
                parent=parent,
                name=name,
                recipe=dict(recipe),
                data_hashes=dict(data_hashes),
                scores=dict(scores),
                file_hash=file_hash,
                quantisation=quantisation,
                created_at=clock.now(),
            )
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


def adopt(tx: Tx, generation_id: str) -> Generation:
    """Make a generation the current one: new trainings and releases rest on it."""
    get(tx, generation_id)
    tx.execute(update(generations).where(generations.c.id == generation_id).values(adopted_at=clock.now()))
    return get(tx, generation_id)


def current(tx: Tx) -> Generation | None:
    """The generation adopted last, or ``None``: the base model as it came."""
    adopted = generations.c.adopted_at
    query = select(generations).where(adopted.is_not(None)).order_by(adopted.desc()).limit(1)
    row = tx.execute(query).one_or_none()
    return Generation(**row._mapping) if row else None
