"""What the AI would do for a fan: the card, agreeing and declining. Only these posts agree; no text ever does."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from inhouse.conversations.actions import Deed
from inhouse.core.errors import NotFound, UsageError
from inhouse.web.forms import Posted
from inhouse.web.i18n import N_
from inhouse.web.pages.action_view import view
from inhouse.web.pages.fan_visit import FanVisit, FanVisiting

router = APIRouter(prefix="/a/{slug}/turns/{turn_id}/action")


@router.get("")
def card(here: FanVisiting, turn_id: str, waiting: bool = False) -> Response:
    """The card as it stands; for who waits for the outcome, 204 while there is none."""
    found = here.visit.services.actions.of_turns(here.known, [turn_id]).get(turn_id)
    if found is None:
        raise NotFound(kind="action", name=turn_id)
    if waiting and found.open:
        return Response(status_code=204)
    return _drawn(here, found)


@router.post("")
def decide(here: FanVisiting, turn_id: str, form: Posted) -> Response:
    """Agree to just what was shown, or decline."""
    actions = here.visit.services.actions
    action_id, decision = form.text("action", 60), form.text("decision", 10)
    if decision == "agree":
        deed = actions.agree(here.known, action_id, form.text("hash", 64))
    elif decision == "decline":
        deed = actions.decline(here.known, action_id)
    else:
        raise UsageError(reason=N_("Agree or decline."))
    if "hx-request" in here.visit.request.headers:
        return _drawn(here, deed)
    return here.visit.go(f"{here.base}#{turn_id}")


def _drawn(here: FanVisit, deed: Deed) -> Response:
    return here.visit.page("fan/action_alone.html", action=view(deed))
