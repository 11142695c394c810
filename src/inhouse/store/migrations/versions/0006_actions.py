"""what tools that act were asked to do"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from inhouse.store.schema import Json, Moment

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_ID = sa.String(40)


def upgrade() -> None:
    op.create_table(
        "actions",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("ai_id", _ID, nullable=False),
        sa.Column("fan_id", _ID, nullable=False),
        sa.Column("turn_id", _ID, nullable=False),
        sa.Column("extension", sa.String(60), nullable=False),
        sa.Column("tool", sa.String(48), nullable=False),
        sa.Column("title", sa.String(80), nullable=False),
        sa.Column("arguments", sa.Text(), nullable=False),
        sa.Column("told", Json, nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("key", _ID, nullable=False),
        sa.Column("repeatable", sa.Boolean(), nullable=False),
        sa.Column("language", sa.String(20), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("process", sa.String(120), nullable=True),
        sa.Column("beat_at", Moment(), nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("expires_at", Moment(), nullable=False),
        sa.Column("agreed_at", Moment(), nullable=True),
        sa.Column("sent_at", Moment(), nullable=True),
        sa.Column("ended_at", Moment(), nullable=True),
        sa.Column("line", sa.Text(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("seen_at", Moment(), nullable=True),
        sa.Column("seen_by", _ID, nullable=True),
        sa.UniqueConstraint("key", name="uq_actions_key"),
    )
    op.create_index("ix_actions_ai_id_created_at", "actions", ["ai_id", "created_at"])
    op.create_index("ix_actions_fan_id", "actions", ["fan_id"])
    op.create_index("ix_actions_turn_id", "actions", ["turn_id"])
    op.create_index("ix_actions_state", "actions", ["state"])
