"""The loop: ask the strategy what is next, do it all at once, hand back what came, go on; within bounds.

Every work is told as it begins and as it ends, and the plan whenever it changed. What breaks in one work is that work's
trouble alone. Whoever stops listening stops the works.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from inhouse.core.errors import InhouseError
from inhouse.core.events import Step
from inhouse.runtime import given
from inhouse.runtime.agent.bounds import Bounds
from inhouse.runtime.agent.strategy import Done, Look, Over, Strategy, Use, Work
from inhouse.runtime.draft import Draft
from inhouse.runtime.extensions.calling import Caller, found_in
from inhouse.runtime.request import Retriever

_log = logging.getLogger(__name__)
_SHOWN = 5


class Loop:
    """Runs one strategy for one draft. ``over`` says, when the steps have ended, which bound ended them."""

    def __init__(self, caller: Caller, retriever: Retriever, passages: int, bounds: Bounds) -> None:
        self._caller = caller
        self._retriever = retriever
        self._passages = passages
        self._bounds = bounds
        self._at_once = asyncio.Semaphore(bounds.at_once)
        self._events: asyncio.Queue[Step | None] = asyncio.Queue()
        self._calls = 0
        self._told: list[dict[str, Any]] = []
        self.over: Over = ""

    async def steps(self, draft: Draft, strategy: Strategy) -> AsyncGenerator[Step, None]:
        """Stream what happens until nothing is left to do. Raises what the strategy itself raises."""
        running = asyncio.create_task(self._run(draft, strategy))
        try:
            while (event := await self._events.get()) is not None:
                yield event
            await running
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError, InhouseError):
                await running

    async def _run(self, draft: Draft, strategy: Strategy) -> None:
        try:
            async with asyncio.timeout(self._bounds.seconds):
                self.over = await self._rounds(draft, strategy)
        except TimeoutError:
            self.over = "time"
        finally:
            self._show(strategy, last=True)
            self._events.put_nowait(None)

    async def _rounds(self, draft: Draft, strategy: Strategy) -> Over:
        for _ in range(self._bounds.steps):
            self._show(strategy)
            if strategy.spent() >= self._bounds.tokens:
                return "tokens"
            works = await strategy.next()
            self._show(strategy)
            if not works:
                return ""
            room = self._bounds.calls - self._calls
            await self._all(draft, strategy, works[:room])
            if len(works) > room:
                return "calls"
        # What the last round brought may have finished the plan.
        return "steps" if await strategy.next() else ""

    async def _all(self, draft: Draft, strategy: Strategy, works: Sequence[Work]) -> None:
        self._calls += len(works)
        async with asyncio.TaskGroup() as group:
            for work in works:
                group.create_task(self._one(draft, strategy, work))

    async def _one(self, draft: Draft, strategy: Strategy, work: Work) -> None:
        async with self._at_once:
            try:
                done = await (self._use(draft, work) if isinstance(work, Use) else self._look(draft, work))
                await strategy.take(done)
            except InhouseError as error:
                strategy.give_up(work, error.message)
            except Exception:  # noqa: BLE001 - results are from outside: one that nobody can read is its task's trouble alone
                _log.exception("a work of task %s broke", work.task)
                strategy.give_up(work, "")
        self._show(strategy)

    async def _use(self, draft: Draft, use: Use) -> Done:
        tool = use.attached.tool
        asked = {"tool": tool.name, "title": tool.title, "arguments": use.arguments, "task": use.task}
        self._tell("tool", "begun", asked)
        context = draft.request.context(draft.language)
        outcome = await self._caller.call(use.attached, use.arguments, context, use.way)
        draft.calls.append(outcome)
        if outcome.result is None:
            self._tell("tool", "failed", asked | {"line": outcome.line})
        else:
            self._tell("tool", "done", asked | {"found": found_in(outcome.result)})
        return Done(use, outcome=outcome)

    async def _look(self, draft: Draft, look: Look) -> Done:
        request = draft.request
        self._tell("search", "begun", {"question": look.question, "task": look.task})
        asked = replace(request, history=look.history)
        found = await given.find(asked, look.question, self._retriever, self._passages)
        titles = list(dict.fromkeys(passage.title for passage in found.passages))[:_SHOWN]
        self._tell("search", "done", {"query": found.question, "found": titles, "task": look.task})
        return Done(look, found=found)

    def _tell(self, name: str, state: Any, detail: dict[str, Any]) -> None:
        self._events.put_nowait(Step(name=name, state=state, detail=detail))

    def _show(self, strategy: Strategy, *, last: bool = False) -> None:
        """Tell the plan where it changed."""
        plan = strategy.plan()
        if plan and (plan != self._told or last):
            self._told = plan
            self._tell("plan", "done" if last else "begun", {"tasks": plan})
