"""The Brave Search API, or any server that speaks it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import httpx
from pydantic import BaseModel, SecretStr

from inhouse.core import clock
from inhouse.core.errors import UsageError
from inhouse.runtime.extensions.search import cleaning
from inhouse.runtime.extensions.search.base import Hit
from inhouse.runtime.extensions.search.client import SECONDS, Client, Service, valid

URL = "https://api.search.brave.com"
_PATH = "/res/v1/web/search"
#: Longer questions are refused.
_MOST_WORDS = 50
_REFUSED = "refuses our key or the question. Whoever runs this installation has to check the key."


class _Row(BaseModel):
    url: str
    title: str
    description: str | None = None
    page_age: Any = None
    """ISO, where it is there."""
    age: Any = None
    """For people: a date, or such as "2 days ago", which is no date."""


class _Web(BaseModel):
    results: list[Any] = []


class _Answer(BaseModel):
    web: _Web | None = None
    """Left out where nothing was found."""


class Brave:
    """Brave Search with one account's key."""

    def __init__(
        self,
        key: SecretStr,
        url: str = URL,
        *,
        seconds: float = SECONDS,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        service = Service(
            "Brave Search",
            url,
            headers={"X-Subscription-Token": _header(key)},
            # A wrong key is answered with 422 as well.
            complaints={422: _REFUSED},
        )
        self._client = Client(service, seconds=seconds, transport=transport)

    async def search(self, query: str, count: int, newer_than: datetime | None) -> list[Hit]:
        """Hits without a date are those that Brave itself takes for new enough."""
        words = query.split()[:_MOST_WORDS]
        if not words:
            return []
        params = {"q": " ".join(words), "count": str(count), "result_filter": "web"}
        if newer_than:
            params["freshness"] = f"{newer_than:%Y-%m-%d}to{clock.now():%Y-%m-%d}"
        answer = await self._client.get(_PATH, params, _Answer)
        rows = valid(answer.web.results if answer.web else [], _Row)
        found = (
            cleaning.hit(row.title, row.url, row.description or "", row.page_age or row.age) for row in rows
        )
        return cleaning.kept(found, count, newer_than)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()


def _header(key: SecretStr) -> str:
    """The key as a header. A bad one is refused here: the HTTP library would repeat it in its error."""
    value = key.get_secret_value()
    if not value or not value.isascii() or not value.isprintable() or " " in value:
        raise UsageError(reason="Brave Search needs a key, in plain letters and figures.")
    return value
