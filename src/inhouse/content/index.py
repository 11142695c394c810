"""The index of one AI: its documents cut into passages, with the words to find them by.

Every change raises the AI's revision in the same transaction, so that whoever holds something derived from the
index knows when it is old. A changed document's old passages stay for the releases that were gated with them
(``View``); removed documents leave all views at once. Vectors come later (``embed_job``); until then passages are
found by words.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, and_, delete, func, insert, not_, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from inhouse.content.index_tables import index_revisions, passages, postings
from inhouse.content.splitting import Piece, split
from inhouse.content.values import Document, Section
from inhouse.core import clock
from inhouse.core.ids import digest, new_id
from inhouse.core.passages import Passage, Place
from inhouse.store.database import Tx

_BATCH = 500
_Item = TypeVar("_Item")


@dataclass(frozen=True)
class View:
    """One AI's index as a search sees it: as it stood at a revision, or as it is now (``None``)."""

    ai_id: str
    revision: int | None = None

    @property
    def passages(self) -> ColumnElement[bool]:
        """The passages that it shows."""
        return and_(passages.c.ai_id == self.ai_id, not_(self._hides))

    @property
    def hidden(self) -> Select[tuple[int]]:
        """The numbers of the AI's passages that it doesn't show."""
        return select(passages.c.number).where(passages.c.ai_id == self.ai_id, self._hides)

    @property
    def _hides(self) -> ColumnElement[bool]:
        if self.revision is None:
            return passages.c.gone.is_not(None)
        gone = and_(passages.c.gone.is_not(None), passages.c.gone <= self.revision)
        return or_(passages.c.added > self.revision, gone)


def put_document(tx: Tx, ai_id: str, document: Document, sections: Sequence[Section]) -> int:
    """Index a document anew; returns how many passages it has. Passages that did not change keep their ids."""
    pieces = split(document, sections)
    now = bump_revision(tx, ai_id)
    old = _rows_by_hash(tx, ai_id, document.id)
    fresh: list[tuple[dict[str, Any], Counter[str]]] = []
    for position, piece in enumerate(pieces):
        words = Counter(piece.words(document.language))
        row = _row(ai_id, document, piece, position, words.total())
        known = old.pop(row["hash"], None)
        if known is None:
            fresh.append((row | {"added": now}, words))
        else:
            kept = {name: value for name, value in row.items() if name != "id"}
            tx.execute(update(passages).where(passages.c.number == known).values(kept))
    for batch in _batches(list(old.values())):
        tx.execute(update(passages).where(passages.c.number.in_(batch)).values(gone=now))
    _insert(tx, fresh)
    return len(pieces)


def remove_documents(tx: Tx, ai_id: str, document_ids: Iterable[str]) -> int:
    """Take documents out of the index and of every view of it, at once; returns how many passages went."""
    removed = 0
    for batch in _batches(list(document_ids)):
        mine = (passages.c.ai_id == ai_id) & passages.c.document_id.in_(batch)
        removed += tx.execute(delete(passages).where(mine)).rowcount
    bump_revision(tx, ai_id)
    return removed


def bump_revision(tx: Tx, ai_id: str) -> int:
    """Say that the AI's index changed; returns the new revision."""
    upsert = sqlite.insert if tx.dialect.name == "sqlite" else postgresql.insert
    row = upsert(index_revisions).values(ai_id=ai_id, revision=1, changed_at=clock.now())
    raised = row.on_conflict_do_update(
        index_elements=["ai_id"],
        set_={"revision": index_revisions.c.revision + 1, "changed_at": clock.now()},
    )
    return int(tx.execute(raised.returning(index_revisions.c.revision)).scalar_one())


def revision(tx: Tx, ai_id: str) -> int:
    """The AI's index revision; 0 before anything was indexed."""
    found = tx.execute(select(index_revisions.c.revision).where(index_revisions.c.ai_id == ai_id)).scalar()
    return int(found or 0)


def forget(tx: Tx, ai_id: str, revisions: Iterable[int]) -> int:
    """Delete old passages that none of these revisions, and no later one, shows; returns how many went."""
    kept = sorted(set(revisions))
    query = select(passages.c.number, passages.c.added, passages.c.gone)
    old = tx.execute(query.where(passages.c.ai_id == ai_id, passages.c.gone.is_not(None))).all()
    newest = kept[-1] if kept else revision(tx, ai_id)  # what a gate under way is looking at comes later
    useless = [
        row.number
        for row in old
        if row.gone <= newest and bisect_left(kept, row.added) == bisect_left(kept, row.gone)
    ]
    for batch in _batches(useless):
        tx.execute(delete(passages).where(passages.c.number.in_(batch)))
    return len(useless)


def changed(tx: Tx) -> list[str]:
    """The AIs that have old passages."""
    return list(tx.execute(select(passages.c.ai_id).where(passages.c.gone.is_not(None)).distinct()).scalars())


def unseen(tx: Tx, view: View) -> int:
    """How many passages of today's index a view doesn't show."""
    query = select(func.count()).where(View(view.ai_id).passages, passages.c.number.in_(view.hidden))
    return int(tx.execute(query).scalar_one())


def differs(tx: Tx, view: View) -> bool:
    """Whether today's index holds more, less or something else than a view shows."""
    gone = select(passages.c.number).where(view.passages, passages.c.gone.is_not(None))
    return unseen(tx, view) > 0 or tx.execute(gone.limit(1)).first() is not None


def count(tx: Tx, ai_id: str) -> int:
    """How many passages the AI has."""
    return int(tx.execute(select(func.count()).where(View(ai_id).passages)).scalar_one())


def passages_of(tx: Tx, ai_id: str, document_ids: Sequence[str] | None = None) -> list[Passage]:
    """The AI's passages in reading order, of some documents where given."""
    query = select(passages).where(View(ai_id).passages)
    if document_ids is not None:
        query = query.where(passages.c.document_id.in_(document_ids))
    return list(_read(tx, query.order_by(passages.c.document_id, passages.c.position)).values())


def passages_by_id(tx: Tx, ai_id: str, passage_ids: Sequence[str]) -> list[Passage]:
    """Those of the passages that are still there and are this AI's, in the order asked for."""
    query = select(passages).where(passages.c.ai_id == ai_id, passages.c.id.in_(passage_ids))
    found = {passage.id: passage for passage in _read(tx, query).values()}
    return [found[name] for name in passage_ids if name in found]


def passages_by_number(tx: Tx, ai_id: str, numbers: Sequence[int]) -> dict[int, Passage]:
    """Those of the passages that are still there and are this AI's, by row number."""
    return _read(tx, select(passages).where(passages.c.ai_id == ai_id, passages.c.number.in_(numbers)))


def _read(tx: Tx, query: Select[Any]) -> dict[int, Passage]:
    return {row.number: _passage(row) for row in tx.execute(query)}


def _passage(row: Any) -> Passage:
    return Passage(
        id=row.id,
        ai_id=row.ai_id,
        document_id=row.document_id,
        title=row.title,
        url=row.url,
        place=Place.model_validate(row.place),
        text=row.text,
        language=row.language,
        published_at=row.published_at,
        credit=row.credit,
        position=row.position,
    )


def _row(ai_id: str, document: Document, piece: Piece, position: int, length: int) -> dict[str, Any]:
    return {
        "id": new_id("psg"),
        "ai_id": ai_id,
        "document_id": document.id,
        "position": position,
        "title": document.title,
        "url": document.url,
        "place": piece.place.model_dump(mode="json", exclude_none=True),
        "text": piece.text,
        "context": piece.context,
        "language": document.language,
        "published_at": document.published_at,
        "credit": document.credit.model_dump(mode="json") if document.credit else None,
        "hash": digest(f"{document.language}\n{piece.context}\n\n{piece.text}"),
        "length": length,
    }


def _rows_by_hash(tx: Tx, ai_id: str, document_id: str) -> dict[str, int]:
    mine = and_(View(ai_id).passages, passages.c.document_id == document_id)
    return {
        row.hash: row.number for row in tx.execute(select(passages.c.hash, passages.c.number).where(mine))
    }


def _insert(tx: Tx, fresh: Sequence[tuple[dict[str, Any], Counter[str]]]) -> None:
    for batch in _batches(fresh):
        made = tx.execute(
            insert(passages).returning(passages.c.number, sort_by_parameter_order=True),
            [row for row, _ in batch],
        )
        numbers = made.scalars().all()
        tx.execute(insert(postings), list(_postings(zip(numbers, batch, strict=True))))


def _postings(rows: Iterable[tuple[int, tuple[dict[str, Any], Counter[str]]]]) -> Iterator[dict[str, Any]]:
    for number, (row, words) in rows:
        for term, times in words.items():
            yield {
                "ai_id": row["ai_id"],
                "term": term,
                "passage": number,
                "count": times,
                "length": row["length"],
            }


def _batches(items: Sequence[_Item]) -> Iterator[Sequence[_Item]]:
    for at in range(0, len(items), _BATCH):
        yield items[at : at + _BATCH]
