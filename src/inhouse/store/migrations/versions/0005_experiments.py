"""experiments, and the routing row that carries one"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from inhouse.store.schema import Json, Moment

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_ID = sa.String(40)


def upgrade() -> None:
    op.create_table(
        "experiments",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("design", Json, nullable=False),
        sa.Column("hash", sa.String(64), nullable=True),
        sa.Column("family", sa.String(60), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("verdict", Json, nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("created_by", _ID, nullable=True),
        sa.Column("started_at", Moment(), nullable=True),
        sa.Column("ended_at", Moment(), nullable=True),
        sa.Column("seen_until", Moment(), nullable=True),
        sa.UniqueConstraint("number"),
    )
    op.create_index("ix_experiments_family", "experiments", ["family"])
    op.create_index("ix_experiments_state", "experiments", ["state"])
    op.create_table(
        "experiment_ais",
        sa.Column("experiment_id", _ID, sa.ForeignKey("experiments.id"), primary_key=True),
        sa.Column("ai_id", _ID, primary_key=True),
    )
    op.create_index("ix_experiment_ais_ai_id", "experiment_ais", ["ai_id"])
    op.create_table(
        "experiment_units",
        sa.Column("experiment_id", _ID, sa.ForeignKey("experiments.id"), primary_key=True),
        sa.Column("unit", sa.String(64), primary_key=True),
        sa.Column("ai_id", _ID, nullable=False),
        sa.Column("second", sa.Boolean(), nullable=False),
        sa.Column("look", sa.Integer(), nullable=False),
        sa.Column("values", Json, nullable=False),
        sa.Column("history", Json, nullable=False),
        sa.Column("stray", sa.Boolean(), nullable=False),
    )
    op.create_index("ix_experiment_units_ai_id", "experiment_units", ["ai_id"])
    op.create_index("ix_experiment_units_experiment_id_look", "experiment_units", ["experiment_id", "look"])
    op.create_table(
        "experiment_looks",
        sa.Column("experiment_id", _ID, sa.ForeignKey("experiments.id"), primary_key=True),
        sa.Column("number", sa.Integer(), primary_key=True),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("figures", Json, nullable=False),
    )
    op.add_column("routing", sa.Column("experiment_id", _ID, nullable=True))
