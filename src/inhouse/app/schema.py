"""The whole schema: importing this module registers every package's tables."""

from __future__ import annotations

from inhouse.accounts import tables as accounts_tables
from inhouse.brief import tables as brief_tables
from inhouse.content import index_tables
from inhouse.content import tables as content_tables
from inhouse.conversations import tables as conversations_tables
from inhouse.lab.comparing import tables as comparing_tables
from inhouse.lab.experiments import tables as experiments_tables
from inhouse.lab.ledger import tables as lab_ledger_tables
from inhouse.lab.promoting import tables as promoting_tables
from inhouse.releases import tables as releases_tables
from inhouse.store import jobs
from inhouse.store.schema import metadata
from inhouse.tuning import tables as tuning_tables

__all__ = [
    "accounts_tables",
    "brief_tables",
    "comparing_tables",
    "content_tables",
    "conversations_tables",
    "experiments_tables",
    "index_tables",
    "jobs",
    "lab_ledger_tables",
    "metadata",
    "promoting_tables",
    "releases_tables",
    "tuning_tables",
]
