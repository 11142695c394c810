"""A server's answer to a call as ours."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from mcp import types

from inhouse.content import plain
from inhouse.content.moments import moment
from inhouse.runtime.extensions.base import Json, Result, Source, ToolFailed, ToolUnclear
from inhouse.runtime.extensions.mcp.failures import shown

_MOST_TEXT = 200_000
_MOST_SOURCES = 20
_MOST_SOURCE_TEXT = 20_000
_MOST_TITLE = 300
_MOST_URL = 2_000

_Resource = types.ResourceLink | types.EmbeddedResource


def result(answer: types.CallToolResult, output: Json | None) -> Result:
    """The answer as a result. Raises ``ToolFailed`` where the tool failed, ``ToolUnclear`` where it breaks the
    promise of its ``output`` schema."""
    text = "\n".join(part for block in answer.content if (part := _text(block)))
    if answer.is_error:
        raise ToolFailed(reason=shown(text) or "The tool failed and does not say why.")
    data = answer.structured_content
    if output is not None and not fits(data, output):
        raise ToolUnclear(reason="The server's answer is not what its own schema says.")
    sources = _sources(answer.content)
    return Result(text=plain.clean(text[:_MOST_TEXT]) or _instead(data, sources), sources=sources, data=data)


def fits(data: Any, schema: Json) -> bool:
    """Whether an object has what the schema requires, and at its top level the types that it says.

    No more, and by no schema validator, on purpose: schema and data are both the server's, and the two together can
    keep a validator busy for ever.
    """
    if not isinstance(data, dict):
        return False
    told = {name: _told(part) for name, part in schema.get("properties", {}).items()}
    return all(name in data for name in schema.get("required", [])) and all(
        not told.get(name) or told[name] & _kinds(value) for name, value in data.items()
    )


def _told(schema: Json) -> set[str]:
    kind = schema.get("type")
    return {name for name in (kind if isinstance(kind, list) else [kind]) if isinstance(name, str)}


def _kinds(value: Any) -> set[str]:
    """JSON schema's names for what a value is."""
    match value:
        case None:
            return {"null"}
        case bool():
            return {"boolean"}
        case int():
            return {"integer", "number"}
        case float():
            return {"integer", "number"} if value.is_integer() else {"number"}
        case str():
            return {"string"}
        case list():
            return {"array"}
    return {"object"}


def _text(block: types.ContentBlock) -> str:
    match block:
        case types.TextContent():
            return block.text
        case types.ImageContent():
            return "(image)"
        case types.AudioContent():
            return "(audio)"
    return ""


def _instead(data: Any, sources: Sequence[Source]) -> str:
    """What is read where there is no text."""
    if data is not None:
        return json.dumps(data, ensure_ascii=False)[:_MOST_TEXT]
    return "\n".join(source.title for source in sources)


def _sources(blocks: Sequence[types.ContentBlock]) -> tuple[Source, ...]:
    resources = [block for block in blocks if isinstance(block, _Resource)]
    return tuple(_source(block) for block in resources[:_MOST_SOURCES])


def _source(block: _Resource) -> Source:
    if isinstance(block, types.ResourceLink):
        uri, title, text = block.uri, block.title or block.name, block.description or ""
    else:
        resource = block.resource
        uri, title = resource.uri, resource.uri.rstrip("/").rsplit("/", 1)[-1]
        text = resource.text if isinstance(resource, types.TextResourceContents) else ""
    changed = block.annotations.last_modified if block.annotations else None
    return Source(
        title=plain.shortened(plain.one_line(title[: 4 * _MOST_TITLE]), _MOST_TITLE) or "(untitled)",
        url=_url(uri),
        date=moment(changed),
        text=plain.clean(text[:_MOST_SOURCE_TEXT]),
    )


def _url(uri: str) -> str | None:
    """Only what is safe to link to."""
    try:
        parts = urlsplit(uri) if len(uri) <= _MOST_URL and plain.one_line(uri) == uri else None
        return uri if parts and parts.scheme in ("http", "https") and parts.hostname else None
    except ValueError:
        return None
