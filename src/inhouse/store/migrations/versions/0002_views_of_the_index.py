"""passages belong to revisions of the index"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_COVERING = "ix_passages_ai_id_language_length"


def upgrade() -> None:
    # What is there belongs to every revision: until now all releases searched the one index there was.
    # Not in batch mode: it drops the table, and in SQLite that would take the postings and vectors with it.
    op.add_column("passages", sa.Column("added", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("passages", sa.Column("gone", sa.Integer(), nullable=True))
    op.drop_index(_COVERING, table_name="passages")
    op.create_index(_COVERING, "passages", ["ai_id", "language", "length", "added", "gone"])
    op.create_index("ix_passages_ai_id_added", "passages", ["ai_id", "added"])
    op.create_index("ix_passages_ai_id_gone", "passages", ["ai_id", "gone"])
