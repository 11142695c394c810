"""documents that people give, and which AIs take them and may be asked by others"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from inhouse.store.schema import Json, Moment

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_ID = sa.String(40)


def upgrade() -> None:
    op.add_column("ais", sa.Column("reads_documents", sa.Boolean(), nullable=True))
    op.add_column("ais", sa.Column("is_open", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "given_documents",
        sa.Column("id", _ID, nullable=False),
        sa.Column("ai_id", _ID, nullable=False),
        sa.Column("fan_id", _ID, nullable=False),
        sa.Column("conversation_id", _ID, nullable=True),
        sa.Column("name", sa.String(300), nullable=False),
        sa.Column("title", sa.String(300), nullable=False),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("language", sa.String(20), nullable=False),
        sa.Column("published_at", Moment(), nullable=True),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("passages", Json, nullable=False),
        sa.Column("vectors", sa.LargeBinary(), nullable=True),
        sa.Column("vector_rows", sa.Integer(), nullable=False),
        sa.Column("vector_model", sa.String(80), nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("used_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["fan_id"], ["fans.id"], name=op.f("fk_given_documents_fan_id")),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name=op.f("fk_given_documents_conversation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_given_documents")),
    )
    op.create_index("ix_given_documents_ai_id", "given_documents", ["ai_id"])
    op.create_index("ix_given_documents_fan_id", "given_documents", ["fan_id"])
    op.create_index("ix_given_documents_conversation_id", "given_documents", ["conversation_id"])
    op.create_index("ix_given_documents_used_at", "given_documents", ["used_at"])
