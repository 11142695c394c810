"""The adapters of an AI and the training sets that they came from. An adapter never changes, but may become tainted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Table, delete, select, update

from inhouse.brief.corpus import Corpus
from inhouse.core import clock
from inhouse.core.errors import NotFound
from inhouse.store.database import Tx
from inhouse.tuning.tables import adapters, corpora


@dataclass(frozen=True)
class Adapter:
    """One AI's LoRA. ``hash`` is the SHA-256 of its GGUF file and the name of that blob.

    ``metrics`` are the trainer's: ``voice`` (``none``, ``adapter``, ``interval``, ``n``, ``held_out``) and ``picks``
    (``n``, ``wins``, ``wins_before``), each ``None`` where nothing was held out, besides ``sft`` and ``preference``.
    """

    ai_id: str
    hash: str
    corpus_hash: str
    picks_blob: str | None
    generation_id: str
    recipe: Mapping[str, Any]
    metrics: Mapping[str, Any]
    files: Mapping[str, str]
    """Blob names by path, such as ``adapter.gguf`` and ``peft/adapter_model.safetensors``."""
    created_at: datetime
    tainted_at: datetime | None
    tainted_by: str | None
    """The source, document or verdict whose taking back tainted it."""

    @property
    def tainted(self) -> bool:
        return self.tainted_at is not None

    @property
    def voice(self) -> Mapping[str, Any] | None:
        """Bits per byte of held-out text without and with it."""
        return self.metrics.get("voice")

    @property
    def picks(self) -> Mapping[str, Any] | None:
        """The held-out picks that it agrees with."""
        return self.metrics.get("picks")

    @property
    def better(self) -> bool:
        """Whether held-out text is surely likelier with it: the whole interval lies below zero."""
        return self.voice is not None and self.voice["interval"][1] < 0


def freeze(tx: Tx, ai_id: str, corpus: Corpus, picks: Iterable[str] = ()) -> None:
    """Keep what a training set was made of; its bytes are the blob of the same name.

    The same set again is the same row, which then rests on the picks (ids) of both.
    """
    known = _row(tx, corpora, ai_id, corpus.hash)
    sources = sorted({*corpus.sources, *picks, *(known.sources if known else ())})
    if known is not None:
        this = (corpora.c.ai_id == ai_id, corpora.c.hash == corpus.hash)
        tx.execute(update(corpora).where(*this).values(sources=sources))
    else:
        tx.execute(
            corpora.insert().values(
                ai_id=ai_id,
                hash=corpus.hash,
                rows=len(corpus.rows),
                counts=corpus.counts(),
                sources=sources,
                created_at=clock.now(),
            )
        )


def add(
    tx: Tx,
    ai_id: str,
    *,
    corpus_hash: str,
    picks_blob: str | None,
    generation_id: str,
    recipe: Mapping[str, Any],
    metrics: Mapping[str, Any],
    files: Mapping[str, str],
) -> Adapter:
    """Register a trained adapter, tainted where its training set became so while it was trained.

    The same adapter again (a kill between its row and its job's end) is the same row.
    """
    adapter_hash = files["adapter.gguf"]
    corpus = _row(tx, corpora, ai_id, corpus_hash)
    if corpus is None:
        raise NotFound(kind="corpus", name=corpus_hash)
    if _row(tx, adapters, ai_id, adapter_hash) is None:
        tx.execute(
            adapters.insert().values(
                ai_id=ai_id,
                hash=adapter_hash,
                corpus_hash=corpus_hash,
                picks_blob=picks_blob,
                generation_id=generation_id,
                recipe=dict(recipe),
                metrics=dict(metrics),
                files=dict(files),
                created_at=clock.now(),
                tainted_at=corpus.tainted_at,
                tainted_by=corpus.tainted_by,
            )
        )
    return get(tx, ai_id, adapter_hash)


def get(tx: Tx, ai_id: str, adapter_hash: str) -> Adapter:
    """One adapter of this AI; ``NotFound`` where it has none of that hash."""
    row = _row(tx, adapters, ai_id, adapter_hash)
    if row is None:
        raise NotFound(kind="adapter", name=adapter_hash)
    return Adapter(**row._mapping)


def listing(tx: Tx, ai_id: str, limit: int = 50) -> list[Adapter]:
    """The adapters of an AI, the newest first."""
    order = (adapters.c.created_at.desc(), adapters.c.hash)
    query = select(adapters).where(adapters.c.ai_id == ai_id).order_by(*order).limit(limit)
    return [Adapter(**row._mapping) for row in tx.execute(query)]


def taint(tx: Tx, ai_id: str, lineage_id: str) -> list[str]:
    """Taint every training set that rests on this source, document, verdict or pick, and what was trained on it.

    Returns the hashes of all adapters that rest on it, those tainted before too.
    """
    query = select(corpora.c.hash, corpora.c.sources).where(corpora.c.ai_id == ai_id)
    stained = [row.hash for row in tx.execute(query) if lineage_id in row.sources]
    _mark(tx, corpora, corpora.c.hash.in_(stained), ai_id, lineage_id)
    _mark(tx, adapters, adapters.c.corpus_hash.in_(stained), ai_id, lineage_id)
    those = (adapters.c.ai_id == ai_id, adapters.c.corpus_hash.in_(stained))
    return list(tx.execute(select(adapters.c.hash).where(*those).order_by(adapters.c.hash)).scalars())


def blob_names(tx: Tx, ai_id: str | None = None) -> set[str]:
    """The blobs of one AI's training sets and adapters, or of all AIs."""
    frozen = select(corpora.c.hash)
    trained = select(adapters.c.files, adapters.c.picks_blob)
    if ai_id is not None:
        frozen, trained = frozen.where(corpora.c.ai_id == ai_id), trained.where(adapters.c.ai_id == ai_id)
    names = set(tx.execute(frozen).scalars())
    for files, picks in tx.execute(trained):
        names.update(files.values(), [picks] if picks else [])
    return names


def erase(tx: Tx, ai_id: str) -> dict[str, int]:
    """Remove an AI's rows, as part of erasing it; returns how many there were."""
    tables = (adapters, corpora)
    return {table.name: tx.execute(delete(table).where(table.c.ai_id == ai_id)).rowcount for table in tables}


def _mark(tx: Tx, table: Table, which: Any, ai_id: str, lineage_id: str) -> None:
    tx.execute(
        update(table)
        .where(table.c.ai_id == ai_id, which, table.c.tainted_at.is_(None))
        .values(tainted_at=clock.now(), tainted_by=lineage_id)
    )


def _row(tx: Tx, table: Table, ai_id: str, name: str) -> Row[Any] | None:
    query = select(table).where(table.c.ai_id == ai_id, table.c.hash == name)
    return tx.execute(query).one_or_none()
