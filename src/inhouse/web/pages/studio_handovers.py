"""Hand-overs: fans who asked for a person, and the replies that reach their threads."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from inhouse.web.forms import Posted
from inhouse.web.pages import turn_view
from inhouse.web.pages.studio_visit import Studio

router = APIRouter(prefix="/studio/{slug}/handovers")


@router.get("")
def page(studio: Studio, all: bool = False) -> Response:
    """Those that wait, or all."""
    found = studio.services.handovers.listing(studio.actor, studio.ai.id, waiting_only=not all)
    return studio.page("handovers", "handovers.html", handovers=found, everything=all)


@router.get("/{handover_id}")
def one(studio: Studio, handover_id: str) -> Response:
    """The fan's thread with the form of the reply; reading it is logged."""
    handover = studio.services.handovers.get(studio.actor, studio.ai.id, handover_id)
    turns = studio.services.conversations.read(studio.actor, studio.ai.id, handover.conversation_id)
    views = [turn_view.view(turn, studio.ai.slug, studio.visit.language) for turn in turns]
    return studio.page("handovers", "handover.html", handover=handover, turns=views)


@router.post("/{handover_id}/reply")
def reply(studio: Studio, handover_id: str, form: Posted) -> Response:
    """Write into the fan's thread, as a person."""
    studio.services.handovers.reply(studio.actor, studio.ai.id, handover_id, form.text("text", 8000))
    return studio.go(f"handovers/{handover_id}", "replied")


@router.post("/{handover_id}/close")
def close(studio: Studio, handover_id: str, _form: Posted) -> Response:
    """Done with, answered or not."""
    studio.services.handovers.close(studio.actor, studio.ai.id, handover_id)
    return studio.go("handovers", "closed")
