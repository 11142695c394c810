"""SearXNG, a search engine over search engines that one runs oneself. Its ``settings.yml`` must allow ``json``."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import httpx
from pydantic import BaseModel, Field

from inhouse.core import clock
from inhouse.runtime.extensions.base import ToolFailed
from inhouse.runtime.extensions.search import cleaning
from inhouse.runtime.extensions.search.base import Hit
from inhouse.runtime.extensions.search.client import SECONDS, Client, Service, valid

_NAME = "SearXNG"
_CLOSED = "refuses to answer in JSON. Whoever runs this installation has to allow it (search.formats in settings.yml)."
_RANGES = ((1, "day"), (7, "week"), (31, "month"), (366, "year"))
#: A question is some moments old when it is asked here.
_SLACK = timedelta(hours=1)
#: At the start of a word these are orders to SearXNG: another engine, another language, a redirect, more time.
_ORDERS = "!?:<"


class _Row(BaseModel):
    url: str
    title: str
    content: str | None = None
    published: Any = Field(None, alias="publishedDate")


class _Answer(BaseModel):
    results: list[Any]
    unresponsive_engines: list[Any] = []


class SearXNG:
    """A SearXNG server at ``url``, such as http://127.0.0.1:8888."""

    def __init__(
        self, url: str, *, seconds: float = SECONDS, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        service = Service(_NAME, url, complaints={403: _CLOSED})
        self._client = Client(service, seconds=seconds, transport=transport)

    async def search(self, query: str, count: int, newer_than: datetime | None) -> list[Hit]:
        """Hits without a date are those that the engines themselves take for new enough."""
        words = " ".join(word for word in (word.lstrip(_ORDERS) for word in query.split()) if word)
        if not words:
            return []
        params = {"q": words, "format": "json"}
        if newer_than and (span := _range(newer_than)):
            params["time_range"] = span
        answer = await self._client.get("/search", params, _Answer)
        if not answer.results and answer.unresponsive_engines:
            raise ToolFailed(reason=f"{_NAME} got no answer from its search engines. Try again later.")
        rows = valid(answer.results, _Row)
        found = (cleaning.hit(row.title, row.url, row.content or "", row.published) for row in rows)
        return cleaning.kept(found, count, newer_than)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()


def _range(newer_than: datetime) -> str | None:
    """The shortest range that holds the moment; ``None`` where it is longer ago than SearXNG can ask for."""
    age = clock.now() - newer_than - _SLACK
    return next((name for days, name in _RANGES if age <= timedelta(days=days)), None)
