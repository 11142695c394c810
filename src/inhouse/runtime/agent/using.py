"""Answering with a tool: choose one, ask it, and say what it brought, or say in a line that it brought nothing."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing

from inhouse.content.search import Found
from inhouse.core.events import Step
from inhouse.core.passages import Citation, Passage
from inhouse.runtime.agent.deciding import Deciding
from inhouse.runtime.agent.proposing import asks, proposal
from inhouse.runtime.draft import Draft
from inhouse.runtime.extensions.base import Json, Result, Source
from inhouse.runtime.extensions.calling import Attached, Caller, misfit
from inhouse.runtime.grounded import Grounded
from inhouse.runtime.request import Toolbox

_FOUND_SHOWN = 5
_LONGEST_QUESTION = 200
#: Tools that are asked on the off chance: each costs the fan seconds.
_MOST_FURTHER = 2


class Tools:
    """Answers what a tool is meant for."""

    def __init__(self, deciding: Deciding, grounded: Grounded, toolbox: Toolbox, caller: Caller) -> None:
        self._toolbox = toolbox
        self._caller = caller
        self._grounded = grounded
        self._deciding = deciding

    async def answer(self, draft: Draft) -> AsyncGenerator[str | Step, None]:
        """Stream steps and the answer. No text where no tool is meant or nothing was found; where one failed, only the line
        that says so."""
        if not draft.request.extensions:
            return
        tools = await self._toolbox.attached(draft.request)
        decision = await self._deciding.decide(draft, tools, parallel=False)
        for call in decision.calls:
            if call.attached.tool.effect == "acting":
                for piece in _proposed(draft, call.attached, call.arguments):
                    yield piece
                return
            async with aclosing(self._ask(draft, call.attached, call.arguments)) as pieces:
                async for piece in pieces:
                    yield piece

    async def look_further(self, draft: Draft, question: str) -> AsyncGenerator[str | Step, None]:
        """Ask the tools that take any question, one after the other until one of them brings the answer, where the passages held none.
        ``question`` is what was searched for."""
        if not draft.request.extensions or draft.calls:
            return
        tools = await self._toolbox.attached(draft.request)
        for one in [one for one in tools if one.tool.takes_any_question][:_MOST_FURTHER]:
            asked = {one.tool.takes_any_question: question[:_LONGEST_QUESTION]}
            async with aclosing(self._ask(draft, one, asked, picked_out=True)) as pieces:
                async for piece in pieces:
                    yield piece
            if draft.kind == "tool":
                return

    async def _ask(
        self, draft: Draft, attached: Attached, arguments: Json, *, picked_out: bool = False
    ) -> AsyncGenerator[str | Step, None]:
        """Make a call and tell what it brought; only what was ``picked_out`` of its sources, where it was asked on the off chance."""
        tool = attached.tool
        asked = {"tool": tool.name, "title": tool.title, "arguments": arguments}
        yield Step(name="tool", state="begun", detail=asked)
        outcome = await self._caller.call(attached, arguments, draft.request.context(draft.language))
        draft.calls.append(outcome)
        if outcome.result is None:
            yield Step(name="tool", state="failed", detail=asked | {"line": outcome.line})
            yield f"{outcome.line} "
            return
        yield Step(name="tool", state="done", detail=asked | {"found": _shown(outcome.result)})
        if outcome.result.empty:
            return
        async with aclosing(self._told(draft, attached, outcome.result, picked_out)) as pieces:
            async for piece in pieces:
                yield piece

    async def _told(
        self, draft: Draft, attached: Attached, result: Result, picked_out: bool
    ) -> AsyncGenerator[str, None]:
        """What the question wants of a result, read from its sources; the whole where nothing can be picked out."""
        said = False
        if not result.whole and any(source.text for source in result.sources):
            found = _as_found(draft, attached, result.sources)
            async with aclosing(self._grounded.answer(draft, found)) as pieces:
                async for piece in pieces:
                    said = True
                    yield piece
        if not said and picked_out and not result.whole:
            return
        if not said:
            shown = enumerate(result.sources if result.whole else result.sources[:_FOUND_SHOWN], 1)
            draft.citations = tuple(_citation(attached, number, source) for number, source in shown)
            yield result.text
        draft.kind = "tool"


def _proposed(draft: Draft, attached: Attached, arguments: Json) -> Iterator[str | Step]:
    """Ask whether it may be done, in place of doing it; nothing where the arguments don't fit."""
    if misfit(attached.tool, arguments):
        return
    made = proposal(attached, arguments, draft.language)
    draft.proposal, draft.kind = made, "tool"
    yield Step(name="consent", state="done", detail=made.model_dump(include={"tool", "title", "arguments"}))
    yield asks(made.title, draft.language)


def _as_found(draft: Draft, attached: Attached, sources: Sequence[Source]) -> Found:
    """Sources as notes, in the order in which the tool ranked them."""
    passages = tuple(
        Passage(
            id=_id(attached, number, source),
            ai_id=draft.request.ai_id,
            document_id=attached.extension,
            title=source.title,
            url=source.url,
            place=source.place,
            text=source.text,
            language=draft.language,
            published_at=source.date,
        )
        for number, source in enumerate(sources, 1)
        if source.text
    )
    return Found(passages, (), draft.question, 0, None, 1.0, None)


def _citation(attached: Attached, number: int, source: Source) -> Citation:
    return Citation(
        number=number,
        passage_id=_id(attached, number, source),
        document=source.title,
        url=source.url,
        place=source.place,
        quote=source.text,
    )


def _id(attached: Attached, number: int, source: Source) -> str:
    """Names a source within its turn: a passage of a given document, else one that is in no index."""
    return source.passage or f"{attached.extension}:{number}"


def _shown(result: Result) -> list[str]:
    return [source.title for source in result.sources[:_FOUND_SHOWN]] or [result.text[:200]]
