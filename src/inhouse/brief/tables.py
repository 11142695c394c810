"""The table of briefs: each version once, never changed."""

from __future__ import annotations

from sqlalchemy import Column, Integer, String, Table

from inhouse.store.schema import Json, Moment, metadata

briefs = Table(
    "briefs",
    metadata,
    Column("ai_id", String(40), primary_key=True),
    Column("version", Integer, primary_key=True),  # from 1 up, without gaps
    Column("content", Json, nullable=False),
    Column("author_kind", String(10), nullable=False),
    Column("author_id", String(40), nullable=True),  # none for the machine itself
    Column("created_at", Moment, nullable=False),
)
