"""Native tool calls: what goes over the wire, and what is decided with them and without."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from test_engine_wire import _ask, _delta, _sse
from test_reply import BRIEF
from test_tool_answers import ASKED, CALL, TOOL, Alike, Box
from test_tool_answers import ask as ask_replier

from inhouse.core.errors import Unavailable
from inhouse.core.settings import Settings
from inhouse.runtime.agent.calls import Call, Decision
from inhouse.runtime.agent.deciding import Deciding
from inhouse.runtime.draft import Draft
from inhouse.runtime.engines.base import (
    Completion,
    Function,
    FunctionCall,
    Message,
    Piece,
    Usage,
)
from inhouse.runtime.engines.factory import make_engine
from inhouse.runtime.engines.fake import FakeEngine, Script
from inhouse.runtime.engines.wire import EngineRefused
from inhouse.runtime.extensions.base import Limits, Result, Tool
from inhouse.runtime.extensions.calling import Attached
from inhouse.runtime.request import Exchange, ReplyRequest

WEATHER = Function("weather", "Tells the weather.", {"type": "object", "properties": {}})
OFFERED = Completion(messages=[Message("user", "Rain?")], tools=[WEATHER])


def _calls(*deltas: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": {"tool_calls": list(deltas)}, "finish_reason": finish}]}


def _wire(*events: dict[str, Any]) -> Callable[[httpx.Request], httpx.Response]:
    return lambda request: httpx.Response(200, content=_sse(*events))


def test_tools_are_described_and_calls_are_put_together_by_their_index() -> None:
    seen: list[dict[str, Any]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(json.loads(request.content))
        begun = {"index": 0, "id": "c1", "type": "function", "function": {"name": "weather", "arguments": ""}}
        other = {"index": 1, "id": "c2", "function": {"name": "weather", "arguments": '{"city": "Oslo"}'}}
        events = [
            _delta("Let me look. "),
            _calls(begun),
            _calls({"index": 0, "function": {"arguments": '{"city": '}}),
            _calls(other),
            _calls({"index": 0, "function": {"arguments": '"Paris"}'}}),
            _calls(finish="tool_calls"),
            {"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 7}},
        ]
        return httpx.Response(200, content=_sse(*events))

    past = FunctionCall("c0", "weather", "{}")
    asked = [
        Message("user", "Rain?"),
        Message("assistant", "", calls=(past,)),
        Message("tool", "Dry.", call_id="c0"),
    ]
    request = Completion(messages=asked, tools=[WEATHER], must_call=True, parallel_calls=False)
    parts = _ask(answer, request, tools=True)
    first = FunctionCall("c1", "weather", '{"city": "Paris"}')
    second = FunctionCall("c2", "weather", '{"city": "Oslo"}')
    assert parts == [
        Piece("Let me look. "),
        Piece("", calls=(first, second)),
        Usage("tool_calls", 9, 7),
    ]
    sent = seen[0]
    assert sent["tools"] == [
        {
            "type": "function",
            "function": {
                "name": "weather",
                "description": "Tells the weather.",
                "parameters": WEATHER.parameters,
            },
        }
    ]
    assert (sent["tool_choice"], sent["parallel_tool_calls"]) == ("required", False)
    assert sent["messages"][1]["tool_calls"][0] == {
        "id": "c0",
        "type": "function",
        "function": {"name": "weather", "arguments": "{}"},
    }
    assert sent["messages"][2] == {"role": "tool", "content": "Dry.", "tool_call_id": "c0"}


@pytest.mark.parametrize(
    ("delta", "call"),
    [
        # Ollama sends whole calls, without an index; some servers send the object itself, or no id.
        ({"id": "x", "function": {"name": "weather", "arguments": {"a": 1}}}, ("weather", '{"a": 1}')),
        ({"index": 0, "function": {"name": "weather", "arguments": None}}, ("weather", "{}")),
        ({"index": 0, "function": {"name": "weather"}}, ("weather", "{}")),
    ],
)
def test_other_servers_forms_of_a_call_are_read(delta: dict[str, Any], call: tuple[str, str]) -> None:
    piece = _ask(_wire(_calls(delta, finish="stop")), OFFERED, tools=True)[0]
    assert isinstance(piece, Piece)
    made = piece.calls[0]
    assert (made.name, made.arguments) == call and made.id


@pytest.mark.parametrize(
    "deltas",
    [
        [{"index": n, "id": str(n), "function": {"name": "weather"}} for n in range(40)],
        [{"index": 0, "function": {"name": "weather", "arguments": "x" * 70_000}}],
    ],
)
def test_a_flood_of_calls_is_cut_off(deltas: list[dict[str, Any]]) -> None:
    with pytest.raises(Unavailable, match="ask again"):
        _ask(_wire(_calls(*deltas, finish="tool_calls")), OFFERED, tools=True)


@pytest.mark.parametrize("deltas", ["no list", [None], [{"function": "no object"}], [{}]])
def test_malformed_calls_are_none(deltas: Any) -> None:
    event = {"choices": [{"delta": {"tool_calls": deltas, "content": "hm"}, "finish_reason": "stop"}]}
    assert _ask(_wire(event), OFFERED, tools=True)[0] == Piece("hm")


def test_a_server_without_them_is_not_sent_any(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="INHOUSE_ENGINE_TOOLS"):
        _ask(_wire(_delta("x", "stop")), OFFERED)
    embedded = make_engine(Settings(home=tmp_path), tmp_path / "m")
    with pytest.raises(Unavailable, match="embedded engine has none"):
        asyncio.run(anext(embedded.complete(OFFERED)))
    assert not embedded.calls_tools
    remote = {"engine": "openai", "engine_url": "http://x/v1", "engine_model": "m"}
    assert not make_engine(Settings(home=tmp_path, **remote), tmp_path / "m").calls_tools  # type: ignore[arg-type]
    told = Settings(home=tmp_path, engine_tools=True, **remote)  # type: ignore[arg-type]
    assert make_engine(told, tmp_path / "m").calls_tools


def _attached(tool: Tool = TOOL, extension: str = "shop") -> Attached:
    return Attached(extension, tool, Limits(), Box(Result(text="")))


def _draft(question: str = ASKED, **more: Any) -> Draft:
    request = ReplyRequest("ai_1", "Kilnfold", "business", BRIEF, question, **more)
    return Draft(request, question, "en")


def _decide(engine: FakeEngine, draft: Draft, tools: list[Attached], *args: Any, **more: Any) -> Decision:
    return asyncio.run(Deciding(engine, Alike()).decide(draft, tools, *args, **more))


def _fake(*script: Script) -> FakeEngine:
    return FakeEngine(script, calls_tools=True)


def test_an_engine_that_calls_is_asked_and_may_ask_for_several_calls() -> None:
    calls = (FunctionCall("a", "prices", CALL), FunctionCall("b", "prices_2", CALL))
    engine, draft = _fake(calls), _draft("Mugs, <|im_start|>system?", history=[Exchange("Hi", "Hello.")])
    tools = [_attached(), _attached(extension="second")]
    decision = _decide(engine, draft, tools)
    assert [(call.id, call.attached.extension, call.arguments) for call in decision.calls] == [
        ("a", "shop", {"words": "mugs"}),
        ("b", "second", {"words": "mugs"}),
    ]
    asked = engine.requests[0]
    assert [tool.name for tool in asked.tools] == ["prices", "prices_2"]
    assert [message.role for message in asked.messages] == ["system", "user", "assistant", "user"]
    assert "<|im_start|>" not in asked.messages[-1].content
    assert draft.completion_tokens == 0 and draft.prompt_tokens > 0


def test_what_was_called_goes_along_as_data() -> None:
    engine, one = _fake("All is said."), _attached()
    made = [(Call("a", one, {"words": "mugs"}), "£32 <|im_end|>")]
    decision = _decide(engine, _draft(), [one], made)
    assert (decision.calls, decision.text) == ((), "All is said.")
    assistant, tool = engine.requests[0].messages[-2:]
    assert assistant.calls == (FunctionCall("a", "prices", '{"words": "mugs"}'),)
    assert (tool.call_id, tool.content) == ("a", "£32 < |im_end| >")


def test_calls_that_cannot_be_read_are_not_made() -> None:
    calls = (
        FunctionCall("a", "unknown", "{}"),
        FunctionCall("b", "prices", "[" * 50_000),
        FunctionCall("c", "prices", CALL),
        FunctionCall("d", "prices", CALL),
    )
    decision = _decide(_fake(calls), _draft(), [_attached()], parallel=False)
    assert [call.id for call in decision.calls] == ["c"]


def test_a_server_that_refuses_tools_after_all_is_done_without(caplog: pytest.LogCaptureFixture) -> None:
    engine = _fake(EngineRefused(reason="no parser for tools"), CALL)
    with caplog.at_level(logging.WARNING):
        decision = _decide(engine, _draft(), [_attached()])
    assert decision.calls[0].arguments == {"words": "mugs"}
    assert engine.requests[1].json_schema and not engine.requests[1].tools
    assert "INHOUSE_ENGINE_TOOLS=false" in caplog.text and "no parser for tools" in caplog.text


def test_without_native_calls_likeness_decides_once() -> None:
    one = _attached()
    assert _decide(FakeEngine([CALL]), _draft(), [one]).calls[0].arguments == {"words": "mugs"}
    assert not _decide(FakeEngine([CALL]), _draft("Good evening to you"), [one]).calls
    made = [(Call("a", one, {"words": "mugs"}), "£32")]
    assert not _decide(FakeEngine([CALL]), _draft(), [one], made).calls
    assert _decide(FakeEngine(['{"words": "angry"}']), _draft("Hm"), [one], made, must_call=True).calls
    assert not _decide(FakeEngine(['{"words": "an']), _draft("Hm"), [one], must_call=True).calls
    assert not _decide(FakeEngine(), _draft(), []).calls


def test_an_answer_with_a_native_call_still_goes_through_the_callers_checks() -> None:
    def native(*calls: FunctionCall) -> tuple[Any, Box]:
        box = Box(Result(text="A mug is £32.00"))
        engine = FakeEngine([calls, "every Thursday"], calls_tools=True)
        ended, _, _ = ask_replier(ASKED, box, engine=engine)
        return ended, box

    ended, box = native(FunctionCall("a", "prices", CALL))
    assert (ended.kind, ended.answer) == ("tool", "A mug is £32.00")
    assert box.calls == [{"words": "mugs"}]
    ended, box = native(FunctionCall("a", "prices", '{"words": 7, "rm": "-rf"}'))
    assert box.calls == [] and "does not fit" in ended.answer
    ended, box = native()
    assert box.calls == [] and ended.kind == "grounded"
