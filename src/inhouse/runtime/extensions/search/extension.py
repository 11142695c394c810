"""The tool that searches for fresh information, around any provider."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlsplit

import regex

from inhouse.content import plain
from inhouse.content.followup import content_words
from inhouse.runtime.extensions.base import Context, Example, Json, Reading, Result, Source, Tool, ToolFailed
from inhouse.runtime.extensions.search.base import Hit, Provider

_COUNT = 5
_MOST_COUNT = 10
_LINE_TEXT = 300
_MOST_QUERY = 200
#: How new something has to be that is asked for in these words.
_WITHIN = [
    (regex.compile(words, regex.I), days)
    for words, days in (
        (r"\b(?:yesterday|today|tonight|right now)\b|今日|昨日", 2),
        (r"\bth(?:is|e last|e past) week\b|\blast week\b|今週|先週", 7),
        (r"\bth(?:is|e last|e past) month\b|今月", 31),
    )
]
_WHEN = regex.compile(
    r"\b(?:search(?: the (?:web|news))? for|look up|find out|in the (?:feed|news)|yesterday|today|tonight|right now|lately|recently"
    r"|(?:this|last|the last|the past|next) (?:week|month|year)|latest|newest|news|happened|happening)\b",
    regex.I,
)


def _example(request: str, query: str, newer_than_days: int | None = None) -> Example:
    arguments: Json = {"query": query}
    if newer_than_days is not None:
        arguments["newer_than_days"] = newer_than_days
    return Example(request=request, arguments=arguments)


TOOL = Tool(
    name="search",
    takes_any_question="query",
    title="Search for fresh information",
    description=(
        "Finds recent news, posts and pages by words. Use it for what happened lately, what is on, or what may have "
        "changed since; not for what the notes already answer."
    ),
    parameters={
        "type": "object",
        "properties": {
            "query": {"type": "string", "minLength": 1, "maxLength": _MOST_QUERY},
            "newer_than_days": {"type": "integer", "minimum": 1, "maximum": 3650},
            "count": {"type": "integer", "minimum": 1, "maximum": _MOST_COUNT, "default": _COUNT},
        },
        "required": ["query"],
        "additionalProperties": False,
    },
    examples=(
        _example("What happened at the pottery fair this week?", "pottery fair", 7),
        _example("Any news about the new studio opening?", "studio opening", 31),
        _example("Is there a strike at the post office right now?", "post office strike", 7),
        _example("Who won the baking championship yesterday?", "baking championship winner", 2),
        _example("Search for reviews of the autumn collection", "autumn collection reviews"),
        _example("What are people saying about the new album?", "new album reviews", 31),
        _example("Did the tour dates for Osaka come out yet?", "tour dates Osaka", 31),
        _example("What's the latest on the price of cobalt?", "cobalt price", 31),
        _example("今週の陶器市で何がありましたか?", "陶器市", 7),
        _example("新しいスタジオについて最近のニュースはありますか?", "新しいスタジオ", 31),
    ),
)


class SearchExtension:
    """One tool, ``search``."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider

    async def tools(self) -> Sequence[Tool]:
        """The one tool."""
        return (TOOL,)

    def understood(self, tool: str, request: str, today: date) -> Reading | None:
        """The request's words of content as a query, with how new it has to be; whether a search is meant, they don't say."""
        newest = next((days for pattern, days in _WITHIN if pattern.search(request)), None)
        words = " ".join(content_words(_WHEN.sub(" ", request)))[:_MOST_QUERY].strip()
        if not words:
            return None
        asked: Json = {"query": words} | ({} if newest is None else {"newer_than_days": newest})
        return Reading(arguments=asked, certain=False)

    async def call(self, tool: str, arguments: Mapping[str, Any], context: Context) -> Result:
        """Search. Finding nothing is a result that says so."""
        if tool != TOOL.name:
            raise ToolFailed(reason=f'The search has no tool named "{tool}".')
        query = plain.one_line(str(arguments["query"]))
        if not query:
            raise ToolFailed(reason="The search needs a word to search for.")
        days = arguments.get("newer_than_days")
        newer_than = None if days is None else context.now - timedelta(days=int(days))
        hits = await self._provider.search(query, int(arguments.get("count", _COUNT)), newer_than)
        return Result(
            text="\n".join(_lines(hits)) or _nothing(query, days),
            sources=tuple(_source(hit) for hit in hits),
            data=[hit.model_dump(mode="json") for hit in hits],
            empty=not hits,
        )

    async def aclose(self) -> None:
        """Let go of the provider's connections."""
        await self._provider.aclose()


def _lines(hits: Sequence[Hit]) -> list[str]:
    return [f"{number}. {_line(hit)}" for number, hit in enumerate(hits, start=1)]


def _line(hit: Hit) -> str:
    """On one line, so that no hit can look like the next one."""
    day = f"{hit.date:%Y-%m-%d}" if hit.date else "no date"
    head = f"{plain.one_line(hit.title)} ({day}, {urlsplit(hit.url).hostname})"
    text = plain.shortened(plain.one_line(hit.text), _LINE_TEXT)
    return f"{head}: {text}" if text else head


def _nothing(query: str, days: int | None) -> str:
    when = "" if days is None else f" from the last {days} days" if days > 1 else " from the last day"
    return f'Nothing was found for "{query}"{when}.'


def _source(hit: Hit) -> Source:
    return Source(title=hit.title, url=hit.url, date=hit.date, text=hit.text)
