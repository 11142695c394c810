"""what a generation is called, and the delta that it was made with"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from inhouse.store.schema import Json

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("generations", sa.Column("name", sa.String(120), nullable=False, server_default=""))
    op.add_column("generations", sa.Column("delta", Json, nullable=True))
    # A parent was named by its file's whole hash; it has a row of its own now, under its id.
    op.execute("UPDATE generations SET parent = 'gen_' || substr(parent, 1, 16) WHERE length(parent) = 64")
