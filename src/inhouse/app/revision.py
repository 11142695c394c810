"""For developers: write the next migration (``make revision m="what changes"``)."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from inhouse.app import schema
from inhouse.store.database import Database
from inhouse.store.migrations import upgrade, write_revision


def main() -> None:
    """Compare an upgraded empty database with the tables."""
    assert schema.metadata.tables
    with tempfile.TemporaryDirectory() as folder:
        db = Database(f"sqlite:///{Path(folder) / 'empty.db'}")
        upgrade(db)
        write_revision(db, sys.argv[1])
        db.close()


if __name__ == "__main__":
    main()
