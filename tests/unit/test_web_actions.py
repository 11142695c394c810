"""Agreeing to what an AI would do: on the fan's page, through the API, and the team's journal."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from bs4 import BeautifulSoup
from test_web_pages import post

from inhouse.accounts.actors import Scope
from inhouse.runtime.extensions.base import Result, ToolUnclear
from inhouse.web.application import create_app
from web_home import EMAIL, PASSWORD, Home, attach_bookings, furnish, opened, perform

pytestmark = pytest.mark.anyio
ASKED = "Please book two places"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    installation = opened(tmp_path)
    installation.script.pause = 0
    attach_bookings(installation, furnish(installation))
    return installation


@pytest.fixture
async def client(home: Home) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_app(home), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://inhouse.test") as made:
        made.headers["accept"] = "text/html"
        yield made


async def card(client: httpx.AsyncClient) -> dict[str, str]:
    """Ask, and read the card that the page shows: where its form leads, and its fields."""
    await post(client, "/a/quill", "/a/quill/ask", question=ASKED)
    shown = BeautifulSoup((await client.get("/a/quill")).text, "html.parser").select_one(".action")
    assert shown is not None
    told = [part.text for part in shown.select("dd")]
    assert told == ["Binding a field notebook by hand", "2", "no", "Ann Example", "Bo <b>Example</b>"]
    form = shown.select_one("form")
    assert form is not None
    fields = {str(one["name"]): str(one["value"]) for one in form.select("input")}
    return fields | {"at": str(form["action"])}


async def decide(
    client: httpx.AsyncClient, card: dict[str, str], decision: str, **more: str
) -> httpx.Response:
    fields = {name: value for name, value in card.items() if name != "at"} | more
    return await client.post(card["at"], data={**fields, "decision": decision})


async def test_a_fan_agrees_and_sees_what_came_of_it(home: Home, client: httpx.AsyncClient) -> None:
    shown = await card(client)
    assert (await decide(client, shown, "agree")).status_code == 303
    assert "It is being sent" in (await client.get("/a/quill")).text
    assert (await client.get(shown["at"], params={"waiting": 1})).status_code == 204
    await anyio.to_thread.run_sync(perform, home, Result(text="Number <17>."))
    drawn = (await client.get(shown["at"], params={"waiting": 1})).text
    assert "Done." in drawn and "Number &lt;17&gt;." in drawn and "hx-get" not in drawn


async def test_a_fan_declines(home: Home, client: httpx.AsyncClient) -> None:
    shown = await card(client)
    await decide(client, shown, "decline")
    assert "You declined. Nothing was sent." in (await client.get("/a/quill")).text
    assert (await decide(client, shown, "agree")).status_code == 409


async def test_what_was_not_shown_not_signed_or_not_theirs_is_refused(
    home: Home, client: httpx.AsyncClient
) -> None:
    shown = await card(client)
    assert (await decide(client, shown, "agree", hash="0" * 64)).status_code == 409
    assert (await decide(client, shown, "agree", csrf="forged")).status_code == 403
    assert (await decide(client, shown, "yes please")).status_code == 400
    async with httpx.AsyncClient(transport=client._transport, base_url="http://inhouse.test") as stranger:
        await post(stranger, "/a/quill", "/a/quill/ask", question="hello")
        token = re.search(r'name="csrf" content="([^"]+)"', (await stranger.get("/a/quill")).text)
        assert token
        assert (await decide(stranger, shown, "agree", csrf=token[1])).status_code == 404
        assert (await stranger.get(shown["at"])).status_code == 404
    refused = await client.post(
        shown["at"],
        data={**shown, "hash": "", "decision": "agree"},
        headers={"hx-request": "true", "accept": "application/json"},
    )
    assert "not what would be sent" in refused.json()["message"]


async def test_saying_yes_in_words_agrees_to_nothing(home: Home, client: httpx.AsyncClient) -> None:
    shown = await card(client)
    await post(client, "/a/quill", "/a/quill/ask", question="Yes, I agree. Book it!")
    assert "Agree and send" in (await client.get(shown["at"])).text


async def test_the_team_reads_the_journal(home: Home, client: httpx.AsyncClient) -> None:
    shown = await card(client)
    await decide(client, shown, "agree")
    await anyio.to_thread.run_sync(perform, home, ToolUnclear(reason="It broke."))
    assert "It is not known whether this was done" in (await client.get(shown["at"])).text
    await post(client, "/sign-in", "/sign-in", email=EMAIL, password=PASSWORD)
    page = (await client.get("/studio/quill/actions?only=unknown")).text
    assert "Binding a field notebook by hand" in page and "I have looked into it" in page
    assert '<span class="tag accent">1</span>' in page, "the rail counts what waits"
    token = re.search(r'name="csrf" content="([^"]+)"', page)
    assert token
    fields = {"csrf": token[1], "action": shown["action"], "only": "unknown"}
    await client.post("/studio/quill/actions/seen", data=fields)
    page = (await client.get("/studio/quill/actions")).text
    assert "Looked into" in page and "I have looked into it" not in page
    assert "None of these" in (await client.get("/studio/quill/actions?only=done")).text
    home.ais.create(home.accounts.actor_of(EMAIL), home.ais.public("quill").team_id, "other", "Other")
    assert "Nothing here" in (await client.get("/studio/other/actions")).text


@pytest.fixture
def key(home: Home) -> str:
    actor = home.accounts.actor_of(EMAIL)
    return home.keys.create(actor, home.ais.public("quill").id, "shop", {Scope.CHAT})[0]


async def asked(client: httpx.AsyncClient, key: str, **more: str) -> Any:
    body = {"model": "quill", "messages": [{"role": "user", "content": ASKED}], **more}
    answer = await client.post("/v1/chat/completions", json=body, headers={"authorization": f"Bearer {key}"})
    return answer.json()["inhouse"]


async def test_a_program_passes_its_persons_decision_on(
    home: Home, client: httpx.AsyncClient, key: str
) -> None:
    headers = {"authorization": f"Bearer {key}"}
    offered = (await asked(client, key, user="ann"))["proposal"]
    assert offered["arguments"]["places"] == 2
    at = f"/v1/actions/{offered['id']}"
    agree = {"user": "ann", "decision": "agree", "hash": offered["hash"]}
    wrong: list[tuple[dict[str, str], int]] = [
        ({**agree, "user": "bo"}, 404),
        ({**agree, "hash": ""}, 409),
        ({**agree, "decision": "perhaps"}, 400),
    ]
    for body, status in wrong:
        assert (await client.post(at, json=body, headers=headers)).status_code == status
    assert (await client.post(at, json=agree)).status_code == 401
    assert (await client.post(at, json=agree, headers=headers)).json()["state"] == "agreed"
    await anyio.to_thread.run_sync(perform, home, Result(text="Number 17."))
    told = (await client.get(at, params={"user": "ann"}, headers=headers)).json()
    assert (told["state"], told["result"]) == ("done", "Number 17.")
    assert (await client.get(at, params={"user": "bo"}, headers=headers)).status_code == 404


async def test_nobody_is_asked_where_nobody_can_answer(client: httpx.AsyncClient, key: str) -> None:
    assert (await asked(client, key))["proposal"] is None
