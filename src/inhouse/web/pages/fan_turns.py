"""A fan's turns as streams: asking, following, stopping, trying again, judging."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Literal, cast

from fastapi import APIRouter, Query
from starlette.responses import JSONResponse, Response

from inhouse.conversations.turns import Turn
from inhouse.core.errors import UsageError
from inhouse.runtime.bridge import in_thread
from inhouse.web import sse
from inhouse.web.forms import Posted
from inhouse.web.i18n import N_
from inhouse.web.pages.fan import _shown, newcomers
from inhouse.web.pages.fan_visit import FanVisit, FanVisiting
from inhouse.web.pages.turn_view import wire

router = APIRouter(prefix="/a/{slug}/turns")
_THUMBS = ("up", "down", "none")


@router.post("")
async def begin(here: FanVisiting, form: Posted) -> Response:
    """Store a question and stream its answer. Leaving doesn't stop it: ``events`` goes on where the line broke."""
    here = await in_thread(here.welcomed, newcomers)
    turn = await here.visit.services.conversations.begin(
        here.known,
        form.text("question", 20_000),
        conversation_id=form.text("conversation", 60) or None,
        key=form.text("key", 80) or None,
        may_act=True,
    )
    return here.keep(sse.stream(_messages(here, turn, 0)))


@router.get("/{turn_id}/events")
async def events(here: FanVisiting, turn_id: str, after: int = Query(0, ge=0)) -> Response:
    """The rest of a turn's events."""
    turn = await in_thread(here.visit.services.conversations.turn, here.known, turn_id)
    return sse.stream(_messages(here, turn, after))


@router.post("/{turn_id}/stop")
async def stop(here: FanVisiting, turn_id: str, _form: Posted) -> Response:
    """Stop the answer; what was shown is kept."""
    await here.visit.services.conversations.stop(here.known, turn_id)
    return JSONResponse({"stopped": turn_id})


@router.post("/{turn_id}/retry")
async def retry(here: FanVisiting, turn_id: str, _form: Posted) -> Response:
    """Answer a turn again that did not end well."""
    turn = await here.visit.services.conversations.retry(here.known, turn_id, may_act=True)
    if "text/event-stream" in here.visit.request.headers.get("accept", ""):
        return sse.stream(_messages(here, turn, 0))
    return await _shown(here, turn)


@router.post("/{turn_id}/thumb")
def thumb(here: FanVisiting, turn_id: str, form: Posted) -> Response:
    """Keep, change or take back the fan's verdict."""
    wanted = form.text("thumb", 10)
    if wanted not in _THUMBS:
        raise UsageError(reason=N_("A verdict is up, down or none."))
    verdicts = here.visit.services.verdicts
    verdicts.thumb(here.known, turn_id, cast(Literal["up", "down", "none"], wanted))
    if here.by_script:
        return JSONResponse({"thumb": wanted})
    return here.visit.go(f"{here.base}#{turn_id}")


async def _messages(here: FanVisit, turn: Turn, after: int) -> AsyncIterator[str]:
    """The turn's events on the wire."""
    async for event in here.visit.services.conversations.follow(here.known, turn.id, after):
        yield sse.message(wire(event, turn, here.ai.slug, here.visit.language), seq=event.seq)
