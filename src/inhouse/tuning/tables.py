"""Tables of what was trained: frozen training sets, the adapters made from them, and generations of the base model."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKeyConstraint, Index, Integer, String, Table, Text

from inhouse.store.schema import Json, Moment, metadata

_ID = String(40)
_HASH = String(64)

#: ``sources`` are all that went in: ids of sources, documents, verdicts and picks. A set that lost one is tainted, and
#: so is what is still being trained from it.
corpora = Table(
    "corpora",
    metadata,
    Column("ai_id", _ID, primary_key=True),
    Column("hash", _HASH, primary_key=True),
    Column("rows", Integer, nullable=False),
    Column("counts", Json, nullable=False),
    Column("sources", Json, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("tainted_at", Moment, nullable=True),
    Column("reason", Text, nullable=True),
)

#: The hash is that of the GGUF file; ``files`` names the blob of each file that the trainer wrote.
adapters = Table(
    "adapters",
    metadata,
    Column("ai_id", _ID, primary_key=True),
    Column("hash", _HASH, primary_key=True),
    Column("corpus_hash", _HASH, nullable=False),
    Column("picks_hash", _HASH, nullable=True),
    Column("generation_id", _ID, nullable=True),  # none: the base model as it came
    Column("recipe", Json, nullable=False),
    Column("metrics", Json, nullable=False),
    Column("files", Json, nullable=False),
    Column("sources", Json, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("tainted_at", Moment, nullable=True),
    Column("reason", Text, nullable=True),
    ForeignKeyConstraint(["ai_id", "corpus_hash"], ["corpora.ai_id", "corpora.hash"]),
    Index("ix_adapters_ai_id_created_at", "ai_id", "created_at"),
)

#: Shared by all AIs. The current one is that which was adopted last.
generations = Table(
    "generations",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("parent", _ID, nullable=True),  # none: the base model as it came
    Column("name", String(120), nullable=False),
    Column("recipe", Json, nullable=False),
    Column("data_hashes", Json, nullable=False),
    Column("scores", Json, nullable=False),
    Column("file_hash", _HASH, nullable=False),
    Column("quantisation", String(20), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("adopted_at", Moment, nullable=True),
)
