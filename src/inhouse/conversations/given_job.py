"""The durable job that gives a fan's document its vectors: in batches, each committed, so that a killed run goes on.

Until it is done the document is searched by words, and by meaning as far as it has come.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from inhouse.content.embedding.base import Embedder
from inhouse.conversations import given
from inhouse.store import jobs
from inhouse.store.database import Database, Tx
from inhouse.store.jobs import Handler, Job, Progress

NAME = "embed-document"
_BATCH = 32


def enqueue(tx: Tx, ai_id: str, document_id: str) -> Job:
    """Ask for a document's vectors, in the transaction that stores it."""
    return jobs.enqueue(tx, NAME, {"document_id": document_id}, ai_id=ai_id)


def make_handler(db: Database, embedder: Embedder) -> Handler:
    """The job's handler. One that a fan took back meanwhile is no error."""

    def run(progress: Progress) -> Mapping[str, Any]:
        ai_id, document_id = str(progress.job.ai_id), str(progress.job.payload["document_id"])
        with db.read() as tx:
            document = given.of_ai(tx, ai_id, document_id, embedder.name)
        if document is None:
            return {"embedded": 0}
        waiting, kept = [piece.full for piece in document.pieces], document.vectors
        whole = len(waiting)
        while (done := 0 if kept is None else len(kept)) < whole:
            progress.report(done / whole, f"{done} of {whole} passages")
            rows = embedder.passages(waiting[done : done + _BATCH])
            kept = rows if kept is None else np.vstack([kept, rows])
            with db.write() as tx:
                if not given.put_vectors(tx, ai_id, document_id, embedder.name, kept):
                    return {"embedded": 0}
        return {"embedded": done}

    return Handler(NAME, "quick", run)
