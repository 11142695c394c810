"""Tables of promotions: one row for each try to move the installation, and in it one row an AI."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, ForeignKey, Index, String, Table, Text

from inhouse.store.schema import Json, Moment, metadata

_ID = String(40)
_NAME = String(120)

promotions = Table(
    "promotions",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("generation_id", _NAME, nullable=False, index=True),
    Column("from_generation", _NAME, nullable=False),  # what was current when it began
    Column("state", String(12), nullable=False),
    # True while it is under way, else empty: the database itself holds that there is one at most.
    Column("under_way", Boolean, nullable=True, unique=True),
    Column("share", Float, nullable=True),  # of the fans, while it is a canary
    Column("rules", Json, nullable=False),  # set before anything is measured
    Column("hash", String(64), nullable=False),  # of the rules, the generation and its verdict
    Column("reason", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("created_by", _ID, nullable=True),
    Column("canary_at", Moment, nullable=True),
    Column("live_at", Moment, nullable=True),
    Column("ended_at", Moment, nullable=True),  # refused or rolled back
)

moves = Table(
    "moves",
    metadata,
    Column("promotion_id", _ID, ForeignKey("promotions.id"), primary_key=True),
    Column("ai_id", _ID, primary_key=True),
    Column("state", String(12), nullable=False),
    Column("way", String(10), nullable=True),
    Column("reason", Text, nullable=False),
    Column("old_release_id", _ID, nullable=True),
    Column("new_release_id", _ID, nullable=True),
    Column("found", Json, nullable=False),  # what was measured of its adapter
    Column("job_id", _ID, nullable=True),
    Column("seconds", Float, nullable=False),
    Column("changed_at", Moment, nullable=False),
    Index("ix_moves_ai_id", "ai_id"),
    Index("ix_moves_promotion_id_state", "promotion_id", "state"),
)
