"""Any OpenAI-compatible server: what is sent, what comes back, and what can go wrong on the way."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from inhouse.core.errors import Busy, InhouseError, Unavailable, UsageError
from inhouse.core.settings import Settings
from inhouse.runtime.engines.base import Adapter, Completion, Message, Piece, ScoreRequest, Usage
from inhouse.runtime.engines.embedded.engine import EmbeddedEngine
from inhouse.runtime.engines.factory import make_engine
from inhouse.runtime.engines.openai import OpenAIEngine
from inhouse.runtime.engines.wire import EngineRefused

ASK = Completion(messages=[Message("user", "hi")])
Handler = Callable[[httpx.Request], httpx.Response]


def _sse(*events: dict[str, Any], done: bool = True) -> bytes:
    lines = b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in events)
    return lines + (b"data: [DONE]\n\n" if done else b"")


def _delta(text: str, finish: str | None = None) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": finish}]}


def _ask(handler: Handler, request: Completion = ASK, **options: Any) -> list[Piece | Usage]:
    async def run() -> list[Piece | Usage]:
        transport = httpx.MockTransport(handler)
        engine = OpenAIEngine("http://model.test/v1", "small", transport=transport, **options)
        try:
            return [part async for part in engine.complete(request)]
        finally:
            await engine.aclose()

    return asyncio.run(run())


def test_streams_pieces_and_usage() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        usage = {"prompt_tokens": 9, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 4}}
        body = _sse(_delta("Hel"), _delta("lo", "length"), {"choices": [], "usage": usage})
        return httpx.Response(200, content=body)

    request = Completion(
        messages=[Message("user", "hi")], stop=["\n"], temperature=0.5, json_schema={"type": "object"}
    )
    parts = _ask(answer, request, key=SecretStr("s3cret"))
    assert parts == [Piece("Hel"), Piece("lo"), Usage("length", 9, 2, 4)]
    sent = json.loads(seen[0].content)
    assert seen[0].url.path == "/v1/chat/completions"
    assert seen[0].headers["authorization"] == "Bearer s3cret"
    assert (sent["model"], sent["stop"], sent["temperature"]) == ("small", ["\n"], 0.5)
    assert sent["response_format"]["json_schema"]["schema"] == {"type": "object"}


def test_raw_prompts_go_to_completions_with_log_probabilities() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/v1/completions"
        assert json.loads(request.content)["logprobs"] == 2
        logprobs = {"tokens": ["a"], "token_logprobs": [-0.5], "top_logprobs": [{"a": -0.5, "b": -1.5}]}
        return httpx.Response(
            200, content=_sse({"choices": [{"text": "a", "logprobs": logprobs, "finish_reason": "stop"}]})
        )

    parts = _ask(answer, Completion(prompt="x", top_logprobs=2))
    assert parts[0] == Piece("a", -0.5, (("a", -0.5), ("b", -1.5)))


@pytest.mark.parametrize(
    ("response", "error", "words"),
    [
        (httpx.Response(429, json={"error": {"message": "slow down"}}), Busy, "busy"),
        (httpx.Response(503), Busy, "busy"),
        (httpx.Response(401), Unavailable, "key"),
        (httpx.Response(500, content=b"<html>" + b"x" * 100_000), Unavailable, "status 500"),
        (httpx.Response(404, json={"error": {"message": "no such model"}}), Unavailable, "no such model"),
        (httpx.Response(400, json={"error": {"message": "too long"}}), EngineRefused, "too long"),
        (httpx.Response(200, content=_sse(_delta("half"), done=False)), Unavailable, "ask again"),
        (httpx.Response(200, content=_sse({"error": {"message": "gone"}})), EngineRefused, "gone"),
        (httpx.Response(200, content=b"data: not json\n\n"), Unavailable, "ask again"),
        (httpx.Response(200, content=b"x" * 5_000_000), Unavailable, "ask again"),
    ],
)
def test_every_failure_is_one_sentence(
    response: httpx.Response, error: type[InhouseError], words: str
) -> None:
    with pytest.raises(error, match=words):
        _ask(lambda request: response)


def test_an_absent_server_is_one_sentence() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    with pytest.raises(Unavailable, match="nothing answers"):
        _ask(refuse)


def test_what_the_shape_has_not_is_refused() -> None:
    def never(request: httpx.Request) -> httpx.Response:
        raise AssertionError("nothing may be sent")

    adapter = Adapter("abc", Path("x.gguf"))
    with pytest.raises(Unavailable, match="grammar"):
        _ask(never, Completion(prompt="x", grammar="root ::= [a]"))
    with pytest.raises(Unavailable, match="adapter"):
        _ask(never, Completion(prompt="x", adapter=adapter))
    with pytest.raises(Unavailable, match="embedded"):
        asyncio.run(OpenAIEngine("http://model.test/v1", "m").score(ScoreRequest("x", prompt="y")))


def test_a_server_that_knows_adapters_is_asked_by_their_hash() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert json.loads(request.content)["model"] == "abc"
        return httpx.Response(200, content=_sse(_delta("ok", "stop")))

    assert _ask(answer, Completion(prompt="x", adapter=Adapter("abc", Path("x"))), adapters=True)


def test_closing_the_stream_stops_the_request() -> None:
    class Endless(httpx.AsyncByteStream):
        closed = False

        async def __aiter__(self) -> Any:
            while True:
                yield _sse(_delta("more"), done=False)

        async def aclose(self) -> None:
            Endless.closed = True

    async def run() -> None:
        transport = httpx.MockTransport(lambda request: httpx.Response(200, stream=Endless()))
        engine = OpenAIEngine("http://model.test/v1", "m", transport=transport)
        stream = engine.complete(ASK)
        await anext(stream)
        await stream.aclose()
        await engine.aclose()

    asyncio.run(run())
    assert Endless.closed


def test_the_factory_names_them_all(tmp_path: Path) -> None:
    assert isinstance(make_engine(Settings(home=tmp_path), tmp_path / "m.gguf"), EmbeddedEngine)
    chosen = Settings(home=tmp_path, engine="openai", engine_url="http://x/v1", engine_model="m")
    assert isinstance(make_engine(chosen, tmp_path / "m.gguf"), OpenAIEngine)
    with pytest.raises(UsageError, match="INHOUSE_ENGINE_URL"):
        make_engine(Settings(home=tmp_path, engine="openai"), tmp_path / "m.gguf")
