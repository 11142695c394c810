"""Picks: two answers side by side, the better one taken; the owner's taste becomes training."""

from __future__ import annotations

from fastapi import APIRouter, Query
from starlette.responses import Response

from inhouse.conversations.picks import Pair
from inhouse.core.errors import InhouseError
from inhouse.runtime.bridge import in_thread
from inhouse.web.forms import Posted
from inhouse.web.pages.studio_visit import Studio

router = APIRouter(prefix="/studio/{slug}/picks")


@router.get("")
def page(studio: Studio, prompt: str = Query("", max_length=4000), skip: int = Query(0, ge=0)) -> Response:
    """The picks so far, and a place where the next pair is loaded: two answers take their time."""
    listed = studio.services.picks.listing(studio.actor, studio.ai.id)
    return studio.page("picks", "picks.html", picks=listed, prompt=prompt, skip=skip)


@router.get("/pair")
async def pair(
    studio: Studio, prompt: str = Query("", max_length=4000), skip: int = Query(0, ge=0)
) -> Response:
    """Two answers to one question, or why there are none."""
    found: Pair | None = None
    why = ""
    try:
        found = await studio.services.picks.propose(studio.actor, studio.ai.id, prompt or None, skip=skip)
    except InhouseError as error:
        why = studio.told(error)
    template = "pair.html" if "hx-request" in studio.visit.request.headers else "pair_page.html"
    return await in_thread(studio.page, "picks", template, pair=found, why=why, skip=skip)


@router.post("")
def pick(studio: Studio, form: Posted) -> Response:
    """Keep that one answer is better than the other, and on to the next pair."""
    answers = form.text("first", 8000), form.text("second", 8000)
    chosen, rejected = answers if form.text("better", 1) == "1" else answers[::-1]
    turn_id = form.text("turn", 60) or None
    prompt = form.text("prompt", 8000)
    studio.services.picks.pick(studio.actor, studio.ai.id, prompt, chosen, rejected, turn_id=turn_id)
    return studio.go("picks", "picked", skip=form.text("skip", 6) or "0")


@router.post("/undo")
def undo(studio: Studio, form: Posted) -> Response:
    """Take a pick back."""
    studio.services.picks.undo(studio.actor, studio.ai.id, form.text("pick", 60))
    return studio.go("picks", "undone")
