"""MCP servers as they are: the reference servers, one of the SDK's over HTTP, and small hostile ones."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import tracemalloc
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import psutil
import pytest
import uvloop

from inhouse.brief.brief import Brief
from inhouse.content.index import View
from inhouse.content.search import Found
from inhouse.core.events import Ended
from inhouse.runtime.engines.base import FunctionCall
from inhouse.runtime.engines.fake import FakeEngine
from inhouse.runtime.extensions.base import Context, Limits, Result, Tool, ToolFailed
from inhouse.runtime.extensions.calling import Attached, Caller, Uncounted
from inhouse.runtime.extensions.mcp import connection
from inhouse.runtime.extensions.mcp.extension import McpExtension
from inhouse.runtime.extensions.mcp.servers import HttpServer, Server, StdioServer
from inhouse.runtime.profile import Method, Profile
from inhouse.runtime.reply import Replier
from inhouse.runtime.request import Exchange, ReplyRequest

pytestmark = [pytest.mark.integration, pytest.mark.enable_socket, pytest.mark.timeout(120)]

Work = Callable[[McpExtension], Awaitable[Any]]


def _context(call_id: str = "call_1") -> Context:
    return Context(ai_id="ai_1", fan_id=None, call_id=call_id, now=datetime(2026, 1, 1, tzinfo=UTC))


async def _call(extension: McpExtension, tool: str, _seconds: float = 20.0, **arguments: Any) -> Result:
    async with asyncio.timeout(_seconds):
        return await extension.call(tool, arguments, _context())


async def _failure(extension: McpExtension, tool: str, **arguments: Any) -> str:
    with pytest.raises(ToolFailed) as caught:
        await _call(extension, tool, **arguments)
    assert "\n" not in caught.value.message
    return caught.value.message


def _with(server: Server, work: Work) -> Any:
    """Do something with an extension, and close it. Nothing of it is left running."""

    async def run() -> Any:
        extension = McpExtension(server)
        try:
            return await work(extension)
        finally:
            await extension.aclose()

    before = _children()
    try:
        return asyncio.run(run())
    finally:
        _gone(_children() - before)


def _children() -> set[int]:
    return {child.pid for child in psutil.Process().children(recursive=True)}


def _lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _gone(pids: set[int]) -> None:
    deadline = time.monotonic() + 5
    while left := [pid for pid in pids if _lives(pid)]:
        assert time.monotonic() < deadline, f"still running: {left}"
        time.sleep(0.05)


# The reference servers


def test_the_time_server() -> None:
    async def work(extension: McpExtension) -> None:
        tools = {tool.name: tool for tool in await extension.tools()}
        assert set(tools) == {"get_current_time", "convert_time"}
        assert {tool.effect for tool in tools.values()} == {"reading"}
        assert tools["get_current_time"].parameters["required"] == ["timezone"]
        now = await _call(extension, "get_current_time", timezone="Asia/Tokyo")
        assert now.data["timezone"] == "Asia/Tokyo"
        told = datetime.fromisoformat(now.data["datetime"])
        assert told.utcoffset() == timedelta(hours=9)
        assert json.loads(now.text)["datetime"] == now.data["datetime"]
        there = await _call(
            extension, "convert_time", source_timezone="UTC", time="12:00", target_timezone="Asia/Tokyo"
        )
        assert "T21:00:00+09:00" in there.text
        failed = await _failure(extension, "get_current_time", timezone="Nowhere/None")
        assert "Invalid timezone" in failed
        assert await _failure(extension, "no_such_tool") == "The server does not have this tool."

    _with(StdioServer(command=sys.executable, args=("-m", "mcp_server_time")), work)


PAGE = """<!doctype html><html><head><title>Kiln notes</title><script>alert(1)</script></head><body>
<nav><a href="/">Home</a></nav><article><h1>Kiln notes</h1><p>The kiln is fired on <b>Thursday</b>, and opened on Saturday.</p>
<h2>Glazes</h2><p>Celadon wants a slow cooling.</p></article></body></html>"""


class _Page(BaseHTTPRequestHandler):
    """A small site: a page, a plain text, a corner that robots are asked to leave alone."""

    def do_GET(self) -> None:
        pages = {
            "/robots.txt": ("text/plain", "User-agent: *\nDisallow: /private"),
            "/news": ("text/html; charset=utf-8", PAGE),
            "/news.txt": ("text/plain", "The kiln is fired on Thursday."),
            "/private": ("text/html", PAGE),
        }
        if self.path not in pages:
            self.send_error(404)
            return
        kind, text = pages[self.path]
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


def _serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def page() -> Iterator[str]:
    yield from _serving(_Page)


def _fetch_server(*args: str) -> StdioServer:
    """Without Node on its path: with it, the library that simplifies pages would have npm install something from the
    network into our environment, and npm's words would stand in the protocol's stream."""
    env = {"PATH": str(Path(sys.executable).parent)}
    return StdioServer(command=sys.executable, args=("-m", "mcp_server_fetch", *args), env=env)


def test_the_fetch_server(page: str) -> None:
    async def work(extension: McpExtension) -> None:
        (tool,) = await extension.tools()
        assert (tool.name, tool.effect) == ("fetch", "reading")
        read = (await _call(extension, "fetch", url=f"{page}/news")).text
        assert "# Kiln notes" in read and "fired on Thursday" in read and "Celadon" in read
        assert "<p>" not in read and "alert" not in read
        begin = (await _call(extension, "fetch", url=f"{page}/news", max_length=40)).text
        assert "Celadon" not in begin and "start_index of 40" in begin
        rest = await _call(extension, "fetch", url=f"{page}/news", start_index=40)
        assert "Celadon" in rest.text
        assert (
            "The kiln is fired on Thursday." in (await _call(extension, "fetch", url=f"{page}/news.txt")).text
        )
        assert "<article>" in (await _call(extension, "fetch", url=f"{page}/news", raw=True)).text
        assert "404" in await _failure(extension, "fetch", url=f"{page}/gone")
        assert "robots.txt" in await _failure(extension, "fetch", url=f"{page}/private")

    _with(_fetch_server("--allow-private-ips"), work)


def test_the_fetch_server_refuses_this_machine_unless_it_is_told(page: str) -> None:
    async def work(extension: McpExtension) -> None:
        assert "not a public address" in await _failure(extension, "fetch", url=f"{page}/news")

    _with(_fetch_server(), work)


def test_a_question_is_answered_from_a_page_that_was_fetched(page: str) -> None:
    """The whole way: a turn, the call, the server's process, the page, and an answer that stands on it."""

    async def work(extension: McpExtension) -> list[Ended]:
        (tool,) = await extension.tools()
        said = (
            "The kiln is fired on Thursday, and opened on Saturday.",
            "The kiln is fired on Monday in Leeds.",
        )
        return [await _answered(extension, tool, page, words) for words in said]

    ended, invented = _with(_fetch_server("--allow-private-ips"), work)
    assert [(one["tool"], one["state"]) for one in ended.tools] == [("fetch", "done")]
    assert "Thursday" in ended.answer
    assert "Monday" not in invented.answer, "what is not on the page is not told"


async def _answered(extension: McpExtension, tool: Tool, page: str, words: str) -> Ended:
    """What a fan is told whose AI has this tool, on an engine that asks for one call and then says these words."""
    call = (FunctionCall("c1", "fetch", json.dumps({"url": f"{page}/news"})),)
    engine = FakeEngine([call, words], calls_tools=True)
    box = _Box(Attached("fetch", tool, Limits(seconds=30), extension))
    profile = Profile(method=Method.PROMPTED, languages=frozenset("*"))
    replier = Replier(engine, _NoContent(), profile, box, Caller(Uncounted()))
    question = f"When is the kiln fired, by {page}/news?"
    request = ReplyRequest("ai_1", "Potter", "business", Brief(), question, extensions=("fetch@1",))
    events = [event async for event in replier.reply(request)]
    assert isinstance(events[-1], Ended)
    return events[-1]


class _NoContent:
    """An AI that has read nothing."""

    async def find(self, view: View, question: str, history: Sequence[Exchange], k: int) -> Found:
        return Found((), (), question, 1, None, 0.0, None)

    async def similar(self, question: str, texts: Sequence[str]) -> Sequence[float]:
        return [0.9 for _ in texts]

    async def relevance(self, question: str, texts: Sequence[str]) -> Sequence[float]:
        return await self.similar(question, texts)


@dataclass(frozen=True)
class _Box:
    """Offers one tool."""

    one: Attached

    async def attached(self, request: ReplyRequest) -> Sequence[Attached]:
        return (self.one,)


# Small servers over the standard streams


PREAMBLE = """
import json, os, subprocess, sys, threading, time

def send(message):
    sys.stdout.write(json.dumps(message) + "\\n")
    sys.stdout.flush()

def answer(asked, result):
    send({"jsonrpc": "2.0", "id": asked["id"], "result": result})

def say(asked, text, **more):
    answer(asked, {"content": [{"type": "text", "text": text}]} | more)

def tool(name, **more):
    return {"name": name, "description": "A tool", "inputSchema": {"type": "object"}} | more

def serve(tools, called, listed=None):
    for line in sys.stdin:
        asked = json.loads(line)
        method = asked.get("method")
        if method == "initialize":
            info = {"name": "small", "version": "1"}
            answer(asked, {"protocolVersion": "2025-11-25", "capabilities": {"tools": {}}, "serverInfo": info})
        elif method == "tools/list":
            answer(asked, listed(asked) if listed else {"tools": tools})
        elif method == "tools/call":
            called(asked)
        elif method and "id" in asked:
            send({"jsonrpc": "2.0", "id": asked["id"], "error": {"code": -32601, "message": "no such method"}})
"""

Small = Callable[..., StdioServer]


@pytest.fixture
def small(tmp_path: Path) -> Small:
    def made(script: str, **env: str) -> StdioServer:
        path = tmp_path / "server.py"
        path.write_text(PREAMBLE + script)
        return StdioServer(command=sys.executable, args=(str(path),), env=env)

    return made


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "CHECK_SECONDS", 1.0)


HANGS = """
def called(asked):
    if asked["params"]["name"] == "hang":
        time.sleep(600)
    say(asked, str(os.getpid()))

serve([tool("hang"), tool("pid")], called)
"""


def test_a_server_that_hangs_in_a_call_is_replaced(small: Small) -> None:
    async def work(extension: McpExtension) -> None:
        first = (await _call(extension, "pid")).text
        with pytest.raises(TimeoutError):
            await _call(extension, "hang", 0.5)
        second = (await _call(extension, "pid")).text
        assert first != second
        assert not _lives(int(first))

    _with(small(HANGS), work)


def test_a_server_that_hangs_is_ended_though_nobody_asks_again(small: Small) -> None:
    async def work(extension: McpExtension) -> None:
        pid = int((await _call(extension, "pid")).text)
        with pytest.raises(TimeoutError):
            await _call(extension, "hang", 0.5)
        await asyncio.sleep(connection.CHECK_SECONDS + 2)
        assert not _lives(pid)

    _with(small(HANGS), work)


def test_nothing_of_a_flood_is_kept_until_somebody_collects_it(small: Small) -> None:
    script = """
def called(asked):
    for _ in range(400):
        sys.stdout.write("x" * 100_000)
    sys.stdout.flush()

serve([tool("flood")], called)
"""
    kept: list[int] = []

    async def work(extension: McpExtension) -> None:
        for _ in range(3):
            assert "more than 8 MB" in await _failure(extension, "flood")
            kept.append(tracemalloc.get_traced_memory()[0])

    gc.disable()
    tracemalloc.start()
    try:
        _with(small(script), work)
    finally:
        tracemalloc.stop()
        gc.enable()
    assert kept[-1] - kept[0] < 2**22


def test_a_cancelled_caller_leaves_a_server_that_works_alone(small: Small) -> None:
    script = """
def slow(asked):
    time.sleep(asked["params"]["arguments"]["seconds"])
    say(asked, "slow")

def called(asked):
    if asked["params"]["name"] == "slow":
        threading.Thread(target=slow, args=(asked,), daemon=True).start()
    else:
        say(asked, str(os.getpid()))

serve([tool("slow"), tool("pid")], called)
"""

    async def work(extension: McpExtension) -> None:
        first = (await _call(extension, "pid")).text
        beside = asyncio.create_task(_call(extension, "slow", seconds=1))
        for _ in range(5):
            left = asyncio.create_task(_call(extension, "slow", seconds=30))
            await asyncio.sleep(0.05)
            left.cancel()
            with pytest.raises(asyncio.CancelledError):
                await left
        assert (await _call(extension, "pid")).text == first
        assert (await beside).text == "slow"
        assert (await _call(extension, "pid")).text == first

    _with(small(script), work)


def test_a_serial_server_is_not_ended_for_being_busy(small: Small) -> None:
    """Whoever gives up while the server still works for another does not take the other's answer away."""
    script = """
def called(asked):
    time.sleep(asked["params"]["arguments"]["seconds"])
    say(asked, str(os.getpid()))

serve([tool("work")], called)
"""

    async def work(extension: McpExtension) -> None:
        first = (await _call(extension, "work", seconds=0)).text
        long = asyncio.create_task(_call(extension, "work", seconds=connection.CHECK_SECONDS + 2))
        await asyncio.sleep(0.2)
        with pytest.raises(TimeoutError):
            await _call(extension, "work", 0.3, seconds=0)
        assert (await long).text == first
        assert (await _call(extension, "work", seconds=0)).text == first

    _with(small(script), work)


def test_a_server_that_says_nothing_at_all(small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "CONNECT_SECONDS", 1.0)

    async def work(extension: McpExtension) -> None:
        with pytest.raises(ToolFailed, match="does not answer in time"):
            await extension.tools()

    _with(small("time.sleep(600)"), work)


def test_a_caller_that_gives_up_while_the_server_starts_finds_it_started(small: Small) -> None:
    script = "time.sleep(1)\n" + HANGS

    async def work(extension: McpExtension) -> None:
        with pytest.raises(TimeoutError):
            await _call(extension, "pid", 0.3)
        started = _children()
        assert int((await _call(extension, "pid")).text) in started

    _with(small(script), work)


def test_closing_while_the_server_starts_ends_it(small: Small) -> None:
    async def work(extension: McpExtension) -> None:
        with pytest.raises(TimeoutError):
            await _call(extension, "pid", 0.3)

    began = time.monotonic()
    _with(small("time.sleep(600)"), work)
    assert time.monotonic() - began < 5


def test_a_server_that_crashes_in_a_call_is_replaced_and_leaves_no_child(small: Small) -> None:
    script = """
def called(asked):
    if asked["params"]["name"] == "crash":
        os._exit(1)
    child = subprocess.Popen(["sleep", "600"])
    say(asked, str(child.pid))

serve([tool("crash"), tool("child")], called)
"""

    async def work(extension: McpExtension) -> None:
        child = int((await _call(extension, "child")).text)
        assert _lives(child)
        assert await _failure(extension, "crash") == "The server stopped before it answered."
        other = int((await _call(extension, "child")).text)
        assert _lives(other)
        await asyncio.to_thread(_gone, {child})

    _with(small(script), work)


def test_a_server_that_ends_while_nobody_asks_is_started_again(small: Small) -> None:
    async def work(extension: McpExtension) -> None:
        first = int((await _call(extension, "pid")).text)
        os.kill(first, signal.SIGKILL)
        await asyncio.sleep(0.5)
        assert int((await _call(extension, "pid")).text) != first

    _with(small(HANGS), work)


def test_closing_ends_what_the_server_started(small: Small) -> None:
    script = """
import signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)

def called(asked):
    child = subprocess.Popen(["sleep", "600"])
    say(asked, json.dumps([os.getpid(), child.pid]))

serve([tool("start")], called)
time.sleep(600)
"""

    async def work(extension: McpExtension) -> list[int]:
        pids: list[int] = json.loads((await _call(extension, "start")).text)
        assert all(_lives(pid) for pid in pids)
        return pids

    _gone(set(_with(small(script), work)))


def test_a_closed_extension_stays_closed(small: Small) -> None:
    async def run() -> None:
        extension = McpExtension(small(HANGS))
        hanging = asyncio.create_task(_call(extension, "hang"))
        await asyncio.sleep(1)
        await extension.aclose()
        await extension.aclose()
        with pytest.raises(ToolFailed, match="closed"):
            await hanging
        assert await _failure(extension, "pid") == "The server was closed."

    before = _children()
    asyncio.run(run())
    _gone(_children() - before)


def test_a_program_that_does_not_exist() -> None:
    async def work(extension: McpExtension) -> None:
        with pytest.raises(ToolFailed, match="no program of that name"):
            await extension.tools()

    _with(StdioServer(command="no-such-program-here", args=("s3cret",)), work)
    _with(StdioServer(command="./no-such-program-here"), work)


def test_a_program_that_is_none(tmp_path: Path) -> None:
    async def work(extension: McpExtension) -> None:
        with pytest.raises(ToolFailed, match="can't be run"):
            await extension.tools()

    path = tmp_path / "text"
    path.write_text("just text")
    _with(StdioServer(command=str(path)), work)


def test_a_program_that_ends_at_once() -> None:
    async def work(extension: McpExtension) -> None:
        with pytest.raises(ToolFailed, match="stopped before it answered"):
            await extension.tools()

    _with(StdioServer(command="true"), work)


def test_a_greeting_on_the_wrong_stream_is_overlooked(small: Small) -> None:
    async def work(extension: McpExtension) -> None:
        assert (await _call(extension, "pid")).text.isdigit()

    _with(
        small(
            'print("Welcome!\\n\\n{not json}\\n[1, 2]\\n" + json.dumps({"jsonrpc": "2.0"}), flush=True)\n'
            + HANGS
        ),
        work,
    )


def test_garbage_without_end(small: Small) -> None:
    async def work(extension: McpExtension) -> None:
        began = time.monotonic()
        with pytest.raises(ToolFailed, match="no messages"):
            await extension.tools()
        assert time.monotonic() - began < 10

    _with(small('while True: print("garbage" * 10)'), work)


def test_bytes_that_are_no_text(small: Small) -> None:
    async def work(extension: McpExtension) -> None:
        with pytest.raises(ToolFailed, match="no messages"):
            await extension.tools()

    _with(small("while True: os.write(1, bytes(range(256)) * 10 + b'\\n')"), work)


LONG = """
def called(asked):
    size = asked["params"]["arguments"]["megabytes"] * 1024 * 1024
    os.write(1, b'{"jsonrpc": "2.0", "id": %d, "result": {"content": [{"type": "text", "text": "' % asked["id"])
    piece = b"x" * (1024 * 1024)
    while size > 0:
        size -= os.write(1, piece[:size])
    os.write(1, b'"}]}}\\n')

serve([tool("long")], called)
"""


def test_an_answer_of_100_mb_is_not_held(small: Small) -> None:
    async def work(extension: McpExtension) -> None:
        assert len((await _call(extension, "long", megabytes=1)).text) == 200_000
        gc.collect()
        process = psutil.Process()
        before = most = process.memory_info().rss
        asked = asyncio.create_task(_failure(extension, "long", megabytes=100))
        while not asked.done():
            most = max(most, process.memory_info().rss)
            await asyncio.sleep(0.005)
        assert "8 MB" in await asked
        assert most - before < 60 * 1024 * 1024
        assert len((await _call(extension, "long", megabytes=1)).text) == 200_000

    _with(small(LONG), work)


def test_a_server_that_talks_without_end(small: Small) -> None:
    script = """
def called(asked):
    while True:
        send({"jsonrpc": "2.0", "method": "notifications/message", "params": {"level": "info", "data": "talk"}})

serve([tool("talk")], called)
"""

    async def work(extension: McpExtension) -> None:
        await extension.tools()
        slowest = 0.0
        asked = asyncio.create_task(_failure(extension, "talk"))
        while not asked.done():
            began = time.monotonic()
            await asyncio.sleep(0.01)
            slowest = max(slowest, time.monotonic() - began)
        assert await asked == "The server talks without being asked."
        assert slowest < 1.0

    _with(small(script), work)


def test_what_a_server_asks_of_us_is_declined(small: Small) -> None:
    script = """
def called(asked):
    codes = []
    for number, method in enumerate(["ping", "elicitation/create", "sampling/createMessage", "roots/list"]):
        send({"jsonrpc": "2.0", "id": f"q{number}", "method": method, "params": {"message": "Your card number?"}})
        reply = json.loads(sys.stdin.readline())
        codes.append("result" if "result" in reply else reply["error"]["code"])
    say(asked, json.dumps(codes))

serve([tool("ask")], called)
"""

    async def work(extension: McpExtension) -> None:
        assert json.loads((await _call(extension, "ask")).text) == ["result", -32601, -32601, -32601]

    _with(small(script), work)


def test_questions_without_end_that_wait_for_no_answer_fill_no_memory(small: Small) -> None:
    script = """
def called(asked):
    while True:
        send({"jsonrpc": "2.0", "id": 1, "method": "ping", "params": {"a": "x" * 100_000}})

serve([tool("ask"), tool("pid")], lambda asked: called(asked) if asked["params"]["name"] == "ask" else say(asked, "1"))
"""

    async def work(extension: McpExtension) -> None:
        await extension.tools()
        before = psutil.Process().memory_info().rss
        with suppress(TimeoutError, ToolFailed):
            await _call(extension, "ask", 3)
        assert psutil.Process().memory_info().rss - before < 60 * 1024 * 1024
        assert (await _call(extension, "pid")).text == "1"

    _with(small(script), work)


def test_a_server_that_lies_about_its_schemas(small: Small) -> None:
    script = """
output = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
evil = {"type": "object", "properties": {"a": {"type": "string", "pattern": "^(a+)+$"}}}
tools = [
    tool("none", inputSchema=None),
    tool("text", inputSchema="object"),
    tool("remote", inputSchema={"type": "object", "properties": {"a": {"$ref": "http://127.0.0.1:1/"}}}),
    tool("wrong", outputSchema=output),
    tool("right", outputSchema=output),
    tool("evil", outputSchema=evil),
    tool("odd"),
]

def called(asked):
    match asked["params"]["name"]:
        case "wrong": say(asked, "n", structuredContent={"n": "many"})
        case "right": say(asked, "n", structuredContent={"n": 1})
        case "evil": say(asked, "n", structuredContent={"a": "a" * 60 + "!"})
        case "odd": answer(asked, {"content": [{"type": "hologram"}]})

serve(tools, called)
"""

    async def work(extension: McpExtension) -> None:
        assert [tool.name for tool in await extension.tools()] == ["wrong", "right", "evil", "odd"]
        assert (await _call(extension, "right")).data == {"n": 1}
        assert (await _call(extension, "evil")).data == {"a": "a" * 60 + "!"}
        assert "its own schema" in await _failure(extension, "wrong")
        assert "not what the protocol says" in await _failure(extension, "odd")

    _with(small(script), work)


def test_a_server_that_refuses_a_call(small: Small) -> None:
    script = """
def called(asked):
    error = {"code": -32602, "message": "No such city, and the key is " + os.environ["KEY"]}
    if asked["params"]["name"] == "fail":
        say(asked, "It broke: " + os.environ["KEY"], isError=True)
    else:
        send({"jsonrpc": "2.0", "id": asked["id"], "error": error})

serve([tool("refuse"), tool("fail")], called)
"""

    async def work(extension: McpExtension) -> None:
        assert await _failure(extension, "refuse") == "The server refuses: No such city, and the key is •••"
        assert await _failure(extension, "fail") == "It broke: •••"

    _with(small(script, KEY="s3cret-key"), work)


def test_a_list_without_end_is_left(small: Small) -> None:
    script = """
pages = 0

def listed(asked):
    global pages
    pages += 1
    return {"tools": [tool(f"page{pages}")] if pages < 1000 else [], "nextCursor": "more"}

serve([], lambda asked: say(asked, str(pages)), listed)
"""

    async def work(extension: McpExtension) -> None:
        assert len(await extension.tools()) == 20
        assert (await _call(extension, "page1")).text == "20"

    _with(small(script), work)


def test_all_pages_of_a_list_are_read_up_to_64_tools(small: Small) -> None:
    script = """
def listed(asked):
    page = int((asked.get("params") or {}).get("cursor") or 0)
    tools = [tool(f"t{10 * page + number}") for number in range(10)]
    return {"tools": tools} | ({"nextCursor": str(page + 1)} if page < 9 else {})

serve([], lambda asked: say(asked, "x"), listed)
"""

    async def work(extension: McpExtension) -> None:
        assert [tool.name for tool in await extension.tools()] == [f"t{number}" for number in range(64)]

    _with(small(script), work)


ECHO = """
def called(asked):
    say(asked, json.dumps({"meta": asked["params"].get("_meta"), "name": asked["params"]["name"], "env": dict(os.environ)}))

serve([tool("echoIt")], called)
"""


def test_a_call_carries_its_id_and_the_servers_own_name_of_the_tool(small: Small) -> None:
    async def work(extension: McpExtension) -> None:
        made = await extension.call("echo_it", {}, _context("call_77"))
        told = json.loads(made.text)
        assert told["meta"]["inhouse/idempotency-key"] == "call_77"
        assert told["name"] == "echoIt"

    _with(small(ECHO), work)


def test_a_server_gets_none_of_our_environment(small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INHOUSE_ENGINE_KEY", "s3cret")
    monkeypatch.setenv("LANG", "C.UTF-8")

    async def work(extension: McpExtension) -> None:
        env = json.loads((await _call(extension, "echo_it")).text)["env"]
        # What the interpreter itself sets is not ours to count.
        assert set(env) - {"LC_CTYPE"} <= {"PATH", "HOME", "LANG", "GIVEN"}
        assert env["GIVEN"] == "this"
        assert env["PATH"] == os.environ["PATH"]

    _with(small(ECHO, GIVEN="this"), work)


def test_what_a_server_complains_of_goes_to_its_own_log(
    small: Small, capfd: pytest.CaptureFixture[str]
) -> None:
    script = (
        """
sys.stderr.write("x" * 1_000_000 + "\\nkey " + os.environ["KEY"] + " is wrong\\n")
sys.stderr.flush()
"""
        + HANGS
    )

    async def work(extension: McpExtension) -> None:
        await _call(extension, "pid")
        assert extension.log.endswith("key ••• is wrong")
        assert len(extension.log) <= 16 * 1024

    _with(small(script, KEY="s3cret-key"), work)
    assert capfd.readouterr() == ("", "")


def test_a_server_that_nobody_needs_is_ended_and_started_again(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "IDLE_SECONDS", 0.3)

    async def work(extension: McpExtension) -> None:
        first = int((await _call(extension, "pid")).text)
        await asyncio.sleep(2.5)
        assert not _lives(first)
        assert int((await _call(extension, "pid")).text) != first

    _with(small(HANGS), work)


def test_each_event_loop_has_its_own_connection(small: Small) -> None:
    server = small(HANGS)
    extension = McpExtension(server)

    async def pid() -> int:
        return int((await _call(extension, "pid")).text)

    first = asyncio.run(pid())
    # The loop is gone, and its connection with it.
    _gone({first})
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        second = asyncio.run_coroutine_threadsafe(pid(), loop).result(20)

        async def here() -> int:
            third = await pid()
            assert _lives(second) and _lives(third)
            await extension.aclose()
            return third

        third = asyncio.run(here())
        assert len({first, second, third}) == 3
        _gone({second, third})
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def test_many_calls_at_once_use_one_server(small: Small) -> None:
    async def work(extension: McpExtension) -> None:
        made = await asyncio.gather(*(_call(extension, "pid") for _ in range(50)))
        assert len({each.text for each in made}) == 1

    _with(small(HANGS), work)


def test_it_works_in_the_loop_that_serves_the_pages(small: Small) -> None:
    async def run() -> None:
        extension = McpExtension(small(HANGS))
        first = (await _call(extension, "pid")).text
        with pytest.raises(TimeoutError):
            await _call(extension, "hang", 0.5)
        assert (await _call(extension, "pid")).text != first
        await extension.aclose()

    before = _children()
    uvloop.run(run())
    _gone(_children() - before)


# A server of the SDK's over HTTP


HTTP = """
import asyncio, json, os, sys
from typing import Annotated

import uvicorn
from pydantic import Field
from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp.types import ToolAnnotations
from starlette.responses import JSONResponse

server = MCPServer("small")
began = os.urandom(4).hex()


@server.tool(annotations=ToolAnnotations(read_only_hint=True))
async def about(ctx: Context) -> dict:
    request = ctx.request_context.request
    return {
        "version": request.headers.get("mcp-protocol-version"),
        "key": request.headers.get("x-key"),
        "session": request.headers.get("mcp-session-id"),
        "meta": dict(ctx.request_context.meta or {}),
        "began": began,
    }


@server.tool()
async def slow(seconds: float) -> str:
    await asyncio.sleep(seconds)
    return "slow"


@server.tool()
async def town(city: Annotated[str, Field(json_schema_extra={"x-mcp-header": "City"})], ctx: Context) -> str:
    return f"{city}, by header {ctx.request_context.request.headers.get('mcp-param-city')}"


@server.tool()
async def fail(ctx: Context) -> str:
    raise ValueError("broken by " + ctx.request_context.request.headers["x-key"])


inner = server.streamable_http_app(json_response="json" in sys.argv)


async def app(scope, receive, send):
    headers = dict(scope.get("headers") or [])
    if "old" in sys.argv and headers.get(b"mcp-protocol-version") == b"2026-07-28":
        error = {"jsonrpc": "2.0", "id": None, "error": {"code": -32601, "message": "no such method"}}
        await JSONResponse(error, 400)(scope, receive, send)
        return
    await inner(scope, receive, send)


uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", lifespan="on")
"""


class _Started:
    """A server process that can be started anew at its address."""

    def __init__(self, path: Path, *kind: str) -> None:
        path.write_text(HTTP)
        self._path, self._kind = path, kind
        with ThreadingHTTPServer(("127.0.0.1", 0), _Page) as free:
            self._port = free.server_port
        self.url = f"http://127.0.0.1:{self._port}/mcp"
        self.start()

    def start(self) -> None:
        self._process = subprocess.Popen([sys.executable, str(self._path), str(self._port), *self._kind])
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            with suppress(OSError):
                socket.create_connection(("127.0.0.1", self._port), 1).close()
                return
            assert self._process.poll() is None
            time.sleep(0.1)
        raise AssertionError("the server did not start")

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()


@pytest.fixture(params=["new json", "new", "old json", "old"])
def started(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[_Started, bool]]:
    kinds = request.param.split()
    server = _Started(tmp_path / "http_server.py", *kinds)
    yield server, kinds[0] == "old"
    server.stop()


def test_a_server_over_http(started: tuple[_Started, bool], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    server, old = started

    async def work(extension: McpExtension) -> None:
        tools = {tool.name: tool.effect for tool in await extension.tools()}
        assert tools == {"about": "reading", "slow": "acting", "town": "acting", "fail": "acting"}
        about = json.loads((await extension.call("about", {}, _context("call_9"))).text)
        assert about["version"] == ("2025-11-25" if old else "2026-07-28")
        assert bool(about["session"]) is old
        assert about["key"] == "s3cret-key"
        assert about["meta"]["inhouse/idempotency-key"] == "call_9"
        assert "s3cret-key" not in await _failure(extension, "fail")
        beside = asyncio.create_task(_call(extension, "slow", seconds=1))
        with pytest.raises(TimeoutError):
            await _call(extension, "slow", 0.3, seconds=60)
        again = json.loads((await _call(extension, "about")).text)
        assert again["session"] == about["session"]
        assert (await beside).text == "slow"
        server.stop()
        assert "No connection" in await _failure(extension, "about")
        server.start()
        # A session of the old protocol is lost with its server: it is made anew, and the call made again in it.
        anew = json.loads((await _call(extension, "about")).text)
        assert anew["began"] != about["began"]

    async def run() -> None:
        extension = McpExtension(
            HttpServer(url=server.url, headers={"X-Key": "s3cret-key"}, allow_private=True)
        )
        try:
            await work(extension)
        finally:
            await extension.aclose()

    asyncio.run(run())
    # What the server itself sent back is in the SDK's words at DEBUG; what we sent is nowhere.
    assert "s3cret-key" not in "\n".join(line for line in caplog.text.splitlines() if "result=" not in line)


def test_an_argument_that_belongs_into_a_header_too(tmp_path: Path) -> None:
    """Which one does, the SDK knows from the list. On a connection that has not listed, the server refuses at first."""
    server = _Started(tmp_path / "http_server.py", "new", "json")
    extension = McpExtension(HttpServer(url=server.url, allow_private=True))

    async def town() -> str:
        return (await _call(extension, "town", city="Kyoto")).text

    try:
        assert asyncio.run(town()) == "Kyoto, by header Kyoto"
        assert asyncio.run(town()) == "Kyoto, by header Kyoto"
    finally:
        server.stop()


def test_this_machine_is_refused_over_http(page: str) -> None:
    async def work(extension: McpExtension) -> None:
        with pytest.raises(ToolFailed, match="private network"):
            await extension.tools()

    _with(HttpServer(url=page), work)
    _with(HttpServer(url=page.replace("127.0.0.1", "localhost")), work)


class _Hostile(BaseHTTPRequestHandler):
    """What a web server can do to a client, by its path. It remembers what it was asked."""

    asked: ClassVar[list[str]] = []
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.asked.append(self.path)
        with suppress(ConnectionError):
            getattr(self, self.path.strip("/"))(body)
        self.close_connection = True

    def _begin(self, kind: str, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Connection", "close")
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def moved(self, body: Any) -> None:
        self._begin("text/plain", 307, Location="/elsewhere")

    def locked(self, body: Any) -> None:
        self._begin("text/plain", 401)
        self.wfile.write(self.headers["Authorization"].encode())

    def endless(self, body: Any) -> None:
        self._begin("application/json")
        for _ in range(100):
            self.wfile.write(b" " * 1024 * 1024)

    def endless_events(self, body: Any) -> None:
        self._begin("text/event-stream")
        for _ in range(100):
            self.wfile.write(b"data: " + b"x" * 1024 * 1024)

    def garbage(self, body: Any) -> None:
        self._begin("application/json")
        self.wfile.write(b"{not json, but s3cret-word")

    def page(self, body: Any) -> None:
        self._begin("text/html")
        self.wfile.write(b"<h1>Hello</h1>")

    def broken_off(self, body: Any) -> None:
        self._begin("application/json", **{"Content-Length": "1000"})
        self.wfile.write(b"{")

    def echo(self, body: Any) -> None:
        error = {"code": -32602, "message": "I know " + self.headers["Authorization"]}
        self._begin("application/json")
        self.wfile.write(json.dumps({"jsonrpc": "2.0", "id": body.get("id"), "error": error}).encode())

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@pytest.fixture
def hostile() -> Iterator[str]:
    _Hostile.asked.clear()
    yield from _serving(_Hostile)


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("moved", "elsewhere"),
        ("locked", "refuses our key"),
        ("endless", "8 MB"),
        ("endless_events", "stopped before it answered"),
        ("garbage", "no valid message"),
        ("page", "refuses"),
        ("broken_off", "broke off"),
        ("echo", "I know •••"),
    ],
)
def test_a_hostile_server_over_http(
    path: str, says: str, hostile: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    async def work(extension: McpExtension) -> None:
        before = psutil.Process().memory_info().rss
        for _ in range(2):
            with pytest.raises(ToolFailed) as caught:
                await extension.tools()
            assert says in caught.value.message
            assert "s3cret-word" not in caught.value.message
        assert psutil.Process().memory_info().rss - before < 60 * 1024 * 1024

    secret = {"Authorization": "Bearer s3cret-word"}
    _with(HttpServer(url=f"{hostile}/{path}", headers=secret, allow_private=True), work)
    assert set(_Hostile.asked) == {f"/{path}"}
    assert "Bearer s3cret-word" not in caplog.text
