"""Somebody's own settings: their name and their password; and what they were told of extensions of theirs."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from inhouse.core.errors import InhouseError, NotSignedIn
from inhouse.web.forms import Posted
from inhouse.web.i18n import sentence
from inhouse.web.pages import notice_view
from inhouse.web.pages.fan_visit import address_of
from inhouse.web.visit import Visit, Visiting

router = APIRouter(prefix="/account")


@router.get("")
def page(visit: Visiting) -> Response:
    """The forms."""
    return _page(visit)


@router.post("")
def save(visit: Visiting, form: Posted) -> Response:
    """The name that colleagues and fans see."""
    try:
        visit.services.accounts.edit_person(visit.actor, visit.actor.id or "", name=form.text("name", 120))
    except InhouseError as error:
        return _page(visit, error)
    return visit.go("/account", "saved")


@router.post("/password")
def change_password(visit: Visiting, form: Posted) -> Response:
    """Another password; every other session of this person ends."""
    if visit.session is None:
        raise NotSignedIn()
    old, new = form.secret("old"), form.secret("new")
    try:
        visit.services.accounts.change_password(visit.session, old, new, address_of(visit))
    except InhouseError as error:
        return _page(visit, error)
    return visit.go("/account", "password-changed")


@router.post("/agree")
def agree(visit: Visiting, form: Posted) -> Response:
    """The author agrees that an extension of theirs is built in earlier."""
    visit.services.notices.agree(visit.actor, form.text("notice", 40))
    return visit.go("/account#told", "agreed")


def _page(visit: Visit, error: InhouseError | None = None) -> Response:
    person = visit.services.accounts.person(visit.actor, visit.actor.id or "")
    told = _told(visit)
    visit.services.notices.open(visit.actor)
    if error is None:
        return visit.page("account/own.html", person=person, told=told)
    said = sentence(visit.language, error)
    return visit.page("account/own.html", error.status, person=person, told=told, error=said)


def _told(visit: Visit) -> list[dict[str, Any]]:
    """What the account was told of its extensions; an AI that it may not see any more has no name."""
    names = {ai.id: ai.name for ai in visit.services.ais.listing(visit.actor, archived=True)}
    found = visit.services.notices.of_author(visit.actor)
    return [notice_view.shown(visit, one, names.get(one.ai_id, "…")) for one in found]
