"""Cases: questions with what a right answer must hold, and how the newest release did on them."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from inhouse.accounts.actors import Action
from inhouse.core.errors import InhouseError
from inhouse.releases.cases import Expect
from inhouse.web.forms import Form, Posted
from inhouse.web.pages.studio_visit import Studio, StudioVisit

router = APIRouter(prefix="/studio/{slug}/cases")
_EMPTY = {"questions": "", "must_contain": "", "must_not_contain": "", "must_cite": "", "abstain": ""}
_ABSTAIN = {"yes": True, "no": False}


@router.get("")
def page(studio: Studio) -> Response:
    """The cases that every gate checks."""
    return _page(studio, dict(_EMPTY))


@router.post("")
def add(studio: Studio, form: Posted) -> Response:
    """Add a case; a refused one comes back as it was sent."""
    try:
        questions = form.lines("questions")
        studio.services.cases.add(studio.actor, studio.ai.id, questions, _expect(form))
    except InhouseError as error:
        sent = {name: form.text(name, 20_000) for name in _EMPTY}
        return _page(studio, sent, error.status, error=studio.told(error))
    return studio.go("cases", "case-added")


@router.post("/retire")
def retire(studio: Studio, form: Posted) -> Response:
    """Let the gate check a case no longer."""
    studio.services.cases.retire(studio.actor, studio.ai.id, form.text("case", 60))
    return studio.go("cases", "retired")


def _expect(form: Form) -> Expect:
    return Expect(
        must_contain=form.lines("must_contain"),
        must_not_contain=form.lines("must_not_contain"),
        must_cite=form.lines("must_cite"),
        must_abstain=_ABSTAIN.get(form.text("abstain", 5)),
    )


def _page(studio: StudioVisit, sent: dict[str, str], status: int = 200, **values: str) -> Response:
    listed = studio.services.cases.listing(studio.actor, studio.ai.id) if Action.REVIEW in studio.may else []
    releases = studio.services.releases.listing(studio.actor, studio.ai.id, limit=1)
    checks = [c for c in releases[0].release.gate.checks if c.name == "cases"] if releases else []
    shown = {
        "cases": listed,
        "newest": releases[0].release if releases else None,
        "check": checks[0] if checks else None,
    }
    return studio.page("cases", "cases.html", status, sent=sent, **shown, **values)
