"""``/v1/responses`` over a real socket: the blocking client, and what hanging up stops."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import openai
import pytest

from inhouse.accounts.actors import Scope
from web_home import EMAIL, SHIPS, Home, furnish, opened, serving

pytestmark = [pytest.mark.integration, pytest.mark.enable_socket]


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    installation = opened(tmp_path)
    furnish(installation)
    yield installation
    installation.db.close()


@pytest.fixture
def client(home: Home) -> Iterator[openai.OpenAI]:
    ai = home.ais.public("quill")
    key = home.keys.create(home.accounts.actor_of(EMAIL), ai.id, "shop", {Scope.CHAT})[0]
    with (
        serving(home) as address,
        openai.OpenAI(api_key=key, base_url=f"{address}/v1", max_retries=0) as made,
    ):
        yield made


def test_the_blocking_client_asks_streams_and_looks_again(home: Home, client: openai.OpenAI) -> None:
    home.script.pause = 0
    whole = client.responses.create(model="quill", input="Do you ship to Japan?")
    assert whole.output_text == SHIPS
    with client.responses.stream(model="quill", input="Do you ship?") as stream:
        assert stream.get_final_response().output_text == SHIPS
    assert client.responses.retrieve(whole.id).output_text == SHIPS


def test_who_hangs_up_stops_the_work(home: Home, client: openai.OpenAI) -> None:
    home.script.pause = 0.2
    with client.responses.create(model="quill", input="slow please", stream=True) as stream:
        named = next(event.response.id for event in stream if event.type == "response.created")
        next(event for event in stream if event.type == "response.output_text.delta")
    end = time.monotonic() + 10
    while client.responses.retrieve(named).status == "in_progress" and time.monotonic() < end:
        time.sleep(0.1)
    assert client.responses.retrieve(named).status == "cancelled"


@pytest.mark.parametrize("path", ["/v1/responses", "/v1/chat/completions"])
def test_who_hangs_up_before_the_whole_answer_stops_the_work_too(
    home: Home, client: openai.OpenAI, path: str
) -> None:
    home.script.pause = 0.2
    body = {
        "model": "quill",
        "input": "slow please",
        "messages": [{"role": "user", "content": "slow please"}],
    }
    with pytest.raises(openai.APITimeoutError):
        client.with_options(timeout=1.0).post(path.removeprefix("/v1"), body=body, cast_to=object)
    mara, ai = home.accounts.actor_of(EMAIL), home.ais.public("quill")
    kept = home.conversations.listing(mara, ai.id)[0]
    end = time.monotonic() + 10
    while (turn := home.conversations.read(mara, ai.id, kept.id)[0]).running and time.monotonic() < end:
        time.sleep(0.1)
    assert turn.state == "stopped"
