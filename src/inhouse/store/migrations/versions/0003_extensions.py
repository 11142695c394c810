"""extensions of an AI, and the calls of their tools"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from inhouse.store.schema import Json, Moment

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_ID = sa.String(40)


def upgrade() -> None:
    op.create_table(
        "extensions",
        sa.Column("ai_id", _ID, primary_key=True),
        sa.Column("name", sa.String(40), primary_key=True),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("version", sa.String(16), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("removed_at", Moment(), nullable=True),
    )
    op.create_table(
        "extension_versions",
        sa.Column("ai_id", _ID, primary_key=True),
        sa.Column("name", sa.String(40), primary_key=True),
        sa.Column("version", sa.String(16), primary_key=True),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("title", sa.String(80), nullable=False),
        sa.Column("settings", Json, nullable=False),
        sa.Column("limits", Json, nullable=False),
        sa.Column("tools", Json, nullable=False),
        sa.Column("author", _ID, nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("signature", sa.Text(), nullable=False),
    )
    op.create_table(
        "feed_items",
        sa.Column("ai_id", _ID, primary_key=True),
        sa.Column("extension", sa.String(40), primary_key=True),
        sa.Column("url", sa.String(2000), primary_key=True),
        sa.Column("feed", sa.String(2000), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("date", Moment(), nullable=True),
        sa.Column("language", sa.String(20), nullable=False),
        sa.Column("read_at", Moment(), nullable=False),
    )
    op.create_table(
        "tool_calls",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("ai_id", _ID, nullable=False),
        sa.Column("fan_id", _ID, nullable=True),
        sa.Column("extension", sa.String(40), nullable=False),
        sa.Column("tool", sa.String(48), nullable=False),
        sa.Column("cost", sa.Float(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
    )
    op.create_index("ix_tool_calls_ai_id_extension_at", "tool_calls", ["ai_id", "extension", "at"])
    op.create_index("ix_tool_calls_fan_id_extension_at", "tool_calls", ["fan_id", "extension", "at"])
