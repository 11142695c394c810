"""The job ``ledger_notices``: once a day the ledger is counted, and authors are told what is not needed any more."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from inhouse.lab.ledger.notices import Notices
from inhouse.store import jobs
from inhouse.store.database import Tx
from inhouse.store.jobs import Handler, Job, Progress

NOTICES_JOB = "ledger_notices"


def queue_daily(tx: Tx) -> Job | None:
    """Queue today's telling, once a day; call it as often as you like."""
    return jobs.enqueue_daily(tx, NOTICES_JOB)


class Telling:
    """Tells authors by the generation that is served when the job runs."""

    def __init__(self, notices: Notices, generation: Callable[[], str | None]) -> None:
        self._notices = notices
        self._generation = generation

    @property
    def handler(self) -> Handler:
        """For the worker."""
        return Handler(NOTICES_JOB, "quick", self.run)

    def run(self, progress: Progress) -> Mapping[str, Any]:
        """Tell them; the result says how many were told."""
        return {"told": self._notices.tell_needless(self._generation())}
