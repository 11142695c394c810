"""answers that a program may ask for again"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from inhouse.store.schema import Json, Moment

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_ID = sa.String(40)


def upgrade() -> None:
    op.create_table(
        "responses",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("ai_id", _ID, nullable=False),
        sa.Column("fan_id", _ID, sa.ForeignKey("fans.id"), nullable=False),
        sa.Column("key_id", _ID, nullable=False),
        sa.Column("turn_id", _ID, nullable=False),
        sa.Column("previous", _ID, nullable=True),
        sa.Column("settings", Json, nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
    )
    op.create_index("ix_responses_fan_id", "responses", ["fan_id"])
    op.create_index("ix_responses_turn_id", "responses", ["turn_id"])
    op.create_index("ix_responses_ai_id_created_at", "responses", ["ai_id", "created_at"])
