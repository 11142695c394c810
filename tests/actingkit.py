"""What tests of tools that act share: an extension that books, what is proposed of it, and hands that perform by script."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from inhouse.conversations import actions, turns
from inhouse.conversations.actions import Deed
from inhouse.conversations.fans import Fan
from inhouse.core import clock
from inhouse.core.proposals import Proposal
from inhouse.releases.tables import extension_versions
from inhouse.runtime.agent.proposing import proposal
from inhouse.runtime.extensions.base import Context, Limits, Result, Tool
from inhouse.runtime.extensions.calling import Attached
from inhouse.store.database import Database

ENTRY = "bookings@0123456789abcdef"
ARGUMENTS = {"what": "wheel", "places": 2}


def tool(*, repeatable: bool = False) -> Tool:
    return Tool(
        name="book",
        title="Book a place",
        description="Books places in a workshop.",
        parameters={
            "type": "object",
            "properties": {
                "what": {"type": "string", "title": "Workshop"},
                "places": {"type": "integer"},
                "vegan": {"type": "boolean"},
                "names": {"type": "array", "items": {"type": "string"}},
            },
            "required": ["what"],
        },
        effect="acting",
        repeatable=repeatable,
    )


def set_up(db: Database, ai_id: str, *, limits: Limits | None = None, repeatable: bool = False) -> str:
    """A version with the one tool, as its row; returns its entry."""
    name, _, version = ENTRY.partition("@")
    row = {
        "ai_id": ai_id,
        "name": name,
        "version": version,
        "kind": "mcp",
        "title": "MCP server",
        "settings": {"url": "http://localhost:1"},
        "limits": (limits or Limits()).model_dump(mode="json"),
        "tools": [tool(repeatable=repeatable).model_dump(mode="json")],
        "author": None,
        "created_at": clock.now(),
        "signature": "",
    }
    with db.write() as tx:
        tx.execute(extension_versions.insert().values(row))
    return ENTRY


def attached(*, repeatable: bool = False, limits: Limits | None = None, handler: Any = None) -> Attached:
    return Attached("bookings", tool(repeatable=repeatable), limits or Limits(), handler, ENTRY)


def offer(
    arguments: Mapping[str, Any] = ARGUMENTS, *, repeatable: bool = False, language: str = "en"
) -> Proposal:
    return proposal(attached(repeatable=repeatable), dict(arguments), language)


def proposed(db: Database, fan: Fan, *, repeatable: bool = False) -> Deed:
    """A fan's turn that ended with a proposal."""
    return _kept(db, fan, offer(repeatable=repeatable))


def proposed_of(db: Database, fan: Fan, entry: str, tool: Tool, arguments: Mapping[str, Any]) -> Deed:
    """A fan's turn that ended with a proposal of a real extension's tool."""
    found = Attached(entry.partition("@")[0], tool, Limits(), Service(), entry)
    return _kept(db, fan, proposal(found, dict(arguments), "en"))


def _kept(db: Database, fan: Fan, made: Proposal) -> Deed:
    with db.write() as tx:
        thread = turns.open_conversation(tx, fan, "page")
        turn = turns.add(tx, thread, author="ai", state="done", question="Book two places at the wheel")
        actions.propose(tx, turn, made)
        return actions.of_fan(tx, fan, made.action_id)


Answer = Callable[[], Result]


@dataclass
class Service:
    """The other side: does what it is asked, by script, and keeps count by key."""

    script: list[Any] = field(default_factory=list)
    """For each call a result, an exception to raise, or an event to wait for."""
    repeatable: bool = False
    keys: list[str] = field(default_factory=list)
    arguments: list[Mapping[str, Any]] = field(default_factory=list)
    offered: bool = True
    away: int = 0
    """How often it can't be reached at first."""
    limits: Limits = field(default_factory=Limits)

    async def acting(self, ai_id: str, entry: str, name: str) -> Attached | None:
        return (
            attached(repeatable=self.repeatable, limits=self.limits, handler=self) if entry == ENTRY else None
        )

    async def tools(self) -> Sequence[Tool]:
        if self.away:
            self.away -= 1
            raise OSError("no route to host")
        return (tool(repeatable=self.repeatable),) if self.offered else ()

    async def call(self, name: str, arguments: Mapping[str, Any], context: Context) -> Result:
        self.keys.append(context.call_id)
        self.arguments.append(arguments)
        answer = self.script.pop(0) if self.script else Result(text="Booked.")
        if isinstance(answer, asyncio.Event):
            await answer.wait()
            return Result(text="Booked.")
        if isinstance(answer, BaseException):
            raise answer
        assert isinstance(answer, Result)
        return answer

    async def aclose(self) -> None: ...
