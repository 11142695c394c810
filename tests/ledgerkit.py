"""What tests of the ledger share: an extension whose tools are made up, turns with calls of it, a desk that answers by script."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from inhouse.conversations.sharing_texts import PURPOSE, VERSION
from inhouse.conversations.tables import conversations, fans, tool_calls, trace_consents, turns
from inhouse.core import ids
from inhouse.core.events import Ended
from inhouse.lab.ledger.repeating import Repeating
from inhouse.releases import extensions as rows
from inhouse.releases.extensions import Version
from inhouse.releases.tables import extension_versions, extensions
from inhouse.runtime.bridge import waited_for
from inhouse.runtime.extensions.base import Context, Effect, Example, Json, Limits, Result, Tool, ToolFailed
from inhouse.runtime.extensions.calling import Attached
from inhouse.store.database import Database, Tx

START = datetime(2026, 1, 5, 9, tzinfo=UTC)
SCHEMA: Json = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
NAMES = tuple(f"ware {number}" for number in range(6))


def tool(name: str = "look_up", examples: Sequence[str] = NAMES, effect: Effect = "reading") -> Tool:
    said = tuple(Example(request=f"How much is {one}?", arguments={"name": one}) for one in examples)
    return Tool(
        name=name, title="Look up", description="Looks up.", parameters=SCHEMA, examples=said, effect=effect
    )


def attach(
    db: Database,
    ai_id: str,
    name: str = "prices",
    *,
    kind: str = "table",
    tools: Sequence[Tool] = (),
    author: str | None = None,
    cost: float = 0.0,
    version: str = "v1",
) -> Version:
    """An extension as if it had been set up; the same name again is a new version."""
    made = Version(
        ai_id=ai_id, name=name, kind=kind, title="Table", version=version, settings={}, limits=Limits(cost=cost),
        tools=tuple(tools) or (tool(),), author=author, created_at=START, signature="",
    )  # fmt: skip
    here = (extensions.c.ai_id == ai_id, extensions.c.name == name)
    row = {"ai_id": ai_id, "name": name, "kind": kind, "version": version, "created_at": START}
    with db.write() as tx:
        tx.execute(extensions.delete().where(*here))
        old = (extension_versions.c.ai_id == ai_id, extension_versions.c.name == name)
        tx.execute(extension_versions.delete().where(*old, extension_versions.c.version == version))
        tx.execute(extensions.insert().values(row))
        tx.execute(extension_versions.insert().values(made.model_dump(mode="json") | {"created_at": START}))
    return made


def attached(tx: Tx, ai_id: str) -> list[Version]:
    """All that is attached counts as live."""
    return [rows.version(tx, ai_id, entry) for entry in rows.current(tx, ai_id)]


class Desk:
    """Answers every call by a function of its arguments and the moment; an error is one that the tool raises."""

    def __init__(self, answer: Callable[[Json, datetime], str]) -> None:
        self.answer = answer
        self.asked: list[Json] = []

    async def reading(self, ai_id: str, entry: str, tool: str) -> Attached | None:
        return Attached(entry.partition("@")[0], _named(tool), Limits(), self)

    async def call(self, tool: str, arguments: Mapping[str, Any], context: Context) -> Result:
        self.asked.append(dict(arguments))
        said = self.answer(dict(arguments), context.now)
        if said == "broken":
            raise ToolFailed(reason="It is down.")
        return Result(text=said)

    async def tools(self) -> Sequence[Tool]:
        return ()

    async def aclose(self) -> None:
        pass


def _named(name: str) -> Tool:
    return tool(name, ())


class Days:
    """A clock that only tests move."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


def repeating(db: Database, desk: Desk, days: Days, daily: int = 1000) -> Repeating:
    return Repeating(db, attached, desk, daily, lambda work: waited_for(work()), days)  # type: ignore[arg-type]


def watch(
    made: Repeating, days: Days, ai_id: str, until: float, every: timedelta = timedelta(hours=76)
) -> None:
    """Let days pass, and the job run."""
    while days.now < START + timedelta(days=until):
        made.repeat(ai_id)
        days.now += every


def fan(db: Database, ai_id: str, *, agreed: datetime | None = None) -> str:
    """A fan with a conversation; who ``agreed`` did so then."""
    who = ids.new_id("fan")
    values = {"id": who, "ai_id": ai_id, "token_hash": ids.digest(who), "created_at": START, "seen_at": START}
    thread = {"id": f"con_{who}", "ai_id": ai_id, "fan_id": who, "origin": "page"}
    with db.write() as tx:
        tx.execute(fans.insert().values(values))
        tx.execute(conversations.insert().values(thread | {"created_at": START, "changed_at": START}))
        if agreed is not None:
            tx.execute(trace_consents.insert().values(consent(ai_id, who, agreed)))
    return who


def consent(ai_id: str, who: str | None, at: datetime) -> dict[str, Any]:
    return {
        "id": ids.new_id("cns"), "ai_id": ai_id, "fan_id": who, "purpose": PURPOSE, "text_version": VERSION,
        "given_at": at,
    }  # fmt: skip


def turn(
    db: Database,
    ai_id: str,
    who: str,
    number: int,
    *,
    extension: str = "prices",
    arguments: Json | None = None,
    thumb: str | None = None,
    answer: str = "£14",
    spans: Sequence[dict[str, Any]] = (),
    at: datetime = START,
    state: str = "done",
) -> str:
    """A turn of a fan with one call."""
    made, call = ids.new_id("turn"), ids.new_id("call")
    detail = {
        "extension": extension,
        "tool": "look_up",
        "arguments": arguments or {"name": "mug"},
        "state": state,
    }
    traced = [
        *spans,
        {"kind": "tool", "began_ms": 100.0, "ended_ms": 130.0, "detail": detail | {"call": call}},
    ]
    row = {
        "id": made, "ai_id": ai_id, "conversation_id": f"con_{who}", "fan_id": who, "number": number,
        "author": "ai", "state": "done", "question": "How much is it?", "language": "en", "answer": answer,
        "ended": Ended(answer=answer, kind="tool").model_dump(mode="json"), "seq": 1, "amendment": 0, "index_revision": 0,
        "trace": {"version": 2, "spans": traced}, "thumb": thumb, "attempts": 1, "stop_requested": False,
        "created_at": at, "asked_at": at, "ended_at": at,
    }  # fmt: skip
    counted = {
        "id": call, "ai_id": ai_id, "fan_id": who, "extension": extension, "tool": "look_up", "cost": 0.0, "at": at,
        "turn_id": made, "state": state, "ms": 30.0,
    }  # fmt: skip
    with db.write() as tx:
        tx.execute(turns.insert().values(row))
        tx.execute(tool_calls.insert().values(counted))
    return made
