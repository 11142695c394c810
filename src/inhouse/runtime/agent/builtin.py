"""Calls of tools that the model knows by itself: nothing is described, the request is all that it reads.

A call is the tool's name and one line an argument, in the order in which the request says them: half the tokens of JSON, and a
small model copies in order. See ``docs/design/internalise.md``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from inhouse.runtime import prompts
from inhouse.runtime.engines.base import Message
from inhouse.runtime.extensions.base import Json

SYSTEM = "Call a tool or none."
NONE = "none"
#: Tokens of the longest call.
LONGEST_CALL = 120


@dataclass(frozen=True)
class Call:
    """A tool by name, and its arguments."""

    tool: str
    arguments: Json


def messages(
    request: str, off: Sequence[str] = (), renamed: Mapping[str, str] | None = None
) -> tuple[Message, Message]:
    """What the model is asked. ``off`` are tools that it knows and this AI does not have; ``renamed`` what they are called here."""
    said = [SYSTEM]
    if off:
        said.append(f"Off: {', '.join(off)}.")
    said += [f"{name} is {new}." for name, new in (renamed or {}).items()]
    return Message("system", " ".join(said)), Message("user", prompts.defuse(request))


def written(call: Call | None) -> str:
    """A call as the model is taught to write it."""
    if call is None:
        return NONE
    lines = [f"{name}: {_value(value)}" for name, value in call.arguments.items()]
    return "\n".join([call.tool, *lines])


def read(text: str, parameters: Mapping[str, Json]) -> Call | None:
    """The call in what the model wrote; ``parameters`` holds each tool's JSON schema by its name.

    Nothing where it says none, names what isn't there, or writes an argument that the tool doesn't have.
    """
    name, *lines = text.strip().split("\n")
    if name not in parameters:
        return None
    known = parameters[name].get("properties", {})
    arguments: Json = {}
    for line in lines:
        key, colon, value = line.partition(": ")
        if not colon or key not in known or key in arguments:
            return None
        try:
            arguments[key] = _parsed(value, known[key])
        except ValueError:
            return None
    return Call(name, arguments)


def named(text: str) -> str:
    """The tool that the model wrote, whether it is there or not; empty for none."""
    name = text.strip().split("\n")[0]
    return "" if name == NONE else name


def _parsed(text: str, schema: Any) -> Any:
    """A value as it was meant: words where the schema takes words, else JSON. Raises ``ValueError`` where it is neither."""
    kinds = schema.get("type") if isinstance(schema, dict) else None
    if kinds == "string":
        return text
    try:
        return json.loads(text)
    except ValueError:
        if kinds is None or "string" in kinds:
            return text
        raise


def _value(value: Any) -> str:
    return " ".join(value.split()) if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
