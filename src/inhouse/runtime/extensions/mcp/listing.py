"""A server's tools as ours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mcp import types

from inhouse.content import plain
from inhouse.runtime.extensions.base import Effect, Json, Tool
from inhouse.runtime.extensions.naming import names
from inhouse.runtime.extensions.schemas import flat

MOST_TOOLS = 64
_MOST_TITLE = 80
_MOST_DESCRIPTION = 600


@dataclass(frozen=True)
class Known:
    """A tool of ours, and what is needed to call it."""

    tool: Tool
    name: str
    """What its server calls it."""
    output: Json | None
    """The schema of its structured answers, unchecked."""


def offered(
    listed: Sequence[types.Tool], reading: frozenset[str], repeatable: frozenset[str] = frozenset()
) -> dict[str, Known]:
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
            again = effect == "acting" and (_says_repeatable(tool) or bool({original, name} & repeatable))
            found[name] = Known(_ours(tool, name, parameters, effect, again), original, tool.output_schema)
    return found


def _only_reads(tool: types.Tool) -> bool:
    return tool.annotations is not None and tool.annotations.read_only_hint is True


def _says_repeatable(tool: types.Tool) -> bool:
    return tool.annotations is not None and tool.annotations.idempotent_hint is True


def _ours(tool: types.Tool, name: str, parameters: Json, effect: Effect, repeatable: bool) -> Tool:
    said = tool.title or (tool.annotations.title if tool.annotations else None) or tool.name
    title = plain.shortened(plain.one_line(said[: 4 * _MOST_TITLE]), _MOST_TITLE) or name
    description = plain.clean((tool.description or "")[: 4 * _MOST_DESCRIPTION])
    return Tool(
        name=name,
        title=title,
        description=plain.shortened(description, _MOST_DESCRIPTION) or title,
        parameters=parameters,
        effect=effect,
        repeatable=repeatable,
    )
