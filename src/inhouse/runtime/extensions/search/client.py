"""Asking a search service: one question, one JSON answer, within limits of size and time.

The address is the operator's, and may be on a private network; where its answers point to is not, so that no
redirect is followed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from inhouse.core.errors import UsageError
from inhouse.runtime.extensions.base import ToolFailed

Shape = TypeVar("Shape", bound=BaseModel)

SECONDS = 8.0
_MEGABYTES = 2
_MOST_BYTES = _MEGABYTES * 1024 * 1024
_CONNECTIONS = httpx.Limits(max_connections=32, max_keepalive_connections=4)
_HEADERS = {
    "Accept": "application/json",
    # Not packed: a small answer that unpacks to gigabytes would be read before it could be measured.
    "Accept-Encoding": "identity",
    "User-Agent": "Inhouse-Search/1",
}
_COMPLAINTS = {
    401: "refuses our key. Whoever runs this installation has to check it.",
    403: "refuses our key. Whoever runs this installation has to check it.",
    429: "has had too many questions from here. Try again later.",
}


@dataclass(frozen=True)
class Service:
    """A search service. ``complaints`` says in words what its statuses mean, where they mean something of their own."""

    name: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    complaints: Mapping[int, str] = field(default_factory=dict)


class Client:
    """Asks one service. Belongs to the event loop that first uses it; ``transport`` replaces the network in tests."""

    def __init__(
        self,
        service: Service,
        *,
        seconds: float = SECONDS,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._name = service.name
        self._url = _base(service.url)
        self._complaints = _COMPLAINTS | dict(service.complaints)
        self._seconds = seconds
        self._http = httpx.AsyncClient(
            headers={**_HEADERS, **service.headers},
            timeout=seconds,
            limits=_CONNECTIONS,
            transport=transport,
            trust_env=False,
            follow_redirects=False,
            # No cookies: the service could tell by them that two fans' questions come from one place.
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        )

    async def get(self, path: str, params: Mapping[str, str], shape: type[Shape]) -> Shape:
        """The service's answer. Raises ``ToolFailed``."""
        try:
            async with asyncio.timeout(self._seconds):
                body = await self._body(self._url + path, params)
        except (TimeoutError, httpx.TimeoutException) as error:
            raise self._failed(f"takes longer than {self._seconds:.0f} seconds. Try again later.") from error
        except httpx.ConnectError as error:
            raise self._failed("cannot be reached. Try again later.") from error
        except httpx.HTTPError as error:
            raise self._failed("broke off in the middle of its answer. Try again later.") from error
        try:
            return shape.model_validate_json(body)
        except ValidationError as error:
            raise self._failed("sends something that is no search result.") from error

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def _body(self, url: str, params: Mapping[str, str]) -> bytes:
        body = bytearray()
        async with self._http.stream("GET", url, params=dict(params)) as response:
            self._check(response)
            async for piece in response.aiter_bytes():
                body += piece
                if len(body) > _MOST_BYTES:
                    raise self._failed(f"sends more than {_MEGABYTES} MB, which is refused.")
        return bytes(body)

    def _check(self, response: httpx.Response) -> None:
        status = response.status_code
        if status in self._complaints:
            raise self._failed(self._complaints[status])
        if response.is_redirect:
            raise self._failed("points to another address, which is refused.")
        if response.is_server_error:
            raise self._failed(f"is out of order (status {status}). Try again later.")
        if status != httpx.codes.OK:
            raise self._failed(f"does not take the question (status {status}).")
        if response.headers.get("content-encoding", "identity") != "identity":
            raise self._failed("sends a packed answer, which is refused.")

    def _failed(self, reason: str) -> ToolFailed:
        return ToolFailed(reason=f"{self._name} {reason}")


def valid(rows: Iterable[Any], shape: type[Shape]) -> Iterator[Shape]:
    """The rows that have the shape; others are left out."""
    for row in rows:
        try:
            read = shape.model_validate(row)
        except ValidationError:
            continue
        yield read


def _base(url: str) -> str:
    """The address without a slash at its end. Raises ``UsageError``, which doesn't repeat it: it may hold a password."""
    try:
        parts = httpx.URL(url)
    except httpx.InvalidURL:
        parts = httpx.URL()
    if (
        parts.scheme not in ("http", "https")
        or not parts.host
        or parts.userinfo
        or parts.query
        or parts.fragment
    ):
        raise UsageError(
            reason="The search service's address begins with http:// or https:// and holds no password and no query."
        )
    return url.rstrip("/")
