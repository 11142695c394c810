"""A fan's own data: seeing all of it, and having it erased."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from inhouse.web.forms import Posted
from inhouse.web.i18n import N_
from inhouse.web.pages.fan_visit import FanVisiting

router = APIRouter(prefix="/a/{slug}/data")
#: What the counts of ``see`` and of a receipt are called.
LABELS = {
    "conversations": N_("Conversations"),
    "turns": N_("Messages with their answers"),
    "handovers": N_("Questions to a person"),
    "corrections": N_("Corrections by the team"),
    "picks": N_("Comparisons by the team"),
    "cases": N_("Checks made from them"),
    "pinned_answers": N_("Pinned answers"),
    "adapters_tainted": N_("Adapters taken out of use"),
    "tool_calls": N_("Uses of tools"),
    "responses": N_("Answers that a program kept by name"),
    "actions": N_("What was done for you, or offered"),
    "fans": N_("The token in your browser"),
}


@router.get("")
def page(here: FanVisiting) -> Response:
    """What is held, in numbers, and the buttons."""
    held = here.visit.services.fan_data.see(here.fan) if here.fan else None
    return here.visit.page("fan/data.html", held=held, labels=LABELS)


@router.get("/all.json")
def download(here: FanVisiting) -> Response:
    """All that is held about this fan, as a file."""
    held = here.visit.services.fan_data.see(here.known)
    name = f'attachment; filename="{here.ai.slug}-my-data.json"'
    return JSONResponse(held, headers={"Content-Disposition": name})


@router.post("/erase")
def erase(here: FanVisiting, _form: Posted) -> Response:
    """Erase the fan and show the receipt; the browser forgets its token too."""
    receipt = here.visit.services.fan_data.erase(here.known)
    return here.forget(here.visit.page("fan/erased.html", receipt=receipt, labels=LABELS))
