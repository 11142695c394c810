"""Passages' vectors: kept per AI and model, searched exactly.

PostgreSQL compares inside the database (pgvector). For SQLite the vectors of the AIs asked last are held in memory;
what is held carries the index revision that it was read at, and is read anew when that has moved on.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Float, LargeBinary, delete, exists, func, insert, select, type_coerce

from inhouse.content import index
from inhouse.content.embedding.base import Matrix
from inhouse.content.index import View
from inhouse.content.index_tables import passage_vectors, passages
from inhouse.store.database import Tx

#: (dimensions,), of length 1.
Vector = NDArray[np.float32]

#: Bytes of vectors held in memory over all AIs: some 170,000 passages of 384 dimensions.
_MOST_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True)
class Unembedded:
    """A passage that has no vector yet. ``hash`` is the same where language, context and text are."""

    number: int
    hash: str
    text: str


def put(tx: Tx, ai_id: str, model: str, numbers: Sequence[int], vectors: Matrix) -> None:
    """Store vectors of those of the passages that are still there, and raise the AI's revision."""
    mine = select(passages.c.number).where(passages.c.ai_id == ai_id, passages.c.number.in_(numbers))
    there = set(tx.execute(mine).scalars())
    old = (passage_vectors.c.model == model) & passage_vectors.c.passage.in_(there)
    tx.execute(delete(passage_vectors).where(passage_vectors.c.ai_id == ai_id, old))
    rows = [
        {"passage": number, "model": model, "ai_id": ai_id, "vector": vector}
        for number, vector in zip(numbers, vectors, strict=True)
        if number in there
    ]
    if rows:
        tx.execute(insert(passage_vectors), rows)
        index.bump_revision(tx, ai_id)


def missing(tx: Tx, ai_id: str, model: str, limit: int) -> list[Unembedded]:
    """Passages without a vector of this model, shortest first, so that batches hold texts of like length."""
    query = (
        select(passages.c.number, passages.c.hash, passages.c.context, passages.c.text)
        .where(View(ai_id).passages, ~_has_vector(model))
        .order_by(func.length(passages.c.text), passages.c.number)
        .limit(limit)
    )
    return [
        Unembedded(row.number, row.hash, f"{row.context}\n{row.text}" if row.context else row.text)
        for row in tx.execute(query)
    ]


def count_missing(tx: Tx, ai_id: str, model: str) -> int:
    """How many passages have no vector of this model."""
    query = select(func.count()).where(View(ai_id).passages, ~_has_vector(model))
    return int(tx.execute(query).scalar_one())


def known(tx: Tx, ai_id: str, model: str, hashes: Sequence[str]) -> dict[str, Vector]:
    """Vectors that the AI already has for the same text, by hash."""
    query = (
        select(passages.c.hash, passage_vectors.c.vector)
        .join(passage_vectors, passage_vectors.c.passage == passages.c.number)
        .where(passages.c.ai_id == ai_id, passage_vectors.c.ai_id == ai_id)
        .where(passage_vectors.c.model == model, passages.c.hash.in_(hashes))
    )
    return {row.hash: row.vector for row in tx.execute(query)}


def drop_other_models(tx: Tx, ai_id: str, model: str) -> int:
    """Remove vectors that no search compares with any more."""
    others = (passage_vectors.c.ai_id == ai_id) & (passage_vectors.c.model != model)
    return tx.execute(delete(passage_vectors).where(others)).rowcount


class Nearest:
    """Finds the passages nearest to a vector."""

    def __init__(self, most_bytes: int = _MOST_BYTES) -> None:
        self._most = most_bytes
        self._held: OrderedDict[tuple[str, str], _Held] = OrderedDict()
        self._lock = threading.Lock()

    def find(
        self, tx: Tx, view: View, model: str, query: Vector, limit: int, also: Iterable[int] = ()
    ) -> dict[int, float]:
        """Cosine (-1 to 1) by passage number: the ``limit`` nearest, nearest first, then those of ``also``."""
        if tx.dialect.name == "postgresql":
            return _find_in_postgres(tx, view, model, query, limit, list(also))
        held = self._of(tx, view.ai_id, model)
        hidden = [row.number for row in tx.execute(view.hidden)]
        shown = np.flatnonzero(~np.isin(held.numbers, hidden))
        if not len(shown):
            return {}
        # einsum and not @: BLAS spreads this over all cores, and waits for each of them on a busy machine.
        cosines = np.einsum("ij,j->i", held.vectors, query)
        best = shown[np.argpartition(-cosines[shown], min(limit, len(shown)) - 1)[:limit]]
        best = best[np.argsort(-cosines[best], kind="stable")]
        wanted = shown[np.isin(held.numbers[shown], list(also))]
        return {int(held.numbers[at]): float(cosines[at]) for at in (*best, *wanted)}

    def _of(self, tx: Tx, ai_id: str, model: str) -> _Held:
        revision = index.revision(tx, ai_id)
        with self._lock:
            held = self._held.get((ai_id, model))
            if held is not None and held.revision == revision:
                self._held.move_to_end((ai_id, model))
                return held
        held = _load(tx, ai_id, model, revision)
        with self._lock:
            self._held[(ai_id, model)] = held
            self._held.move_to_end((ai_id, model))
            while sum(one.vectors.nbytes for one in self._held.values()) > self._most and len(self._held) > 1:
                self._held.popitem(last=False)
        return held


@dataclass(frozen=True)
class _Held:
    revision: int
    numbers: NDArray[np.int64]
    vectors: Matrix


def _load(tx: Tx, ai_id: str, model: str, revision: int) -> _Held:
    # As bytes, so that the whole matrix is converted at once and not row by row.
    stored = type_coerce(passage_vectors.c.vector, LargeBinary)
    mine = (passage_vectors.c.ai_id == ai_id) & (passage_vectors.c.model == model)
    rows = tx.execute(select(passage_vectors.c.passage, stored).where(mine)).all()
    flat = np.frombuffer(b"".join(row[1] for row in rows), dtype=np.float16).astype(np.float32)
    numbers = np.array([row[0] for row in rows], dtype=np.int64)
    return _Held(
        revision, numbers, flat.reshape(len(rows), -1) if rows else np.empty((0, 0), dtype=np.float32)
    )


def _find_in_postgres(
    tx: Tx, view: View, model: str, query: Vector, limit: int, also: list[int]
) -> dict[int, float]:
    # No approximate index: it would be shared by all AIs, and an exact scan of one AI's vectors is quick.
    distance = passage_vectors.c.vector.op("<=>", return_type=Float)(query).label("distance")
    mine = (passage_vectors.c.ai_id == view.ai_id) & (passage_vectors.c.model == model)
    found = select(passage_vectors.c.passage, distance).where(
        mine, passage_vectors.c.passage.not_in(view.hidden)
    )
    rows = list(tx.execute(found.order_by(distance).limit(limit)))
    rows += tx.execute(found.where(passage_vectors.c.passage.in_(also)))
    return {row.passage: 1.0 - float(row.distance) for row in rows}


def _has_vector(model: str) -> ColumnElement[bool]:
    same = (passage_vectors.c.passage == passages.c.number) & (passage_vectors.c.model == model)
    return exists().where(same)
