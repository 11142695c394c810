"""An AI's own page: the conversation, asking without a script, passing on to a person."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from inhouse.conversations.turns import Turn
from inhouse.core.events import Ended
from inhouse.releases.release import NotLive, Route
from inhouse.runtime.bridge import in_thread
from inhouse.web.forms import Posted
from inhouse.web.limits import RateLimit
from inhouse.web.pages import turn_view
from inhouse.web.pages.abilities import abilities
from inhouse.web.pages.document_view import document_view
from inhouse.web.pages.fan_visit import FanVisit, FanVisiting
from inhouse.web.pages.starters import starters

router = APIRouter(prefix="/a/{slug}")
#: New visitors that one network address may bring in a minute.
newcomers = RateLimit(60)


@router.get("")
def page(here: FanVisiting, c: str = "", new: bool = False) -> Response:
    """The conversation that the address names, else the last one, else a welcome."""
    try:
        route = here.released()
    except NotLive:
        return here.visit.page("fan/closed.html", 404)
    conversation = None if new else _conversation(here, c)
    turns = _turns(here, conversation)
    return here.visit.page("fan/page.html", **_values(here, route, conversation, turns))


@router.get("/news")
def news(here: FanVisiting, c: str, after: int) -> Response:
    """What a person of the team has written since turn number ``after``; 204 where there is nothing."""
    written = [t for t in _turns(here, c or None) if t.number > after and t.author == "person"]
    if not written:
        return Response(status_code=204)
    return here.visit.page("fan/turns.html", turns=_views(here, written))


@router.post("/ask")
async def ask(here: FanVisiting, form: Posted) -> Response:
    """Ask without a script: the answer is waited for, then shown."""
    here = await in_thread(here.welcomed, newcomers)
    turn = await here.visit.services.conversations.begin(
        here.known,
        form.text("question", 20_000),
        conversation_id=form.text("conversation", 60) or None,
        may_act=True,
    )
    return await _shown(here, turn)


@router.post("/person")
def person(here: FanVisiting, form: Posted) -> Response:
    """Ask for a person of the team."""
    here = here.welcomed(newcomers)
    handover = here.visit.services.handovers.request(
        here.known,
        form.text("conversation", 60) or None,
        contact=form.text("contact", 254),
        note=form.text("note", 2000),
    )
    return here.keep(here.visit.go(here.base, "asked-person", c=handover.conversation_id))


async def _shown(here: FanVisit, turn: Turn) -> Response:
    async for _event in here.visit.services.conversations.follow(here.known, turn.id):
        pass
    return here.keep(here.visit.go(f"{here.base}#{turn.id}", c=turn.conversation_id))


def _conversation(here: FanVisit, named: str) -> str | None:
    """The conversation that the address names, else the one that the fan was in last."""
    if named or here.fan is None:
        return named or None
    latest = here.visit.services.conversations.latest(here.fan)
    return latest.id if latest else None


def _turns(here: FanVisit, conversation_id: str | None) -> list[Turn]:
    if here.fan is None or conversation_id is None:
        return []
    return here.visit.services.conversations.history(here.fan, conversation_id)


def _views(here: FanVisit, turns: list[Turn]) -> list[turn_view.TurnView]:
    proposing = [turn.id for turn in turns if isinstance(turn.end, Ended) and turn.end.proposal]
    deeds = here.visit.services.actions.of_turns(here.known, proposing) if proposing else {}
    return [turn_view.view(turn, here.ai.slug, here.visit.language, deeds.get(turn.id)) for turn in turns]


def _values(here: FanVisit, route: Route, conversation_id: str | None, turns: list[Turn]) -> dict[str, Any]:
    language, services, brief = here.visit.language, here.visit.services, route.brief
    given = services.documents.listing(here.fan, conversation_id) if here.fan and conversation_id else []
    there = None if turns else abilities(services, route, language)
    return {
        "turns": _views(here, turns),
        "last_number": turns[-1].number if turns else 0,
        "conversation_id": conversation_id,
        "documents": [document_view(document) for document in given],
        "document_mb": services.settings.document_mb,
        "document_days": services.settings.document_days,
        "abilities": there,
        "greeting": brief.fill(brief.voice.greeting.of(language)[0], language),
        "disclosure": brief.say(brief.disclosure, language),
        "starters": (starters(services, here.ai.id, language) or there.starters) if there else [],
        "most_chars": services.settings.max_question_chars,
        "words": turn_view.words(language),
    }
