"""A tool's call as people read it: what was asked of which tool, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypedDict

_MOST_SHOWN = 120
#: Arguments that say how much is wanted, and nothing of what.
_HOW_MUCH = frozenset({"limit", "count", "max_results", "max_length"})


class Call(TypedDict):
    """``line`` says what went wrong, and is empty where nothing did."""

    title: str
    asked: str
    line: str


def call_of(told: Mapping[str, Any]) -> Call:
    """One of an answer's ``tools``, or the detail of a step."""
    asked = ", ".join(_values(told.get("arguments", {})))
    shown = asked if len(asked) <= _MOST_SHOWN else f"{asked[:_MOST_SHOWN]}…"
    return {"title": str(told["title"]), "asked": shown, "line": str(told.get("line", ""))}


def words(call: Call) -> str:
    """In one line, such as "Search for fresh information: pottery fair"."""
    return f"{call['title']}: {call['asked']}" if call["asked"] else call["title"]


def _values(arguments: Any) -> Iterator[str]:
    if isinstance(arguments, dict):
        for name, value in arguments.items():
            if name not in _HOW_MUCH:
                yield from _values(value)
    elif isinstance(arguments, list):
        for value in arguments:
            yield from _values(value)
    elif arguments not in (None, ""):
        yield str(arguments)
