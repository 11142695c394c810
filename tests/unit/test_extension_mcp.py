"""An MCP server's tools and answers as ours, and what is kept from a hostile one. Real servers: tests/integration."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest
from mcp import types
from mcp.shared.exceptions import MCPError
from mcp.shared.message import SessionMessage
from mcp.types import CONNECTION_CLOSED, REQUEST_TIMEOUT
from pydantic import ValidationError

from inhouse.runtime.extensions.base import ToolFailed, ToolUnclear
from inhouse.runtime.extensions.mcp.failures import (
    MOST_MESSAGE,
    REFUSED,
    SESSION_LOST,
    UNSENT,
    Broken,
    Unasked,
    is_unclear,
    words,
)
from inhouse.runtime.extensions.mcp.http import KEY, Guard
from inhouse.runtime.extensions.mcp.listing import offered
from inhouse.runtime.extensions.mcp.results import fits, result
from inhouse.runtime.extensions.mcp.servers import HttpServer, StdioServer
from inhouse.runtime.extensions.mcp.sifting import sift
from inhouse.runtime.extensions.mcp.stdio import Log
from inhouse.runtime.extensions.naming import names
from inhouse.runtime.extensions.schemas import flat

OBJECT = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


def _tool(name: str, schema: Any = OBJECT, **more: Any) -> types.Tool:
    return types.Tool(name=name, input_schema=schema, **more)


def _offered(*tools: types.Tool, reading: frozenset[str] = frozenset()) -> dict[str, Any]:
    return dict(offered(tools, reading))


# Settings


def test_secrets_are_in_no_text_of_the_settings() -> None:
    http = HttpServer(url="https://mcp.example/", headers={"Authorization": "Bearer s3cret-word"})
    stdio = StdioServer(command="serve", env={"API_KEY": "s3cret-word"})
    for server in (http, stdio):
        assert "s3cret" not in f"{server!r} {server} {server.model_dump_json()}"
    assert http.secrets() == ("Bearer s3cret-word", "s3cret-word")


@pytest.mark.parametrize(
    "headers",
    [{"Authorization": "s3cret\r\nHost: elsewhere"}, {"Authorization": "s3cret é"}, {"a b": "s3cret"}],
)
def test_a_header_that_would_break_the_request_is_refused_without_being_repeated(
    headers: dict[str, str],
) -> None:
    with pytest.raises(ValidationError) as caught:
        HttpServer.model_validate({"url": "https://mcp.example/", "headers": headers})
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    "settings",
    [
        {"url": "ftp://mcp.example/"},
        {"url": "https://name:word@mcp.example/"},
        {"url": "https:///mcp"},
        {"url": "https://mcp.example/", "command": "serve"},
    ],
)
def test_an_address_that_is_none_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        HttpServer.model_validate(settings)


@pytest.mark.parametrize(
    "settings", [{"command": ""}, {"command": "a\0b"}, {"command": "a", "env": {"A=B": "c"}}]
)
def test_a_command_that_is_none_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        StdioServer.model_validate(settings)


# Tools


def test_names_are_made_to_fit_and_the_original_is_remembered() -> None:
    known = _offered(
        _tool("getForecast"), _tool("send-mail.v2"), _tool("2fa"), _tool("plain_name"), _tool("日本")
    )
    assert {name: each.name for name, each in known.items()} == {
        "get_forecast": "getForecast",
        "send_mail_v2": "send-mail.v2",
        "tool_2fa": "2fa",
        "plain_name": "plain_name",
        "tool": "日本",
    }


def test_names_that_look_alike_are_kept_apart_in_whatever_order_they_come() -> None:
    there = names(["send", "Send", "SEND"])
    back = names(["SEND", "Send", "send"])
    assert there == back
    assert there["send"] == "send"
    assert len(set(there.values())) == 3
    assert all(name.startswith("send_") for original, name in there.items() if original != "send")


def test_long_names_are_cut_and_stay_apart() -> None:
    found = names([f"{'a' * 60}{number}" for number in range(3)])
    assert len(set(found.values())) == 3
    assert all(len(name) <= 48 for name in found.values())


def test_only_what_says_that_it_reads_is_reading() -> None:
    reads = types.ToolAnnotations(read_only_hint=True)
    writes = types.ToolAnnotations(read_only_hint=False)
    known = _offered(
        _tool("look", annotations=reads), _tool("write", annotations=writes), _tool("silent"), _tool("lookUp")
    )
    assert {name: each.tool.effect for name, each in known.items()} == {
        "look": "reading",
        "write": "acting",
        "silent": "acting",
        "look_up": "acting",
    }


@pytest.mark.parametrize("declared", ["lookUp", "look_up"])
def test_the_operator_declares_tools_as_reading_by_either_name(declared: str) -> None:
    known = _offered(_tool("lookUp"), _tool("other"), reading=frozenset({declared}))
    assert [each.tool.effect for each in known.values()] == ["reading", "acting"]


@pytest.mark.parametrize("declared", ["bookTable", "book_table"])
def test_what_may_be_repeated_says_so_or_is_declared_and_acts(declared: str) -> None:
    again = types.ToolAnnotations(idempotent_hint=True)
    reads = types.ToolAnnotations(read_only_hint=True, idempotent_hint=True)
    listed = [
        _tool("pay", annotations=again),
        _tool("look", annotations=reads),
        _tool("bookTable"),
        _tool("send", annotations=types.ToolAnnotations(idempotent_hint=False)),
    ]
    known = offered(listed, frozenset(), frozenset({declared}))
    assert {name for name, each in known.items() if each.tool.repeatable} == {"pay", "book_table"}


def test_titles_and_descriptions_are_cut_and_never_empty() -> None:
    known = _offered(
        _tool("a", title="T" * 500, description="word " * 1000),
        _tool("b", annotations=types.ToolAnnotations(title="Says\nit")),
        _tool("c", title="\u200b"),
    )
    a, b, c = (known[name].tool for name in "abc")
    assert len(a.title) == 80
    assert 500 < len(a.description) <= 600
    assert (b.title, b.description) == ("Says it", "Says it")
    assert c.title == "c"


def test_at_most_64_tools_are_kept_and_the_first_of_two_with_one_name() -> None:
    known = _offered(*(_tool(f"tool{number}") for number in range(100)))
    assert len(known) == 64
    twice = _offered(_tool("same", description="first"), _tool("same", description="second"))
    assert twice["same"].tool.description == "first"


# Schemas


def test_references_are_put_in() -> None:
    made = flat(
        {
            "type": "object",
            "$defs": {
                "Place": {"type": "object", "properties": {"kind": {"$ref": "#/$defs/Kind"}}},
                "Kind": {"enum": [1]},
            },
            "properties": {"where": {"$ref": "#/$defs/Place", "description": "Where to"}},
        }
    )
    assert made == {
        "type": "object",
        "properties": {
            "where": {"type": "object", "properties": {"kind": {"enum": [1]}}, "description": "Where to"},
        },
    }


def test_a_reference_with_more_beside_it_keeps_both() -> None:
    made = flat(
        {
            "type": "object",
            "$defs": {"Short": {"type": "string"}},
            "properties": {"a": {"$ref": "#/$defs/Short", "maxLength": 3}},
        }
    )
    assert made and made["properties"]["a"] == {"allOf": [{"type": "string"}, {"maxLength": 3}]}


def test_patterns_are_left_out_but_not_an_argument_of_that_name() -> None:
    made = flat({"type": "object", "properties": {"pattern": {"type": "string", "pattern": "(a+)+$"}}})
    assert made == {"type": "object", "properties": {"pattern": {"type": "string"}}}


def _doubling(depth: int) -> dict[str, Any]:
    parts = {f"d{number}": {"anyOf": [{"$ref": f"#/$defs/d{number + 1}"}] * 2} for number in range(depth)} | {
        f"d{depth}": {"type": "string"}
    }
    return {"type": "object", "$defs": parts, "properties": {"a": {"$ref": "#/$defs/d0"}}}


@pytest.mark.parametrize(
    "schema",
    [
        None,
        "object",
        {},
        {"type": "string"},
        {"type": ["object", "null"]},
        {"type": "object", "properties": "nonsense"},
        {"type": "object", "properties": {"a": {"type": "no such type"}}},
        {"type": "object", "required": [1]},
        {"type": "object", "properties": {"a": {"$ref": "http://169.254.169.254/latest"}}},
        {"type": "object", "properties": {"a": {"$ref": "file:///etc/passwd"}}},
        {"type": "object", "properties": {"a": {"$ref": "#"}}},
        {"type": "object", "properties": {"a": {"$ref": "#/$defs/absent"}}},
        {"type": "object", "properties": {"a": {"$dynamicRef": "#a"}}},
        {"type": "object", "$defs": {"a": {"$ref": "#/$defs/a"}}, "properties": {"a": {"$ref": "#/$defs/a"}}},
        {"type": "object", "properties": {"a": {"enum": ["x" * 20_000]}}},
        _doubling(20),
    ],
)
def test_schemas_that_are_no_objects_or_would_do_harm_cost_the_tool(schema: Any) -> None:
    assert flat(schema) is None


def test_a_schema_that_doubles_within_bounds_is_kept() -> None:
    assert flat(_doubling(3))


# Lists


def _sifted(tools: Any) -> Any:
    response = types.JSONRPCResponse(jsonrpc="2.0", id=1, result={"tools": tools})
    message = sift(SessionMessage(response))
    assert isinstance(message, SessionMessage) and isinstance(message.message, types.JSONRPCResponse)
    return message.message.result["tools"]


def test_what_is_no_tool_does_not_cost_the_others() -> None:
    good = {"name": "good", "inputSchema": OBJECT}
    bad = [
        None,
        {"name": "without"},
        {"name": "text", "inputSchema": "object"},
        {"name": "array", "inputSchema": {"type": "array"}},
        {"name": "odd", "inputSchema": {"type": "object", "properties": {"a": 1}}},
        {"name": 7, "inputSchema": OBJECT},
        {"name": "n" * 200, "inputSchema": OBJECT},
    ]
    assert _sifted([*bad, good]) == [good]


def test_a_tool_keeps_what_we_use_and_no_lie_about_its_kind() -> None:
    raw = {
        "name": "a",
        "title": 3,
        "description": "d",
        "inputSchema": OBJECT,
        "outputSchema": {"type": "array"},
        "annotations": {"readOnlyHint": "yes", "title": "T", "destructiveHint": 5},
        "icons": "none",
    }
    assert _sifted([raw]) == [
        {"name": "a", "description": "d", "inputSchema": OBJECT, "annotations": {"title": "T"}}
    ]
    assert _sifted("no list") == "no list"


# Results


def _answer(*blocks: types.ContentBlock, **more: Any) -> types.CallToolResult:
    return types.CallToolResult(content=list(blocks), **more)


def _words_of(text: str) -> types.TextContent:
    return types.TextContent(type="text", text=text)


def test_text_is_joined_and_pictures_are_named() -> None:
    made = result(
        _answer(
            _words_of("one"),
            types.ImageContent(type="image", data="AAAA", mime_type="image/png"),
            types.AudioContent(type="audio", data="AAAA", mime_type="audio/wav"),
            _words_of("two\0"),
            structured_content={"n": 1},
        ),
        None,
    )
    assert made.text == "one\n(image)\n(audio)\ntwo"
    assert made.data == {"n": 1}
    assert "AAAA" not in made.model_dump_json()


def test_resources_become_sources() -> None:
    link = types.ResourceLink(
        type="resource_link",
        name="report",
        title="The report",
        uri="https://example.org/report",
        description="Says a lot",
        annotations=types.Annotations(last_modified="2026-01-02T03:04:05Z"),
    )
    words_in = types.EmbeddedResource(
        type="resource",
        resource=types.TextResourceContents(uri="file:///notes/today.txt", text="Rain\0 at noon"),
    )
    blob = types.EmbeddedResource(
        type="resource", resource=types.BlobResourceContents(uri="https://example.org/a.bin", blob="AAAA")
    )
    made = result(_answer(link, words_in, blob), None)
    first, second, third = made.sources
    assert (first.title, first.url, first.text) == ("The report", "https://example.org/report", "Says a lot")
    assert first.date == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert (second.title, second.url, second.text) == ("today.txt", None, "Rain at noon")
    assert (third.title, third.text) == ("a.bin", "")
    assert made.text == "The report\ntoday.txt\na.bin"


@pytest.mark.parametrize(
    "uri", ["javascript:alert(1)", "http://[bad", "https://example.org/\u202ea", "http://" + "a" * 3000]
)
def test_an_address_that_is_unsafe_to_link_to_is_left_out(uri: str) -> None:
    link = types.ResourceLink(type="resource_link", name="x", uri=uri)
    assert result(_answer(link), None).sources[0].url is None


def test_at_most_20_sources_and_200000_characters_are_kept() -> None:
    link = types.ResourceLink(type="resource_link", name="x", uri="https://example.org/")
    made = result(_answer(*[link] * 50, _words_of("x" * 300_000)), None)
    assert len(made.sources) == 20
    assert len(made.text) == 200_000


def test_structured_content_is_read_where_there_is_no_text() -> None:
    assert result(_answer(structured_content={"rain": "はい"}), None).text == '{"rain": "はい"}'


def test_a_failure_is_told_in_the_servers_first_300_characters() -> None:
    with pytest.raises(ToolFailed) as caught:
        result(_answer(_words_of("no\nsuch " + "city " * 500), is_error=True), None)
    assert caught.value.message.startswith("no such city")
    assert len(caught.value.message) <= 300
    with pytest.raises(ToolFailed, match="does not say why"):
        result(_answer(is_error=True), None)


OUTPUT = {
    "type": "object",
    "properties": {"n": {"type": "integer"}, "s": {"type": ["string", "null"]}, "free": {}},
    "required": ["n"],
}


@pytest.mark.parametrize(
    ("data", "good"),
    [
        ({"n": 1}, True),
        ({"n": 2.0, "s": None, "free": [], "more": 1}, True),
        ({"n": "1"}, False),
        ({"n": True}, False),
        ({"n": 1, "s": 5}, False),
        ({}, False),
        ([], False),
        (None, False),
    ],
)
def test_structured_content_keeps_the_promise_of_its_schema(data: Any, good: bool) -> None:
    assert fits(data, OUTPUT) is good
    if not good and not isinstance(data, list):
        with pytest.raises(ToolFailed, match="its own schema"):
            result(_answer(_words_of("x"), structured_content=data), OUTPUT)


def test_a_pattern_made_to_take_for_ever_is_not_run() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string", "pattern": "^(a+)+$"}}}
    assert fits({"a": "a" * 60 + "!"}, schema)


# Failures


def test_each_failure_is_one_sentence() -> None:
    assert words(MCPError(types.CONNECTION_CLOSED, "x")) == "The server stopped before it answered."
    assert words(MCPError(-32602, "No\nsuch tool")) == "The server refuses: No such tool"
    assert len(words(MCPError(-32602, "x" * 5000))) < 330
    assert words(RuntimeError("secret detail")) == "The server's answer is not what the protocol says."


def test_our_own_words_win_over_what_broke_with_them() -> None:
    group = ExceptionGroup("a", [RuntimeError("x"), ExceptionGroup("b", [Broken("It sends too much.")])])
    assert words(group) == "It sends too much."


def test_the_log_of_a_server_is_bounded() -> None:
    log = Log()
    for number in range(1000):
        log.add(f"line {number} {'x' * 1000}\n".encode())
    assert len(log.text) <= 16 * 1024
    assert "line 999 " in log.text


# The guard before a web address


Network = Callable[[httpx2.Request], httpx2.Response]


def _public(host: str, port: int) -> list[str]:
    return ["93.184.216.34"]


async def _sent(
    network: Network, method: str = "POST", *, resolve: Any = _public, **headers: str
) -> httpx2.Response:
    guard = Guard(httpx2.MockTransport(network), resolve, allow_private=False)
    async with httpx2.AsyncClient(transport=guard, headers=headers, trust_env=False) as client:
        return await client.request(
            method, "https://mcp.example:8443/mcp?a=b", json={} if method == "POST" else None
        )


def _ask(network: Network, **options: Any) -> httpx2.Response:
    return asyncio.run(_sent(network, **options))


def _refusal(answer: httpx2.Response) -> str:
    body = types.JSONRPCError.model_validate_json(answer.content)
    assert body.error.code in (REFUSED, UNSENT)
    return body.error.message


def _json(request: httpx2.Request) -> httpx2.Response:
    return httpx2.Response(200, json={"ok": True}, headers={"set-cookie": "a=b", "mcp-session-id": "s1"})


def test_a_request_goes_to_the_address_that_was_checked_under_its_own_name() -> None:
    seen: list[httpx2.Request] = []

    def network(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        return _json(request)

    answer = _ask(network)
    assert answer.json() == {"ok": True}
    assert seen[0].url == "https://93.184.216.34:8443/mcp?a=b"
    assert seen[0].headers["host"] == "mcp.example:8443"
    assert seen[0].extensions["sni_hostname"] == "mcp.example"
    assert seen[0].headers["accept-encoding"] == "identity"
    assert answer.headers["mcp-session-id"] == "s1"
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("address", ["127.0.0.1", "10.1.2.3", "169.254.169.254", "::1"])
def test_a_private_address_is_asked_nothing(address: str) -> None:
    def network(request: httpx2.Request) -> httpx2.Response:
        raise AssertionError("asked")

    assert "private network" in _refusal(_ask(network, resolve=lambda host, port: [address]))


def test_a_name_without_a_machine_is_told() -> None:
    def resolve(host: str, port: int) -> list[str]:
        raise OSError

    assert "no machine" in _refusal(_ask(_json, resolve=resolve))


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (httpx2.Response(307, headers={"location": "https://mcp.example:8443/mcp/"}), "elsewhere"),
        (httpx2.Response(302, headers={"location": "http://10.0.0.1/"}), "elsewhere"),
        (httpx2.Response(401), "refuses our key"),
        (httpx2.Response(503, text="down"), "status 503"),
        (httpx2.Response(200, headers={"content-encoding": "gzip"}, stream=httpx2.ByteStream(b"x")), "packs"),
    ],
)
def test_answers_that_are_not_let_in_are_told(answer: httpx2.Response, says: str) -> None:
    asked: list[str] = []

    def network(request: httpx2.Request) -> httpx2.Response:
        asked.append(str(request.url))
        return answer

    assert says in _refusal(_ask(network))
    assert len(asked) == 1


def test_a_lost_session_is_told_apart_from_a_missing_method() -> None:
    def network(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(404)

    assert _ask(network).status_code == 404
    lost = _ask(network, **{"mcp-session-id": "s1"})
    assert types.JSONRPCError.model_validate_json(lost.content).error.code == SESSION_LOST


def test_no_stream_without_a_question_is_opened() -> None:
    def network(request: httpx2.Request) -> httpx2.Response:
        raise AssertionError("asked")

    assert _ask(network, method="GET").status_code == 405


@pytest.mark.parametrize(
    "error", [httpx2.ConnectError("s3cret"), httpx2.ReadTimeout("x"), httpx2.ReadError("x")]
)
def test_trouble_on_the_way_is_an_answer_and_no_exception(error: Exception) -> None:
    def network(request: httpx2.Request) -> httpx2.Response:
        raise error

    message = _refusal(_ask(network))
    assert message.endswith(".")
    assert "s3cret" not in message


class _Endless(httpx2.AsyncByteStream):
    def __init__(self) -> None:
        self.sent = 0
        self.closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            self.sent += 100_000
            yield b"x" * 100_000

    async def aclose(self) -> None:
        self.closed = True


def test_an_answer_without_end_is_cut_and_let_go() -> None:
    body = _Endless()
    answer = _ask(
        lambda request: httpx2.Response(200, headers={"content-type": "application/json"}, stream=body)
    )
    assert "8 MB" in _refusal(answer)
    assert body.sent <= MOST_MESSAGE + 200_000
    assert body.closed


def test_a_stream_of_events_without_end_is_cut_too() -> None:
    body = _Endless()

    async def read() -> None:
        headers = {"content-type": "text/event-stream"}
        guard = Guard(
            httpx2.MockTransport(lambda request: httpx2.Response(200, headers=headers, stream=body)),
            _public,
            False,
        )
        async with httpx2.AsyncClient(transport=guard, trust_env=False) as client:
            await client.post("https://mcp.example/", json={})

    with pytest.raises(Exception, match="8 MB"):
        asyncio.run(read())
    assert body.sent <= MOST_MESSAGE + 200_000
    assert body.closed


# What acts


def test_only_what_never_left_or_was_answered_is_certain() -> None:
    certain = (
        Unasked("It ended."),
        Broken("It never began.", sent=False),
        MCPError(code=UNSENT, message="No machine of that name."),
        MCPError(code=-32602, message="Wrong arguments."),
    )
    unclear = (
        Broken("It broke."),
        MCPError(code=REFUSED, message="No answer in time."),
        MCPError(code=CONNECTION_CLOSED, message="closed"),
        MCPError(code=REQUEST_TIMEOUT, message="timeout"),
        ValueError("no such answer"),
    )
    assert not any(is_unclear(error) for error in certain)
    assert all(is_unclear(error) for error in unclear)


def test_a_promise_that_an_answer_breaks_is_unclear_and_a_tools_own_failure_is_not() -> None:
    broken = types.CallToolResult(content=[], structured_content=None)
    with pytest.raises(ToolUnclear):
        result(broken, OBJECT)
    with pytest.raises(ToolFailed) as caught:
        result(types.CallToolResult(content=[], is_error=True), None)
    assert not isinstance(caught.value, ToolUnclear)


def test_the_key_of_a_call_goes_along_as_a_header() -> None:
    seen: list[httpx2.Headers] = []

    def network(request: httpx2.Request) -> httpx2.Response:
        seen.append(request.headers)
        return httpx2.Response(202)

    guard = Guard(httpx2.MockTransport(network), _public, allow_private=False)
    call = {"method": "tools/call", "params": {"name": "book", "_meta": {KEY: "call_1"}}}

    async def ask() -> None:
        for body in (call, {"method": "tools/list"}, {**call, "params": {"_meta": {KEY: "a\r\nb"}}}):
            await guard.handle_async_request(httpx2.Request("POST", "https://mcp.example/", json=body))

    asyncio.run(ask())
    assert [headers.get("idempotency-key") for headers in seen] == ["call_1", None, None]
