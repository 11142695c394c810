"""``/mcp`` with the protocol's own client over a real socket: asking, searching, keys, and what must not get through."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from inhouse.accounts.actors import Scope
from web_home import EMAIL, Home, furnish, opened, serving

pytestmark = [pytest.mark.integration, pytest.mark.enable_socket]


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    installation = opened(tmp_path, key_requests_per_minute=60)
    installation.script.pause = 0
    furnish(installation)
    yield installation
    installation.db.close()


@pytest.fixture
def address(home: Home) -> Iterator[str]:
    with serving(home) as address:
        yield f"{address}/mcp"


def _key(home: Home, *scopes: Scope) -> str:
    ai = home.ais.public("quill")
    return home.keys.create(home.accounts.actor_of(EMAIL), ai.id, "desk", set(scopes))[0]


def _with(address: str, key: str, work: Callable[[Client], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        headers = {"Authorization": f"Bearer {key}"}
        async with (
            httpx2.AsyncClient(headers=headers, timeout=30) as http,
            Client(streamable_http_client(address, http_client=http)) as client,
        ):
            return await work(client)

    return asyncio.run(run())


def test_a_client_asks_an_ai_and_sees_what_it_stands_on(home: Home, address: str) -> None:
    async def work(client: Client) -> tuple[Any, Any]:
        listed = await client.list_tools()
        return listed, await client.call_tool("ask", {"question": "Do you ship to Japan?"})

    listed, told = _with(address, _key(home, Scope.CHAT), work)
    assert {tool.name for tool in listed.tools} == {"ask", "search"}
    assert told.structured_content["answer"].startswith("Yes, we ship worldwide")
    assert told.structured_content["citations"][0]["url"] == "https://shop.example/shipping"
    assert home.script.asked[-1].fan_id is not None


def test_searching_needs_a_key_that_may_look(home: Home, address: str) -> None:
    async def work(client: Client) -> Any:
        return await client.call_tool("search", {"query": "When do parcels leave?", "count": 2})

    refused = _with(address, _key(home, Scope.CHAT), work)
    assert refused.is_error and "may not view" in refused.content[0].text
    found = _with(address, _key(home, Scope.CHAT, Scope.VIEW), work)
    assert "Tuesdays and Fridays" in found.structured_content["passages"][0]["text"]


def test_arguments_have_limits(home: Home, address: str) -> None:
    async def work(client: Client) -> list[Any]:
        calls = (("ask", {"question": "x" * 5000}), ("ask", {}), ("search", {"query": "x", "count": 99}))
        return [await client.call_tool(name, arguments) for name, arguments in calls]

    assert all(result.is_error for result in _with(address, _key(home, Scope.CHAT, Scope.VIEW), work))
    assert home.script.asked == []


@pytest.mark.parametrize("header", [None, "Bearer", "Bearer ih_wrong", "Basic abc"])
def test_without_a_key_there_is_nothing(address: str, header: str | None) -> None:
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
    headers = {"Accept": "application/json, text/event-stream"} | (
        {"Authorization": header} if header else {}
    )
    answer = httpx.post(address, json=body, headers=headers)
    assert answer.status_code == 401 and "key" in answer.json()["message"].lower()


def test_a_key_has_an_allowance(home: Home, address: str) -> None:
    key = _key(home, Scope.CHAT)
    headers = {"Authorization": f"Bearer {key}", "Accept": "application/json, text/event-stream"}
    body = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    with httpx.Client(headers=headers) as http:
        statuses = [http.post(address, json=body).status_code for _ in range(70)]
    assert 429 in statuses and statuses[0] != 429
