"""Generations of the base model that this installation made or fetched: what they came from and what they scored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from inhouse.core import clock
from inhouse.core.errors import Conflict, NotFound
from inhouse.store.database import Tx
from inhouse.tuning.tables import generations


@dataclass(frozen=True)
class Generation:
    """A version of the base model: immutable."""

    id: str
    name: str
    """What people call it, such as ``inhouse-2``; not unique."""
    parent: str | None
    recipe: Mapping[str, Any]
    data_hashes: Mapping[str, str]
    scores: Mapping[str, Any]
    """What was measured; ``lab.internalising.report.of`` reads what the lab keeps there."""
    file_hash: str
    quantisation: str
    delta: Mapping[str, str] | None
    """Blob names by file name (``adapter_config.json``, ``adapter_model.safetensors``) of what was merged into the parent."""
    created_at: datetime


def add(
    tx: Tx,
    generation_id: str,
    *,
    name: str,
    parent: str | None,
    recipe: Mapping[str, Any],
    data_hashes: Mapping[str, str],
    scores: Mapping[str, Any],
    file_hash: str,
    quantisation: str,
    delta: Mapping[str, str] | None = None,
) -> Generation:
    """Register a generation. The same again is the same; another file under its id is a ``Conflict``.

    A row that an older Inhouse wrote, which has no name, is completed.
    """
    before = known(tx, generation_id)
    values = {
        "name": name,
        "parent": parent,
        "recipe": dict(recipe),
        "data_hashes": dict(data_hashes),
        "scores": dict(scores),
        "file_hash": file_hash,
        "quantisation": quantisation,
        "delta": dict(delta) if delta is not None else None,
    }
    if before is None:
        tx.execute(generations.insert().values(id=generation_id, created_at=clock.now(), **values))
    elif before.file_hash != file_hash:
        raise Conflict(
            reason=f"There is another generation named {generation_id}. Give this one another name."
        )
    elif not before.name:
        tx.execute(update(generations).where(generations.c.id == generation_id).values(**values))
    return get(tx, generation_id)


def get(tx: Tx, generation_id: str) -> Generation:
    """One generation; ``NotFound`` where there is none of that id."""
    found = known(tx, generation_id)
    if found is None:
        raise NotFound(kind="generation", name=generation_id)
    return found


def known(tx: Tx, generation_id: str) -> Generation | None:
    """The same; ``None`` where there is none of that id."""
    row = tx.execute(select(generations).where(generations.c.id == generation_id)).one_or_none()
    return Generation(**row._mapping) if row else None


def find(tx: Tx, wanted: str) -> Generation:
    """One generation by its id or its name, the newest of that name; ``NotFound`` where there is none."""
    for generation in listing(tx):
        if wanted in (generation.id, generation.name):
            return generation
    raise NotFound(kind="generation", name=wanted)


def listing(tx: Tx) -> list[Generation]:
    """All generations, the newest first."""
    query = select(generations).order_by(generations.c.created_at.desc(), generations.c.id)
    return [Generation(**row._mapping) for row in tx.execute(query)]


def blob_names(tx: Tx, ai_id: str | None = None) -> set[str]:
    """The blobs of all deltas. They belong to no AI, so erasing one takes none of them along."""
    if ai_id is not None:
        return set()
    deltas = tx.execute(select(generations.c.delta)).scalars()
    return {name for delta in deltas if delta for name in delta.values()}
