"""The words of some feed items, held in memory: an SQLite database, so that the BM25 of the AIs' own passages ranks them."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import create_engine, delete, insert
from sqlalchemy.pool import StaticPool

from inhouse.content import bm25
from inhouse.content.index import View
from inhouse.content.index_tables import passages, postings
from inhouse.content.splitting import Piece
from inhouse.core.passages import Place
from inhouse.runtime.extensions.search.items import FeedItem
from inhouse.store.database import Tx

#: One index holds one AI's items: the name only fills the column.
_AI = "items"
_VIEW = View(_AI)


class ItemIndex:
    """Ranks items; indexes them anew where they changed since the last call. Threads take turns."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._items: Sequence[FeedItem] = ()
        # One connection for all threads: each would get an empty memory of its own.
        self._engine = create_engine(
            "sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False}
        )
        with self._engine.begin() as tx:
            passages.create(tx)
            postings.create(tx)
            self._about = bm25.statistics(tx, _VIEW)

    def scores(self, items: Sequence[FeedItem], query: str) -> dict[int, float]:
        """BM25 by place in ``items``, best first; items that share no word with the query are left out."""
        with self._turn, self._engine.begin() as tx:
            if items != self._items:
                self._fill(tx, items)
            return dict(bm25.search(tx, _VIEW, query, self._about, len(items)).scores)

    def close(self) -> None:
        """Let go of the memory."""
        with self._turn:
            self._engine.dispose()

    def _fill(self, tx: Tx, items: Sequence[FeedItem]) -> None:
        self._items = ()  # if this fails half-way, the next call begins anew
        tx.execute(delete(postings))
        tx.execute(delete(passages))
        words = [Counter(_words(item)) for item in items]
        if rows := [_row(number, item, words[number].total()) for number, item in enumerate(items)]:
            tx.execute(insert(passages), rows)
        if counts := [row for number, found in enumerate(words) for row in _postings(number, found)]:
            tx.execute(insert(postings), counts)
        self._about = bm25.statistics(tx, _VIEW)
        self._items = items


def _words(item: FeedItem) -> list[str]:
    return Piece(item.text, item.title, Place()).words(item.language)


def _row(number: int, item: FeedItem, length: int) -> dict[str, Any]:
    """What BM25 reads of a passage; the rest is the item's own."""
    said = {"number": number, "ai_id": _AI, "language": item.language, "length": length}
    return said | {
        "document_id": "",
        "position": 0,
        "title": "",
        "place": {},
        "text": "",
        "context": "",
        "hash": "",
    }


def _postings(number: int, words: Counter[str]) -> Iterator[dict[str, Any]]:
    length = words.total()
    for term, times in words.items():
        yield {"ai_id": _AI, "term": term, "passage": number, "count": times, "length": length}
