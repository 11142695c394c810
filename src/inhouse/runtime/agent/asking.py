"""From a request to a call: which tool is meant, and its arguments."""

from __future__ import annotations

from collections.abc import Sequence

from inhouse.core import clock
from inhouse.runtime.agent.arguments import Arguments
from inhouse.runtime.agent.calls import Prepared
from inhouse.runtime.agent.choosing import LEAST_MARGIN, Choice, Chooser
from inhouse.runtime.agent.evidence import covers
from inhouse.runtime.agent.frames import THE_MOST
from inhouse.runtime.agent.knowing import Knowing
from inhouse.runtime.draft import Draft
from inhouse.runtime.engines.base import Engine
from inhouse.runtime.extensions.base import Json, Reading, Understanding
from inhouse.runtime.extensions.calling import Attached
from inhouse.runtime.profile import LearntTool
from inhouse.runtime.request import Retriever

#: A tool that understands every word of the request needs no more likeness than this.
UNDERSTOOD_MARGIN = -0.03
#: What a plan has made to be calculated needs none.
MADE_FOR_IT = -2.0


class Asking:
    """Finds the call that a request means: one that an extension reads in it, one of what the model has learnt, else a tool
    chosen by likeness, with its arguments filled in."""

    def __init__(self, engine: Engine, retriever: Retriever, learnt: Sequence[LearntTool] = ()) -> None:
        self._knowing = Knowing(engine, learnt)
        self._chooser = Chooser(retriever)
        self._arguments = Arguments(engine)

    async def prepare(
        self,
        draft: Draft,
        tools: Sequence[Attached],
        chosen_by: str | None = None,
        least: float = UNDERSTOOD_MARGIN,
    ) -> Prepared | None:
        """The call for the draft's question, or none. ``chosen_by`` is what the tool is chosen by, where that isn't the
        question itself: values from elsewhere have no say in it. ``least``: the margin that a tool needs which understands
        it without doubt."""
        ranked = await self._chooser.rank(chosen_by or draft.question, tools)
        for choice in ranked:
            is_reading = choice.attached.tool.effect == "reading"
            reading = understood(choice.attached, draft.question) if is_reading else None
            if reading is not None and reading.certain and choice.margin >= least:
                return Prepared(choice.attached, reading.arguments, "read")
        known = await self._knowing.ask(draft, tools)
        if known.call is not None and _answers(known.call.attached, known.call.arguments, draft.question):
            return Prepared(known.call.attached, known.call.arguments, "built_in")
        others = [choice for choice in ranked if any(choice.attached is one for one in known.others)]
        if not others or others[0].margin < LEAST_MARGIN:
            return None
        return await self._filled(draft, others[0])

    async def _filled(self, draft: Draft, choice: Choice) -> Prepared | None:
        reading = understood(choice.attached, draft.question)
        if reading is not None:
            return Prepared(choice.attached, reading.arguments, "chosen")
        arguments = await self._arguments.make(draft, choice)
        if arguments is None or not _answers(choice.attached, arguments, draft.question):
            return None
        return Prepared(choice.attached, arguments, "chosen")


def _answers(attached: Attached, arguments: Json, request: str) -> bool:
    """Whether a call that a model wrote asks for all that the request does."""
    if not covers(arguments, request):
        return False
    sorts = "sort" in attached.tool.parameters.get("properties", {})
    # The cheapest of what was found in any order is not the cheapest.
    return not (sorts and "sort" not in arguments and THE_MOST.search(request))


def understood(attached: Attached, request: str) -> Reading | None:
    """The call that the tool's own extension reads in a request."""
    handler = attached.handler
    if not isinstance(handler, Understanding):
        return None
    return handler.understood(attached.tool.name, request, clock.now().date())


def reads(tools: Sequence[Attached], request: str) -> bool:
    """Whether one of the tools understands every word of a request."""
    readings = (understood(one, request) for one in tools)
    return any(reading is not None and reading.certain for reading in readings)
