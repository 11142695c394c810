"""Asking before acting: what would be called, in words, for the person it concerns."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from inhouse.content import plain
from inhouse.core import ids
from inhouse.core.proposals import Proposal, hash_of, written
from inhouse.runtime.extensions.base import Json
from inhouse.runtime.extensions.calling import Attached

_ASKS = {
    "en": "I can do this for you: {title}. Look at what will be sent. Nothing is sent before you agree.",
    "ja": "「{title}」を代わりに行えます。送る内容をご確認ください。同意されるまで、何も送りません。",
}
_YES_NO = {"en": ("yes", "no"), "ja": ("はい", "いいえ")}
_MOST_LABEL = 80


def proposal(attached: Attached, arguments: Json, language: str) -> Proposal:
    """What would be called."""
    tool = attached.tool
    return Proposal(
        action_id=ids.new_id("act"),
        extension=attached.version,
        tool=tool.name,
        title=tool.title,
        arguments=arguments,
        hash=hash_of(attached.version, tool.name, written(arguments)),
        told=tuple(_told(arguments, tool.parameters, language)),
        repeatable=tool.repeatable,
    )


def asks(title: str, language: str) -> str:
    """The answer that asks, in the asker's language."""
    return _ASKS.get(language, _ASKS["en"]).format(title=title)


def _told(value: Any, schema: Any, language: str, path: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    """Every single value with its name; none is cut, and what could hide in it is written out."""
    schema = schema if isinstance(schema, dict) else {}
    if isinstance(value, dict | list) and not value and path:
        yield " › ".join(path), "–"
    elif isinstance(value, dict):
        parts = schema.get("properties", {})
        for name, inner in value.items():
            part = parts.get(name, {}) if isinstance(parts, dict) else {}
            yield from _told(inner, part, language, (*path, _label(name, part)))
    elif isinstance(value, list):
        for number, inner in enumerate(value, 1):
            yield from _told(inner, schema.get("items", {}), language, (*path, str(number)))
    else:
        yield " › ".join(path), _words(value, language)


def _label(name: str, schema: Any) -> str:
    said = schema.get("title") if isinstance(schema, dict) else None
    if not isinstance(said, str) or not said.strip():
        said = name.replace("_", " ").replace("-", " ")
        said = said[:1].upper() + said[1:]
    return plain.shortened(plain.one_line(said), _MOST_LABEL) or json.dumps(name)


def _words(value: Any, language: str) -> str:
    if isinstance(value, bool):
        return _YES_NO.get(language, _YES_NO["en"])[0 if value else 1]
    if isinstance(value, str) and value and plain.clean(value) == value:
        return value
    return json.dumps(value)
