"""repeated calls, and what authors of extensions are told"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from inhouse.store.schema import Json, Moment

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_ID = sa.String(40)


def upgrade() -> None:
    op.create_table(
        "tool_repeats",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("ai_id", _ID, nullable=False),
        sa.Column("extension", sa.String(40), nullable=False),
        sa.Column("version", sa.String(16), nullable=False),
        sa.Column("tool", sa.String(48), nullable=False),
        sa.Column("tool_key", sa.String(16), nullable=False),
        sa.Column("call", sa.String(64), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("digest", sa.String(64), nullable=True),
        sa.Column("ms", sa.Float(), nullable=False),
    )
    op.create_index("ix_tool_repeats_ai_id_at", "tool_repeats", ["ai_id", "at"])
    op.create_index("ix_tool_repeats_tool_key_at", "tool_repeats", ["tool_key", "at"])
    op.create_table(
        "repeats_off",
        sa.Column("ai_id", _ID, primary_key=True),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("by", _ID, nullable=True),
    )
    op.create_table(
        "author_notices",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("ai_id", _ID, nullable=False),
        sa.Column("extension", sa.String(40), nullable=False),
        sa.Column("key", sa.String(16), nullable=False),
        sa.Column("author", _ID, nullable=True),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("line", Json, nullable=True),
        sa.Column("generation_id", sa.String(80), nullable=True),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("earliest_at", Moment(), nullable=True),
        sa.Column("agreed_at", Moment(), nullable=True),
        sa.Column("agreed_by", _ID, nullable=True),
        sa.Column("read_at", Moment(), nullable=True),
    )
    for column in ("ai_id", "key", "author"):
        op.create_index(f"ix_author_notices_{column}", "author_notices", [column])
