"""Tools that the generation calls by itself: asked for first, described nowhere, and never trusted further than others."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from test_reply import BRIEF
from test_tool_answers import Alike

from inhouse.core.events import Ended, Event, Step
from inhouse.runtime import spans
from inhouse.runtime.agent import builtin
from inhouse.runtime.agent.calls import Decision
from inhouse.runtime.agent.deciding import Deciding
from inhouse.runtime.clients import ClientTool, ClientTools
from inhouse.runtime.draft import Draft
from inhouse.runtime.engines.base import FunctionCall
from inhouse.runtime.engines.fake import FakeEngine, Script
from inhouse.runtime.extensions.base import Context, Effect, Example, Json, Limits, Reading, Result, Tool
from inhouse.runtime.extensions.calling import Attached, Caller, Uncounted
from inhouse.runtime.extensions.schemas import same_arguments
from inhouse.runtime.profile import LearntTool, Method, Profile
from inhouse.runtime.reply import Replier
from inhouse.runtime.request import ReplyRequest

WEATHER: Json = {
    "type": "object",
    "properties": {
        "city": {"type": "string", "description": "Where."},
        "days": {"type": "integer", "maximum": 7},
    },
    "required": ["city"],
    "additionalProperties": False,
}
MUSIC: Json = {"type": "object", "properties": {"song": {"type": "string"}}, "required": ["song"]}
LEARNT = (
    LearntTool(name="get_weather", parameters=WEATHER),
    LearntTool(name="play_music", parameters=MUSIC),
)
ASKED = "Will it rain in Rome for 3 days?"
CALLED = "get_weather\ncity: Rome\ndays: 3"
OUTSIDE = '{"city": "Rome", "days": 3}'


class House:
    """Tools of one AI, and the calls that were made of them."""

    def __init__(self, *tools: Tool) -> None:
        self._tools = tools
        self.calls: list[tuple[str, Mapping[str, Any]]] = []

    async def attached(self, request: ReplyRequest) -> Sequence[Attached]:
        return [Attached("home", tool, Limits(), self, "home@1") for tool in self._tools]

    async def tools(self) -> Sequence[Tool]:
        return self._tools

    async def call(self, tool: str, arguments: Mapping[str, Any], context: Context) -> Result:
        self.calls.append((tool, arguments))
        return Result(text="Sun for three days.", whole=True)

    async def aclose(self) -> None: ...


class Reads(House):
    """Reads the request by itself, without doubt."""

    def understood(self, tool: str, request: str, today: object) -> Reading | None:
        return Reading(arguments={"city": "Rome", "days": 3})


def tool(
    name: str = "get_weather",
    parameters: Json = WEATHER,
    meant: str = "",
    effect: Effect = "reading",
) -> Tool:
    """``meant``: a request that it is chosen for by likeness."""
    examples = (Example(request=meant, arguments={}),) if meant else (Example(request="xyzzy", arguments={}),)
    return Tool(
        name=name, title=name, description=name, parameters=parameters, examples=examples, effect=effect
    )


def ask(
    house: House,
    *script: Script,
    question: str = ASKED,
    learnt: Sequence[LearntTool] = LEARNT,
    engine: FakeEngine | None = None,
    client: ClientTools | None = None,
) -> tuple[Ended, list[Event], FakeEngine, list[spans.Span]]:
    engine = engine or FakeEngine(script)
    recorder = spans.Recorder()

    async def collect() -> list[Event]:
        profile = Profile(method=Method.TRAINED, tools=tuple(learnt))
        replier = Replier(engine, Alike(), profile, house, Caller(Uncounted()))
        request = ReplyRequest(
            "ai_1",
            "Kilnfold",
            "business",
            BRIEF,
            question,
            extensions=("home@1",),
            client=client,
            may_act=True,
        )
        with spans.recording(recorder):
            return [event async for event in replier.reply(request)]

    events = asyncio.run(collect())
    assert isinstance(events[-1], Ended)
    return events[-1], events, engine, [span for span in recorder.spans if span.kind == "tool"]


def test_a_built_in_tool_is_called_without_being_described() -> None:
    house = House(tool(), tool("play_music", MUSIC))
    ended, _, engine, [span] = ask(house, CALLED)
    assert house.calls == [("get_weather", {"city": "Rome", "days": 3})]
    assert (ended.kind, ended.answer) == ("tool", "Sun for three days.")
    [asked] = engine.requests
    assert (asked.messages[0].content, asked.json_schema) == (builtin.SYSTEM, None)
    assert span.detail["way"] == "built_in"
    assert ended.timing.prompt_tokens > 0  # the fan's answer says what it cost


def test_what_the_ai_does_not_have_is_said_to_be_off() -> None:
    _, _, engine, _ = ask(House(tool()), CALLED)
    assert engine.requests[0].messages[0].content == f"{builtin.SYSTEM} Off: play_music."


def test_an_ai_with_none_of_the_tools_pays_for_no_question() -> None:
    other = tool("get_weather", WEATHER | {"required": ["city", "days"]}, meant=ASKED)
    house = House(other)
    _, _, engine, [span] = ask(house, OUTSIDE)
    # Same name and other arguments: it is another tool, chosen and decoded as ever.
    assert engine.requests[0].json_schema is not None and len(engine.requests) == 1
    assert span.detail["way"] == "chosen"


def test_a_generation_that_learnt_nothing_works_as_before() -> None:
    _, _, engine, [span] = ask(House(tool(meant=ASKED)), OUTSIDE, learnt=())
    assert len(engine.requests) == 1 and span.detail["way"] == "chosen"


@pytest.mark.parametrize(
    "said",
    [
        "get_weather\nplanet: Mars",  # no such argument
        "get_weather\ncity: Rome\ndays: many",  # of another type
        "get_weather\ncity: Rome\ndays: 30",  # outside its schema
        "get_weather\ndays: 3",  # one is wanting
        "get_weather\ncity: Oslo\ndays: 3",  # nobody asked for it
        "get_weather\ncity: Rome",  # not all that was asked
    ],
)
def test_what_is_no_call_or_not_what_was_asked_goes_the_outside_way(said: str) -> None:
    house = House(tool(meant=ASKED))
    _, _, engine, [span] = ask(house, said, OUTSIDE)
    assert house.calls == [("get_weather", {"city": "Rome", "days": 3})]
    assert [request.json_schema is None for request in engine.requests] == [True, False]
    assert span.detail["way"] == "chosen"


def test_where_the_model_says_none_only_the_other_tools_are_asked() -> None:
    house = House(tool(meant=ASKED), tool("tides", meant=ASKED))
    ask(house, "none", OUTSIDE)
    assert [name for name, _ in house.calls] == ["tides"]
    alone = House(tool(meant=ASKED))
    ended, _, _, calls = ask(alone, "none", "Not in the notes.")
    assert not alone.calls and not calls and ended.kind != "tool"


def test_a_tool_that_is_not_there_is_not_called() -> None:
    house = House(tool())
    ask(house, "play_music\nsong: rain", "Not in the notes.")
    assert house.calls == []


def test_what_an_extension_reads_without_doubt_needs_no_model() -> None:
    house = Reads(tool(meant=ASKED))
    _, _, engine, [span] = ask(house, CALLED)
    assert engine.requests == [] and span.detail["way"] == "read"


def test_a_built_in_tool_that_acts_is_only_proposed() -> None:
    house = House(tool(effect="acting"))
    ended, events, _, calls = ask(house, CALLED)
    assert not house.calls and not calls
    assert ended.proposal is not None and ended.proposal.arguments == {"city": "Rome", "days": 3}
    [step] = [event for event in events if isinstance(event, Step) and event.name == "consent"]
    assert step.detail["way"] == "built_in"


def test_an_engine_with_native_calls_is_not_asked_in_this_way() -> None:
    engine = FakeEngine(
        [(FunctionCall("a", "get_weather", OUTSIDE),), "Sun for three days."], calls_tools=True
    )
    _, _, engine, [span] = ask(House(tool()), engine=engine)
    assert all(request.messages[0].content != builtin.SYSTEM for request in engine.requests)
    assert span.detail["way"] == "native"


def decide(*script: Script, tools: Sequence[Attached], **more: Any) -> tuple[Decision, FakeEngine]:
    engine = FakeEngine(script)
    draft = Draft(ReplyRequest("ai_1", "Kilnfold", "business", BRIEF, ASKED), ASKED, "en")
    decision = asyncio.run(Deciding(engine, Alike(), LEARNT).decide(draft, tools, **more))
    return decision, engine


def attached(*tools: Tool) -> list[Attached]:
    return [Attached("client", one, Limits(), House()) for one in tools]


def test_a_programs_tool_may_be_built_in_too() -> None:
    decision, engine = decide(CALLED, tools=attached(tool()))
    assert [call.arguments for call in decision.calls] == [{"city": "Rome", "days": 3}]
    assert len(engine.requests) == 1
    assert decide("none", tools=attached(tool(meant=ASKED)))[0].calls == ()


def test_a_call_that_must_be_made_is_made_though_the_model_says_none() -> None:
    decision, engine = decide("none", OUTSIDE, tools=attached(tool()), must_call=True)
    assert len(decision.calls) == 1 and len(engine.requests) == 2


def test_a_programs_call_in_a_conversation() -> None:
    client = ClientTools(tools=(ClientTool(name="get_weather", tool=tool()),))
    ended, _, _, _ = ask(House(), CALLED, client=client)
    assert [(call.name, call.arguments) for call in ended.client_calls] == [("get_weather", OUTSIDE)]


def test_a_tool_is_its_arguments_in_whatever_words_they_are_described() -> None:
    told = {
        **WEATHER,
        "title": "Weather",
        "properties": {**WEATHER["properties"], "city": {"type": "string"}},
    }
    assert same_arguments(WEATHER, told)
    named = {"type": "object", "properties": {"title": {"type": "string"}}}
    assert not same_arguments(named, {"type": "object", "properties": {}})
    assert not same_arguments(WEATHER, {**WEATHER, "required": []})
    either = {"properties": {}, "required": ["b", "a"]}
    assert same_arguments(either, {"properties": {}, "required": ["a", "b"]})


def test_values_are_read_as_their_schema_takes_them() -> None:
    kinds = {"a": {"type": ["string", "null"]}, "b": {"enum": ["x", 2]}, "c": True, "d": {"type": "integer"}}
    said = "t\na: some words\nb: x\nc: [1]\nd: 4"
    read = builtin.read(said, {"t": {"properties": kinds}})
    assert read is not None and read.arguments == {"a": "some words", "b": "x", "c": [1], "d": 4}
    assert builtin.read("t\nd: four", {"t": {"properties": kinds}}) is None
