"""Finding passages of the documents that a person gave: in memory, by the measures that the AIs' own index uses."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np

from inhouse.content import followup, fusion
from inhouse.content.embedding.base import Embedder, EmbedderFailed
from inhouse.content.followup import Exchange
from inhouse.content.given import Given
from inhouse.content.memory import MemoryIndex
from inhouse.content.search import CANDIDATES, LONGEST_QUERY, SPARE, Found, told
from inhouse.content.vectors import Vector

log = logging.getLogger(__name__)

#: Passages without a vector that are given one while somebody waits: some two seconds with the model that ships.
_MOST_EMBEDDED = 16
#: Sets of documents whose words are kept, by ids that are never used again: a document never changes.
_MOST_KEPT = 32


class GivenSearch:
    """Searches given documents. Keeps their words, by their ids, and nothing that outlives the process."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._kept: OrderedDict[tuple[str, ...], MemoryIndex] = OrderedDict()
        self._lock = threading.Lock()

    def look(
        self, documents: Sequence[Given], query: str, history: Sequence[Exchange] = (), k: int = 5
    ) -> Found:
        """The best ``k`` passages with the signs of support. By words alone while the embedding model is down."""
        question = followup.standalone(query[:LONGEST_QUERY], history)
        passages = [passage for document in documents for passage in document.passages]
        words = self._words(documents)
        hits = words.search(question, CANDIDATES)
        cosines = self._cosines(documents, question, list(hits.scores))
        scores = fusion.fuse(hits.scores, hits.most, cosines, self._embedder.weight)
        ranked = {
            number: passages[number].model_copy(update={"score": score, "cosine": cosines.get(number)})
            for number, score in islice(scores.items(), 2 * k + SPARE)
        }
        return told(
            ranked, cosines, question, k, 0, self._embedder, lambda number: words.coverage(hits, number)
        )

    def _words(self, documents: Sequence[Given]) -> MemoryIndex:
        key = tuple(document.id for document in documents)
        with self._lock:
            found = self._kept.get(key)
        # Made outside the lock: whoever's documents are ready doesn't wait for those of others.
        made = found or MemoryIndex([(piece, one.language) for one in documents for piece in one.pieces])
        with self._lock:
            found = self._kept.setdefault(key, made)
            self._kept.move_to_end(key)
            while len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)  # whoever still searches it holds it
        return found

    def _cosines(
        self, documents: Sequence[Given], question: str, by_words: Sequence[int]
    ) -> dict[int, float]:
        """Cosine by passage: of all that have a vector, and of a few that have none, those with the most words first."""
        try:
            asked: Vector = self._embedder.queries([question])[0]
            cosines = dict(_known(documents, asked))
            count = sum(len(document.passages) for document in documents)
            bare = [number for number in dict.fromkeys([*by_words, *range(count)]) if number not in cosines]
            if chosen := bare[:_MOST_EMBEDDED]:
                texts = [piece.full for document in documents for piece in document.pieces]
                rows = self._embedder.passages([texts[number] for number in chosen])
                cosines |= {
                    number: float(cosine) for number, cosine in zip(chosen, rows @ asked, strict=True)
                }
        except EmbedderFailed as error:
            log.warning("searching given documents by words alone: %s", error.message)
            return {}
        return dict(sorted(cosines.items(), key=lambda pair: -pair[1])[: max(CANDIDATES, len(by_words))]) | {
            number: cosines[number] for number in by_words if number in cosines
        }


def _known(documents: Sequence[Given], asked: Vector) -> Iterator[tuple[int, float]]:
    """Place and cosine of each passage that has a vector."""
    begin = 0
    for document in documents:
        if document.vectors is not None and len(document.vectors):
            # einsum and not @: BLAS spreads this over all cores, and waits for each of them on a busy machine.
            found = np.einsum("ij,j->i", document.vectors, asked)
            yield from ((begin + at, float(cosine)) for at, cosine in enumerate(found))
        begin += len(document.passages)
