"""Tables of experiments. What is registered is written once; a unit and a look are never changed."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table, false

from inhouse.store.schema import Json, Moment, metadata

_ID = String(40)

experiments = Table(
    "experiments",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("number", Integer, nullable=False, unique=True),
    Column("design", Json, nullable=False),
    Column("hash", String(64), nullable=True),  # of the design, once it was started
    Column("family", String(60), nullable=False, index=True),
    Column("state", String(10), nullable=False, index=True),
    Column("verdict", Json, nullable=True),
    Column("created_at", Moment, nullable=False),
    Column("created_by", _ID, nullable=True),
    Column("started_at", Moment, nullable=True),
    Column("ended_at", Moment, nullable=True),
    Column("seen_until", Moment, nullable=True),  # first turns up to here were looked at
)

#: The AIs that take part: so that erasing one finds it, and nobody takes part in two at once.
experiment_ais = Table(
    "experiment_ais",
    metadata,
    Column("experiment_id", _ID, ForeignKey("experiments.id"), primary_key=True),
    Column("ai_id", _ID, primary_key=True),
    Index("ix_experiment_ais_ai_id", "ai_id"),
)

#: A fan, or a question of a replay, counted once. ``unit`` is a hash that only this experiment makes: it says of nobody who
#: they are, joins with nothing, and outlives an erased fan as a number among others.
experiment_units = Table(
    "experiment_units",
    metadata,
    Column("experiment_id", _ID, ForeignKey("experiments.id"), primary_key=True),
    Column("unit", String(64), primary_key=True),
    Column("ai_id", _ID, nullable=False, index=True),
    Column("second", Boolean, nullable=False),
    Column("look", Integer, nullable=False),
    Column("values", Json, nullable=False),
    Column("history", Json, nullable=False),
    Column("stray", Boolean, nullable=False),
    Column("shared", Boolean, nullable=False, server_default=false()),  # an older Inhouse asked cases only
    Index("ix_experiment_units_experiment_id_look", "experiment_id", "look"),
)

experiment_looks = Table(
    "experiment_looks",
    metadata,
    Column("experiment_id", _ID, ForeignKey("experiments.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("figures", Json, nullable=False),
)
