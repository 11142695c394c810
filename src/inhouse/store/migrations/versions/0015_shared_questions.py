"""replays ask what fans shared, too"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "experiment_units", sa.Column("shared", sa.Boolean(), nullable=False, server_default=sa.false())
    )
