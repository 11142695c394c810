"""Conversations: the list, reading one (which is logged), and correcting an answer."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from inhouse.conversations import toolcalls
from inhouse.conversations.threads import Filter
from inhouse.core.errors import UsageError
from inhouse.web import waterfall
from inhouse.web.forms import Posted
from inhouse.web.i18n import N_
from inhouse.web.pages import turn_view
from inhouse.web.pages.studio_visit import Studio

router = APIRouter(prefix="/studio/{slug}/conversations")
_PAGE = 50


@router.get("")
def page(
    studio: Studio, before: str = "", tool: str = "", verdict: str = "", failed: bool = False
) -> Response:
    """The newest conversations; those with a turn that called a tool, got a verdict, or in which something failed."""
    wanted = _filter(tool, verdict, failed)
    found = studio.services.conversations.listing(
        studio.actor, studio.ai.id, before=before or None, limit=_PAGE, wanted=wanted
    )
    older = found[-1].id if len(found) == _PAGE else ""
    with studio.services.db.read() as tx:
        tools = [(name, name) for name in toolcalls.called(tx, studio.ai.id)]
    return studio.page(
        "conversations", "conversations.html", summaries=found, wanted=wanted, tools=tools, older=older
    )


@router.get("/{conversation_id}")
def read(studio: Studio, conversation_id: str) -> Response:
    """One conversation. That it was read goes into the audit log, and the page says so."""
    turns = studio.services.conversations.read(studio.actor, studio.ai.id, conversation_id)
    deeds = studio.services.actions.of_ai(studio.actor, studio.ai.id, [turn.id for turn in turns])
    views = [
        turn_view.view(turn, studio.ai.slug, studio.visit.language, deeds.get(turn.id)) for turn in turns
    ]
    corrections = studio.services.verdicts.corrections(
        studio.actor, studio.ai.id, [turn.id for turn in turns]
    )
    traces = {turn.id: turn.trace or {} for turn in turns}
    pictures = {turn.id: waterfall.rows(turn.trace) for turn in turns}
    return studio.page(
        "conversations",
        "conversation.html",
        turns=views,
        traces=traces,
        pictures=pictures,
        corrections=corrections,
        conversation_id=conversation_id,
    )


@router.post("/{conversation_id}/correct")
def correct(studio: Studio, conversation_id: str, form: Posted) -> Response:
    """The owner's own answer: a case, a pinned answer and a training example at once."""
    turn_id = form.text("turn", 60)
    studio.services.verdicts.correct(studio.actor, studio.ai.id, turn_id, form.text("answer", 8000))
    return studio.go(f"conversations/{conversation_id}#{turn_id}", "corrected")


@router.post("/{conversation_id}/undo")
def undo(studio: Studio, conversation_id: str, form: Posted) -> Response:
    """Take a correction back, all three things of it."""
    studio.services.verdicts.undo(studio.actor, studio.ai.id, form.text("correction", 60))
    return studio.go(f"conversations/{conversation_id}", "undone")


def _filter(tool: str, verdict: str, failed: bool) -> Filter:
    if verdict not in ("", "up", "down", "corrected"):
        raise UsageError(reason=N_("There is no such verdict."))
    return Filter(tool=tool[:100], verdict=verdict, failed=failed)
