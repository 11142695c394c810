"""Tables of the index: passages, their words, their vectors, and the revision that says what a search could find.

A passage belongs to the revisions from ``added`` up to, and without, ``gone``: a release searches the one that it was
gated with. What is in today's index can be made again from the documents. Deleting a passage deletes its postings and its vector with it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from pgvector.sqlalchemy import Vector
from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeEngine

from inhouse.core.ids import new_id
from inhouse.store.schema import Json, Moment, metadata

#: A row's number: 64 bits in PostgreSQL; SQLite counts rows by itself only where the type is called INTEGER.
Number = BigInteger().with_variant(Integer, "sqlite")


class Floats(TypeDecorator[Any]):
    """A vector of float32: pgvector's type in PostgreSQL, half-precision bytes in SQLite."""

    impl = LargeBinary
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        postgres = dialect.name == "postgresql"
        return dialect.type_descriptor(Vector() if postgres else LargeBinary())

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        if value is None or dialect.name == "postgresql":
            return value
        return np.asarray(value, dtype=np.float16).tobytes()

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        if isinstance(value, bytes):
            return np.frombuffer(value, dtype=np.float16).astype(np.float32)
        return value if value is None else np.asarray(value, dtype=np.float32)


passages = Table(
    "passages",
    metadata,
    Column("number", Number, primary_key=True, autoincrement=True),
    Column("id", String(40), nullable=False, unique=True, default=lambda: new_id("psg")),
    Column("ai_id", String(40), nullable=False),
    Column("document_id", String(40), nullable=False),
    Column("position", Integer, nullable=False),
    Column("title", Text, nullable=False),
    Column("url", Text, nullable=True),
    Column("place", Json, nullable=False),
    Column("text", Text, nullable=False),
    Column("context", Text, nullable=False),
    Column("language", String(20), nullable=False),
    Column("published_at", Moment, nullable=True),
    Column("credit", Json, nullable=True),
    Column("hash", String(64), nullable=False),
    Column("length", Integer, nullable=False),
    Column("added", Integer, nullable=False, server_default="0"),
    Column("gone", Integer, nullable=True),
    Index("ix_passages_ai_id_document_id", "ai_id", "document_id"),
    Index("ix_passages_ai_id_hash", "ai_id", "hash"),
    # Holds all that a query must know of the whole index, so that no passage is read for it.
    Index("ix_passages_ai_id_language_length", "ai_id", "language", "length", "added", "gone"),
    # What a view leaves out is little, and is found without reading the rest.
    Index("ix_passages_ai_id_added", "ai_id", "added"),
    Index("ix_passages_ai_id_gone", "ai_id", "gone"),
)

postings = Table(
    "postings",
    metadata,
    Column("ai_id", String(40), primary_key=True),
    Column("term", String(40), primary_key=True),
    Column("passage", Number, ForeignKey("passages.number", ondelete="CASCADE"), primary_key=True),
    Column("count", Integer, nullable=False),
    Column("length", Integer, nullable=False),
    Index("ix_postings_passage", "passage"),
    sqlite_with_rowid=False,
)

passage_vectors = Table(
    "passage_vectors",
    metadata,
    Column("passage", Number, ForeignKey("passages.number", ondelete="CASCADE"), nullable=False),
    Column("model", String(120), nullable=False),
    Column("ai_id", String(40), nullable=False),
    Column("vector", Floats, nullable=False),
    UniqueConstraint("passage", "model"),
    Index("ix_passage_vectors_ai_id_model", "ai_id", "model"),
)

index_revisions = Table(
    "index_revisions",
    metadata,
    Column("ai_id", String(40), primary_key=True),
    Column("revision", Integer, nullable=False),
    Column("changed_at", Moment, nullable=False),
)
