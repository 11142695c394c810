"""moving from one generation to another"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from inhouse.store.schema import Json, Moment

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_ID = sa.String(40)
_NAME = sa.String(120)


def upgrade() -> None:
    op.create_table(
        "promotions",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("generation_id", _NAME, nullable=False),
        sa.Column("from_generation", _NAME, nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("under_way", sa.Boolean(), nullable=True),
        sa.Column("share", sa.Float(), nullable=True),
        sa.Column("rules", Json, nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("created_by", _ID, nullable=True),
        sa.Column("canary_at", Moment(), nullable=True),
        sa.Column("live_at", Moment(), nullable=True),
        sa.Column("ended_at", Moment(), nullable=True),
        sa.UniqueConstraint("under_way"),
    )
    op.create_index("ix_promotions_generation_id", "promotions", ["generation_id"])
    op.create_table(
        "moves",
        sa.Column("promotion_id", _ID, sa.ForeignKey("promotions.id"), primary_key=True),
        sa.Column("ai_id", _ID, primary_key=True),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("way", sa.String(10), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("old_release_id", _ID, nullable=True),
        sa.Column("new_release_id", _ID, nullable=True),
        sa.Column("found", Json, nullable=False),
        sa.Column("job_id", _ID, nullable=True),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("changed_at", Moment(), nullable=False),
    )
    op.create_index("ix_moves_ai_id", "moves", ["ai_id"])
    op.create_index("ix_moves_promotion_id_state", "moves", ["promotion_id", "state"])
