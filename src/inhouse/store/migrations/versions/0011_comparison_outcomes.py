"""a row for each answer of a comparison"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from inhouse.store.schema import Json

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_ID = sa.String(40)


def upgrade() -> None:
    op.create_table(
        "comparison_outcomes",
        sa.Column("job_id", _ID, primary_key=True),
        sa.Column("number", sa.Integer(), primary_key=True),
        sa.Column("ai_id", _ID, nullable=False),
        sa.Column("model", sa.String(200), nullable=False),
        sa.Column("outcome", Json, nullable=False),
    )
    op.create_index("ix_comparison_outcomes_ai_id", "comparison_outcomes", ["ai_id"])
