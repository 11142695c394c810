"""Any MCP server as an extension."""

from __future__ import annotations

import asyncio
from asyncio import AbstractEventLoop
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from mcp import Client, types
from mcp.client._transport import TransportStreams
from mcp.shared.exceptions import MCPError
from mcp.types import HEADER_MISMATCH
from pydantic import TypeAdapter

from inhouse.content import addresses
from inhouse.content.addresses import Resolver
from inhouse.runtime.bridge import in_thread
from inhouse.runtime.extensions.base import Context, Result, Tool, ToolFailed, ToolUnclear
from inhouse.runtime.extensions.mcp import http, stdio
from inhouse.runtime.extensions.mcp.connection import Connection
from inhouse.runtime.extensions.mcp.failures import Broken, Unasked, is_unclear, words
from inhouse.runtime.extensions.mcp.listing import MOST_TOOLS, Known, offered
from inhouse.runtime.extensions.mcp.results import result
from inhouse.runtime.extensions.mcp.servers import Server, StdioServer
from inhouse.runtime.extensions.mcp.sifting import Sifted

T = TypeVar("T")

_MOST_PAGES = 20
_CLOSE_SECONDS = 10.0
_ANSWER: TypeAdapter[types.CallToolResult | types.InputRequiredResult] = TypeAdapter(
    types.CallToolResult | types.InputRequiredResult
)


class McpExtension:
    """The tools of one server. It connects when it is first used, and anew after a connection has ended."""

    def __init__(self, server: Server, *, resolve: Resolver = addresses.resolve) -> None:
        self._server = server
        self._resolve = resolve
        self._known: dict[str, Known] = {}
        self._log = stdio.Log()
        # A connection belongs to the event loop that it was made in.
        self._connections: WeakKeyDictionary[AbstractEventLoop, Connection] = WeakKeyDictionary()
        self._closed = False

    @property
    def log(self) -> str:
        """The last that a program wrote to its error stream, for its operator."""
        return self._hidden(self._log.text)

    async def tools(self) -> Sequence[Tool]:
        """The server's tools, at most 64, by names of ours. Raises ``ToolFailed``."""
        listed = await self._ask(_listed)
        self._known = await in_thread(offered, listed, self._server.reading, self._server.repeatable)
        return [known.tool for known in self._known.values()]

    async def call(self, tool: str, arguments: Mapping[str, Any], context: Context) -> Result:
        """Call a tool by our name for it. Raises ``ToolFailed``, whatever the server does."""
        if tool not in self._known:
            await self.tools()
        known = self._known.get(tool)
        if known is None:
            raise ToolFailed(reason="The server does not have this tool.")
        ask = partial(_called, name=known.name, arguments=dict(arguments), key=context.call_id)
        answer = await self._ask(ask)
        try:
            return result(answer, known.output)
        except ToolFailed as error:
            raise type(error)(reason=self._hidden(error.message)) from None

    async def aclose(self) -> None:
        """Leave the server, in whichever loop there is a connection, and end it where it is a program."""
        self._closed = True
        for loop, connection in list(self._connections.items()):
            if loop is asyncio.get_running_loop():
                await connection.aclose()
            elif loop.is_running():
                closing = asyncio.run_coroutine_threadsafe(connection.aclose(), loop)
                with suppress(TimeoutError):
                    await asyncio.wait_for(asyncio.wrap_future(closing), _CLOSE_SECONDS)

    async def _ask(self, ask: Callable[[Client], Awaitable[T]]) -> T:
        try:
            try:
                return await self._connection().ask(ask)
            except Unasked:
                return await self._connection().ask(ask)
        except (MCPError, Broken, Unasked, RuntimeError, ValueError) as error:
            # The error itself is left behind: it holds what the server said, unshortened.
            kind = ToolUnclear if is_unclear(error) else ToolFailed
            raise kind(reason=self._hidden(words(error))) from None

    def _connection(self) -> Connection:
        if self._closed:
            raise ToolFailed(reason="The server was closed.")
        loop = asyncio.get_running_loop()
        connection = self._connections.get(loop)
        if connection is None or connection.ended:
            connection = self._connections[loop] = Connection(self._streams)
        return connection

    @asynccontextmanager
    async def _streams(self) -> AsyncIterator[TransportStreams]:
        server = self._server
        if isinstance(server, StdioServer):
            streams = stdio.connected(server, self._log)
        else:
            streams = http.connected(server, self._resolve)
        async with streams as (read, write):
            yield Sifted(read), write

    def _hidden(self, text: str) -> str:
        """The text without the secrets that the server was given, and may repeat."""
        for secret in self._server.secrets():
            text = text.replace(secret, "•••")
        return text


async def _listed(client: Client) -> list[types.Tool]:
    found: list[types.Tool] = []
    cursor: str | None = None
    for _ in range(_MOST_PAGES):
        page = await client.list_tools(cursor=cursor)
        found += page.tools
        cursor = page.next_cursor
        # Some are left out later on: a few more are looked at than are kept.
        if not cursor or len(found) >= 2 * MOST_TOOLS:
            break
    return found


async def _called(client: Client, name: str, arguments: dict[str, Any], key: str) -> types.CallToolResult:
    """Make the call. Not by ``Client.call_tool``, which runs the server's schema over the server's answer (see ``fits``)."""
    request = types.CallToolRequest(
        params=types.CallToolRequestParams(name=name, arguments=arguments, _meta={http.KEY: key})
    )
    try:
        answer = await client.session.send_request(request, _ANSWER)
    except MCPError as error:
        if error.code != HEADER_MISMATCH:
            raise
        # The SDK learns from the list which arguments the server wants to see in headers too.
        await _listed(client)
        answer = await client.session.send_request(request, _ANSWER)
    if isinstance(answer, types.InputRequiredResult):
        raise ToolFailed(reason="The server asks for more than it was given, which is declined.")
    return answer
