"""One connection to a server, in the hands of one task."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, TypeVar

import anyio
from anyio.abc import TaskGroup
from mcp import Client, types
from mcp.client._transport import TransportStreams
from mcp.shared.exceptions import MCPError
from mcp.types import CONNECTION_CLOSED, REQUEST_TIMEOUT
from pydantic import ValidationError

from inhouse.runtime.extensions.base import ToolFailed
from inhouse.runtime.extensions.mcp.failures import MOST_SECONDS, SESSION_LOST, Broken, Unasked, words

T = TypeVar("T")

CONNECT_SECONDS = 30.0
CHECK_SECONDS = 3.0
IDLE_SECONDS = 300.0
_CLOSE_SECONDS = 5.0
#: Calls that may wait for one server at a time.
_MOST_OPEN = 128
_CLIENT = types.Implementation(name="inhouse", version="1")
_DOUBTFUL = frozenset({CONNECTION_CLOSED, REQUEST_TIMEOUT})


@dataclass(eq=False)
class _Request:
    ask: Callable[[Client], Awaitable[Any]]
    answer: asyncio.Future[Any]
    begun: bool = False


class _Check:
    """Stands in the queue of requests: see whether the server still answers."""


class _Stop:
    """Stands in the queue of requests: leave."""


class Connection:
    """A connection, made at once and left when it breaks, when nobody used it for long, or when it is closed.

    Scopes of cancellation have to be left by the task that entered them, in order. So one task of the connection's own
    does both, and serves requests from a queue: a caller that is cancelled gives up its answer and nothing else.
    """

    def __init__(self, connect: Callable[[], AbstractAsyncContextManager[TransportStreams]]) -> None:
        self._connect = connect
        self._queue: asyncio.Queue[_Request | _Check | _Stop] = asyncio.Queue()
        self._open: set[_Request] = set()
        self._doubted = False
        self._heard = 0.0
        self._worked = False
        self._scope = anyio.CancelScope()
        self.ended = False
        self._owner = asyncio.create_task(self._own(), name="mcp connection")

    async def ask(self, ask: Callable[[Client], Awaitable[T]]) -> T:
        """Have the server asked. Raises ``Unasked``, ``Broken``, or what ``ask`` raises."""
        if self.ended:
            raise Unasked("The connection has ended.")
        if len(self._open) >= _MOST_OPEN:
            raise ToolFailed(reason="Too many calls wait for the server.")
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        request = _Request(ask, answer)
        self._open.add(request)
        answer.add_done_callback(lambda _: self._left(request))
        self._queue.put_nowait(request)
        return await answer

    async def aclose(self) -> None:
        """Leave the server in good order, or without where that takes too long."""
        self._queue.put_nowait(_Stop())
        await asyncio.wait([self._owner], timeout=_CLOSE_SECONDS if self._worked else 0)
        self._scope.cancel()
        await asyncio.wait([self._owner])

    async def _own(self) -> None:
        reason = "The connection to the server was closed."
        try:
            with self._scope:
                self._scope.deadline = anyio.current_time() + CONNECT_SECONDS
                await self._serve()
            if self._scope.cancelled_caught and not self._worked:
                reason = "The server does not answer in time."
        except Exception as error:  # noqa: BLE001 - whatever ends a connection is told to those who wait for it
            reason = words(error)
        finally:
            self.ended = True
            for request in list(self._open):
                self._fail(request, reason)

    def _fail(self, request: _Request, reason: str) -> None:
        if not request.answer.done():
            lost = self._worked and not request.begun
            request.answer.set_exception(Unasked(reason) if lost else Broken(reason, sent=request.begun))

    async def _serve(self) -> None:
        async with (
            Client(
                self._connect(), cache=None, client_info=_CLIENT, read_timeout_seconds=MOST_SECONDS
            ) as client,
            anyio.create_task_group() as group,
        ):
            self._scope.deadline = math.inf
            self._worked = True
            self._heard = anyio.current_time()
            await self._serve_all(client, group)
            group.cancel_scope.cancel()

    async def _serve_all(self, client: Client, group: TaskGroup) -> None:
        while True:
            item: _Request | _Check | _Stop | None = None
            with anyio.move_on_after(IDLE_SECONDS):
                item = await self._queue.get()
            if isinstance(item, _Stop) or (item is None and not self._open):
                return
            if isinstance(item, _Check):
                await self._check(client)
            elif item is not None and not item.answer.done():
                item.begun = True
                group.start_soon(self._serve_one, client, item)

    async def _serve_one(self, client: Client, request: _Request) -> None:
        with anyio.CancelScope() as scope:
            request.answer.add_done_callback(lambda answer: scope.cancel() if answer.cancelled() else None)
            try:
                result = await request.ask(client)
            except Exception as error:  # noqa: BLE001 - it is the caller's to judge
                self._answered(request, error)
            else:
                self._answered(request, None)
                if not request.answer.done():
                    request.answer.set_result(result)

    def _answered(self, request: _Request, error: Exception | None) -> None:
        """What an answer tells about the server: it lives, unless it is one that the SDK made up."""
        if isinstance(error, MCPError) and error.code in _DOUBTFUL:
            self._doubt()
        else:
            self._doubted = False
            self._heard = anyio.current_time()
        if isinstance(error, MCPError) and error.code == SESSION_LOST:
            # Nothing was done for this request: the server does not know who we are any more.
            request.begun = False
            raise Broken(words(error))
        if error is not None and not request.answer.done():
            request.answer.set_exception(error)

    def _left(self, request: _Request) -> None:
        self._open.discard(request)
        if request.begun and request.answer.cancelled():
            self._doubt()

    def _doubt(self) -> None:
        """A call went unanswered: is the server only slow, or stuck? Whatever is asked from now on waits to know."""
        self._doubted = True
        self._queue.put_nowait(_Check())

    async def _check(self, client: Client) -> None:
        """See whether the server still answers. Raises ``Broken``."""
        busy = any(request.begun for request in self._open)
        silent = anyio.current_time() - self._heard > MOST_SECONDS
        if not self._doubted or (busy and not silent):
            # A server may do one thing at a time: an answer to what is in its hands says as much.
            return
        self._doubted = False
        try:
            with anyio.fail_after(CHECK_SECONDS):
                await client.list_tools()
        except (MCPError, TimeoutError) as error:
            raise Broken("The server no longer answers.") from error
        except ValidationError:
            return
