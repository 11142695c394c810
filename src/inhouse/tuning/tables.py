"""Tables of what was trained: frozen training sets, the adapters made from them, and generations of the base model."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKeyConstraint, Index, Integer, String, Table

from inhouse.store.schema import Json, Moment, metadata

_ID = String(40)
_NAME = String(120)
_HASH = String(64)

#: ``sources`` are all that went in: ids of sources, documents and verdicts. A set that lost one is tainted, so that what
#: is still being trained from it is born tainted.
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
    Column("tainted_by", _NAME, nullable=True),
)

#: The hash is that of the GGUF file; ``files`` names the blob of each file that the trainer wrote.
adapters = Table(
    "adapters",
    metadata,
    Column("ai_id", _ID, primary_key=True),
    Column("hash", _HASH, primary_key=True),
    Column("corpus_hash", _HASH, nullable=False),
    Column("picks_blob", _HASH, nullable=True),
    Column("generation_id", _NAME, nullable=False),
    Column("recipe", Json, nullable=False),
    Column("metrics", Json, nullable=False),
    Column("files", Json, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("tainted_at", Moment, nullable=True),
    Column("tainted_by", _NAME, nullable=True),
    ForeignKeyConstraint(["ai_id", "corpus_hash"], ["corpora.ai_id", "corpora.hash"]),
    Index("ix_adapters_ai_id_created_at", "ai_id", "created_at"),
)

#: Shared by all AIs: what the lab made of the base model. Which one is served is said beside the model files. ``delta`` names the
#: blob of each file of what was merged into the parent, in PEFT's form.
generations = Table(
    "generations",
    metadata,
    Column("id", _NAME, primary_key=True),
    Column("name", _NAME, nullable=False, server_default=""),  # empty: an older Inhouse knew its file only
    Column("parent", _NAME, nullable=True),  # none: the base model as it came
    Column("recipe", Json, nullable=False),
    Column("data_hashes", Json, nullable=False),
    Column("scores", Json, nullable=False),
    Column("file_hash", _HASH, nullable=False),
    Column("quantisation", String(10), nullable=False),
    Column("delta", Json, nullable=True),  # none: the base model as it came, or a file from elsewhere
    Column("created_at", Moment, nullable=False),
)
