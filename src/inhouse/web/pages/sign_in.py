"""Signing in and out."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from inhouse.core.errors import InhouseError
from inhouse.web.forms import Form, Posted
from inhouse.web.i18n import sentence
from inhouse.web.pages.fan_visit import address_of
from inhouse.web.visit import SESSION_COOKIE, Visit, Visiting, local_path, set_cookie

router = APIRouter()
_MONTH = 30 * 24 * 3600


@router.get("/sign-in")
def page(visit: Visiting, next: str = "/studio") -> Response:
    """The form."""
    if visit.session:
        return visit.go(local_path(next))
    return visit.page("account/sign_in.html", email="", next=local_path(next))


@router.post("/sign-in")
def sign_in(visit: Visiting, form: Posted) -> Response:
    """Check the password and begin a session; the form comes back with what was wrong."""
    email, onward = form.text("email", 254), local_path(form.text("next", 500))
    try:
        token = visit.services.accounts.sign_in(email, form.secret("password"), address_of(visit))
    except InhouseError as error:
        said = sentence(visit.language, error)
        return visit.page("account/sign_in.html", error.status, email=email, next=onward, error=said)
    return begin_session(visit, token, onward)


@router.post("/sign-out")
def sign_out(visit: Visiting, _form: Posted) -> Response:
    """End the session here and in the database."""
    visit.services.accounts.sign_out(visit.request.cookies.get(SESSION_COOKIE, ""))
    response = visit.go("/sign-in", "signed-out")
    response.delete_cookie(SESSION_COOKIE)
    return response


def begin_session(visit: Visit, token: str, onward: str = "/studio") -> Response:
    """On to the studio, with the session in a cookie."""
    response = visit.go(onward)
    set_cookie(visit.request, response, SESSION_COOKIE, token, age=_MONTH)
    return response


def zone_and_language(visit: Visit, form: Form) -> dict[str, str]:
    """What a new person's pages start with; the zone comes from the browser where it tells."""
    return {"language": visit.language, "timezone": form.text("timezone", 60) or "UTC"}
