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
        while True:
            with db.read() as tx:
                document = given.of_ai(tx, ai_id, document_id, embedder.name)
            if document is None:
                return {"embedded": 0}
            done = 0 if document.vectors is None else len(document.vectors)
            waiting = [piece.full for piece in document.pieces[done : done + _BATCH]]
            if not waiting:
                return {"embedded": done}
            whole = len(document.passages)
            progress.report(done / whole, f"{done} of {whole} passages")
            rows = embedder.passages(waiting)
            kept = rows if document.vectors is None else np.vstack([document.vectors, rows])
            with db.write() as tx:
                given.put_vectors(tx, ai_id, document_id, embedder.name, kept)

    return Handler(NAME, "quick", run)
