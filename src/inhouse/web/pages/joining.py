"""Becoming somebody: the first run, invitations, and choosing a new password."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from inhouse.core.errors import InhouseError
from inhouse.web.forms import Posted
from inhouse.web.i18n import sentence
from inhouse.web.pages.fan_visit import address_of
from inhouse.web.pages.sign_in import begin_session, zone_and_language
from inhouse.web.visit import Visiting

router = APIRouter()


@router.get("/setup")
def setup_page(visit: Visiting, token: str = "") -> Response:
    """The first operator's form."""
    if visit.services.accounts.is_set_up():
        return visit.page("account/set_up_already.html", 409)
    return visit.page("account/setup.html", token=token[:200], name="", email="")


@router.post("/setup")
def set_up(visit: Visiting, form: Posted) -> Response:
    """Create the first operator with a team of their own, and sign them in."""
    accounts = visit.services.accounts
    values = {
        "token": form.text("token", 200),
        "name": form.text("name", 120),
        "email": form.text("email", 254),
    }
    password = form.secret("password")
    try:
        person = accounts.set_up(
            values["token"], values["email"], values["name"], password, **zone_and_language(visit, form)
        )
        accounts.teams.create(person.actor, form.text("team", 120) or person.name, owner_id=person.id)
    except InhouseError as error:
        return visit.page("account/setup.html", error.status, error=sentence(visit.language, error), **values)
    return begin_session(visit, accounts.sign_in(values["email"], password, address_of(visit)))


@router.get("/invitation")
def invitation_page(visit: Visiting, token: str = "") -> Response:
    """Whom the invitation is for, and what to fill in."""
    invitation, has_account = visit.services.accounts.teams.invitation(token)
    return visit.page(
        "account/invitation.html", invitation=invitation, has_account=has_account, token=token, name=""
    )


@router.post("/invitation")
def accept(visit: Visiting, form: Posted) -> Response:
    """Join as who is signed in, or as somebody new."""
    teams, token = visit.services.accounts.teams, form.text("token", 200)
    invitation, has_account = teams.invitation(token)
    if has_account:
        teams.accept_as(visit.actor, token)
        return visit.go("/studio")
    name, password = form.text("name", 120), form.secret("password")
    try:
        person = teams.accept(token, name, password, **zone_and_language(visit, form))
    except InhouseError as error:
        values = {"invitation": invitation, "has_account": False, "token": token, "name": name}
        said = sentence(visit.language, error)
        return visit.page("account/invitation.html", error.status, error=said, **values)
    return begin_session(visit, visit.services.accounts.sign_in(person.email, password, address_of(visit)))


@router.get("/reset")
def reset_page(visit: Visiting, token: str = "") -> Response:
    """The form for a new password."""
    person = visit.services.accounts.reset_person(token)
    return visit.page("account/reset.html", person=person, token=token)


@router.post("/reset")
def reset(visit: Visiting, form: Posted) -> Response:
    """Set the password; every session of this person ends."""
    accounts, token = visit.services.accounts, form.text("token", 200)
    person = accounts.reset_person(token)
    try:
        accounts.finish_reset(token, form.secret("password"))
    except InhouseError as error:
        said = sentence(visit.language, error)
        return visit.page("account/reset.html", error.status, person=person, token=token, error=said)
    return visit.go("/sign-in", "password-set")
