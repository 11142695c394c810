"""The words of some feed items, held in memory and ranked as an AI's own passages are."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from inhouse.content.memory import MemoryIndex
from inhouse.content.splitting import Piece
from inhouse.core.passages import Place
from inhouse.runtime.extensions.search.items import FeedItem


class ItemIndex:
    """Ranks items; indexes them anew where they changed since the last call. Threads take turns."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._items: Sequence[FeedItem] = ()
        self._index = MemoryIndex(())

    def scores(self, items: Sequence[FeedItem], query: str) -> dict[int, float]:
        """BM25 by place in ``items``, best first; items that share no word with the query are left out."""
        with self._turn:
            if items != self._items:
                fresh = MemoryIndex([(Piece(one.text, one.title, Place()), one.language) for one in items])
                self._index.close()
                self._index, self._items = fresh, items
            return dict(self._index.search(query, len(items)).scores)

    def close(self) -> None:
        """Let go of the memory."""
        with self._turn:
            self._index.close()
