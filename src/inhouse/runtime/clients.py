"""The tools of a program that asks: described to us, called by it, their results brought back with its next request.

They never run here. What is described and what is brought is foreign: descriptions become tools like any other, with
schemas made safe, and results are data.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from inhouse.content import plain
from inhouse.core.errors import UsageError
from inhouse.core.events import ClientCall
from inhouse.runtime.extensions.base import Json, Tool
from inhouse.runtime.extensions.naming import names
from inhouse.runtime.extensions.schemas import flat

#: Stands where the name of an extension would, for what a client's tool found.
CLIENT = "client"
MOST_TOOLS = 64
_MOST_TITLE = 80
_MOST_DESCRIPTION = 600


class UnusableTool(UsageError):
    """The parameters of the tool "{name}" can't be used: they must be the JSON schema of an object, at most 16,000
    characters with its references put in, and those must lead nowhere outside it."""


@dataclass(frozen=True)
class Described:
    """A tool as a client describes it. ``parameters`` is a JSON schema, or nothing for a tool without arguments."""

    name: str
    description: str = ""
    parameters: Json | None = None


@dataclass(frozen=True)
class ClientTool:
    """A tool of a client: its own name for it, and the tool as ours are."""

    name: str
    tool: Tool


@dataclass(frozen=True)
class ClientResult:
    """What a call brought, as the client tells it: any text."""

    call: ClientCall
    text: str


@dataclass(frozen=True)
class ClientTools:
    """What a request says of its client's tools."""

    tools: tuple[ClientTool, ...] = ()
    """Those that may be called now; none where the client wants no call."""
    must_call: bool = False
    parallel: bool = True
    results: tuple[ClientResult, ...] = ()
    """What was called for this question so far, in order."""

    @property
    def waits(self) -> bool:
        """Whether the program waits for its next call, or for the answer from what its calls have brought."""
        return self.must_call or bool(self.results)


def offered(described: Sequence[Described]) -> tuple[ClientTool, ...]:
    """A client's tools as ours. Raises ``UsageError`` with the tool's name where one can't be used."""
    if len(described) > MOST_TOOLS:
        raise UsageError(reason=f"At most {MOST_TOOLS} tools go with a request.")
    ours = names(one.name for one in described)
    if len(ours) < len(described):
        raise UsageError(reason="Two tools have the same name.")
    return tuple(ClientTool(one.name, _tool(one, ours[one.name])) for one in described)


def _tool(one: Described, name: str) -> Tool:
    schema: dict[str, Any] = {"type": "object", "properties": {}} | (one.parameters or {})
    parameters = flat(schema)
    if parameters is None:
        raise UnusableTool(name=one.name)
    title = plain.shortened(" ".join(name.split("_")), _MOST_TITLE)
    description = plain.clean(one.description[: 4 * _MOST_DESCRIPTION])
    return Tool(
        name=name,
        title=title,
        description=plain.shortened(description, _MOST_DESCRIPTION) or title,
        parameters=parameters,
    )
