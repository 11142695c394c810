"""`inhouse jobs`: what is being done, how far it is, stopping it and starting it again."""

from __future__ import annotations

from typing import Annotated

import typer

from inhouse.accounts.actors import Action
from inhouse.accounts.authorisation import authorise
from inhouse.cli.context import actor, services, show
from inhouse.cli.options import AsJson
from inhouse.store import jobs


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("jobs")(listing)


def listing(
    stop: Annotated[str, typer.Option(help="Stop the job of this id.")] = "",
    retry: Annotated[str, typer.Option(help="Start the failed or stopped job of this id again.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=500)] = 20,
    as_json: AsJson = False,
) -> None:
    """List the newest jobs; stop one, or start one again.

    Example: inhouse jobs --stop job_01h9
    """
    with services().db.write() as tx:
        authorise(tx, actor(), Action.OPERATE)
        if stop:
            jobs.request_stop(tx, stop)
        if retry:
            jobs.retry(tx, retry)
        found = jobs.listing(tx, limit=limit)
    rows = [
        {
            "id": job.id,
            "job": job.name,
            "state": job.state,
            "done": f"{job.progress:.0%}",
            "message": job.error or job.message,
        }
        for job in found
    ]
    show(found if as_json else rows, as_json)
