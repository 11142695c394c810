"""An AI's overview: what to do next, and how it stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from inhouse.accounts.actors import Action
from inhouse.accounts.ais import READERS
from inhouse.content import documents
from inhouse.releases import cases
from inhouse.web.i18n import N_
from inhouse.web.pages.studio_visit import Studio, StudioVisit

router = APIRouter(prefix="/studio/{slug}")


@dataclass(frozen=True)
class Step:
    """One step on the way to an AI that is open: done or not, and where it is taken."""

    label: str
    why: str
    path: str
    button: str
    done: bool


@router.get("")
def page(studio: Studio) -> Response:
    """The checklist, the latest conversations and the figures."""
    steps = _steps(studio)
    reviews = Action.REVIEW in studio.may
    latest = studio.services.conversations.listing(studio.actor, studio.ai.id, limit=5) if reviews else []
    with studio.services.db.read() as tx:
        live = studio.services.releases.current(tx, studio.ai.id)
        figures = {
            "documents": documents.count(tx, studio.ai.id),
            "cases": len(cases.active(tx, studio.ai.id)),
        }
        waiting = studio.services.releases.waiting(tx, studio.ai.id)
    ahead = next((step for step in steps if not step.done), None)
    shown: dict[str, Any] = {
        "steps": steps,
        "ahead": ahead,
        "latest": latest,
        "live": live,
        "figures": figures,
        "waiting": waiting,
    }
    return studio.page("", "overview.html", **shown)


def _steps(studio: StudioVisit) -> list[Step]:
    services, ai, is_preset = studio.services, studio.ai.id, studio.ai.kind in READERS
    with services.db.read() as tx:
        has_read = documents.count(tx, ai) > 0
        briefed = services.briefs.current_version(tx, ai) > 0
        checked = bool(cases.active(tx, ai))
        is_live = services.releases.current(tx, ai) is not None
    trained = services.releases.newest_adapter(studio.actor, ai) is not None
    steps = [
        Step(
            N_("Give it something to read"),
            N_("Posts, articles, questions and answers."),
            "content",
            N_("Upload"),
            has_read,
        ),
        Step(
            N_("Write its brief"),
            N_("Voice, facts, products, rivals, limits."),
            "brief",
            N_("Write"),
            briefed,
        ),
        Step(N_("Train its voice"), N_("Some minutes on this machine."), "training", N_("Train"), trained),
        Step(
            N_("Say what a right answer is"),
            N_("A few cases that every gate checks."),
            "cases",
            N_("Add"),
            checked,
        ),
        Step(
            N_("Open it"),
            N_("Run the gate, look at what it found, go live."),
            "releases",
            N_("Release"),
            is_live,
        ),
    ]
    # What ships configured wants no content and no voice of its own.
    return [step for step in steps if step.path not in ("content", "training")] if is_preset else steps
