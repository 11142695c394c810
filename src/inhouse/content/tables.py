"""Tables of sources and documents. Passages and vectors are in ``index_tables``."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, String, Table, Text, UniqueConstraint

from inhouse.store.schema import Json, Moment, metadata

sources = Table(
    "sources",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("ai_id", String(40), nullable=False),
    Column("origin", String(500), nullable=False),
    Column("basis", String(20), nullable=False),
    Column("note", Text, nullable=False),
    Column("stated_by", String(200), nullable=False),
    Column("stated_at", Moment, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("imported_at", Moment, nullable=True),
    Column("revoked_at", Moment, nullable=True),
    Column("revoked_by", String(200), nullable=True),
)
# One live source an origin; any number of revoked ones stay beside it, because the lineage names them.
Index(
    "uq_sources_live_origin",
    sources.c.ai_id,
    sources.c.origin,
    unique=True,
    sqlite_where=sources.c.revoked_at.is_(None),
    postgresql_where=sources.c.revoked_at.is_(None),
)

documents = Table(
    "documents",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("ai_id", String(40), nullable=False),
    Column("source_id", String(40), ForeignKey("sources.id"), nullable=False),
    Column("key", String(500), nullable=False),
    Column("title", Text, nullable=False),
    Column("kind", String(20), nullable=False),
    Column("url", Text, nullable=True),
    Column("published_at", Moment, nullable=True),
    Column("language", String(20), nullable=False),
    Column("question", Text, nullable=True),
    Column("credit", Json, nullable=True),
    Column("hash", String(64), nullable=False),
    Column("imported_at", Moment, nullable=False),
    Column("sections", Json, nullable=False),
    UniqueConstraint("source_id", "key"),
    Index("ix_documents_ai_id", "ai_id"),
)
