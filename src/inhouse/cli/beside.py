"""A release beside the one that is live, which its gate makes and nobody gets yet."""

from __future__ import annotations

from inhouse.app import working
from inhouse.app.services import Services
from inhouse.cli.context import progress_bar
from inhouse.core.errors import UsageError
from inhouse.store.jobs import Job


def released_beside(here: Services, ai: str, job: Job) -> dict[str, object]:
    """See its gate to the end: ``number`` and ``release_id``. Raises ``UsageError`` with the gate's reason where it did not pass."""
    with progress_bar(f"gate of {ai}") as report:
        ended = working.finish(here, job, report)
    if ended.result is None:
        raise UsageError(reason=ended.error or "The gate was stopped.")
    if ended.result["number"] is None:
        raise UsageError(reason=ended.result["gate"]["reason"])
    return {name: ended.result[name] for name in ("number", "release_id")}
