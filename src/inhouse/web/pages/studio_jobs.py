"""Long work of one AI: how far it is, live; stopping it and going on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from fastapi import APIRouter
from starlette.responses import Response

from inhouse.accounts.actors import Action
from inhouse.accounts.authorisation import authorise
from inhouse.core.errors import NotFound
from inhouse.runtime.bridge import in_thread
from inhouse.store import jobs
from inhouse.store.database import Tx
from inhouse.store.jobs import Job
from inhouse.web import sse
from inhouse.web.forms import Posted
from inhouse.web.pages.studio_visit import Studio, StudioVisit
from inhouse.web.visit import local_path

router = APIRouter(prefix="/studio/{slug}/jobs")
_LOOK_SECONDS = 1.0
_LONGEST_WATCH = 3600
#: What one must be allowed to do to stop a job or let it go on: the same as for starting it.
_ACTIONS = {
    "gate": Action.RELEASE,
    "train": Action.TRAIN,
    "import": Action.EDIT_CONTENT,
    "index": Action.EDIT_CONTENT,
}


@router.get("/{job_id}")
def fragment(studio: Studio, job_id: str) -> Response:
    """The job as it stands: what a live part of a page is drawn with again."""
    with studio.services.db.read() as tx:
        job = _of(tx, studio, job_id)
    return studio.visit.page("parts/job_body.html", job=job, may_stop=_action(job) in studio.may)


@router.get("/{job_id}/events")
async def events(studio: Studio, job_id: str) -> Response:
    """Says when there is something new to draw, and when the job has ended."""
    return sse.stream(_changes(studio, job_id))


@router.post("/{job_id}/stop")
def stop(studio: Studio, job_id: str, form: Posted) -> Response:
    """Ask the job to stop at its next safe point."""
    with studio.services.db.write() as tx:
        authorise(tx, studio.actor, _action(_of(tx, studio, job_id)), ai_id=studio.ai.id)
        jobs.request_stop(tx, job_id)
    return studio.visit.go(local_path(form.text("next", 500), studio.base), "stop-asked")


@router.post("/{job_id}/retry")
def retry(studio: Studio, job_id: str, form: Posted) -> Response:
    """Let a stopped or failed job go on where it was."""
    with studio.services.db.write() as tx:
        authorise(tx, studio.actor, _action(_of(tx, studio, job_id)), ai_id=studio.ai.id)
        jobs.retry(tx, job_id)
    return studio.visit.go(local_path(form.text("next", 500), studio.base), "resumed")


def newest(studio: StudioVisit, *names: str) -> Job | None:
    """The AI's newest job of these kinds."""
    with studio.services.db.read() as tx:
        found = [job for name in names for job in jobs.listing(tx, ai_id=studio.ai.id, name=name, limit=1)]
    return max(found, key=lambda job: job.created_at, default=None)


async def _changes(studio: StudioVisit, job_id: str) -> AsyncIterator[str]:
    seen: object = None
    for _ in range(_LONGEST_WATCH):
        job = await in_thread(_look, studio, job_id)
        now = (job.state, job.progress, job.message, job.detail)
        if now != seen:
            yield sse.message({"progress": job.progress}, event="ended" if job.ended else "changed")
            seen = now
        if job.ended:
            return
        await asyncio.sleep(_LOOK_SECONDS)


def _look(studio: StudioVisit, job_id: str) -> Job:
    with studio.services.db.read() as tx:
        return _of(tx, studio, job_id)


def _of(tx: Tx, studio: StudioVisit, job_id: str) -> Job:
    job = jobs.get(tx, job_id)
    if job.ai_id != studio.ai.id:
        raise NotFound(kind="job", name=job_id)
    return job


def _action(job: Job) -> Action:
    return _ACTIONS.get(job.name, Action.MANAGE)
