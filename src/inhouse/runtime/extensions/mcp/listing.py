"""A server's tools as ours."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mcp import types

from inhouse.content import plain
from inhouse.core.ids import digest
from inhouse.runtime.extensions.base import Effect, Json, Tool
from inhouse.runtime.extensions.mcp.schemas import flat

MOST_TOOLS = 64
_MOST_TITLE = 80
_MOST_DESCRIPTION = 600
_MOST_NAME = 48
_NAME = re.compile(r"[a-z][a-z0-9_]{0,47}")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_FOREIGN = re.compile(r"[^a-z0-9]+")
_DIGEST = 6


@dataclass(frozen=True)
class Known:
    """A tool of ours, and what is needed to call it."""

    tool: Tool
    name: str
    """What its server calls it."""
    output: Json | None
    """The schema of its structured answers, unchecked."""


def offered(listed: Sequence[types.Tool], reading: frozenset[str]) -> dict[str, Known]:
    """A server's tools by our names for them, at most 64. Tools whose arguments can't be checked are left out."""
    by_name = {tool.name: tool for tool in reversed(listed)}
    ours = names(tool.name for tool in listed)
    found: dict[str, Known] = {}
    for original, name in ours.items():
        if len(found) == MOST_TOOLS:
            break
        tool = by_name[original]
        if parameters := flat(tool.input_schema):
            effect: Effect = "reading" if _only_reads(tool) or {original, name} & reading else "acting"
            found[name] = Known(_ours(tool, name, parameters, effect), original, tool.output_schema)
    return found


def names(originals: Iterable[str]) -> dict[str, str]:
    """Our name of each tool.

    Where several would get the same name, only the one that had it keeps it, whatever order they come in: who agreed
    to one tool has not agreed to another that looks like it.
    """
    plain_names = {original: _plain(original) for original in originals}
    shared = Counter(plain_names.values())
    return {
        original: name if name == original or shared[name] == 1 else _marked(name, original)
        for original, name in plain_names.items()
    }


def _plain(original: str) -> str:
    if _NAME.fullmatch(original):
        return original
    name = _FOREIGN.sub("_", _CAMEL.sub("_", original).lower()).strip("_")
    if not name[:1].isalpha():
        name = f"tool_{name}"
    return name[:_MOST_NAME].rstrip("_")


def _marked(name: str, original: str) -> str:
    return f"{name[: _MOST_NAME - _DIGEST - 1]}_{digest(original)[:_DIGEST]}"


def _only_reads(tool: types.Tool) -> bool:
    return tool.annotations is not None and tool.annotations.read_only_hint is True


def _ours(tool: types.Tool, name: str, parameters: Json, effect: Effect) -> Tool:
    said = tool.title or (tool.annotations.title if tool.annotations else None) or tool.name
    title = plain.shortened(plain.one_line(said[: 4 * _MOST_TITLE]), _MOST_TITLE) or name
    description = plain.clean((tool.description or "")[: 4 * _MOST_DESCRIPTION])
    return Tool(
        name=name,
        title=title,
        description=plain.shortened(description, _MOST_DESCRIPTION) or title,
        parameters=parameters,
        effect=effect,
    )
