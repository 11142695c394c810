"""The loop keeps its bounds, keeps one work's trouble from the others, and stops with whoever listens."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from test_reply import BRIEF, FakeRetriever

from inhouse.core.errors import Unavailable
from inhouse.core.events import Step
from inhouse.runtime.agent.bounds import FAN, WORK, Bounds, of
from inhouse.runtime.agent.loop import Loop
from inhouse.runtime.agent.strategy import Done, Look, Use, Work
from inhouse.runtime.draft import Draft
from inhouse.runtime.extensions.base import Context, Limits, Result, Tool, ToolFailed
from inhouse.runtime.extensions.calling import Attached, Caller, Uncounted
from inhouse.runtime.request import ReplyRequest

TOOL = Tool(name="wait", title="Wait", description="Waits.", parameters={"type": "object"})


class Slow:
    """Waits as long as it is told to, and counts who waits at the same time."""

    def __init__(self) -> None:
        self.now = self.most = self.cancelled = 0

    async def tools(self) -> Sequence[Tool]:
        return (TOOL,)

    async def call(self, tool: str, arguments: Mapping[str, Any], context: Context) -> Result:
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            await asyncio.sleep(arguments.get("seconds", 0))
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        finally:
            self.now -= 1
        if arguments.get("fails"):
            raise ToolFailed(reason="It is closed.")
        return Result(text="done")

    async def aclose(self) -> None: ...


@dataclass
class Scripted:
    """Asks for these rounds of works, one after the other."""

    rounds: list[Sequence[Work]]
    taken: list[Done] = field(default_factory=list)
    given_up: list[str] = field(default_factory=list)
    tokens: int = 0
    stumbles: bool = False

    def plan(self) -> list[dict[str, Any]]:
        return [{"number": 1, "text": "all", "state": "working", "line": str(len(self.taken))}]

    async def next(self) -> Sequence[Work]:
        return self.rounds.pop(0) if self.rounds else []

    async def take(self, done: Done) -> None:
        if self.stumbles:
            raise KeyError("unreadable")
        self.taken.append(done)

    def give_up(self, work: Work, line: str) -> None:
        self.given_up.append(line)

    def spent(self) -> int:
        return self.tokens


class Broken(FakeRetriever):
    async def find(self, *_: Any) -> Any:
        raise Unavailable(what="The search", reason="it rests")


def run(
    strategy: Scripted, bounds: Bounds = FAN, retriever: FakeRetriever | None = None
) -> tuple[Loop, list[Step]]:
    loop = Loop(Caller(Uncounted()), retriever or FakeRetriever(), 3, bounds)
    draft = Draft(ReplyRequest("ai_1", "A", "business", BRIEF, "?"), "?", "en")

    async def collect() -> list[Step]:
        return [step async for step in loop.steps(draft, strategy)]

    return loop, asyncio.run(collect())


def call(slow: Slow, task: int = 1, **arguments: Any) -> Use:
    return Use(Attached("x", TOOL, Limits(), slow), arguments, "chosen", task)


def test_what_does_not_wait_is_done_at_once_and_no_more_than_allowed() -> None:
    slow = Slow()
    strategy = Scripted([[call(slow, n, seconds=0.01) for n in range(8)]])
    loop, steps = run(strategy, replace(FAN, at_once=3))
    assert slow.most == 3 and len(strategy.taken) == 8 and loop.over == ""
    assert sum(step.name == "tool" and step.state == "begun" for step in steps) == 8
    assert [step.state for step in steps if step.name == "plan"][-1] == "done"
    assert all(step.detail["task"] in range(8) for step in steps if step.name == "tool")


def test_steps_calls_and_tokens_are_bounded() -> None:
    slow = Slow()
    endless = Scripted([[call(slow)] for _ in range(50)])
    loop, _ = run(endless, replace(FAN, steps=4))
    assert (loop.over, len(endless.taken)) == ("steps", 4)
    many = Scripted([[call(slow) for _ in range(9)]])
    loop, _ = run(many, replace(FAN, calls=5))
    assert (loop.over, len(many.taken)) == ("calls", 5)
    costly = Scripted([[call(slow)], [call(slow)]], tokens=FAN.tokens)
    loop, _ = run(costly)
    assert (loop.over, costly.taken) == ("tokens", [])


def test_time_is_bounded_and_what_came_before_is_kept() -> None:
    slow = Slow()
    strategy = Scripted([[call(slow, 1), call(slow, 2, seconds=30)]])
    loop, _ = run(strategy, replace(FAN, seconds=0.1))
    assert loop.over == "time" and slow.cancelled == 1
    assert [done.work.task for done in strategy.taken] == [1]


def test_what_breaks_is_one_tasks_trouble() -> None:
    slow = Slow()
    strategy = Scripted([[call(slow, 1, fails=True), call(slow, 2), Look(3, "?")]])
    loop, steps = run(strategy, retriever=Broken())
    assert loop.over == ""
    lines = {done.work.task: done.outcome.line for done in strategy.taken if done.outcome}
    assert lines == {1: "It is closed.", 2: ""}
    assert strategy.given_up == [Unavailable(what="The search", reason="it rests").message]
    assert any(step.state == "failed" for step in steps)
    stumbling = Scripted([[call(slow)]], stumbles=True)
    run(stumbling)
    assert stumbling.given_up == [""]


def test_whoever_stops_listening_stops_the_works() -> None:
    slow = Slow()
    strategy = Scripted([[call(slow, 1, seconds=30), call(slow, 2, seconds=30)]])
    loop = Loop(Caller(Uncounted()), FakeRetriever(), 3, FAN)
    draft = Draft(ReplyRequest("ai_1", "A", "business", BRIEF, "?"), "?", "en")

    async def leave() -> None:
        steps = loop.steps(draft, strategy)
        async for step in steps:
            if step.name == "tool":
                await asyncio.sleep(0.01)
                break
        await steps.aclose()

    asyncio.run(leave())
    assert slow.cancelled == 2 and slow.now == 0


def test_what_the_strategy_itself_raises_ends_the_turn() -> None:
    class Down(Scripted):
        async def next(self) -> Sequence[Work]:
            raise Unavailable(what="The engine", reason="it is down")

    with pytest.raises(Unavailable):
        run(Down([]))


def test_kinds_that_work_have_wider_bounds() -> None:
    assert of("creator") is FAN and of("assistant") is WORK and of("research") is WORK
    assert all(getattr(FAN, name) <= getattr(WORK, name) for name in ("steps", "calls", "seconds", "tokens"))
