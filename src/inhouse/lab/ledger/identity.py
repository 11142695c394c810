"""Which extensions of different AIs are the same, and which tools."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from inhouse.core import ids
from inhouse.runtime.extensions.base import Json
from inhouse.runtime.extensions.schemas import bare

_LENGTH = 16


class Named(Protocol):
    """A tool as far as it counts here: one that is attached, or one that a generation has learnt."""

    @property
    def name(self) -> str: ...
    @property
    def parameters(self) -> Mapping[str, Any]: ...


def tool_key(tool: Named) -> str:
    """A tool is its name and its arguments, in whatever words they are described, as for a generation that has it built in."""
    return _digest([tool.name, bare(dict(tool.parameters))])


def extension_key(kind: str, name: str, tools: Iterable[Named]) -> str:
    """An extension is its kind, its name and its tools. Two AIs' tables have the same key where their columns are the same."""
    return _digest([kind, name, sorted(tool_key(tool) for tool in tools)])


def call_key(ai_id: str, extension: str, tool: Named, arguments: Json) -> str:
    """A call of one AI's extension, told apart from every other, and readable by nobody."""
    return ids.digest(json.dumps([ai_id, extension, tool_key(tool), arguments], sort_keys=True))


def _digest(value: object) -> str:
    return ids.digest(json.dumps(value, sort_keys=True, ensure_ascii=False))[:_LENGTH]
