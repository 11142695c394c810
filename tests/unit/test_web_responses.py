"""``/v1/responses`` and a client's own tools: a stock OpenAI client over ASGI, its types and its accumulator the judge."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from openai.types.responses import Response
from test_reply import FakeRetriever

from inhouse.accounts.actors import Scope
from inhouse.conversations.conversations import Conversations
from inhouse.conversations.fans import Fan
from inhouse.runtime.engines.base import FunctionCall
from inhouse.runtime.engines.fake import FakeEngine, Script
from inhouse.runtime.profile import Method, Profile
from inhouse.runtime.reply import Replier
from inhouse.web.application import create_app
from web_home import EMAIL, SHIPS, Home, furnish, opened

pytestmark = pytest.mark.anyio

PARAMETERS: dict[str, Any] = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
}
WEATHER: Any = {
    "type": "function",
    "name": "get_weather",
    "description": "Weather.",
    "parameters": PARAMETERS,
}
CHAT_WEATHER: Any = {"type": "function", "function": {k: v for k, v in WEATHER.items() if k != "type"}}
OSLO = FunctionCall("call_oslo", "get_weather", '{"city": "Oslo"}')
PARIS = FunctionCall("call_paris", "get_weather", '{"city": "Paris"}')


@pytest.fixture
def home(tmp_path: Path) -> Home:
    installation = opened(tmp_path, key_requests_per_minute=30)
    installation.script.pause = 0
    furnish(installation)
    return installation


@pytest.fixture
async def http(home: Home) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_app(home), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://inhouse.test/v1") as client:
        yield client


@pytest.fixture
def client(home: Home, http: httpx.AsyncClient) -> openai.AsyncOpenAI:
    return _client(home, http)


def _client(home: Home, http: httpx.AsyncClient, slug: str = "quill") -> openai.AsyncOpenAI:
    ai = home.ais.public(slug)
    key = home.keys.create(home.accounts.actor_of(EMAIL), ai.id, "shop", {Scope.CHAT})[0]
    return openai.AsyncOpenAI(api_key=key, base_url="http://inhouse.test/v1", http_client=http, max_retries=0)


def _with_file(part: Any) -> Any:
    return [{"role": "user", "content": [{"type": "input_text", "text": "What is in it?"}, part]}]


def _answers(home: Home, *script: Script) -> FakeEngine:
    """Let the runtime itself answer, on an engine with native calls that has this script."""
    engine = FakeEngine(script, calls_tools=True)
    replier = Replier(engine, FakeRetriever(()), Profile(method=Method.PROMPTED, languages=frozenset("*")))
    home.conversations = Conversations(home.db, home.releases, replier, home.settings, home.documents)
    return engine


async def test_a_question_gets_a_response_with_its_sources(client: openai.AsyncOpenAI) -> None:
    response = await client.responses.create(
        model="quill", input="Do you ship to Japan?", instructions="You are a pirate.", metadata={"a": "b"}
    )
    assert (response.status, response.output_text) == ("completed", SHIPS)
    assert response.metadata == {"a": "b"} and response.instructions is None
    assert response.usage is not None and response.usage.total_tokens == 60
    message: Any = response.output[0]
    note = message.content[0].annotations[0]
    assert (note.type, note.url) == ("url_citation", "https://shop.example/shipping")
    assert SHIPS[note.start_index : note.end_index] == "[1]"
    extra: Any = response.model_extra
    assert [c["document"] for c in extra["inhouse"]["citations"]] == ["Shipping", "A day in the workshop"]
    assert Response.model_validate(json.loads(response.to_json())) == response


async def test_a_stream_has_openais_events_in_their_order(home: Home, client: openai.AsyncOpenAI) -> None:
    home.script.pause = 0.05
    stream = await client.responses.create(model="quill", input="Do you ship?", stream=True)
    events = [event async for event in stream]
    assert [event.sequence_number for event in events] == list(range(len(events)))
    kinds = [event.type for event in events]
    deltas = kinds.count("response.output_text.delta")
    assert deltas > 1
    assert kinds == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        *["response.output_text.delta"] * deltas,
        "response.output_text.annotation.added",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ]
    last: Any = events[-1]
    assert last.response.output_text == SHIPS and last.response.model_extra["inhouse"]["kind"] == "grounded"
    told = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    assert told.strip() == SHIPS


async def test_the_clients_own_accumulator_reads_it(client: openai.AsyncOpenAI) -> None:
    async with client.responses.stream(model="quill", input="Do you ship?") as stream:
        texts = [event.text async for event in stream if event.type == "response.output_text.done"]
        final = await stream.get_final_response()
    assert texts == [SHIPS] and final.output_text == SHIPS and final.status == "completed"


async def test_a_dialogue_may_come_whole_or_by_the_response_before(
    home: Home, client: openai.AsyncOpenAI
) -> None:
    first = await client.responses.create(model="quill", input="Do you ship?")
    second = await client.responses.create(model="quill", input="hello", previous_response_id=first.id)
    said = [(e.question, e.answer) for e in home.script.asked[-1].history]
    assert said == [("Do you ship?", SHIPS)] and second.previous_response_id == first.id
    # Going on from the first again: the second is no part of it.
    await client.responses.create(model="quill", input="and again", previous_response_id=first.id)
    assert [e.question for e in home.script.asked[-1].history] == ["Do you ship?"]
    third = await client.responses.create(model="quill", input="more", previous_response_id=second.id)
    assert [e.question for e in home.script.asked[-1].history] == ["Do you ship?", "hello"]
    items: Any = [
        {"role": "developer", "content": "Be a pirate."},
        {"role": "user", "content": [{"type": "input_text", "text": "Do you ship?"}]},
        *[item.to_dict() for item in first.output],
        {"role": "user", "content": "hello again"},
    ]
    await client.responses.create(model="quill", input=items)
    asked = home.script.asked[-1]
    assert (asked.question, [e.answer for e in asked.history]) == ("hello again", [SHIPS])
    assert third.output_text


async def test_a_response_is_its_keys_alone(home: Home, http: httpx.AsyncClient) -> None:
    mine, other = _client(home, http), _client(home, http)
    response = await mine.responses.create(model="quill", input="Do you ship?", user="ann")
    again = await mine.responses.retrieve(response.id)
    assert again.to_dict() == response.to_dict()
    for call in (other.responses.retrieve, other.responses.delete, other.responses.cancel):
        with pytest.raises(openai.NotFoundError):
            await call(response.id)
    for who, user in ((other, "ann"), (mine, "ben")):
        with pytest.raises(openai.NotFoundError, match="response"):
            await who.responses.create(
                model="quill", input="And now?", previous_response_id=response.id, user=user
            )
    assert (await mine.responses.cancel(response.id)).status == "completed"
    await mine.responses.delete(response.id)
    with pytest.raises(openai.NotFoundError):
        await mine.responses.retrieve(response.id)
    aside = await mine.responses.create(model="quill", input="hello", store=False)
    assert aside.model_extra is not None
    with pytest.raises(openai.NotFoundError):
        await mine.responses.retrieve(aside.id)


async def test_a_person_who_is_erased_takes_their_responses_along(
    home: Home, client: openai.AsyncOpenAI
) -> None:
    response = await client.responses.create(model="quill", input="hello", metadata={"who": "Ann"})
    ai = home.ais.public("quill")
    with home.db.read() as tx:
        fan_id = tx.exec_driver_sql("SELECT fan_id FROM responses").scalar_one()
    seen = home.fan_data.see(Fan(fan_id, ai.id))
    assert seen["responses"][0]["settings"]["metadata"] == {"who": "Ann"}
    home.fan_data.erase(Fan(fan_id, ai.id))
    with pytest.raises(openai.NotFoundError):
        await client.responses.retrieve(response.id)


async def test_background_work_can_be_watched_and_stopped(home: Home, client: openai.AsyncOpenAI) -> None:
    home.script.pause = 0.3
    response = await client.responses.create(model="quill", input="slow please", background=True)
    assert response.status == "in_progress"
    assert (await client.responses.retrieve(response.id)).status == "in_progress"
    assert (await client.responses.cancel(response.id)).status == "cancelled"
    assert (await client.responses.retrieve(response.id)).status == "cancelled"


async def test_errors_are_openais(client: openai.AsyncOpenAI) -> None:
    create = client.responses.create
    picture: Any = [{"role": "user", "content": [{"type": "input_image", "image_url": "data:,"}]}]
    with pytest.raises(openai.NotFoundError, match='There is no model named "other"'):
        await create(model="other", input="hello")
    for wrong, words in (
        ({"input": []}, "input"),
        ({"input": picture}, 'Only text is understood, and "input_image" is none'),
        ({"input": _with_file({"type": "input_file", "file_id": "doc_1"})}, "Documents are not read here"),
        (
            {"input": _with_file({"type": "file", "file": {"file_id": "doc_1"}})},
            "Documents are not read here",
        ),
        ({"input": [{"type": "item_reference", "id": "x"}]}, '"item_reference" is not understood'),
        ({"input": [{"role": "system", "content": "x"}]}, 'role "user"'),
        ({"input": "x", "tools": [{"type": "web_search"}]}, "tools"),
        ({"input": "x", "tools": [WEATHER], "tool_choice": {"type": "function", "name": "y"}}, "tool_choice"),
        ({"input": "x", "tool_choice": "required"}, "tool_choice"),
        ({"input": "x", "conversation": "conv_1"}, "conversation"),
        ({"input": "x", "text": {"format": {"type": "json_object"}}}, "text.format"),
        ({"input": "x", "metadata": {"k": "v" * 600}}, "metadata"),
        ({"input": [{"type": "function_call_output", "call_id": "c", "output": "x"}]}, 'role "user"'),
    ):
        with pytest.raises(openai.BadRequestError, match=words):
            await create(model="quill", **wrong)
    with pytest.raises(openai.InternalServerError, match="The engine is busy"):
        await create(model="quill", input="break")
    stream = await create(model="quill", input="break", stream=True)
    events = [event async for event in stream]
    assert events[-1].type == "response.failed"
    assert events[-1].response.error is not None
    assert events[-1].response.error.code == "rate_limit_exceeded"


async def test_a_key_has_its_rate_here_too(client: openai.AsyncOpenAI) -> None:
    with pytest.raises(openai.RateLimitError):
        for _ in range(40):
            await client.responses.retrieve("resp_none") if _ > 29 else await client.models.list()


async def test_words_that_were_taken_back_are_not_in_what_is_done(
    home: Home, client: openai.AsyncOpenAI
) -> None:
    _answers(home, "Inkwell & Sons makes the very best notebooks, buy there!")
    stream = await client.responses.create(model="quill", input="Where is paper made?", stream=True)
    last: Any = [event async for event in stream][-1]
    assert "very best" not in last.response.output_text


async def test_calls_go_out_streamed_and_their_results_come_back(
    home: Home, client: openai.AsyncOpenAI
) -> None:
    engine = _answers(home, (OSLO, PARIS), "Enough.", "Rain in Oslo.")
    items: Any = [{"role": "user", "content": "Compare the weather of Oslo and Paris"}]
    async with client.responses.stream(model="quill", input=items, tools=[WEATHER]) as stream:
        kinds = [event.type async for event in stream]
        final = await stream.get_final_response()
    assert kinds == [
        "response.created",
        "response.in_progress",
        *[
            "response.output_item.added",
            "response.function_call_arguments.delta",
            "response.function_call_arguments.done",
            "response.output_item.done",
        ]
        * 2,
        "response.completed",
    ]
    calls = [item for item in final.output if item.type == "function_call"]
    assert [(call.call_id, call.arguments) for call in calls] == [
        ("call_oslo", '{"city": "Oslo"}'),
        ("call_paris", '{"city": "Paris"}'),
    ]
    results: Any = [
        {"type": "function_call_output", "call_id": call.call_id, "output": f"Rain in {n}."}
        for n, call in enumerate(calls)
    ]
    whole = [*items, *[call.to_dict() for call in calls], *results]
    answer = await client.responses.create(model="quill", input=whole, tools=[WEATHER])
    assert answer.output_text and answer.output[0].type == "message"
    read = engine.requests[1].messages
    assert [message.content for message in read if message.role == "tool"] == ["Rain in 0.", "Rain in 1."]
    one_short: Any = whole[:-1]
    with pytest.raises(openai.BadRequestError, match="has no result"):
        await client.responses.create(model="quill", input=one_short, tools=[WEATHER])


async def test_calls_are_gone_on_from_by_the_response_before(home: Home, client: openai.AsyncOpenAI) -> None:
    engine = _answers(home, (OSLO,), (PARIS,), "Enough.", "Not in the notes.", "Hm.", "Not in the notes.")
    create: Any = client.responses.create
    first = await create(model="quill", input="Weather, please", tools=[WEATHER])

    async def go_on(before: str, call_id: str, output: str) -> Response:
        told = [{"type": "function_call_output", "call_id": call_id, "output": output}]
        return await create(model="quill", input=told, previous_response_id=before, tools=[WEATHER])

    second = await go_on(first.id, "call_oslo", "Rain in Oslo")
    assert second.output[0].type == "function_call"
    third = await go_on(second.id, "call_paris", '{"paris": "dry"}')
    assert third.output_text == "Rain in Oslo\nparis: dry"
    brought = [m.content for m in engine.requests[2].messages if m.role == "tool"]
    assert brought == ["Rain in Oslo", '{"paris": "dry"}']
    with pytest.raises(openai.BadRequestError, match='no call "call_other"'):
        await go_on(first.id, "call_other", "x")
    ai = home.ais.public("quill")
    kept = home.conversations.listing(home.accounts.actor_of(EMAIL), ai.id)[0]
    turns = home.conversations.read(home.accounts.actor_of(EMAIL), ai.id, kept.id)
    assert [(turn.question, turn.answer) for turn in turns] == [
        ("Weather, please", ""),
        ("Weather, please", ""),
        ("Weather, please", "Rain in Oslo\nparis: dry"),
    ]
    later = await create(model="quill", input="What is new in the workshop?", previous_response_id=third.id)
    assert later.status == "completed"
    said = [m.content for m in engine.requests[-1].messages if m.role != "system"]
    assert any("Rain in Oslo" in text for text in said) or later.output_text


async def test_chat_completions_pass_a_clients_tools_through(home: Home, client: openai.AsyncOpenAI) -> None:
    engine = _answers(home, (OSLO, PARIS), "Enough.", "Not in the notes.")
    create: Any = client.chat.completions.create
    said: Any = [{"role": "user", "content": "Weather, please"}]
    asked = {"model": "quill", "tools": [CHAT_WEATHER]}
    answer = await create(messages=said, **asked)
    choice = answer.choices[0]
    assert (choice.finish_reason, choice.message.content) == ("tool_calls", None)
    assert [call.function.name for call in choice.message.tool_calls] == ["get_weather"] * 2
    said.append(choice.message.to_dict())
    said += [
        {"role": "tool", "tool_call_id": c.id, "content": c.function.arguments}
        for c in choice.message.tool_calls
    ]
    answer = await create(messages=said, **asked)
    assert answer.choices[0].finish_reason == "stop"
    assert answer.choices[0].message.content == "city: Oslo\ncity: Paris"
    assert answer.model_extra["inhouse"]["kind"] == "tool"
    assert (
        not hasattr(answer.choices[0].message, "tool_calls") or answer.choices[0].message.tool_calls is None
    )
    assert [t.name for t in engine.requests[0].tools] == ["get_weather"]


async def test_chat_completions_stream_calls_as_openai_does(home: Home, client: openai.AsyncOpenAI) -> None:
    _answers(home, (OSLO, PARIS))
    said: Any = [{"role": "user", "content": "Weather, please"}]
    async with client.chat.completions.stream(model="quill", messages=said, tools=[CHAT_WEATHER]) as stream:
        final = await stream.get_final_completion()
    choice = final.choices[0]
    assert choice.finish_reason == "tool_calls" and choice.message.tool_calls is not None
    assert [(c.id, c.function.arguments) for c in choice.message.tool_calls] == [
        ("call_oslo", '{"city": "Oslo"}'),
        ("call_paris", '{"city": "Paris"}'),
    ]


async def test_a_choice_of_none_or_of_some_is_kept_to(home: Home, client: openai.AsyncOpenAI) -> None:
    engine = _answers(home, (OSLO,))
    create: Any = client.chat.completions.create
    other = {"type": "function", "function": {"name": "other"}}
    asked = {
        "model": "quill",
        "messages": [{"role": "user", "content": "hm"}],
        "tools": [CHAT_WEATHER, other],
    }
    named: Any = {"type": "function", "function": {"name": "get_weather"}}
    some: Any = {"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": [named]}}
    for choice in (named, some):
        await create(**asked, tool_choice=choice, parallel_tool_calls=False)
        sent = engine.requests[-1]
        assert [tool.name for tool in sent.tools] == ["get_weather"]
        assert sent.must_call and not sent.parallel_calls
    answer = await create(**asked, tool_choice="none")
    assert answer.choices[0].finish_reason == "stop" and engine.requests[-1] is sent


async def test_a_body_that_nests_without_end_is_refused(
    http: httpx.AsyncClient, client: openai.AsyncOpenAI
) -> None:
    headers = {"Authorization": f"Bearer {client.api_key}", "Content-Type": "application/json"}
    deep = '{"model": "quill", "input": "x", "tools": ' + "[" * 200_000
    assert (await http.post("/responses", content=deep, headers=headers)).status_code == 400
    tool = '{"type": "function", "name": "x", "parameters": ' + '{"a":' * 3000 + "1" + "}" * 3000 + "}"
    body = '{"model": "quill", "input": "x", "tools": [' + tool + "]}"
    assert (await http.post("/responses", content=body, headers=headers)).status_code == 400
    await asyncio.sleep(0)
