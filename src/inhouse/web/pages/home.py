"""The front door, and the choice of language."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from inhouse.web import i18n
from inhouse.web.forms import Posted
from inhouse.web.visit import Visiting, local_path, set_cookie

router = APIRouter()
_YEAR = 365 * 24 * 3600


@router.get("/")
def front(visit: Visiting) -> Response:
    """Whoever comes here without an AI's address runs or owns one."""
    return visit.go("/studio" if visit.session else "/sign-in")


@router.post("/language")
def language(visit: Visiting, form: Posted) -> Response:
    """Keep the visitor's choice and go back to where they were."""
    response = visit.go(local_path(form.text("next", 2000), "/"))
    wanted = form.text("language", 5)
    if wanted in i18n.LANGUAGES:
        set_cookie(visit.request, response, i18n.COOKIE, wanted, age=_YEAR)
    return response
