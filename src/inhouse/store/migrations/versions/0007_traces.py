"""what came of tools' calls; consent to share traces, and what was exported of them"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from inhouse.store.schema import Json, Moment

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_ID = sa.String(40)


def upgrade() -> None:
    op.add_column("tool_calls", sa.Column("turn_id", _ID, nullable=True))
    op.add_column("tool_calls", sa.Column("state", sa.String(10), nullable=True))
    op.add_column("tool_calls", sa.Column("ms", sa.Float(), nullable=True))
    op.create_index("ix_tool_calls_turn_id", "tool_calls", ["turn_id"])
    op.create_table(
        "trace_consents",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("ai_id", _ID, nullable=False),
        sa.Column("fan_id", _ID, nullable=True),
        sa.Column("purpose", sa.String(40), nullable=False),
        sa.Column("text_version", sa.Integer(), nullable=False),
        sa.Column("given_at", Moment(), nullable=False),
        sa.Column("given_by", _ID, nullable=True),
        sa.Column("withdrawn_at", Moment(), nullable=True),
        sa.Column("withdrawn_by", _ID, nullable=True),
    )
    op.create_index("ix_trace_consents_ai_id_fan_id", "trace_consents", ["ai_id", "fan_id"])
    op.create_index("ix_trace_consents_fan_id", "trace_consents", ["fan_id"])
    op.create_table(
        "trace_exports",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("purpose", sa.String(40), nullable=False),
        sa.Column("text_version", sa.Integer(), nullable=False),
        sa.Column("file", sa.String(255), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=True),
        sa.Column("traces", sa.Integer(), nullable=False),
        sa.Column("removed", Json, nullable=False),
        sa.Column("begun_at", Moment(), nullable=False),
        sa.Column("begun_by", _ID, nullable=True),
        sa.Column("finished_at", Moment(), nullable=True),
    )
    op.create_table(
        "trace_lineage",
        sa.Column("export_id", _ID, sa.ForeignKey("trace_exports.id"), primary_key=True),
        sa.Column("trace", sa.String(64), primary_key=True),
        sa.Column("fan", sa.String(64), nullable=False),
        sa.Column("ai", sa.String(64), nullable=False),
        sa.Column("gone_at", Moment(), nullable=True),
        sa.Column("gone_why", sa.String(10), nullable=True),
    )
    op.create_index("ix_trace_lineage_fan", "trace_lineage", ["fan"])
    op.create_index("ix_trace_lineage_ai", "trace_lineage", ["ai"])
