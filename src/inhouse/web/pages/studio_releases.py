"""Releases: what is live, what a gate found, going live, rolling back, and the amendments in force."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from inhouse.accounts.actors import Action
from inhouse.releases.release import Gate
from inhouse.runtime.answering import LONGEST_PROMPT
from inhouse.store.jobs import Job
from inhouse.web.forms import Posted
from inhouse.web.i18n import N_
from inhouse.web.pages import answering_words
from inhouse.web.pages.studio_jobs import newest
from inhouse.web.pages.studio_visit import Studio

router = APIRouter(prefix="/studio/{slug}/releases")
CHECKS = {
    "voice": N_("Voice (bits per byte on held-out text, lower is better)"),
    "picks": N_("Held-out picks won"),
    "cases": N_("Cases answered rightly"),
    "guard": N_("Guard kept"),
}
AMENDMENTS = {
    "pinned_answer": N_("Pinned answer"),
    "revocation": N_("Revoked source"),
    "extension_off": N_("Extension off"),
    "adapter_off": N_("Adapter off"),
}


@router.get("")
def page(studio: Studio) -> Response:
    """Live release, candidates with their gates, history, amendments."""
    releases = studio.services.releases
    gate = newest(studio, "gate")
    listed = releases.listing(studio.actor, studio.ai.id)
    with studio.services.db.read() as tx:
        waiting = releases.waiting(tx, studio.ai.id)
        live = releases.current(tx, studio.ai.id)
    return studio.page(
        "releases",
        "releases.html",
        listed=listed,
        live=live,
        numbers={one.release.id: one.release.number for one in listed},
        answers={
            one.release.id: answering_words.where_different(one.release.answering, studio.visit.told)
            for one in listed
        },
        changes=releases.changes(studio.actor, studio.ai.id, 30),
        amendments=studio.services.amendments.listing(studio.actor, studio.ai.id),
        newest_adapter=releases.newest_adapter(studio.actor, studio.ai.id),
        job=gate if gate and not gate.ended else None,
        failed=gate if gate and gate.state in ("failed", "stopped") else None,
        refused=_refused(gate),
        waiting=waiting,
        may_stop=Action.RELEASE in studio.may,
        job_page="releases",
        checks=CHECKS,
        kinds=AMENDMENTS,
        may_release=Action.RELEASE in studio.may,
    )


def _refused(gate: Job | None) -> Gate | None:
    """What the newest gate found, where it let nothing through: no release remembers that."""
    if gate is None or gate.result is None:
        return None
    found = Gate.model_validate(gate.result["gate"])
    return None if found.passed else found


@router.post("/propose")
def propose(studio: Studio, form: Posted) -> Response:
    """Run the gate for the newest adapter, or for none."""
    adapter = form.text("adapter", 80) or None
    studio.services.releases.propose(studio.actor, studio.ai.id, adapter)
    return studio.go("releases", "gate-started")


@router.post("/answering")
def answering(studio: Studio, form: Posted) -> Response:
    """Run the gate for the live release answering so; what is left empty is as its generation says."""
    passages, prompt = form.number("passages", 0), form.text("prompt", LONGEST_PROMPT)
    studio.services.releases.propose_answering(studio.actor, studio.ai.id, passages, prompt)
    return studio.go("releases", "gate-started")


@router.post("/alone")
def alone(studio: Studio, _form: Posted) -> Response:
    """Run the gate for the live release without the giant behind it."""
    studio.services.releases.propose_behind(studio.actor, studio.ai.id, None)
    return studio.go("releases", "gate-started")


@router.post("/live")
def go_live(studio: Studio, form: Posted) -> Response:
    """Serve every fan from this release, from their next turn on."""
    studio.services.releases.go_live(studio.actor, studio.ai.id, form.text("release", 60))
    return studio.go("releases", "live")


@router.post("/back")
def roll_back(studio: Studio, _form: Posted) -> Response:
    """Back to the release before."""
    studio.services.releases.roll_back(studio.actor, studio.ai.id)
    return studio.go("releases", "rolled-back")


@router.post("/take-back")
def take_back(studio: Studio, form: Posted) -> Response:
    """End a pinned answer or a switched-off extension."""
    studio.services.amendments.take_back(studio.actor, studio.ai.id, form.number("number", 0))
    return studio.go("releases", "undone")
