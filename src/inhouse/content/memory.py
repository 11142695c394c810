"""The words of a few texts, held in memory: an SQLite database, so that the BM25 of the AIs' own passages ranks them."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import create_engine, insert
from sqlalchemy.pool import StaticPool

from inhouse.content import bm25
from inhouse.content.bm25 import Hits
from inhouse.content.index import View
from inhouse.content.index_tables import passages, postings
from inhouse.content.splitting import Piece

#: One index holds one set of texts: the name only fills the column.
_AI = "memory"
_VIEW = View(_AI)

#: A text with the language that its words are stemmed in.
Text = tuple[Piece, str]


class MemoryIndex:
    """Ranks texts by words. Made once for texts that don't change; threads take turns."""

    def __init__(self, texts: Sequence[Text]) -> None:
        self._turn = threading.Lock()
        # One connection for all threads: each would get an empty memory of its own.
        self._engine = create_engine(
            "sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False}
        )
        words = [Counter(piece.words(language)) for piece, language in texts]
        with self._engine.begin() as tx:
            passages.create(tx)
            postings.create(tx)
            if rows := [_row(number, texts[number][1], found.total()) for number, found in enumerate(words)]:
                tx.execute(insert(passages), rows)
            if counts := [row for number, found in enumerate(words) for row in _postings(number, found)]:
                tx.execute(insert(postings), counts)
            self._about = bm25.statistics(tx, _VIEW)

    def search(self, query: str, limit: int) -> Hits:
        """BM25 by place in the texts, best first; texts that share no word with the query are left out."""
        with self._turn, self._engine.begin() as tx:
            return bm25.search(tx, _VIEW, query, self._about, limit)

    def coverage(self, hits: Hits, number: int) -> float:
        """Share (0 to 1) of the query's words, by rarity, that one text holds."""
        with self._turn, self._engine.begin() as tx:
            return bm25.coverage(tx, _AI, hits, [number])[number]

    def close(self) -> None:
        """Let go of the memory."""
        with self._turn:
            self._engine.dispose()


def _row(number: int, language: str, length: int) -> dict[str, Any]:
    """What BM25 reads of a passage; the rest is its owner's."""
    said = {"number": number, "ai_id": _AI, "language": language, "length": length}
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
