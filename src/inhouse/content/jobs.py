"""The jobs of this package, for the worker."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from inhouse.content.library import IMPORT_JOB, Library, Location, Wish
from inhouse.store.jobs import Handler, Progress


def import_handler(library: Library) -> Handler:
    """Runs queued imports; the job's result is the ``ImportReport``."""

    def run(progress: Progress) -> Mapping[str, Any]:
        payload = progress.job.payload
        report = library.run_queued(
            progress.job.ai_id or "",
            payload["source_id"],
            Location(**payload["location"]),
            Wish(**payload["wish"]),
            progress.report,
        )
        return report.model_dump(mode="json")

    return Handler(IMPORT_JOB, "quick", run)
