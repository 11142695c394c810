"""Repeated calls as they are stored, read as series of answers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict
from sqlalchemy import ColumnElement, delete, func, select

from inhouse.accounts import audit
from inhouse.accounts.actors import Action, Actor
from inhouse.accounts.authorisation import authorise
from inhouse.core import clock, ids
from inhouse.lab.ledger import stability
from inhouse.lab.ledger.stability import Answer, Stability
from inhouse.lab.ledger.tables import repeats_off, tool_repeats
from inhouse.store.database import Database, Tx

DONE = "done"
#: Older repeats say nothing of what a tool is like now.
KEPT = timedelta(days=730)


class Repeat(BaseModel):
    """One call that was made again. It holds no words."""

    model_config = ConfigDict(frozen=True)

    ai_id: str
    extension: str
    version: str
    tool: str
    tool_key: str
    call: str
    at: datetime
    state: str
    digest: str | None
    ms: float


def keep(tx: Tx, repeat: Repeat) -> None:
    """Store one."""
    tx.execute(tool_repeats.insert().values(id=ids.new_id("rep"), **repeat.model_dump()))


def forget_old(tx: Tx, ai_id: str, now: datetime) -> int:
    """Remove what is too old to count; returns how many went."""
    old = (tool_repeats.c.ai_id == ai_id, tool_repeats.c.at < now - KEPT)
    return tx.execute(delete(tool_repeats).where(*old)).rowcount


def count_since(tx: Tx, ai_id: str, since: datetime) -> int:
    """How many calls of an AI's tools were made again since, whatever came of them."""
    mine = (tool_repeats.c.ai_id == ai_id, tool_repeats.c.at > since)
    return tx.execute(select(func.count()).select_from(tool_repeats).where(*mine)).scalar_one()


def known_calls(tx: Tx, ai_id: str) -> dict[str, list[Repeat]]:
    """Every repeat of one AI by its call, the earliest first."""
    query = select(tool_repeats).where(tool_repeats.c.ai_id == ai_id).order_by(tool_repeats.c.at)
    found: dict[str, list[Repeat]] = {}
    for row in tx.execute(query).mappings():
        found.setdefault(row["call"], []).append(Repeat(**{name: row[name] for name in Repeat.model_fields}))
    return found


def of_tool(tx: Tx, tool_key: str) -> Stability:
    """What is known of a tool over all AIs: an answer that changed at one of them is a change of the tool."""
    return of_tools(tx, tool_repeats.c.tool_key == tool_key).get(tool_key, stability.NOTHING)


def of_ai(tx: Tx, ai_id: str, extension: str) -> dict[str, Stability]:
    """What is known of the tools of one AI's extension from its own calls alone, by their keys."""
    return of_tools(tx, tool_repeats.c.ai_id == ai_id, tool_repeats.c.extension == extension)


def of_tools(tx: Tx, *where: ColumnElement[bool]) -> dict[str, Stability]:
    """Stability by the tools' keys, from the repeats that ``where`` names."""
    columns = [tool_repeats.c[name] for name in ("tool_key", "call", "at", "state", "digest")]
    answers: dict[str, dict[str, list[Answer]]] = {}
    failed: dict[str, int] = {}
    for row in tx.execute(select(*columns).where(*where).order_by(tool_repeats.c.at)):
        series = answers.setdefault(row.tool_key, {})
        if row.state == DONE and row.digest:
            series.setdefault(row.call, []).append(Answer(row.at, row.digest))
        else:
            failed[row.tool_key] = failed.get(row.tool_key, 0) + 1
    return {key: stability.judge(series, failed.get(key, 0)) for key, series in answers.items()}


def is_off(tx: Tx, ai_id: str) -> bool:
    """Whether the AI's team wants no calls repeated."""
    return tx.execute(select(repeats_off.c.ai_id).where(repeats_off.c.ai_id == ai_id)).first() is not None


class RepeatSwitch:
    """Lets a team say that no calls of its AI's tools are to be repeated."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def switch(self, actor: Actor, ai_id: str, *, on: bool) -> None:
        """From the next repeat on."""
        with self._db.write() as tx:
            authorise(tx, actor, Action.EDIT_BRIEF, ai_id=ai_id)
            tx.execute(delete(repeats_off).where(repeats_off.c.ai_id == ai_id))
            if not on:
                tx.execute(repeats_off.insert().values(ai_id=ai_id, at=clock.now(), by=actor.id))
            audit.record(tx, actor, "switched repeats on" if on else "switched repeats off", ai_id=ai_id)

    def is_off(self, tx: Tx, ai_id: str) -> bool:
        """Whether it is off."""
        return is_off(tx, ai_id)


def surprised(known: Sequence[Repeat]) -> bool:
    """Whether the last answer of a call is another than the two before it: that is asked again soon."""
    done = [one.digest for one in known if one.state == DONE][-3:]
    return len(done) == 3 and done[0] == done[1] != done[2]
