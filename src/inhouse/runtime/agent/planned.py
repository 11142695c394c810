"""The strategy for a model that can't plan by itself: a plan made by rules, worked through task by task.

Each task asks the tool that is meant, else the passages; what waits for others is asked with their values in its place.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Literal

from inhouse.core.errors import InhouseError
from inhouse.runtime.agent import values
from inhouse.runtime.agent.asking import MADE_FOR_IT, UNDERSTOOD_MARGIN, Asking, understood
from inhouse.runtime.agent.calls import Prepared
from inhouse.runtime.agent.plans import Plan, State, Task
from inhouse.runtime.agent.reading import Reader
from inhouse.runtime.agent.strategy import Done, Look, Use, Work
from inhouse.runtime.agent.values import Finding
from inhouse.runtime.draft import Draft
from inhouse.runtime.extensions.calling import Attached
from inhouse.runtime.request import Exchange

_LONGEST_QUESTION = 200
_Way = Literal["tool", "look", "search"]


class Planned:
    """Works through a plan. ``findings`` holds what became of each task so far."""

    def __init__(
        self, draft: Draft, plan: Plan, tools: Sequence[Attached], asking: Asking, reader: Reader
    ) -> None:
        self._draft = draft
        self._tasks = {task.number: task for task in plan}
        self._tools = [one for one in tools if one.tool.effect == "reading"]
        self._acting = [one for one in tools if one.tool.effect == "acting"]
        self._asking = asking
        self._reader = reader
        self._states: dict[int, State] = dict.fromkeys(self._tasks, "waiting")
        self._drafts: dict[int, Draft] = {}
        self._lines: dict[int, str] = {}
        self._tried: dict[int, set[_Way]] = {number: set() for number in self._tasks}
        self._called: dict[int, set[tuple[str, str]]] = {number: set() for number in self._tasks}
        self.findings: dict[int, Finding] = {}
        self.acting: list[tuple[Task, Prepared]] = []
        """Tasks that want something done: nothing is done in the loop, they are proposed when all else is told."""

    def plan(self) -> list[dict[str, Any]]:
        """Every task with its state; nothing where there is only one: that is no plan."""
        if len(self._tasks) == 1:
            return []
        return [
            {
                "number": task.number,
                "text": self._shown(task),
                "state": self._states[task.number],
                "line": self.findings[task.number].line if task.number in self.findings else "",
            }
            for task in self._tasks.values()
        ]

    def spent(self) -> int:
        """Tokens of all tasks."""
        return sum(draft.prompt_tokens + draft.completion_tokens for draft in self._drafts.values())

    async def next(self) -> Sequence[Work]:
        """A work for every task that waits for nothing any more; what needs no work is settled on the way."""
        works: list[Work] = []
        while ready := [task for task in self._tasks.values() if self._is_ready(task)]:
            for task in ready:
                self._states[task.number] = "working"
            works += filter(None, await asyncio.gather(*(self._tried_to_begin(task) for task in ready)))
        return works

    async def take(self, done: Done) -> None:
        """Read what a work brought; where it holds no answer, the task goes back for its next way."""
        task, draft = self._tasks[done.work.task], self._drafts[done.work.task]
        finding = await self._reader.read(task, draft, done)
        if finding is not None:
            self._settle(finding)
        else:
            self._wait_again(task, done.outcome.line if done.outcome else "")

    def give_up(self, work: Work, line: str) -> None:
        """The work broke; the task's next way may not."""
        self._wait_again(self._tasks[work.task], line)

    def close(self) -> list[Finding]:
        """Every task's finding in the plan's order; what was not begun or not finished is left."""
        for task in self._tasks.values():
            if task.number not in self.findings:
                self._settle(Finding(task, "left"))
        return [self.findings[number] for number in self._tasks]

    def charge(self) -> None:
        """Add up what the tasks cost on the answer's draft."""
        for draft in self._drafts.values():
            self._draft.absorb(draft)

    def _is_ready(self, task: Task) -> bool:
        return self._states[task.number] == "waiting" and all(need in self.findings for need in task.needs)

    async def _tried_to_begin(self, task: Task) -> Work | None:
        """As ``_begun``; where the model can't be asked for this one, the others go on."""
        try:
            return await self._begun(task)
        except InhouseError as error:
            self._settle(Finding(task, "failed", line=error.message))
            return None

    async def _begun(self, task: Task) -> Work | None:
        """The next work for a task; nothing where it is settled without one."""
        needed = [self.findings[number] for number in task.needs]
        if task.kind != "ask":
            self._settle(self._joined(task, needed))
            return None
        text = self._filled(task, needed)
        if text is None:
            self._settle(Finding(task, "missing"))
            return None
        if task.number not in self._drafts:
            self._drafts[task.number] = self._draft.part(text)
        draft = self._drafts[task.number]
        draft.question = text
        return await self._work(task, draft)

    async def _work(self, task: Task, draft: Draft) -> Work | None:
        tried = self._tried[task.number]
        if "tool" not in tried:
            tried.add("tool")
            least = MADE_FOR_IT if task.computed else UNDERSTOOD_MARGIN
            prepared = await self._asking.prepare(draft, [*self._tools, *self._acting], task.masked, least)
            if prepared is not None and prepared.attached.tool.effect == "acting":
                self.acting.append((task, prepared))
                self._settle(Finding(task, "acting"))
                return None
            if prepared is not None:
                self._called[task.number].add((prepared.attached.extension, prepared.attached.tool.name))
                return Use(prepared.attached, prepared.arguments, prepared.way, task.number)
        if "look" not in tried and not task.computed:
            tried.add("look")
            return Look(task.number, draft.question, self._history(task))
        if "search" not in tried and not task.computed:
            tried.add("search")
            if (call := self._search(task, draft)) is not None:
                return call
        line = self._lines.get(task.number, "")
        self._settle(Finding(task, "failed" if line else "missing", line=line))
        return None

    def _search(self, task: Task, draft: Draft) -> Use | None:
        """A tool that takes any question, where neither one that is meant nor the passages had an answer."""
        for one in self._tools:
            name = one.tool.takes_any_question
            if not name or (one.extension, one.tool.name) in self._called[task.number]:
                continue
            reading = understood(one, draft.question)
            asked = reading.arguments if reading else {name: draft.question[:_LONGEST_QUESTION]}
            return Use(one, asked, "tried", task.number)
        return None

    def _joined(self, task: Task, needed: Sequence[Finding]) -> Finding:
        """What a task comes to that only joins what others found."""
        if task.kind == "table":
            return Finding(task, "done" if any(one.found for one in needed) else "missing")
        best = values.picked(needed, most=task.most) if all(one.found for one in needed) else None
        if best is None:
            return Finding(task, "missing")
        value = values.of("amount", best)
        return Finding(
            task, "done", citations=best.citations[:1], value=value, name=best.name or best.task.about
        )

    def _filled(self, task: Task, needed: Sequence[Finding]) -> str | None:
        """The task's text with the values it waits for; nothing where one is not there."""
        found = {one.task.number: values.of(task.want, one) for one in needed if one.found}
        if all(found.get(number) for number in task.needs):
            return task.filled(found)
        # What an earlier answer was about can be searched for without knowing what it is called.
        return task.said if task.want == "name" else None

    def _history(self, task: Task) -> tuple[Exchange, ...]:
        """What a question points back to, where no name was put in its place."""
        if not task.needs:
            return tuple(self._draft.request.history)
        if task.want != "name":
            return ()
        before = self.findings[task.needs[-1]]
        return (Exchange(before.task.said or before.task.text, before.text),)

    def _shown(self, task: Task) -> str:
        draft = self._drafts.get(task.number)
        return draft.question if draft is not None else task.shown

    def _settle(self, finding: Finding) -> None:
        number = finding.task.number
        self.findings[number] = finding
        self._states[number] = finding.state

    def _wait_again(self, task: Task, line: str) -> None:
        if line:
            self._lines[task.number] = line
        self._states[task.number] = "waiting"
