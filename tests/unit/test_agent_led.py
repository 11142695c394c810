"""A model that calls tools by itself, scripted: its calls are made within the loop, and its claims have to stand somewhere."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from test_agent_plan_answers import SEND, Box, News
from test_reply import BRIEF, FakeRetriever

from inhouse.core.events import Ended, Event
from inhouse.runtime.agent.bounds import WORK
from inhouse.runtime.agent.calls import Call, Decision
from inhouse.runtime.agent.claims import borne
from inhouse.runtime.agent.delivery import spoken
from inhouse.runtime.agent.led import SEARCH, Led
from inhouse.runtime.agent.loop import Loop
from inhouse.runtime.draft import Draft
from inhouse.runtime.engines.base import FunctionCall
from inhouse.runtime.engines.fake import FakeEngine
from inhouse.runtime.extensions.base import Limits, Result, Source, ToolFailed
from inhouse.runtime.extensions.calling import Attached, Caller, Uncounted
from inhouse.runtime.profile import Method, Profile
from inhouse.runtime.reply import Replier
from inhouse.runtime.request import ReplyRequest

Move = str | Sequence[tuple[str, dict[str, Any]]]


@dataclass
class Model:
    """Makes these moves, the last for ever, and keeps what it was offered and told before each."""

    moves: list[Move]
    offered: list[list[str]] = field(default_factory=list)
    told: list[list[str]] = field(default_factory=list)

    async def decide(
        self, draft: Draft, tools: Sequence[Attached], made: Sequence[tuple[Call, str]] = ()
    ) -> Decision:
        self.offered.append([one.tool.name for one in tools])
        self.told.append([text for _, text in made])
        move = self.moves.pop(0) if len(self.moves) > 1 else self.moves[0]
        if isinstance(move, str):
            return Decision(text=move)
        named = {one.tool.name: one for one in tools}
        return Decision(tuple(Call(f"c{n}", named[name], asked) for n, (name, asked) in enumerate(move)))


def run(model: Model, *handlers: News) -> Led:
    draft = Draft(ReplyRequest("ai_1", "A", "assistant", BRIEF, "When is it?"), "When is it?", "en")
    tools = [Attached(f"x{n}", one.tool, Limits(), one) for n, one in enumerate(handlers)]
    strategy = Led(draft, tools, model)

    async def go() -> None:
        async for _ in Loop(Caller(Uncounted()), FakeRetriever(), 3, WORK).steps(draft, strategy):
            pass

    asyncio.run(go())
    return strategy


def test_calls_are_made_and_their_results_told_until_it_answers() -> None:
    source = Source(title="News", text="It is on 3 March 2999.")
    news = News(Result(text="It is on 3 March 2999.", sources=(source,)))
    both = [("news", {"query": "fair"}), (SEARCH.name, {"query": "Norway"})]
    model = Model([both, "It is on 3 March 2999."])
    strategy = run(model, news)
    [said], withheld = strategy.told()
    assert said.text == "It is on 3 March 2999." and withheld == []
    assert said.support is not None and said.support.passage.title == "News"
    assert model.offered[0] == [SEARCH.name, "news"] and news.calls == [{"query": "fair"}]
    assert "3 March 2999" in model.told[1][0] and "Norway" in model.told[1][1]
    assert [task["state"] for task in strategy.plan()] == ["done", "done"]
    assert {passage.title for passage in strategy.passages} == {"News", "Shipping"}


def test_what_it_claims_beyond_what_it_was_given_is_withheld() -> None:
    model = Model(["It is on 3 March 2999. Bring a friend. Professor Mortlake opens it."])
    kept, withheld = run(model).told()
    assert [one.text for one in kept] == ["Bring a friend."]
    assert withheld == ["It is on 3 March 2999.", "Professor Mortlake opens it."]
    told = spoken(kept, withheld, "en")
    assert told.text == "Bring a friend.\n\nI left out what I found in no source."


def test_wrong_calls_are_told_back_and_do_not_go_on_for_ever() -> None:
    news = News(Result(text="x"))
    model = Model([[("news", {"wrong": 1})]])
    strategy = run(model, news)
    assert strategy.final == "" and len(model.told) == 3 and news.calls == []
    assert "can't be asked that way" in model.told[1][0]


def test_a_failing_tool_is_told_to_the_model() -> None:
    model = Model([[("news", {"query": "fair"})], "I could not find out."])
    strategy = run(model, News(ToolFailed(reason="Closed.")))
    assert model.told[1] == ["Closed."]
    assert [one.text for one in strategy.told()[0]] == ["I could not find out."]


def test_a_tool_that_acts_ends_the_loop_and_is_not_called() -> None:
    sending = News(Result(text="sent"), tool=SEND)
    strategy = run(Model([[("send", {"text": "hello"})], "Never asked."]), sending)
    assert sending.calls == [] and strategy.final == ""
    assert strategy.acting is not None and strategy.acting.arguments == {"text": "hello"}


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("It costs £24.", True),
        ("It costs £25.", False),
        ("1. It costs £24 [1].", True),
        ("The shop in Leeds sells it.", True),
        ("The shop in York sells it.", False),
        ("I can help.", True),
        ("Twenty people came.", True),
    ],
)
def test_figures_and_names_have_to_stand_somewhere(said: str, kept: bool) -> None:
    evidence = ["How much is it in Leeds?", "The mug costs £24.00."]
    assert (borne(said, evidence)[0] == [said]) is kept


def test_a_turn_of_several_calls_is_told_with_its_sources() -> None:
    source = Source(title="News", url="https://news.example/1", text="It is on 3 March 2999. Come early.")
    news = News(Result(text="It is on 3 March 2999.", sources=(source,)))
    asked = [FunctionCall("a", "news", '{"query": "fair"}'), FunctionCall("b", "news", '{"query": "date"}')]
    engine = FakeEngine([asked, "It is on 3 March 2999. It will rain in York."], calls_tools=True)

    async def collect() -> list[Event]:
        replier = Replier(
            engine, FakeRetriever(), Profile(method=Method.PROMPTED), Box(news), Caller(Uncounted())
        )
        request = ReplyRequest("ai_1", "A", "assistant", BRIEF, "When is it?", extensions=("x@1",))
        return [event async for event in replier.reply(request)]

    ended = asyncio.run(collect())[-1]
    assert isinstance(ended, Ended)
    assert ended.answer == "It is on 3 March 2999. [1]\n\nI left out what I found in no source."
    assert len(news.calls) == 2 and [task["state"] for task in ended.plan] == ["done", "done"]
    assert [(one.number, one.url) for one in ended.citations] == [(1, "https://news.example/1")]
