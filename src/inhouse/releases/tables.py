"""Tables of cases, releases, amendments and routing. Releases are written once and never changed."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Index, Integer, String, Table, Text, UniqueConstraint

from inhouse.store.schema import Json, Moment, metadata

_ID = String(40)

cases = Table(
    "cases",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("ai_id", _ID, nullable=False),
    Column("questions", Json, nullable=False),
    Column("expect", Json, nullable=False),
    Column("origin", String(20), nullable=False),
    Column("turn_id", _ID, nullable=True),  # the fan's turn that it was made from: lineage
    Column("fan_id", _ID, nullable=True),
    Column("created_at", Moment, nullable=False),
    Column("created_by", _ID, nullable=True),
    Column("retired_at", Moment, nullable=True),
    Index("ix_cases_ai_id_fan_id", "ai_id", "fan_id"),
)

releases = Table(
    "releases",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("ai_id", _ID, nullable=False),
    Column("number", Integer, nullable=False),
    Column("generation_id", _ID, nullable=True),  # none: the base model as it came
    Column("adapter_hash", String(64), nullable=True),
    Column("brief_version", Integer, nullable=False),
    Column("index_revision", Integer, nullable=False),
    Column("extensions", Json, nullable=False),
    Column("answering", Json, nullable=False),
    Column("gate", Json, nullable=False),
    Column("job_id", _ID, nullable=True, unique=True),  # the gate that made it: run twice, it makes one
    Column("created_at", Moment, nullable=False),
    Column("created_by", _ID, nullable=True),
    UniqueConstraint("ai_id", "number"),
)

#: ``number`` counts up per AI over all kinds; a turn records the highest one that was in force.
amendments = Table(
    "amendments",
    metadata,
    Column("ai_id", _ID, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("kind", String(20), nullable=False),
    Column("payload", Json, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("turn_id", _ID, nullable=True),
    Column("fan_id", _ID, nullable=True),
    Column("created_at", Moment, nullable=False),
    Column("created_by", _ID, nullable=True),
    Column("ended_at", Moment, nullable=True),
)

routing = Table(
    "routing",
    metadata,
    Column("ai_id", _ID, primary_key=True),
    Column("shares", Json, nullable=False),  # [[release id, share], …]; shares sum to 1
    Column("experiment_id", _ID, nullable=True),  # that the shares are for
    Column("changed_at", Moment, nullable=False),
    Column("changed_by", _ID, nullable=True),
)

#: Every change of a routing row, so that a roll-back knows where to go.
routing_changes = Table(
    "routing_changes",
    metadata,
    Column("ai_id", _ID, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("kind", String(20), nullable=False),
    Column("shares", Json, nullable=False),
    Column("reason", Text, nullable=False),
    Column("changed_at", Moment, nullable=False),
    Column("changed_by", _ID, nullable=True),
)

#: What an AI's team attached. ``version`` is the newest; releases name the one they have.
extensions = Table(
    "extensions",
    metadata,
    Column("ai_id", _ID, primary_key=True),
    Column("name", String(40), primary_key=True),
    Column("kind", String(20), nullable=False),
    Column("version", String(16), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("removed_at", Moment, nullable=True),
)

#: Written once. Signed over all the rest, so that what runs is what its author set up.
extension_versions = Table(
    "extension_versions",
    metadata,
    Column("ai_id", _ID, primary_key=True),
    Column("name", String(40), primary_key=True),
    Column("version", String(16), primary_key=True),
    Column("kind", String(20), nullable=False),
    Column("title", String(80), nullable=False),
    Column("settings", Json, nullable=False),
    Column("limits", Json, nullable=False),
    Column("tools", Json, nullable=False),
    Column("author", _ID, nullable=True),  # none: the local operator
    Column("created_at", Moment, nullable=False),
    Column("signature", Text, nullable=False),
)

#: What an AI's feeds held when they were last read, and before.
feed_items = Table(
    "feed_items",
    metadata,
    Column("ai_id", _ID, primary_key=True),
    Column("extension", String(40), primary_key=True),
    Column("url", String(2000), primary_key=True),
    Column("feed", String(2000), nullable=False),
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("date", Moment, nullable=True),
    Column("language", String(20), nullable=False),
    Column("read_at", Moment, nullable=False),
)
