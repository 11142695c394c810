"""Repository of what fans gave to be read. Every query takes the fan that the rows must belong to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict
from sqlalchemy import ColumnElement, Row, Select, delete, func, select, update

from inhouse.content import given
from inhouse.content.embedding.base import Matrix
from inhouse.content.given import Cut, Given, Reading
from inhouse.conversations.fans import Fan
from inhouse.conversations.tables import given_documents as table
from inhouse.core import clock, ids
from inhouse.core.errors import NotFound
from inhouse.store.database import Tx


class GivenDocument(BaseModel):
    """A document as lists show it."""

    model_config = ConfigDict(frozen=True)

    id: str
    conversation_id: str | None
    name: str
    """The file's name, or the page's address."""
    title: str
    url: str | None
    language: str
    published_at: datetime | None
    size: int
    """Bytes, as it was given."""
    created_at: datetime
    used_at: datetime


_COLUMNS = [table.c[name] for name in GivenDocument.model_fields]


def add(
    tx: Tx, fan: Fan, conversation_id: str | None, reading: Reading, *, name: str, url: str | None, size: int
) -> GivenDocument:
    """Keep what was read of a document."""
    now = clock.now()
    values = {
        "id": ids.new_id(given.PREFIX),
        "ai_id": fan.ai_id,
        "fan_id": fan.id,
        "conversation_id": conversation_id,
        "name": name[:300],
        "title": reading.title[:300],
        "url": url,
        "language": reading.language[:20],
        "published_at": reading.published_at,
        "size": size,
        "passages": [cut.model_dump(mode="json", exclude_none=True) for cut in reading.cuts],
        "vector_rows": 0,
        "created_at": now,
        "used_at": now,
    }
    return _shown(tx.execute(table.insert().values(values).returning(*_COLUMNS)).one())


def listing(tx: Tx, fan: Fan, conversation_id: str | None) -> list[GivenDocument]:
    """What this fan gave to a conversation (``None``: to none of them), in that order."""
    return [_shown(row) for row in tx.execute(_select(_of(fan, conversation_id)))]


def get(tx: Tx, fan: Fan, document_id: str) -> GivenDocument:
    """One document of this fan, else ``NotFound``."""
    row = tx.execute(_select(_mine(fan) & (table.c.id == document_id))).one_or_none()
    if row is None:
        raise NotFound(kind="document", name=document_id[:60])
    return _shown(row)


def count(tx: Tx, fan: Fan, conversation_id: str | None) -> int:
    """How many there are."""
    return int(
        tx.execute(select(func.count()).select_from(table).where(_of(fan, conversation_id))).scalar_one()
    )


def remove(tx: Tx, fan: Fan, document_id: str) -> bool:
    """Delete one document; says whether it was there."""
    return tx.execute(delete(table).where(_mine(fan), table.c.id == document_id)).rowcount == 1


def of_conversation(tx: Tx, fan: Fan, conversation_id: str, model: str) -> tuple[Given, ...]:
    """The documents of a conversation with their text, and their vectors of this embedding model."""
    return _whole(tx, _of(fan, conversation_id), model)


def named(tx: Tx, fan: Fan, document_ids: Sequence[str], model: str) -> tuple[Given, ...]:
    """Documents of this fan with their text, in the order asked for; ``NotFound`` names one that is not there."""
    found = {one.id: one for one in _whole(tx, _mine(fan) & table.c.id.in_(document_ids), model)}
    for name in document_ids:
        if name not in found:
            raise NotFound(kind="document", name=name[:60])
    return tuple(found[name] for name in dict.fromkeys(document_ids))


def touch(tx: Tx, fan: Fan, document_ids: Sequence[str]) -> None:
    """Say that documents were used now."""
    if document_ids:
        mine = (_mine(fan), table.c.id.in_(document_ids))
        tx.execute(update(table).where(*mine).values(used_at=clock.now()))


def forget(tx: Tx, before: datetime) -> int:
    """Delete, of all AIs, what was not used since; returns how many went."""
    return tx.execute(delete(table).where(table.c.used_at < before)).rowcount


def of_ai(tx: Tx, ai_id: str, document_id: str, model: str) -> Given | None:
    """One document for the job that gives it vectors; ``None`` where it is gone."""
    found = _whole(tx, (table.c.ai_id == ai_id) & (table.c.id == document_id), model)
    return found[0] if found else None


def put_vectors(tx: Tx, ai_id: str, document_id: str, model: str, vectors: Matrix) -> bool:
    """Keep the vectors of a document's first passages; says whether it was still there."""
    here = (table.c.ai_id == ai_id, table.c.id == document_id)
    packed = vectors.astype(np.float16).tobytes()
    change = {"vectors": packed, "vector_rows": len(vectors), "vector_model": model}
    return tx.execute(update(table).where(*here).values(change)).rowcount == 1


def _whole(tx: Tx, where: ColumnElement[bool], model: str) -> tuple[Given, ...]:
    query = select(table).where(where).order_by(table.c.created_at, table.c.id)
    return tuple(_given(row, model) for row in tx.execute(query))


def _given(row: Row[Any], model: str) -> Given:
    cuts = tuple(Cut.model_validate(cut) for cut in row.passages)
    reading = Reading(title=row.title, language=row.language, published_at=row.published_at, cuts=cuts)
    vectors = None
    if row.vector_rows and row.vector_model == model:
        flat = np.frombuffer(row.vectors, dtype=np.float16).astype(np.float32)
        vectors = flat.reshape(row.vector_rows, -1)
    return given.given(row.ai_id, row.id, reading, origin=row.name, url=row.url, vectors=vectors)


def _select(where: ColumnElement[bool]) -> Select[Any]:
    return select(*_COLUMNS).where(where).order_by(table.c.created_at, table.c.id)


def _of(fan: Fan, conversation_id: str | None) -> ColumnElement[bool]:
    return _mine(fan) & table.c.conversation_id.is_not_distinct_from(conversation_id)


def _mine(fan: Fan) -> ColumnElement[bool]:
    return (table.c.ai_id == fan.ai_id) & (table.c.fan_id == fan.id)


def _shown(row: Row[Any]) -> GivenDocument:
    return GivenDocument(**row._mapping)
