"""A turn as the fan's page shows it, drawn whole or streamed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from inhouse.conversations.actions import Deed
from inhouse.conversations.turns import Turn
from inhouse.core.events import ClientCall, Ended, Event, Failed, Started, Step
from inhouse.web import calls, i18n
from inhouse.web.calls import Call, call_of
from inhouse.web.citations import Source, source_of
from inhouse.web.i18n import N_
from inhouse.web.pages import action_view
from inhouse.web.pages.action_view import ActionView
from inhouse.web.plans import PlannedTask, plan_of

_STEPS = {
    "search": N_("Searching…"),
    "read": N_("Reading…"),
    "answer": N_("Writing…"),
}
_OTHER_STEP = N_("Working…")
_STOPPED = N_("Stopped. You can ask for the whole answer again.")
_INTERRUPTED = N_("This answer was cut off. Try again to get it whole.")
_FAILED = N_("This could not be answered. Try again in a moment.")


@dataclass(frozen=True)
class TurnView:
    """What ``fan/turn.html`` and the studio's thread draw."""

    id: str
    number: int
    state: str
    seq: int
    question: str
    answer: str
    language: str | None
    by_person: bool
    at: datetime
    citations: list[Source]
    calls: list[Call]
    to_call: list[Call]
    """What was left to the program that asked: its own tools."""
    action: ActionView | None
    plan: list[PlannedTask]
    abstained: bool
    kind: str
    trouble: str
    can_retry: bool
    can_judge: bool
    thumb: str

    @property
    def numbers(self) -> set[int]:
        return {source["number"] for source in self.citations}


def view(turn: Turn, slug: str, language: str, deed: Deed | None = None) -> TurnView:
    """Draw one stored turn, with what it proposed to do."""
    ended = turn.end if isinstance(turn.end, Ended) else None
    return TurnView(
        id=turn.id,
        number=turn.number,
        state=turn.state,
        seq=turn.seq,
        question=turn.question,
        answer=turn.answer,
        language=turn.language,
        by_person=turn.author == "person",
        at=turn.ended_at or turn.created_at,
        citations=[source_of(c, slug, turn.id, language) for c in ended.citations] if ended else [],
        calls=[call_of(call) for call in ended.tools] if ended else [],
        to_call=[_left(call) for call in ended.client_calls] if ended else [],
        action=action_view.view(deed) if deed else None,
        plan=plan_of(ended.plan, language) if ended else [],
        abstained=bool(ended and ended.abstained),
        kind=ended.kind if ended else "",
        trouble=_trouble(turn, language),
        can_retry=turn.retriable,
        can_judge=turn.author == "ai" and turn.state in ("done", "stopped"),
        thumb=turn.thumb or "",
    )


def wire(event: Event, turn: Turn, slug: str, language: str) -> dict[str, Any]:
    """One event as the fan's browser gets it: what the page shows, and nothing of the runtime's own bookkeeping."""
    if isinstance(event, Started):
        named = {"turn_id": turn.id, "number": turn.number, "conversation_id": turn.conversation_id}
        return {"seq": event.seq, "type": "started", **named}
    if isinstance(event, Step) and event.name == "plan":
        tasks = plan_of(event.detail.get("tasks", ()), language)
        return {"seq": event.seq, "type": "step", "state": event.state, "plan": tasks}
    if isinstance(event, Step):
        label = _label(event, language)
        return {"seq": event.seq, "type": "step", "state": event.state, "label": label}
    if isinstance(event, Ended):
        shown = event.model_dump(
            mode="json", include={"seq", "type", "answer", "abstained", "kind", "finish"}
        )
        sources = [source_of(citation, slug, turn.id, language) for citation in event.citations]
        made = [call_of(call) for call in event.tools]
        return {
            **shown,
            "turn_id": turn.id,
            "sources": sources,
            "calls": made,
            "proposes": event.proposal is not None,
            "plan": plan_of(event.plan, language),
        }
    if isinstance(event, Failed):
        return event.model_dump(mode="json") | {"message": i18n.translate(language, event.message)}
    return event.model_dump(mode="json")


def _left(call: ClientCall) -> Call:
    return call_of({"title": call.name, "arguments": json.loads(call.arguments)})


def _label(step: Step, language: str) -> str:
    """What the page says while it happens: for a tool, what it is asked."""
    if step.name == "tool":
        return f"{calls.words(call_of(step.detail))}…"
    return i18n.translate(language, _STEPS.get(step.name, _OTHER_STEP))


def _trouble(turn: Turn, language: str) -> str:
    if turn.state == "stopped":
        return i18n.translate(language, _STOPPED)
    if turn.state == "interrupted":
        return i18n.translate(language, _INTERRUPTED)
    if turn.state == "failed":
        message = turn.end.message if isinstance(turn.end, Failed) else _FAILED
        return i18n.translate(language, message)
    return ""


def words(language: str) -> dict[str, str]:
    """The sentences that the page's script needs."""
    said = {
        "thinking": _OTHER_STEP,
        "stopped": _STOPPED,
        "broken": N_("The line broke. Look at your connection and try again."),
        "thanks": N_("Thank you. Your verdict is kept."),
        "reading": _STEPS["read"],
        "read": N_("I have read it. Ask away."),
        "removed": N_("Removed. Nothing of it is kept."),
        "pasted": N_("Pasted text"),
    }
    return {name: i18n.translate(language, sentence) for name, sentence in said.items()}
