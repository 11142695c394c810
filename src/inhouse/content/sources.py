"""Repository of sources and the right that each stands on."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, delete, select, update

from inhouse.content.tables import sources
from inhouse.content.values import Right, Source
from inhouse.core import clock, ids
from inhouse.core.errors import NotFound
from inhouse.store.database import Tx


def put(tx: Tx, ai_id: str, origin: str, right: Right) -> Source:
    """The live source of this origin with the right as stated last; a new one where there is none."""
    stated = {
        "basis": right.basis,
        "note": right.note,
        "stated_by": right.stated_by,
        "stated_at": right.stated_at,
    }
    live = (sources.c.ai_id == ai_id, sources.c.origin == origin, sources.c.revoked_at.is_(None))
    row = tx.execute(update(sources).where(*live).values(stated).returning(sources)).one_or_none()
    if row is None:
        new = {"id": ids.new_id("src"), "ai_id": ai_id, "origin": origin, "created_at": clock.now()}
        row = tx.execute(sources.insert().values(new | stated).returning(sources)).one()
    return _source(row)


def get(tx: Tx, ai_id: str, source_id: str, *, lock: bool = False) -> Source:
    """One source of one AI; ``lock`` keeps it from being revoked until the transaction ends."""
    query = select(sources).where(sources.c.ai_id == ai_id, sources.c.id == source_id)
    row = tx.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise NotFound(kind="source", name=source_id)
    return _source(row)


def listing(tx: Tx, ai_id: str) -> list[Source]:
    """An AI's sources, the newest first, revoked ones too."""
    query = select(sources).where(sources.c.ai_id == ai_id).order_by(sources.c.id.desc())
    return [_source(row) for row in tx.execute(query)]


def mark_imported(tx: Tx, ai_id: str, source_id: str) -> None:
    """An import of it ran to its end."""
    here = (sources.c.ai_id == ai_id, sources.c.id == source_id)
    tx.execute(update(sources).where(*here).values(imported_at=clock.now()))


def mark_revoked(tx: Tx, ai_id: str, source_id: str, by: str) -> Source:
    """Its right is taken back, by whom and now."""
    here = (sources.c.ai_id == ai_id, sources.c.id == source_id)
    change = {"revoked_at": clock.now(), "revoked_by": by}
    return _source(tx.execute(update(sources).where(*here).values(change).returning(sources)).one())


def remove_all(tx: Tx, ai_id: str) -> int:
    """Delete all sources of an AI, as a step of erasing it, and say how many; its documents go first."""
    return tx.execute(delete(sources).where(sources.c.ai_id == ai_id)).rowcount


def _source(row: Row[Any]) -> Source:
    mapping = dict(row._mapping)
    right = Right(**{name: mapping.pop(name) for name in ("basis", "note", "stated_by", "stated_at")})
    return Source(**mapping, right=right)
