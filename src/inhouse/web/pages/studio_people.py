"""Keys of an AI, and the people of its team."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from inhouse.accounts.actors import Action, Role, Scope
from inhouse.core.errors import InhouseError, UsageError
from inhouse.web.forms import Form, Posted
from inhouse.web.i18n import N_
from inhouse.web.pages.studio_visit import Studio, StudioVisit

router = APIRouter(prefix="/studio/{slug}/people")
ROLES = (
    (Role.OWNER, N_("Owner: everything, people and keys included")),
    (Role.EDITOR, N_("Editor: content, brief and training")),
    (Role.REVIEWER, N_("Reviewer: conversations, hand-overs and picks")),
)
SCOPES = (
    (Scope.CHAT, N_("Chat: ask this AI")),
    (Scope.VIEW, N_("View: look at everything but conversations")),
    (Scope.EDIT, N_("Edit: content, brief, training")),
    (Scope.REVIEW, N_("Review: conversations and hand-overs")),
    (Scope.RELEASE, N_("Release: go live and roll back")),
    (Scope.MANAGE, N_("Manage: everything")),
)


@router.get("")
def page(studio: Studio) -> Response:
    """Members, invitations and keys."""
    return _page(studio)


@router.post("/invite")
def invite(studio: Studio, form: Posted) -> Response:
    """Make an invitation and show its link, once."""
    teams = studio.services.accounts.teams
    try:
        token, invitation = teams.invite(
            studio.actor, studio.ai.team_id, form.text("email", 254), _role(form)
        )
    except InhouseError as error:
        return _page(studio, error.status, error=studio.told(error))
    return _page(studio, link=f"{_origin(studio)}/invitation?token={token}", invited=invitation)


@router.post("/withdraw")
def withdraw(studio: Studio, form: Posted) -> Response:
    """Take an invitation back."""
    studio.services.accounts.teams.withdraw(studio.actor, studio.ai.team_id, form.text("invitation", 60))
    return studio.go("people", "undone")


@router.post("/role")
def role(studio: Studio, form: Posted) -> Response:
    """Give a member another role, or take them out of the team."""
    teams, team, person = studio.services.accounts.teams, studio.ai.team_id, form.text("person", 60)
    if form.text("role", 20) == "none":
        teams.remove_member(studio.actor, team, person)
    else:
        teams.set_role(studio.actor, team, person, _role(form))
    return studio.go("people", "member-changed")


@router.post("/keys")
def make_key(studio: Studio, form: Posted) -> Response:
    """Make a key and show its secret, once."""
    days = form.number("days", 0) or None
    try:
        scopes = {_scope(name) for name in form.texts("scopes", 20)}
        secret, key = studio.services.keys.create(
            studio.actor, studio.ai.id, form.text("name", 120), scopes, days=days
        )
    except InhouseError as error:
        return _page(studio, error.status, error=studio.told(error))
    return _page(studio, secret=secret, made=key)


@router.post("/keys/revoke")
def revoke(studio: Studio, form: Posted) -> Response:
    """End a key at once."""
    studio.services.keys.revoke(studio.actor, studio.ai.id, form.text("key", 60))
    return studio.go("people", "undone")


def _page(studio: StudioVisit, status: int = 200, **values: Any) -> Response:
    teams, manages = studio.services.accounts.teams, Action.MANAGE in studio.may
    shown = {
        "team": teams.get(studio.actor, studio.ai.team_id),
        "members": teams.members(studio.actor, studio.ai.team_id),
        "invitations": teams.invitations(studio.actor, studio.ai.team_id) if manages else [],
        "keys": studio.services.keys.listing(studio.actor, studio.ai.id) if manages else [],
        "manages": manages,
        "roles": [(code.value, studio.visit.told(label)) for code, label in ROLES],
        "scopes": [(code.value, studio.visit.told(label)) for code, label in SCOPES],
        "secret": "",
        "link": "",
    }
    return studio.page("people", "people.html", status, **shown | values)


def _role(form: Form) -> Role:
    try:
        return Role(form.text("role", 20))
    except ValueError:
        raise UsageError(reason=N_("Choose a role.")) from None


def _scope(name: str) -> Scope:
    try:
        return Scope(name)
    except ValueError:
        raise UsageError(reason=N_("Choose what the key is good for.")) from None


def _origin(studio: StudioVisit) -> str:
    return studio.services.settings.public_url.rstrip("/") or str(studio.visit.request.base_url).rstrip("/")
