"""Which calls are made again: those that only read, with arguments that nobody has to agree to, or has."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from inhouse.conversations.traces import SharedTrace
from inhouse.lab import repeatable
from inhouse.lab.ledger.identity import call_key
from inhouse.releases.extensions import Version
from inhouse.runtime.extensions.base import Json, Tool
from inhouse.runtime.extensions.calling import misfit

#: Different calls of one tool that are watched.
MOST_CALLS = 12
_PLACEHOLDER = re.compile(r"\[[A-Z]+_\d+\]")


@dataclass(frozen=True)
class Probe:
    """A call that may be made again."""

    version: Version
    tool: Tool
    arguments: Json
    key: str


def why_not(version: Version, tool: Tool) -> str | None:
    """Why no call of a tool is repeated, as a word: ``acts``, ``kind`` or ``costs``; ``None`` where they may be."""
    if tool.effect != "reading":
        return "acts"
    return repeatable.why_not(version)


def probes(version: Version, traces: Sequence[SharedTrace], known: Iterable[str]) -> list[Probe]:
    """The calls of one extension to watch, by tool: those that are watched already come first, then its examples and what fans
    who agreed had asked, by turns."""
    watched, found = frozenset(known), []
    for tool in version.tools:
        if why_not(version, tool):
            continue
        mine = {
            key: Probe(version, tool, arguments, key)
            for arguments in _by_turns(_examples(tool), _asked(version, tool, traces))
            if (key := call_key(version.ai_id, version.name, tool, arguments)) and not misfit(tool, arguments)
        }
        found += sorted(mine.values(), key=lambda one: one.key not in watched)[:MOST_CALLS]
    return found


def _by_turns(*sources: Iterator[Json]) -> Iterator[Json]:
    """What its author thought of and what people ask are both seen, however much there is of one."""
    for several in zip_longest(*sources):
        yield from (one for one in several if one is not None)


def _examples(tool: Tool) -> Iterator[Json]:
    return (example.arguments for example in tool.examples)


def _asked(version: Version, tool: Tool, traces: Sequence[SharedTrace]) -> Iterator[Json]:
    """Arguments of calls that went well. What had something personal taken out is no longer the call that it was."""
    for trace in traces:
        for call in trace.calls:
            is_mine = (call.extension, call.tool, call.state) == (version.name, tool.name, "done")
            if is_mine and trace.ai_id == version.ai_id and not _is_masked(call.arguments):
                yield call.arguments


def _is_masked(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(_is_masked(inner) for inner in value.values())
    if isinstance(value, list):
        return any(_is_masked(inner) for inner in value)
    return isinstance(value, str) and _PLACEHOLDER.search(value) is not None
