"""The durable job that gives passages their vectors: in batches, each committed, so that a killed run goes on.

While it runs its AI is searched by words, and by meaning as far as it has come.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from inhouse.content import index, vectors
from inhouse.content.embedding.base import Embedder, EmbedderFailed, Matrix
from inhouse.content.vectors import Unembedded
from inhouse.store import jobs
from inhouse.store.database import Database, Tx
from inhouse.store.jobs import Handler, Job, Progress

#: Called in the job's last transaction with the AI's id: its index is as complete as it gets.
OnIndexed = Callable[[Tx, str], object]

NAME = "embed"
#: Passages a transaction: some two seconds of work, the most that a kill can lose.
_BATCH = 32


def enqueue(tx: Tx, ai_id: str) -> Job:
    """Ask for the vectors that the AI's passages lack. Call it in the transaction that changed the index."""
    return jobs.enqueue(tx, NAME, {"ai_id": ai_id}, ai_id=ai_id, lane="quick")


def make_handler(db: Database, embedder: Embedder, on_indexed: Sequence[OnIndexed] = ()) -> Handler:
    """The job's handler. Its result: ``embedded`` (passages given a vector) and ``computed`` (by the model).

    Where the model is away the job fails, and its AI goes on with the words alone: that is as complete as it gets then.
    """

    def run(progress: Progress) -> Mapping[str, Any]:
        ai_id = str(progress.job.payload["ai_id"])
        try:
            done = _embed(db, embedder, ai_id, progress)
        except EmbedderFailed:
            with db.write() as tx:
                tell(tx, ai_id)
            raise
        with db.write() as tx:
            vectors.drop_other_models(tx, ai_id, embedder.name)
            tell(tx, ai_id)
        return done

    def tell(tx: Tx, ai_id: str) -> None:
        for hook in on_indexed:
            hook(tx, ai_id)

    return Handler(NAME, "quick", run)


def _embed(db: Database, embedder: Embedder, ai_id: str, progress: Progress) -> Mapping[str, Any]:
    embedded = computed = 0
    while True:
        with db.read() as tx:
            waiting = vectors.missing(tx, ai_id, embedder.name, _BATCH)
            left = vectors.count_missing(tx, ai_id, embedder.name)
            whole = index.count(tx, ai_id)
            known = vectors.known(tx, ai_id, embedder.name, [passage.hash for passage in waiting])
        if not waiting:
            break
        progress.report((whole - left) / whole, f"{whole - left} of {whole} passages", embedded=embedded)
        fresh = {passage.hash: passage.text for passage in waiting if passage.hash not in known}
        rows = embedder.passages(list(fresh.values()))
        with db.write() as tx:
            numbers = [passage.number for passage in waiting]
            vectors.put(tx, ai_id, embedder.name, numbers, _aligned(waiting, known, fresh, rows))
        embedded += len(waiting)
        computed += len(fresh)
    return {"embedded": embedded, "computed": computed}


def _aligned(
    waiting: Sequence[Unembedded], known: Mapping[str, vectors.Vector], fresh: Mapping[str, str], rows: Matrix
) -> Matrix:
    """A row for each waiting passage: the AI's own earlier vector of the same text, or the new one."""
    by_hash = {**known, **dict(zip(fresh, rows, strict=True))}
    return np.stack([by_hash[passage.hash] for passage in waiting])
