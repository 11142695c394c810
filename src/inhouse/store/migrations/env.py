"""What Alembic runs: it uses the connection that it is handed and the one metadata."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context

from inhouse.store.schema import Moment, metadata


def render(kind: str, item: Any, _autogen: Any) -> str | Literal[False]:
    """Write our own column types by their plain SQL type, so that a migration doesn't change when our code does."""
    if kind == "type" and isinstance(item, Moment):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and "Floats" in type(item).__name__:
        return 'sa.LargeBinary().with_variant(Vector(), "postgresql")'
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_item=render,
    render_as_batch=False,
    compare_type=True,
)
context.run_migrations()
