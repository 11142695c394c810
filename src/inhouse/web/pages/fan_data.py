"""A fan's own data: seeing all of it, and having it erased."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from inhouse.conversations import sharing_texts
from inhouse.conversations.sharing import Withdrawal
from inhouse.web.forms import Posted
from inhouse.web.i18n import N_
from inhouse.web.pages.fan_visit import FanVisit, FanVisiting

router = APIRouter(prefix="/a/{slug}/data")
#: What the counts of ``see`` and of a receipt are called.
LABELS = {
    "conversations": N_("Conversations"),
    "turns": N_("Messages with their answers"),
    "handovers": N_("Questions to a person"),
    "corrections": N_("Corrections by the team"),
    "picks": N_("Comparisons by the team"),
    "cases": N_("Checks made from them"),
    "given_documents": N_("Documents that you gave"),
    "pinned_answers": N_("Pinned answers"),
    "adapters_tainted": N_("Adapters taken out of use"),
    "tool_calls": N_("Uses of tools"),
    "responses": N_("Answers that a program kept by name"),
    "actions": N_("What was done for you, or offered"),
    "fans": N_("The token in your browser"),
    "trace_consents": N_("Agreements to share"),
    "data_sets": N_("Data sets with something of yours"),
}


@router.get("")
def page(here: FanVisiting) -> Response:
    """What is held, in numbers, and the buttons."""
    return _page(here)


@router.get("/all.json")
def download(here: FanVisiting) -> Response:
    """All that is held about this fan, as a file."""
    held = here.visit.services.fan_data.see(here.known)
    name = f'attachment; filename="{here.ai.slug}-my-data.json"'
    return JSONResponse(held, headers={"Content-Disposition": name})


@router.post("/share")
def share(here: FanVisiting, _form: Posted) -> Response:
    """Agree that questions may feed a shared generation, and be asked again."""
    here.visit.services.consents.give_for(here.known)
    return here.visit.go(f"{here.base}/data#share", "sharing-on")


@router.post("/keep")
def keep(here: FanVisiting, _form: Posted) -> Response:
    """Take that back, and say which data sets hold something already."""
    return _page(here, withdrawn=here.visit.services.consents.withdraw_for(here.known))


@router.post("/erase")
def erase(here: FanVisiting, _form: Posted) -> Response:
    """Erase the fan and show the receipt; the browser forgets its token too."""
    receipt = here.visit.services.fan_data.erase(here.known)
    return here.forget(here.visit.page("fan/erased.html", receipt=receipt, labels=LABELS))


def _page(here: FanVisit, withdrawn: Withdrawal | None = None) -> Response:
    services, fan = here.visit.services, here.fan
    held = services.fan_data.see(fan) if fan else None
    asks = fan is not None and services.consents.asks(fan)
    values: dict[str, Any] = {
        "held": held,
        "labels": LABELS,
        "asks": asks,
        "agreed": services.consents.of_fan(fan) if fan else None,
        "words": sharing_texts.text("fan", here.visit.language),
        "withdrawn": withdrawn,
    }
    return here.visit.page("fan/data.html", **values)
