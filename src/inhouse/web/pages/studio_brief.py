"""The brief: editing it, its versions and what changed between them, and the guard tried on a sentence."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from inhouse.accounts.actors import Action
from inhouse.brief.differences import differences
from inhouse.brief.rules import compile_rules
from inhouse.core.errors import InhouseError
from inhouse.runtime.guard.guard import Guard
from inhouse.web.forms import Posted
from inhouse.web.i18n import N_
from inhouse.web.pages import brief_form
from inhouse.web.pages.studio_visit import Studio, StudioVisit

router = APIRouter(prefix="/studio/{slug}/brief")
SUBJECTS = {
    "prices": N_("Prices"),
    "medical": N_("Medical advice"),
    "legal": N_("Legal advice"),
    "financial": N_("Financial advice"),
}
SAYINGS = {
    "greeting": N_("Greetings"),
    "thanks": N_("When thanked"),
    "small_talk": N_("Small talk"),
    "farewell": N_("Farewells"),
}
WORDINGS = {
    "disclosure": N_("That it is an AI"),
    "abstain": N_("When it does not know"),
    "hand_over": N_("Offering a person"),
}


@router.get("")
def page(studio: Studio) -> Response:
    """The editor with the newest version."""
    newest = studio.services.briefs.current(studio.actor, studio.ai.id)
    return _page(studio, newest.brief.model_dump(mode="json"), newest.number)


@router.post("")
def save(studio: Studio, form: Posted) -> Response:
    """Save a new version; a refused form comes back as it was sent."""
    try:
        studio.services.briefs.save(studio.actor, studio.ai.id, brief_form.read(form), form.number("base", 0))
    except InhouseError as error:
        newest = studio.services.briefs.current(studio.actor, studio.ai.id)
        return _page(studio, brief_form.values(form), newest.number, error.status, error=studio.told(error))
    return studio.go("brief", "saved")


@router.post("/preview")
def preview(studio: Studio, form: Posted) -> Response:
    """What the guard makes of a sentence under the brief as saved."""
    sentence = form.text("sentence", 4000)
    newest = studio.services.briefs.current(studio.actor, studio.ai.id)
    violation = Guard(compile_rules(newest.brief)).check(sentence) if sentence else None
    template = "guard.html" if "hx-request" in studio.visit.request.headers else "guard_page.html"
    return studio.page("brief", template, sentence=sentence, violation=violation)


@router.get("/history")
def history(studio: Studio, old: int | None = None, new: int | None = None) -> Response:
    """All versions with what each changed, and the difference between two that are far apart."""
    briefs, ai = studio.services.briefs, studio.ai.id
    versions = briefs.history(studio.actor, ai)
    compared = None
    if old is not None and new is not None:
        before, after = briefs.get(studio.actor, ai, old), briefs.get(studio.actor, ai, new)
        compared = differences(before.brief, after.brief)
    newest = versions[0].number if versions else 0
    shown: dict[str, Any] = {
        "versions": versions,
        "compared": compared,
        "old": old or 0,
        "new": new or newest,
    }
    return studio.page("brief", "brief_history.html", **shown)


def _page(
    studio: StudioVisit, shown: dict[str, Any], version: int, status: int = 200, **values: Any
) -> Response:
    return studio.page(
        "brief",
        "brief.html",
        status,
        brief=shown,
        version=version,
        subjects=SUBJECTS,
        sayings=SAYINGS,
        wordings=WORDINGS,
        may_edit=Action.EDIT_BRIEF in studio.may,
        **values,
    )
