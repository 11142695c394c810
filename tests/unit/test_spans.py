"""Spans of a turn: noted where the work happens, in their places, whoever does it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from test_tool_answers import TOOL

from inhouse.core import clock
from inhouse.runtime import spans
from inhouse.runtime.engines.base import Completion, Usage
from inhouse.runtime.engines.fake import FakeEngine
from inhouse.runtime.engines.watched import Watched
from inhouse.runtime.extensions.base import Context, Limits, Result, Tool, ToolFailed
from inhouse.runtime.extensions.calling import Attached, Caller, Uncounted

CONTEXT = Context(ai_id="ai_1", fan_id=None, call_id="call_1", now=clock.now())


class Asking:
    """A tool that asks the engine itself, as a specialist does."""

    def __init__(self, engine: Watched | None = None) -> None:
        self.engine = engine

    async def tools(self) -> Sequence[Tool]:
        return (TOOL,)

    async def call(self, tool: str, arguments: Mapping[str, Any], context: Context) -> Result:
        if self.engine is None:
            raise ToolFailed(reason="It is away.")
        await ask(self.engine)
        return Result(text="£32")

    async def aclose(self) -> None: ...


async def ask(engine: Watched) -> None:
    async for _piece in engine.complete(Completion(prompt="How much?", max_tokens=8)):
        pass


def recorded(work: Any) -> list[dict[str, Any]]:
    recorder = spans.Recorder()

    async def run() -> None:
        with spans.recording(recorder):
            await work()

    asyncio.run(run())
    return recorder.as_json()


def call(handler: Asking) -> Any:
    attached = Attached("shop", TOOL, Limits(), handler)
    return Caller(Uncounted()).call(attached, {"words": "mugs"}, CONTEXT)


def test_a_completion_is_noted_with_what_it_cost() -> None:
    engine = Watched(FakeEngine(["thirty two"]), "llama.cpp", "gen_1")
    [span] = recorded(lambda: ask(engine))
    assert (span["kind"], span["error"], span["parent"]) == ("chat", "", None)
    assert span["ended_ms"] >= span["began_ms"] >= 0
    detail = span["detail"]
    assert (detail["provider"], detail["model"], detail["max_tokens"]) == ("llama.cpp", "gen_1", 8)
    assert detail["completion_tokens"] > 0 and detail["first_ms"] >= 0 and detail["finish"] == "stop"


def test_what_a_tool_does_is_a_part_of_its_call() -> None:
    engine = Watched(FakeEngine(["x"]), "llama.cpp", "gen_1")

    async def work() -> None:
        await call(Asking(engine))
        await ask(engine)

    tool, inner, after = recorded(work)
    assert [span["kind"] for span in (tool, inner, after)] == ["tool", "chat", "chat"]
    assert [span["parent"] for span in (tool, inner, after)] == [None, 0, None]
    assert tool["detail"]["arguments"] == {"words": "mugs"} and tool["detail"]["state"] == "done"
    assert tool["detail"]["call"] == "call_1" and tool["detail"]["found"] == ["£32"]


def test_parallel_calls_keep_their_own_parts() -> None:
    engine = Watched(FakeEngine(["x", "y"]), "llama.cpp", "gen_1")

    async def work() -> None:
        await asyncio.gather(call(Asking(engine)), call(Asking(engine)))

    found = recorded(work)
    tools = [place for place, span in enumerate(found) if span["kind"] == "tool"]
    assert sorted(span["parent"] for span in found if span["kind"] == "chat") == tools


def test_a_failed_call_says_so_and_breaks_nothing() -> None:
    [span] = recorded(lambda: call(Asking()))
    assert (span["detail"]["state"], span["detail"]["line"], span["error"]) == ("failed", "It is away.", "")


def test_what_is_cut_off_or_breaks_is_noted_as_that() -> None:
    recorder, held = spans.Recorder(), spans.leaf("chat")

    async def run() -> None:
        with spans.recording(recorder):
            with pytest.raises(ValueError, match="no"), spans.leaf("retrieval"):
                raise ValueError("no")
            with spans.leaf("retrieval"):
                pass
            held.__enter__()  # and never left: the turn ended before it

    asyncio.run(run())
    broken, fine, open_ = recorder.as_json()
    assert (broken["error"], fine["error"], open_["error"]) == ("ValueError", "", "cut off")
    assert open_["ended_ms"] >= open_["began_ms"]


def test_who_has_read_enough_of_a_stream_is_no_error() -> None:
    engine = Watched(FakeEngine(["one two three four"]), "llama.cpp", "gen_1")

    async def work() -> None:
        stream = engine.complete(Completion(prompt="x"))
        await anext(stream)
        await stream.aclose()

    [span] = recorded(work)
    assert span["error"] == "" and "finish" not in span["detail"]


def test_without_a_recorder_the_engine_is_asked_directly_and_nothing_is_kept() -> None:
    inner = FakeEngine(["x"])
    assert not spans.is_recording()

    async def run() -> list[Any]:
        return [piece async for piece in Watched(inner, "p", "m").complete(Completion(prompt="x"))]

    assert isinstance(asyncio.run(run())[-1], Usage)


def test_spans_and_their_details_have_an_end() -> None:
    async def many() -> None:
        for _ in range(500):
            with spans.leaf("retrieval", asked="x" * 100_000, k=3):
                pass

    found = recorded(many)
    assert len(found) == 200
    assert found[0]["detail"] == {"k": 3}
