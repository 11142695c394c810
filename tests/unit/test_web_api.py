"""The public API: a stock OpenAI client over ASGI, and what it must not let through."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from inhouse.accounts.actors import Scope
from inhouse.core.events import Ended, Replaced, Token
from inhouse.web.api.chat import Sent
from inhouse.web.application import create_app
from web_home import EMAIL, SHIPS, Home, furnish, opened

pytestmark = pytest.mark.anyio
HELLO = [{"role": "user", "content": "hello"}]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    installation = opened(tmp_path, key_requests_per_minute=8)
    installation.script.pause = 0
    furnish(installation)
    return installation


@pytest.fixture
def key(home: Home) -> str:
    ai = home.ais.public("quill")
    return home.keys.create(home.accounts.actor_of(EMAIL), ai.id, "shop", {Scope.CHAT})[0]


@pytest.fixture
async def http(home: Home) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_app(home), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://inhouse.test/v1") as client:
        yield client


@pytest.fixture
def client(http: httpx.AsyncClient, key: str) -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(api_key=key, base_url="http://inhouse.test/v1", http_client=http, max_retries=0)


async def test_the_key_names_its_ai(client: openai.AsyncOpenAI) -> None:
    models = await client.models.list()
    assert [model.id for model in models.data] == ["quill"]
    assert (await client.models.retrieve("quill")).owned_by == "Mara Quill"


async def test_an_answer_comes_with_its_sources(client: openai.AsyncOpenAI) -> None:
    asked: Any = [{"role": "user", "content": [{"type": "text", "text": "Do you ship to Japan?"}]}]
    answer = await client.chat.completions.create(model="quill", messages=asked)
    assert answer.choices[0].message.content == SHIPS
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage is not None and answer.usage.total_tokens == 60
    extra: Any = answer.model_extra
    assert [c["document"] for c in extra["inhouse"]["citations"]] == ["Shipping", "A day in the workshop"]
    assert extra["inhouse"]["kind"] == "grounded"


async def test_what_was_said_before_goes_along(home: Home, client: openai.AsyncOpenAI) -> None:
    said: Any = [
        {"role": "system", "content": "You are a pirate."},
        {"role": "user", "content": "Do you ship?"},
        {"role": "assistant", "content": "Yes."},
        {"role": "user", "content": "hello again"},
    ]
    await client.chat.completions.create(model="quill", messages=said)
    asked = home.script.asked[-1]
    assert [(e.question, e.answer) for e in asked.history] == [("Do you ship?", "Yes.")]
    assert "pirate" not in str(asked)


async def test_a_stream_has_the_same_text_the_sources_and_the_usage(client: openai.AsyncOpenAI) -> None:
    stream = await client.chat.completions.create(
        model="quill",
        messages=[{"role": "user", "content": "Do you ship?"}],
        stream=True,
        stream_options={"include_usage": True},
    )
    chunks = [chunk async for chunk in stream]
    text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert text.strip() == SHIPS
    extra: Any = chunks[-2].model_extra
    assert extra["inhouse"]["citations"][0]["number"] == 1
    assert chunks[-1].usage is not None and chunks[-1].usage.prompt_tokens == 40


async def test_errors_have_openais_shape(client: openai.AsyncOpenAI) -> None:
    with pytest.raises(openai.NotFoundError, match='There is no model named "other"'):
        await client.chat.completions.create(model="other", messages=HELLO)  # type: ignore[arg-type]
    with pytest.raises(openai.BadRequestError, match="messages"):
        await client.chat.completions.create(model="quill", messages=[])
    with pytest.raises(openai.BadRequestError, match='must have the role "user"'):
        await client.chat.completions.create(model="quill", messages=[{"role": "system", "content": "x"}])
    with pytest.raises(openai.InternalServerError, match="The engine is busy"):
        await client.chat.completions.create(model="quill", messages=[{"role": "user", "content": "break"}])


async def test_a_wrong_or_revoked_key_opens_nothing(home: Home, http: httpx.AsyncClient, key: str) -> None:
    assert (await http.get("/models")).json()["error"]["type"] == "authentication_error"
    assert (await http.get("/models", headers={"Authorization": "Bearer ih_nothing"})).status_code == 401
    mara, ai = home.accounts.actor_of(EMAIL), home.ais.public("quill")
    view = home.keys.create(mara, ai.id, "viewer", {Scope.VIEW})[0]
    assert (await http.get("/models", headers={"Authorization": f"Bearer {view}"})).status_code == 403
    home.keys.revoke(mara, ai.id, home.keys.listing(mara, ai.id)[-1].id)
    assert (await http.get("/models", headers={"Authorization": f"Bearer {key}"})).status_code == 401


async def test_a_key_has_its_rate_and_is_told(http: httpx.AsyncClient, key: str) -> None:
    replies = [await http.get("/models", headers={"Authorization": f"Bearer {key}"}) for _ in range(9)]
    assert replies[0].headers["x-ratelimit-limit-requests"] == "8"
    assert replies[0].headers["x-ratelimit-remaining-requests"] == "7"
    assert replies[-1].status_code == 429
    assert int(replies[-1].headers["retry-after"]) >= 1
    assert replies[-1].json()["error"]["type"] == "rate_limit_error"


async def test_bodies_are_bounded(http: httpx.AsyncClient, key: str) -> None:
    body = json.dumps({"model": "quill", "messages": HELLO, "padding": "x" * (29 << 20)})
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    assert (await http.post("/chat/completions", content=body, headers=headers)).status_code == 413
    long = json.dumps({"model": "quill", "messages": [{"role": "user", "content": "x" * 5000}]})
    assert (await http.post("/chat/completions", content=long, headers=headers)).status_code == 413


async def test_the_description_holds_the_public_api_only(http: httpx.AsyncClient) -> None:
    described = (await http.get("http://inhouse.test/openapi.json")).json()
    files = {"/v1/files", "/v1/files/{file_id}", "/v1/files/{file_id}/content"}
    assert set(described["paths"]) == files | {
        "/v1/models",
        "/v1/models/{model}",
        "/v1/chat/completions",
        "/v1/responses",
        "/v1/responses/{response_id}",
        "/v1/responses/{response_id}/cancel",
        "/v1/actions/{action_id}",
        "/healthz",
    }
    page = await http.get("http://inhouse.test/docs")
    assert "/v1/chat/completions" in page.text and "/v1/responses" in page.text
    assert (await http.get("http://inhouse.test/healthz")).json() == {"status": "ok"}


def test_words_that_were_taken_back_are_followed_by_what_stands_instead() -> None:
    sent = Sent()
    told = [
        Token(text="Buy at "),
        Token(text="Inkwell"),
        Replaced(text="I'd rather not say.", reason="guard"),
    ]
    assert [sent.more(event) for event in told] == ["Buy at ", "Inkwell", "\n\nI'd rather not say."]
    assert sent.more(Ended(answer="I'd rather not say.")) == ""


async def test_a_stock_client_gives_documents_and_asks_about_them(
    home: Home, client: openai.AsyncOpenAI, http: httpx.AsyncClient
) -> None:
    ai = home.ais.public("quill")
    policy = ("policy.md", b"# Returns\n\nYou may return a mug within 30 days.\n")
    with pytest.raises(openai.PermissionDeniedError):
        await client.files.create(file=policy, purpose="user_data")
    home.ais.edit(home.accounts.actor_of(EMAIL), ai.id, reads_documents=True)
    kept = await client.files.create(file=policy, purpose="user_data")
    assert (kept.filename, kept.status, kept.bytes) == ("policy.md", "processed", len(policy[1]))
    sent = base64.b64encode(b"We post on Tuesdays.").decode()
    asked: Any = [
        {
            "role": "user",
            "content": [
                {"type": "file", "file": {"file_id": kept.id}},
                {
                    "type": "file",
                    "file": {"filename": "post.txt", "file_data": f"data:text/plain;base64,{sent}"},
                },
                {"type": "text", "text": "hello"},
            ],
        }
    ]
    await client.chat.completions.create(model="quill", messages=asked)
    request = home.script.asked[-1]
    assert request.question == "hello"
    assert [one.passages[0].text for one in request.documents] == [
        "You may return a mug within 30 days.",
        "We post on Tuesdays.",
    ]
    other_key = home.keys.create(home.accounts.actor_of(EMAIL), ai.id, "other", {Scope.CHAT})[0]
    headers = {"Authorization": f"Bearer {other_key}"}
    assert (await http.get(f"/files/{kept.id}", headers=headers)).status_code == 404
    assert (await http.get("/files", headers=headers)).json()["data"] == []
    assert (await client.files.content(kept.id)).text == "You may return a mug within 30 days."
    await client.files.delete(kept.id)
    assert (await client.files.list()).data == []
