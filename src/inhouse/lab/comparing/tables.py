"""What a comparison has found so far: a row for each answer, written once."""

from __future__ import annotations

from sqlalchemy import Column, Integer, String, Table

from inhouse.store.schema import Json, metadata

_ID = String(40)

comparison_outcomes = Table(
    "comparison_outcomes",
    metadata,
    Column("job_id", _ID, primary_key=True),
    Column("number", Integer, primary_key=True),  # counts up over all models
    Column("ai_id", _ID, nullable=False, index=True),
    Column("model", String(200), nullable=False),
    Column("outcome", Json, nullable=False),
)
