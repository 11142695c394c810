"""Tables of the ledger: repeated calls, who wants none of them, and what authors were told."""

from __future__ import annotations

from sqlalchemy import Column, Float, Index, String, Table

from inhouse.store.schema import Json, Moment, metadata

_ID = String(40)

#: Calls that were made again to see whether their answers hold. No words are kept: neither what was asked nor what came.
tool_repeats = Table(
    "tool_repeats",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("ai_id", _ID, nullable=False),
    Column("extension", String(40), nullable=False),
    Column("version", String(16), nullable=False),
    Column("tool", String(48), nullable=False),
    Column("tool_key", String(16), nullable=False),  # the tool's name and schema
    Column("call", String(64), nullable=False),  # SHA-256 of the AI, the tool and the arguments
    Column("at", Moment, nullable=False),
    Column("state", String(10), nullable=False),
    Column("digest", String(64), nullable=True),  # of the normalised result, where there is one
    Column("ms", Float, nullable=False),
    Index("ix_tool_repeats_ai_id_at", "ai_id", "at"),
    Index("ix_tool_repeats_tool_key_at", "tool_key", "at"),
)

#: AIs whose team wants no calls repeated.
repeats_off = Table(
    "repeats_off",
    metadata,
    Column("ai_id", _ID, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("by", _ID, nullable=True),
)

#: What the author of an AI's extension was told, once for each kind (and generation).
author_notices = Table(
    "author_notices",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("ai_id", _ID, nullable=False, index=True),
    Column("extension", String(40), nullable=False),
    Column("key", String(16), nullable=False, index=True),  # of the extension, over all AIs
    Column("author", _ID, nullable=True, index=True),  # none: the local operator
    Column("kind", String(20), nullable=False),
    Column("line", Json, nullable=True),  # the ledger's figures at that moment: the reason
    Column("generation_id", String(80), nullable=True),
    Column("at", Moment, nullable=False),
    Column("earliest_at", Moment, nullable=True),  # when it may be built in
    Column("agreed_at", Moment, nullable=True),
    Column("agreed_by", _ID, nullable=True),
    Column("read_at", Moment, nullable=True),
)
