"""Answering with tools: one thing asked is one call at most; several are a plan that the loop works through.

What a tool brought is told in its own words, or it is said in a line that it brought nothing.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing
from dataclasses import replace

from inhouse.content.search import Found
from inhouse.core.events import Step
from inhouse.runtime import prompts
from inhouse.runtime.agent import bounds
from inhouse.runtime.agent.asking import Asking, reads
from inhouse.runtime.agent.calls import Prepared
from inhouse.runtime.agent.clauses import asks as asks_for
from inhouse.runtime.agent.delivery import deliver, spoken
from inhouse.runtime.agent.evidence import covers
from inhouse.runtime.agent.frames import wants_working_out
from inhouse.runtime.agent.led import Led
from inhouse.runtime.agent.loop import Loop
from inhouse.runtime.agent.native import Native
from inhouse.runtime.agent.planned import Planned
from inhouse.runtime.agent.planning import plan
from inhouse.runtime.agent.plans import Plan
from inhouse.runtime.agent.proposing import asks, proposal
from inhouse.runtime.agent.reading import Reader, as_found, citations_of, longest_names, names, proper_names
from inhouse.runtime.draft import Draft
from inhouse.runtime.engines.base import Engine
from inhouse.runtime.engines.wire import EngineRefused
from inhouse.runtime.extensions.base import Result
from inhouse.runtime.extensions.calling import Attached, Caller, found_in, misfit
from inhouse.runtime.grounded import Grounded
from inhouse.runtime.profile import Profile
from inhouse.runtime.request import Retriever, Toolbox

_LONGEST_QUESTION = 200
#: Tools that are asked on the off chance: each costs the fan seconds.
_MOST_FURTHER = 2


_log = logging.getLogger(__name__)


class Tools:
    """Answers what tools are meant for."""

    def __init__(
        self,
        engine: Engine,
        retriever: Retriever,
        grounded: Grounded,
        toolbox: Toolbox,
        caller: Caller,
        profile: Profile,
        bounded: bounds.Bounds | None = None,
    ) -> None:
        """``profile`` says how many passages a look brings, and which tools the model knows by itself; ``bounded``: other
        bounds than those of the AI's kind."""
        self._engine = engine
        self._retriever = retriever
        self._toolbox = toolbox
        self._caller = caller
        self._grounded = grounded
        self._profile = profile
        self._bounded = bounded
        self._asking = Asking(engine, retriever, profile.tools)

    async def answer(self, draft: Draft) -> AsyncGenerator[str | Step, None]:
        """Stream steps and the answer. No text where no tool is meant or nothing was found; where one failed, only the line
        that says so. The draft's kind says whether the answer is complete."""
        if not draft.request.extensions:
            return
        tools = await self._offered(draft)
        if not tools:
            return
        bounded = self._bounded or bounds.of(draft.request.kind)
        if self._engine.calls_tools:
            try:
                async with aclosing(self._led(draft, tools, bounded)) as pieces:
                    async for piece in pieces:
                        yield piece
                return
            except EngineRefused as error:
                _log.warning(
                    "The model server refuses tools (%s): they are chosen without it.", error.message
                )
        planned = plan(draft.question, lambda request: reads(tools, request))
        # An assistant answers one thing as strictly as one of several.
        strict = (
            bounds.is_strict(draft.request.kind) and _wants(draft.question) and not draft.request.documents
        )
        if bounded.steps > 1 and (len(planned) > 1 or strict):
            ways = self._worked_through(draft, planned, tools, bounded)
        else:
            ways = self._asked_once(draft, tools)
        async with aclosing(ways) as pieces:
            async for piece in pieces:
                yield piece

    async def _offered(self, draft: Draft) -> Sequence[Attached]:
        """The tools of this request, looked up once a turn."""
        if draft.offered is None:
            draft.offered = await self._toolbox.attached(draft.request)
        return draft.offered

    def _loop(self, draft: Draft, bounded: bounds.Bounds) -> Loop:
        reads = draft.request.answering.reads(self._profile)
        return Loop(self._caller, self._retriever, reads, bounded)

    async def _led(
        self, draft: Draft, tools: Sequence[Attached], bounded: bounds.Bounds
    ) -> AsyncGenerator[str | Step, None]:
        """What a model does that calls tools by itself. Where it called none, the passages are asked as ever."""
        strategy = Led(draft, tools, Native(self._engine))
        loop = self._loop(draft, bounded)
        async with aclosing(loop.steps(draft, strategy)) as steps:
            async for step in steps:
                yield step
        said, withheld = strategy.told()
        if draft.calls and said and not said[0].text.startswith(prompts.NO_ANSWER):
            told = spoken(said, withheld, draft.language)
            draft.plan, draft.citations, draft.kind = strategy.plan(), tuple(told.citations), "tool"
            yield told.text
        elif strategy.brought:
            # It says nothing that can be told: what its last call brought speaks for itself.
            call, result = strategy.brought[-1]
            prepared = Prepared(call.attached, call.arguments, "native")
            async with aclosing(self._told(draft, prepared, result, False)) as pieces:
                async for piece in pieces:
                    yield piece
        elif lines := [task["line"] for task in strategy.plan() if task["line"]]:
            yield f"{lines[-1]} "
        if strategy.acting is not None:
            if draft.kind == "tool":
                yield "\n\n"
            acting = Prepared(strategy.acting.attached, strategy.acting.arguments, "native")
            for asked in _proposed(draft, acting):
                yield asked

    async def _worked_through(
        self, draft: Draft, planned: Plan, tools: Sequence[Attached], bounded: bounds.Bounds
    ) -> AsyncGenerator[str | Step, None]:
        """Every task of a plan, then what they found together."""
        strategy = Planned(draft, planned, tools, self._asking, Reader(self._grounded, self._retriever))
        loop = self._loop(draft, bounded)
        async with aclosing(loop.steps(draft, strategy)) as steps:
            async for step in steps:
                yield step
        findings = strategy.close()
        strategy.charge()
        draft.plan = strategy.plan()
        proposed = next(iter(strategy.acting), None)
        room = draft.request.brief.limits.max_answer_chars
        told = deliver(findings, draft.language, room, proposed and proposed[0].number)
        draft.citations = tuple(told.citations)
        if any(one.found for one in findings):
            draft.kind = "tool" if draft.calls else "grounded"
            yield told.text
        elif proposed is None and draft.request.client is None:
            draft.kind = "abstained"
            brief = draft.request.brief
            unknown = f"{findings[0].line} {brief.say(brief.abstain, draft.language)}".strip()
            lines = told.text if len(findings) > 1 else unknown
            yield f"{lines}\n\n{brief.say(brief.hand_over, draft.language)}"
        if proposed is not None:
            _, prepared = proposed
            if draft.kind != "chat":
                yield "\n\n"
            for asked in _proposed(draft, prepared):
                yield asked

    async def look_further(self, draft: Draft, question: str) -> AsyncGenerator[str | Step, None]:
        """Ask the tools that take any question, one after the other until one of them brings the answer, where the passages held none.
        ``question`` is what was searched for."""
        if not draft.request.extensions or draft.calls:
            return
        tools = await self._offered(draft)
        for one in [one for one in tools if one.tool.takes_any_question][:_MOST_FURTHER]:
            asked = {one.tool.takes_any_question: question[:_LONGEST_QUESTION]}
            calls = self._ask(draft, Prepared(one, asked, "tried"), picked_out=True)
            async with aclosing(calls) as pieces:
                async for piece in pieces:
                    yield piece
            if draft.kind == "tool":
                return

    async def _asked_once(self, draft: Draft, tools: Sequence[Attached]) -> AsyncGenerator[str | Step, None]:
        """One call of the tool that is meant, and what it brought."""
        prepared = await self._asking.prepare(draft, tools)
        if prepared is None:
            return
        if prepared.attached.tool.effect == "acting":
            for asked in _proposed(draft, prepared):
                yield asked
            return
        async with aclosing(self._ask(draft, prepared)) as pieces:
            async for piece in pieces:
                yield piece

    async def _ask(
        self, draft: Draft, prepared: Prepared, *, picked_out: bool = False
    ) -> AsyncGenerator[str | Step, None]:
        """Make a call and tell what it brought; only what was ``picked_out`` of its sources, where it was asked on the off chance."""
        tool = prepared.attached.tool
        asked = {"tool": tool.name, "title": tool.title, "arguments": prepared.arguments}
        yield Step(name="tool", state="begun", detail=asked)
        context = draft.request.context(draft.language)
        outcome = await self._caller.call(prepared.attached, prepared.arguments, context, prepared.way)
        draft.calls.append(outcome)
        if outcome.result is None:
            yield Step(name="tool", state="failed", detail=asked | {"line": outcome.line})
            yield f"{outcome.line} "
            return
        yield Step(name="tool", state="done", detail=asked | {"found": found_in(outcome.result)})
        if outcome.result.empty:
            return
        async with aclosing(self._told(draft, prepared, outcome.result, picked_out)) as pieces:
            async for piece in pieces:
                yield piece

    async def _told(
        self, draft: Draft, prepared: Prepared, result: Result, picked_out: bool
    ) -> AsyncGenerator[str, None]:
        """What the question wants of a result, read from its sources; the whole where it says just that, or where nothing
        can be picked out. Sources that name something else are none, and what is to be worked out is not looked up."""
        extension, said = prepared.attached.extension, False
        if not (prepared.certain or result.whole) and any(source.text for source in result.sources):
            found = _about(as_found(draft, extension, result.sources))
            if not found.passages or wants_working_out(draft.question):
                return
            async with aclosing(self._grounded.answer(draft, found)) as pieces:
                async for piece in pieces:
                    said = True
                    yield piece
        is_all = prepared.certain or bool(result.sources) or _is_all(draft, prepared)
        if not said and not result.whole and (picked_out or not is_all):
            return
        if not said:
            draft.citations = citations_of(extension, result)
            yield result.text
        draft.kind = "tool"


def _proposed(draft: Draft, prepared: Prepared) -> Iterator[str | Step]:
    """Ask whether it may be done, in place of doing it; nothing where the arguments don't fit."""
    if misfit(prepared.attached.tool, prepared.arguments):
        return
    made = proposal(prepared.attached, prepared.arguments, draft.language)
    draft.proposal, draft.kind = made, "tool"
    detail = made.model_dump(include={"tool", "title", "arguments"}) | {"way": prepared.way}
    yield Step(name="consent", state="done", detail=detail)
    yield asks(made.title, draft.language)


def _is_all(draft: Draft, prepared: Prepared) -> bool:
    """Whether what was worked out is of all that was asked."""
    return covers(prepared.arguments, draft.question, proper_names(draft.question))


def _wants(said: str) -> bool:
    """Whether something is asked for, be it in a few words: "Price for 6 Fold Mugs, please"."""
    return asks_for(said) or bool(proper_names(said)) or any(mark.isdigit() for mark in said)


def _about(found: Found) -> Found:
    """Only the sources that have one of the longest names in the question: they are of what it is about."""
    about = longest_names(found.question)
    kept = [
        one for one in found.passages if not about or any(names(one, name, one.language) for name in about)
    ]
    return replace(found, passages=tuple(kept))
