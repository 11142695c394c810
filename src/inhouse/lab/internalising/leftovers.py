"""What jobs left that did not come to their end: words that people shared lie in it, so it doesn't stay longer than it may.

A job that failed or was stopped keeps its folder, so that it goes on where it was when it is asked for again. The folder goes where
nobody will ask for it, and at once where somebody whose questions are in it took their consent back or was erased. A job under way
looks after its own: see ``making_job``.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from inhouse.conversations import lineage
from inhouse.core import clock
from inhouse.core.errors import NotFound
from inhouse.lab.internalising import frozen, settling
from inhouse.lab.internalising.internalising import JOB
from inhouse.lab.internalising.settling import TakenBack
from inhouse.store import jobs
from inhouse.store.database import Database, Tx
from inhouse.store.jobs import Handler, Job, Progress

#: After so long, what was not asked for again begins anew.
_KEPT = timedelta(days=7)


class Leftovers:
    """The folders of jobs that ended early. ``folder`` is the workshop's."""

    def __init__(self, db: Database, folder: Path) -> None:
        self._db, self._folder = db, folder

    @property
    def handler(self) -> Handler:
        """The handler of the job that whoever takes consent back, or is erased, leaves behind."""
        return Handler(lineage.FORGET, "quick", self._forget)

    def sweep(self) -> int:
        """Remove what nobody goes on with, and what holds words that may not be kept; returns how many folders went."""
        with self._db.write() as tx:  # so that no job begins meanwhile
            gone = [folder for folder, job in self._ended(tx) if _is_over(tx, folder, job)]
            return _removed(gone)

    def remove_all(self, ai_id: str) -> None:
        """Where an AI is erased: what its tools brought is in no row that says whose it is, so all of it goes."""
        with self._db.write() as tx:
            _removed([folder for folder, _ in self._ended(tx)])

    def _forget(self, progress: Progress) -> Mapping[str, Any]:
        return {"folders": self.sweep()}

    def _ended(self, tx: Tx) -> Iterator[tuple[Path, Job | None]]:
        """What is left of jobs that don't run and don't wait for it; nothing for a job that nobody knows."""
        for folder in sorted(self._folder.iterdir()) if self._folder.exists() else ():
            try:
                job: Job | None = jobs.get(tx, folder.name)
            except NotFound:
                job = None
            if job is None or job.state in ("failed", "stopped"):
                yield folder, job


def _removed(folders: list[Path]) -> int:
    for folder in folders:
        shutil.rmtree(folder)
    return len(folders)


def _is_over(tx: Tx, folder: Path, job: Job | None) -> bool:
    if job is None or job.finished_at is None or job.finished_at < clock.now() - _KEPT:
        return True
    [newest] = jobs.listing(tx, name=JOB, limit=1)
    if newest.id != job.id:  # only the newest goes on
        return True
    kept = folder / "frozen.json"
    if not kept.exists():
        return False
    try:
        settling.standing(tx, frozen.read(kept))
    except TakenBack:
        return True
    return False
