"""Making a call: whatever an extension does, an ``Outcome`` comes back, in time and within its size."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError
from pydantic import BaseModel, ConfigDict

from inhouse.core.errors import InhouseError
from inhouse.runtime import spans
from inhouse.runtime.extensions.base import Context, Extension, Json, Limits, Result, Source, Tool

_log = logging.getLogger(__name__)
_MOST_SOURCES = 20
_MOST_ARGUMENTS = 16_000
#: JSON of a result beyond this is dropped; its text says the same.
_MOST_DATA = 200_000
#: What of a result the trace says.
_TITLES_NOTED, _TEXT_NOTED = 5, 200


Way = Literal["read", "built_in", "chosen", "native", "tried"]
"""How a call came about: the extension read it out of the request, the model called what it has learnt, a tool was chosen by
likeness and its arguments decoded, a model with native calls wrote it, a tool that takes any question was tried."""


@dataclass(frozen=True)
class Attached:
    """A tool that an AI may use now."""

    extension: str
    """Which set-up of the AI's it belongs to."""
    tool: Tool
    limits: Limits
    handler: Extension
    version: str = ""
    """The very version, as ``name@version``; empty where none is kept (a team's trial, a benchmark)."""


class Outcome(BaseModel):
    """What a call came to. ``line`` is what a person reads of one that did not succeed."""

    model_config = ConfigDict(frozen=True)

    extension: str
    tool: str
    title: str
    arguments: Json
    state: Literal["done", "failed", "refused"]
    line: str = ""
    result: Result | None = None
    ms: float = 0.0


class ActsOnlyAgreed(InhouseError):
    """The tool {title} changes something, so a person has to agree first. Ask for it in a conversation."""


class Quotas(Protocol):
    """Counts calls."""

    async def take(self, context: Context, attached: Attached) -> str | None:
        """Charge one call. A sentence that says why not, where the quota of the fan or of the AI is used up."""
        ...


class Uncounted:
    """No quota: for the team's own trials and for benchmarks."""

    async def take(self, context: Context, attached: Attached) -> str | None:
        """Always allowed."""
        return None


class Caller:
    """Makes calls that read, within their limits. What acts is performed after somebody agreed (``performing``)."""

    def __init__(self, quotas: Quotas) -> None:
        self._quotas = quotas

    async def call(
        self, attached: Attached, arguments: Json, context: Context, way: Way | None = None
    ) -> Outcome:
        """Never raises but for being cancelled. ``way`` is noted in the turn's trace."""
        asked = {
            "call": context.call_id,
            "extension": attached.extension,
            "tool": attached.tool.name,
            "way": way,
        }
        with spans.whole("tool", **asked, title=attached.tool.title, arguments=arguments) as noted:
            outcome = await self._call(attached, arguments, context)
            noted |= {"state": outcome.state, "line": outcome.line, "found": found_in(outcome.result)}
            return outcome

    async def _call(self, attached: Attached, arguments: Json, context: Context) -> Outcome:
        began = time.perf_counter()
        state: Literal["done", "failed", "refused"] = "refused"
        line, result = _refusal(attached.tool, arguments), None
        if not line:
            line = await self._quotas.take(context, attached) or ""
        if not line:
            line, result = await _called(attached, arguments, context)
            state = "failed" if line else "done"
        return Outcome(
            extension=attached.extension,
            tool=attached.tool.name,
            title=attached.tool.title,
            arguments=arguments,
            state=state,
            line=line,
            result=result,
            ms=(time.perf_counter() - began) * 1000,
        )


def _refusal(tool: Tool, arguments: Json) -> str:
    if tool.effect == "acting":
        return ActsOnlyAgreed(title=tool.title).message
    return misfit(tool, arguments)


def misfit(tool: Tool, arguments: Json) -> str:
    """Why these arguments don't fit the tool's schema, in a sentence; empty where they do."""
    if len(json.dumps(arguments, default=str)) > _MOST_ARGUMENTS:
        return f"The arguments of {tool.title} are too long."
    try:
        error = next(Draft202012Validator(tool.parameters).iter_errors(arguments), None)
    except SchemaError:
        return f"{tool.title} describes its arguments wrongly."
    if error is None:
        return ""
    where = ".".join(map(str, error.absolute_path)) or "the arguments"
    return f"{tool.title} can't be asked that way: {where} does not fit."


async def _called(
    attached: Attached, arguments: Mapping[str, Any], context: Context
) -> tuple[str, Result | None]:
    """A sentence of what went wrong, or the result."""
    title, seconds = attached.tool.title, attached.limits.seconds
    try:
        async with asyncio.timeout(seconds):
            result = await attached.handler.call(attached.tool.name, arguments, context)
    except TimeoutError:
        return f"{title} took longer than {seconds:.0f} seconds.", None
    except InhouseError as error:
        return error.message, None
    except Exception:  # noqa: BLE001 - an extension is foreign code: it may raise anything, and the turn goes on
        _log.exception("The tool %s of %s broke", attached.tool.name, attached.extension)
        return f"{title} broke.", None
    return "", within(result, attached.limits)


def found_in(result: Result | None) -> list[str]:
    """What a call brought, in a few titles or words."""
    if result is None:
        return []
    return [source.title for source in result.sources[:_TITLES_NOTED]] or [result.text[:_TEXT_NOTED]]


def within(result: Result, limits: Limits) -> Result:
    """What of a result is kept."""
    room = limits.result_chars
    sources = tuple(_cut(source, room) for source in result.sources[:_MOST_SOURCES])
    kept = {"text": result.text[:room], "sources": sources, "data": _bounded(result.data)}
    return result.model_copy(update=kept)


def _cut(source: Source, room: int) -> Source:
    return source.model_copy(update={"title": source.title[:300], "text": source.text[:room]})


def _bounded(data: Any) -> Any:
    try:
        return data if len(json.dumps(data)) <= _MOST_DATA else None
    except (TypeError, ValueError, RecursionError):
        return None
