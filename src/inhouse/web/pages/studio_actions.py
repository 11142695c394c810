"""The journal of what an AI did for its fans: proposed, agreed to, done, not done, unknown."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from inhouse.accounts.actors import Action
from inhouse.conversations.actions import State
from inhouse.web.forms import Posted
from inhouse.web.i18n import N_
from inhouse.web.pages.action_view import view
from inhouse.web.pages.studio_visit import Studio

router = APIRouter(prefix="/studio/{slug}/actions")
_PAGE = 50
_FILTERS: dict[str, tuple[str, tuple[State, ...]]] = {
    "": (N_("All"), ()),
    "open": (N_("Under way"), ("proposed", "agreed", "sending")),
    "done": (N_("Done"), ("done",)),
    "not-done": (N_("Not done"), ("failed", "declined", "expired")),
    "unknown": (N_("Unknown"), ("unknown",)),
}


@router.get("")
def page(studio: Studio, only: str = "", before: str = "") -> Response:
    """The newest first."""
    only = only if only in _FILTERS else ""
    found = studio.services.actions.listing(
        studio.actor, studio.ai.id, _FILTERS[only][1], before=before or None, limit=_PAGE
    )
    return studio.page(
        "actions",
        "actions.html",
        actions=[view(deed) for deed in found],
        filters=[(name, label) for name, (label, _) in _FILTERS.items()],
        only=only,
        older=found[-1].id if len(found) == _PAGE else "",
        may_look_into=Action.RELEASE in studio.may,
    )


@router.post("/seen")
def seen(studio: Studio, form: Posted) -> Response:
    """Somebody found out what became of one that is unknown."""
    studio.services.actions.look_into(studio.actor, studio.ai.id, form.text("action", 60))
    return studio.go("actions", "saved", only=form.text("only", 20))
