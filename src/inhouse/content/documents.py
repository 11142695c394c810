"""Repository of documents and their sections."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Row, Select, delete, func, select, update

from inhouse.content.tables import documents
from inhouse.content.values import Document, Item, Section
from inhouse.core import clock, ids
from inhouse.core.errors import NotFound
from inhouse.store.database import Tx

#: SQLite takes a limited number of values in one statement.
_BATCH = 500
_COLUMNS = [column for column in documents.c if column.name != "sections"]


def put(tx: Tx, ai_id: str, source_id: str, item: Item, known: str | None) -> Document:
    """Store an item: in place of the document ``known`` of the same AI, or as a new one."""
    values = item.model_dump(exclude={"key", "sections"}) | {
        "hash": item.hash,
        "imported_at": clock.now(),
        "sections": [section.model_dump(exclude_defaults=True) for section in item.sections],
    }
    if known is not None:
        here = (documents.c.ai_id == ai_id, documents.c.id == known)
        return _document(tx.execute(update(documents).where(*here).values(values).returning(*_COLUMNS)).one())
    values |= {"id": ids.new_id("doc"), "ai_id": ai_id, "source_id": source_id, "key": item.key}
    return _document(tx.execute(documents.insert().values(values).returning(*_COLUMNS)).one())


def get(tx: Tx, ai_id: str, document_id: str) -> Document:
    """One document of one AI."""
    row = tx.execute(_all(ai_id).where(documents.c.id == document_id)).one_or_none()
    if row is None:
        raise NotFound(kind="document", name=document_id)
    return _document(row)


def listing(
    tx: Tx, ai_id: str, *, source_id: str | None = None, limit: int = 100, offset: int = 0
) -> list[Document]:
    """An AI's documents in the order of their import; of one source where given."""
    query = _all(ai_id).order_by(documents.c.id).limit(limit).offset(offset)
    if source_id is not None:
        query = query.where(documents.c.source_id == source_id)
    return [_document(row) for row in tx.execute(query)]


def count(tx: Tx, ai_id: str, *, source_id: str | None = None) -> int:
    """How many documents an AI has; of one source where given."""
    query = select(func.count()).select_from(documents).where(documents.c.ai_id == ai_id)
    if source_id is not None:
        query = query.where(documents.c.source_id == source_id)
    return int(tx.execute(query).scalar_one())


def known(tx: Tx, ai_id: str, source_id: str, keys: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Of those documents of a source that there are: key → (id, hash of its content)."""
    query = select(documents.c.key, documents.c.id, documents.c.hash).where(
        documents.c.ai_id == ai_id, documents.c.source_id == source_id, documents.c.key.in_(keys)
    )
    return {row.key: (row.id, row.hash) for row in tx.execute(query)}


def ids_by_key(tx: Tx, ai_id: str, source_id: str) -> dict[str, str]:
    """All documents of a source: key → id."""
    query = select(documents.c.key, documents.c.id)
    rows = tx.execute(query.where(documents.c.ai_id == ai_id, documents.c.source_id == source_id))
    return {row.key: row.id for row in rows}


def counts(tx: Tx, ai_id: str) -> dict[str, int]:
    """How many documents each source of an AI has, by the source's id."""
    query = select(documents.c.source_id, func.count().label("number")).where(documents.c.ai_id == ai_id)
    return {row.source_id: row.number for row in tx.execute(query.group_by(documents.c.source_id))}


def sections(tx: Tx, ai_id: str, document_id: str) -> tuple[Section, ...]:
    """A document's text in order."""
    query = select(documents.c.sections).where(documents.c.ai_id == ai_id, documents.c.id == document_id)
    row = tx.execute(query).one_or_none()
    if row is None:
        raise NotFound(kind="document", name=document_id)
    return tuple(Section.model_validate(section) for section in row.sections)


def with_sections(tx: Tx, ai_id: str) -> Iterator[tuple[Document, tuple[Section, ...]]]:
    """All documents of an AI with their text, such as for a corpus or for indexing anew."""
    query = select(documents).where(documents.c.ai_id == ai_id).order_by(documents.c.id)
    for row in tx.execute(query.execution_options(yield_per=200)):
        yield _document(row), tuple(Section.model_validate(section) for section in row.sections)


def remove(tx: Tx, ai_id: str, document_ids: Sequence[str]) -> None:
    """Delete documents of one AI."""
    for start in range(0, len(document_ids), _BATCH):
        some = document_ids[start : start + _BATCH]
        tx.execute(delete(documents).where(documents.c.ai_id == ai_id, documents.c.id.in_(some)))


def _all(ai_id: str) -> Select[Any]:
    return select(*_COLUMNS).where(documents.c.ai_id == ai_id)


def _document(row: Row[Any]) -> Document:
    return Document.model_validate({column.name: row._mapping[column.name] for column in _COLUMNS})
