"""how a release answers from passages; those that are there answer as their generations say"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from inhouse.store.schema import Json

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("releases", sa.Column("answering", Json, nullable=False, server_default=sa.text("'{}'")))
