"""The whole schema: importing this module registers every package's tables."""

from __future__ import annotations

from inhouse.content import tables as content_tables
from inhouse.store import jobs
from inhouse.store.schema import metadata

__all__ = ["content_tables", "jobs", "metadata"]
