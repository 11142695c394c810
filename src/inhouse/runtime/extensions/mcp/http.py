"""A server behind a web address, and the guard that all requests to it pass."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import httpx2
from mcp.client._transport import TransportStreams
from mcp.client.streamable_http import MCP_SESSION_ID, streamable_http_client

from inhouse.content import addresses
from inhouse.content.addresses import PrivateAddress, Resolver, UnknownHost
from inhouse.runtime.bridge import in_thread
from inhouse.runtime.extensions.mcp.failures import (
    MOST_MESSAGE,
    MOST_SECONDS,
    REFUSED,
    SESSION_LOST,
    TOO_LONG,
    UNSENT,
)
from inhouse.runtime.extensions.mcp.servers import HttpServer

_TIMEOUT = httpx2.Timeout(connect=10.0, read=MOST_SECONDS, write=30.0, pool=5.0)
_LIMITS = httpx2.Limits(max_connections=32, max_keepalive_connections=4)
#: What the SDK needs of an answer's headers. Cookies, above all, are not kept.
_KEPT_HEADERS = ("content-type", MCP_SESSION_ID)
#: Where a call says by which key it is known again; over HTTP the same stands in the header ``Idempotency-Key``.
KEY = "inhouse/idempotency-key"
_SLOW = "The server does not answer in time."


class Refused(Exception):
    """A request or its answer is not let through. Its text is a sentence for whoever waits for the answer."""

    def __init__(self, words: str, code: int = REFUSED) -> None:
        super().__init__(words)
        self.code = code


@asynccontextmanager
async def connected(
    server: HttpServer, resolve: Resolver = addresses.resolve
) -> AsyncIterator[TransportStreams]:
    """The server's messages. What goes wrong with one request comes back as the error that answers it."""
    headers = {name: value.get_secret_value() for name, value in server.headers.items()}
    guard = Guard(httpx2.AsyncHTTPTransport(trust_env=False, limits=_LIMITS), resolve, server.allow_private)
    async with (
        # The machine's proxy is not asked (trust_env): it would resolve names anew, beyond the check.
        httpx2.AsyncClient(transport=guard, headers=headers, timeout=_TIMEOUT, trust_env=False) as client,
        streamable_http_client(server.url, http_client=client, max_sse_event_size=MOST_MESSAGE) as streams,
    ):
        yield streams


class Guard(httpx2.AsyncBaseTransport):
    """Lets requests through to public machines only, and answers back within limits.

    What it refuses, it answers in the server's place with an error of the protocol: an exception would end the
    connection, and all other calls with it.
    """

    def __init__(self, network: httpx2.AsyncBaseTransport, resolve: Resolver, allow_private: bool) -> None:
        self._network = network
        self._resolve = resolve
        self._allow_private = allow_private

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if request.method == "GET":
            # A stream on which the server speaks without being asked, or goes on with an answer that broke off.
            return httpx2.Response(httpx2.codes.METHOD_NOT_ALLOWED)
        try:
            with anyio.fail_after(MOST_SECONDS):
                answer = await self._network.handle_async_request(await self._aimed(request))
                return await _let_in(answer, request)
        except Refused as error:
            return _error(error.code, str(error))
        except (TimeoutError, httpx2.TimeoutException):
            return _error(REFUSED, _SLOW)
        except httpx2.ConnectError:
            return _error(UNSENT, "No connection to the server, or its certificate is not valid.")
        except httpx2.TransportError:
            return _error(REFUSED, "The connection to the server broke off.")

    async def aclose(self) -> None:
        await self._network.aclose()

    async def _aimed(self, request: httpx2.Request) -> httpx2.Request:
        """The request to the very address that was checked; the certificate is checked against the name."""
        url = request.url
        port = url.port or (443 if url.scheme == "https" else 80)
        try:
            address = await in_thread(
                addresses.public_address, url.host, port, self._resolve, allow_private=self._allow_private
            )
        except PrivateAddress as error:
            raise Refused(
                "The server's address leads into a private network, which is refused.", UNSENT
            ) from error
        except UnknownHost as error:
            raise Refused("There is no machine of the server's name.", UNSENT) from error
        headers = request.headers.copy()
        headers["host"] = url.netloc.decode("ascii")
        # Packed answers would have to be unpacked before they could be measured.
        headers["accept-encoding"] = "identity"
        if key := _key_of(request):
            headers["idempotency-key"] = key
        return httpx2.Request(
            request.method,
            url.copy_with(host=address),
            headers=headers,
            stream=request.stream,
            extensions=request.extensions | {"sni_hostname": url.host},
        )


def _key_of(request: httpx2.Request) -> str | None:
    """The key of the call that a request carries. The SDK has no way to send a header along with one call."""
    if not isinstance(request.stream, httpx2.SyncByteStream):
        return None
    body = b"".join(request.stream)
    if KEY.encode() not in body:
        return None
    key = json.loads(body)["params"]["_meta"][KEY]
    return key if isinstance(key, str) and key.isascii() and key.isprintable() else None


async def _let_in(answer: httpx2.Response, request: httpx2.Request) -> httpx2.Response:
    """The answer, whole and within limits; a stream of events as it comes, within the same limits."""
    try:
        _check(answer, request)
        headers = {name: answer.headers[name] for name in _KEPT_HEADERS if name in answer.headers}
        if _is_stream(answer):
            return httpx2.Response(answer.status_code, headers=headers, stream=_Limited(answer))
        body = b"".join([piece async for piece in _pieces(answer)])
    except BaseException:
        await answer.aclose()
        raise
    await answer.aclose()
    return httpx2.Response(answer.status_code, headers=headers, content=body)


def _check(answer: httpx2.Response, request: httpx2.Request) -> None:
    status = answer.status_code
    if status == httpx2.codes.NOT_FOUND and MCP_SESSION_ID in request.headers:
        raise Refused("The server has forgotten the session.", SESSION_LOST)
    if answer.is_redirect:
        raise Refused("The server sends us elsewhere, where we don't follow.")
    if status in (httpx2.codes.UNAUTHORIZED, httpx2.codes.FORBIDDEN):
        raise Refused("The server refuses our key.", UNSENT)
    if answer.headers.get("content-encoding", "identity").lower() != "identity":
        raise Refused("The server packs its answers although it was asked not to.")
    if status >= httpx2.codes.INTERNAL_SERVER_ERROR and not _is_json(answer):
        raise Refused(f"The server answers with status {status}.")


def _is_json(answer: httpx2.Response) -> bool:
    return answer.headers.get("content-type", "").lower().startswith("application/json")


def _is_stream(answer: httpx2.Response) -> bool:
    return answer.headers.get("content-type", "").lower().startswith("text/event-stream")


async def _pieces(answer: httpx2.Response) -> AsyncIterator[bytes]:
    assert isinstance(answer.stream, httpx2.AsyncByteStream)
    size = 0
    async for piece in answer.stream:
        size += len(piece)
        if size > MOST_MESSAGE:
            raise Refused(TOO_LONG)
        yield piece


class _Limited(httpx2.AsyncByteStream):
    """A stream of events that ends, with what is missing, when it grows too long or lasts too long."""

    def __init__(self, answer: httpx2.Response) -> None:
        self._answer = answer

    async def __aiter__(self) -> AsyncIterator[bytes]:
        ends = anyio.current_time() + MOST_SECONDS
        async for piece in _pieces(self._answer):
            if anyio.current_time() > ends:
                raise Refused(_SLOW)
            yield piece

    async def aclose(self) -> None:
        await self._answer.aclose()


def _error(code: int, message: str) -> httpx2.Response:
    error = {"jsonrpc": "2.0", "id": None, "error": {"code": code, "message": message}}
    return httpx2.Response(httpx2.codes.BAD_GATEWAY, json=error)
