"""Search as the runtime wants it: asynchronous, and able to say how alike two texts are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from inhouse.content.embedding.base import Embedder, EmbedderFailed
from inhouse.content.given import Given
from inhouse.content.given_search import GivenSearch
from inhouse.content.index import View
from inhouse.content.search import Found, Search
from inhouse.runtime import spans
from inhouse.runtime.bridge import in_thread
from inhouse.runtime.request import Exchange

_TITLES_NOTED = 5


class SearchRetriever:
    """A ``Retriever`` over the installation's search."""

    def __init__(self, search: Search, embedder: Embedder) -> None:
        self._search = search
        self._embedder = embedder
        self._given = GivenSearch(embedder)

    async def find(self, view: View, question: str, history: Sequence[Exchange], k: int) -> Found:
        """The ``k`` best passages of a view with the signs of support."""
        with spans.leaf("retrieval", asked=question, k=k) as noted:
            return _noted(noted, await in_thread(self._search.look, view, question, k, history))

    async def find_given(
        self, documents: Sequence[Given], question: str, history: Sequence[Exchange], k: int
    ) -> Found:
        """The ``k`` best passages of given documents, told as those of the index are."""
        with spans.leaf("retrieval", asked=question, k=k) as noted:
            return _noted(noted, await in_thread(self._given.look, documents, question, history, k))

    async def similar(self, question: str, texts: Sequence[str]) -> Sequence[float]:
        """Cosines of questions. Both sides are embedded as questions, which is how the model compares like with like."""
        try:
            return await self._similar(question, texts)
        except EmbedderFailed:
            return [0.0] * len(texts)

    async def relevance(self, question: str, texts: Sequence[str]) -> Sequence[float]:
        """Cosines of a question with texts that may answer it, as the search compares them."""
        if not texts:
            return []
        try:
            [asked] = await in_thread(self._embedder.queries, [question])
            rows = await in_thread(self._embedder.passages, list(texts))
        except EmbedderFailed:
            return [0.0] * len(texts)
        return [float(cosine) for cosine in rows @ asked]

    async def _similar(self, question: str, texts: Sequence[str]) -> Sequence[float]:
        if not texts:
            return []
        rows = await in_thread(self._embedder.queries, [question, *texts])
        return [float(cosine) for cosine in rows[1:] @ rows[0]]


class StrictRetriever(SearchRetriever):
    """For measuring: where the embedder fails, that is raised, since a likeness of zero would be measured as a choice."""

    async def similar(self, question: str, texts: Sequence[str]) -> Sequence[float]:
        """Cosines of questions. Raises ``EmbedderFailed``."""
        return await self._similar(question, texts)


def _noted(noted: dict[str, Any], found: Found) -> Found:
    """Put what a search found into its span."""
    titles = dict.fromkeys(passage.title for passage in found.passages)
    noted |= {
        "query": found.question,
        "found": list(titles)[:_TITLES_NOTED],
        "passages": [passage.id for passage in found.passages],
    }
    return found
