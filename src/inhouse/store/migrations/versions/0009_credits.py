"""who wrote a document and where it appeared"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from inhouse.store.schema import Json

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("documents", sa.Column("credit", Json, nullable=True))
    op.add_column("passages", sa.Column("credit", Json, nullable=True))
