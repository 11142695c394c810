"""Training: the button, its progress, the picture of the loss, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from inhouse.accounts.actors import Action
from inhouse.core.errors import InhouseError
from inhouse.store import jobs
from inhouse.web.forms import Posted
from inhouse.web.pages.studio_visit import Studio, StudioVisit

router = APIRouter(prefix="/studio/{slug}/training")
_JOB = "train"


@router.get("")
def page(studio: Studio) -> Response:
    """Trainings and adapters."""
    return studio.page("training", "training.html", **_shown(studio))


@router.get("/live")
def live(studio: Studio) -> Response:
    """The running training alone: what the page draws again while it goes on."""
    return studio.visit.page("studio/training_live.html", **_shown(studio))


@router.post("")
def start(studio: Studio, _form: Posted) -> Response:
    """Queue a training on what the AI has read, its corrections and its picks."""
    try:
        studio.services.tuning.train(studio.actor, studio.ai.id)
    except InhouseError as error:
        return studio.page(
            "training", "training.html", error.status, error=studio.told(error), **_shown(studio)
        )
    return studio.go("training", "training-started")


def _shown(studio: StudioVisit) -> dict[str, Any]:
    with studio.services.db.read() as tx:
        listed = jobs.listing(tx, ai_id=studio.ai.id, name=_JOB, limit=10)
    job = listed[0] if listed else None
    return {
        "job": job,
        "earlier": listed[1:],
        "job_page": "training",
        "losses": points(job.detail) if job else [],
        "adapters": studio.services.tuning.adapters(studio.actor, studio.ai.id),
        "may_train": Action.TRAIN in studio.may,
        "may_stop": Action.TRAIN in studio.may,
    }


def points(detail: Mapping[str, Any]) -> list[tuple[float, float]]:
    """``(step, loss)`` as the job reported it; empty where it has reported none yet."""
    return [(float(step), float(loss)) for step, loss in detail.get("loss", [])]
