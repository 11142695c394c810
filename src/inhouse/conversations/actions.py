"""Repository of what tools that act were asked to do. Every transition is one conditional update: who loses the race for a
row changes nothing. See ``docs/design/acting.md``.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict
from sqlalchemy import ColumnElement, Row, and_, func, or_, select, update

from inhouse.conversations.fans import Fan
from inhouse.conversations.tables import actions
from inhouse.conversations.turns import Turn
from inhouse.core import clock, ids
from inhouse.core.errors import InhouseError, NotFound
from inhouse.core.proposals import Proposal, written
from inhouse.releases import entries
from inhouse.store import processes
from inhouse.store.database import Tx

State = Literal["proposed", "agreed", "sending", "done", "failed", "declined", "expired", "unknown"]

Ending = Literal["done", "failed", "unknown"]

#: Agreed to, and not over.
OPEN = ("agreed", "sending")
#: How long a fan may think it over.
LASTS = timedelta(minutes=15)
#: A performer says that it lives at least this often; silent for longer, it is taken for dead.
BEAT = timedelta(seconds=10)
_DEAD_AFTER = timedelta(seconds=60)
_MOST_RESULT = 2_000
_MOST_LISTED = 500


class Uncertain(InhouseError):
    """Nobody knows whether this was done: the connection ended before an answer came. It is not sent again by itself."""


class Restored(InhouseError):
    """The installation was restored from a backup: nobody knows whether this was done. It is not sent again by itself."""


class NotSetUp(InhouseError):
    """The tool {title} can't be used any more. Nothing was sent."""


class NotAsAgreed(InhouseError):
    """What is kept is not what was agreed to. Nothing was sent."""


class TooOld(InhouseError):
    """This could not be sent within an hour of your agreement. Nothing was sent."""


class OffMeanwhile(InhouseError):
    """It was switched off or changed after you agreed. Nothing was sent."""


class OutOfHands(InhouseError):
    """This is performed elsewhere."""


class Deed(BaseModel):
    """One row: what was proposed to a fan, and how far it came."""

    model_config = ConfigDict(frozen=True)

    id: str
    ai_id: str
    fan_id: str
    turn_id: str
    extension: str
    """The very version, as ``name@version``."""
    tool: str
    title: str
    arguments: str
    """JSON, as it was agreed to."""
    told: tuple[tuple[str, str], ...]
    hash: str
    key: str
    repeatable: bool
    language: str
    state: State
    """``expired`` too where nobody has written that down yet."""
    attempts: int
    process: str | None
    beat_at: datetime | None
    created_at: datetime
    expires_at: datetime
    agreed_at: datetime | None
    sent_at: datetime | None
    ended_at: datetime | None
    line: str
    result: str
    seen_at: datetime | None
    seen_by: str | None

    @property
    def name(self) -> str:
        """The extension without its version."""
        return entries.name(self.extension)

    @property
    def values(self) -> dict[str, Any]:
        """The arguments."""
        read: dict[str, Any] = json.loads(self.arguments)
        return read

    @property
    def open(self) -> bool:
        """Whether something may still come of it by itself."""
        return self.state in OPEN

    @property
    def is_orphan(self) -> bool:
        """Whether nobody performs it."""
        if self.process is None or processes.is_gone(self.process):
            return True
        return self.beat_at is None or self.beat_at < clock.now() - _DEAD_AFTER


def propose(tx: Tx, turn: Turn, proposal: Proposal) -> None:
    """Keep what a turn proposes, in the transaction that ends the turn."""
    now = clock.now()
    values = proposal.model_dump(include={"extension", "tool", "title", "hash", "repeatable"}) | {
        "id": proposal.action_id,
        "ai_id": turn.ai_id,
        "fan_id": turn.fan_id,
        "turn_id": turn.id,
        "arguments": written(proposal.arguments),
        "told": [list(pair) for pair in proposal.told],
        "key": ids.new_id("call"),
        "language": turn.language or "",
        "state": "proposed",
        "attempts": 0,
        "created_at": now,
        "expires_at": now + LASTS,
        "line": "",
        "result": "",
    }
    tx.execute(actions.insert().values(values))


def of_fan(tx: Tx, fan: Fan, action_id: str) -> Deed:
    """One of this fan, else ``NotFound``."""
    mine = (actions.c.id == action_id, actions.c.ai_id == fan.ai_id, actions.c.fan_id == fan.id)
    return _found(tx.execute(select(actions).where(*mine)).one_or_none(), action_id)


def of_ai(tx: Tx, ai_id: str, action_id: str) -> Deed:
    """One of this AI, for its team, else ``NotFound``."""
    here = (actions.c.id == action_id, actions.c.ai_id == ai_id)
    return _found(tx.execute(select(actions).where(*here)).one_or_none(), action_id)


def of_turns(tx: Tx, ai_id: str, turn_ids: Sequence[str]) -> dict[str, Deed]:
    """What turns of this AI proposed, by turn."""
    query = select(actions).where(actions.c.ai_id == ai_id, actions.c.turn_id.in_(turn_ids))
    return {row.turn_id: _deed(row) for row in tx.execute(query)}


def of_any(tx: Tx, action_id: str) -> Deed | None:
    """One for its performer, who works for all AIs; ``None`` where it was erased."""
    row = tx.execute(select(actions).where(actions.c.id == action_id)).one_or_none()
    return _deed(row) if row else None


def listing(
    tx: Tx, ai_id: str, states: Sequence[State] = (), *, before: str | None = None, limit: int = 50
) -> list[Deed]:
    """An AI's journal, the newest first (ids sort by time); ``before`` is the last id of the page before."""
    query = select(actions).where(actions.c.ai_id == ai_id)
    if states:
        query = query.where(or_(*(_in(state) for state in states)))
    if before:
        query = query.where(actions.c.id < before)
    query = query.order_by(actions.c.id.desc()).limit(min(limit, _MOST_LISTED))
    return [_deed(row) for row in tx.execute(query)]


def unseen(tx: Tx, ai_id: str) -> int:
    """How many are unknown and nobody has looked into them."""
    here = (actions.c.ai_id == ai_id, actions.c.state == "unknown", actions.c.seen_at.is_(None))
    return tx.execute(select(func.count()).where(*here)).scalar_one()


def agree(tx: Tx, deed: Deed) -> bool:
    """proposed → agreed, within its time."""
    within = (actions.c.state == "proposed", actions.c.expires_at > clock.now())
    return _move(tx, deed.id, within, state="agreed", agreed_at=clock.now())


def decline(tx: Tx, deed: Deed) -> bool:
    """proposed → declined."""
    return _move(tx, deed.id, (actions.c.state == "proposed",), state="declined", ended_at=clock.now())


def expire(tx: Tx) -> int:
    """Write down that proposals have run out."""
    late = (actions.c.state == "proposed", actions.c.expires_at <= clock.now())
    change = {"state": "expired", "ended_at": clock.now()}
    return tx.execute(update(actions).where(*late).values(change)).rowcount


def is_needed(tx: Tx) -> bool:
    """Whether a performer has, or may soon have, something to do."""
    waiting = and_(actions.c.state == "proposed", actions.c.expires_at > clock.now())
    query = select(actions.c.id).where(or_(actions.c.state.in_(OPEN), waiting))
    return tx.execute(query.limit(1)).first() is not None


def orphans(tx: Tx) -> list[Deed]:
    """What was agreed to and is in nobody's hands, the oldest agreement first."""
    query = select(actions).where(actions.c.state.in_(OPEN)).order_by(actions.c.agreed_at)
    found = (_deed(row) for row in tx.execute(query.limit(_MOST_LISTED)))
    return [deed for deed in found if deed.is_orphan]


def claim(tx: Tx, deed: Deed) -> bool:
    """Take an orphan into this process's hands, unless somebody else has."""
    same = actions.c.process == deed.process if deed.process else actions.c.process.is_(None)
    here = (actions.c.state == deed.state, same)
    return _move(tx, deed.id, here, process=processes.this_process(), beat_at=clock.now())


def give_up(tx: Tx, deed: Deed) -> bool:
    """sending → unknown, for an orphan. It stays in its former performer's name: should that one live after all, it may
    still write down what came of it."""
    here = (actions.c.state == "sending", actions.c.process == deed.process)
    return _move(tx, deed.id, here, state="unknown", line=Uncertain().message, ended_at=clock.now())


def begin(tx: Tx, deed: Deed) -> bool:
    """agreed → sending, or, where that is safe, sending once more; in this process's hands."""
    here = [actions.c.state == deed.state, _mine()]
    if deed.state != "agreed":
        here.append(and_(actions.c.state == "sending", actions.c.repeatable))
    change = {
        "state": "sending",
        "attempts": actions.c.attempts + 1,
        "sent_at": func.coalesce(actions.c.sent_at, clock.now()),
    }
    return _move(tx, deed.id, here, **change)


def end(tx: Tx, deed: Deed, state: Ending, *, line: str = "", result: str = "") -> bool:
    """What came of it, said by who performed it; also where others had given it up as unknown."""
    change = {"state": state, "line": line, "result": result[:_MOST_RESULT], "ended_at": clock.now()}
    return _move(tx, deed.id, (actions.c.state.in_((*OPEN, "unknown")), _mine()), **change)


def beat(tx: Tx, action_ids: Sequence[str]) -> None:
    """Say that this process has these in its hands and lives."""
    here = (actions.c.id.in_(action_ids), actions.c.state.in_(OPEN), _mine())
    tx.execute(update(actions).where(*here).values(beat_at=clock.now()))


def see(tx: Tx, deed: Deed, by: str | None) -> bool:
    """Note that the team looked into one that is unknown."""
    here = (actions.c.state == "unknown", actions.c.seen_at.is_(None))
    return _move(tx, deed.id, here, seen_at=clock.now(), seen_by=by)


def after_restore(tx: Tx) -> int:
    """What was open when a backup was made may have been done since: none of it is performed again. Returns how many."""
    now = clock.now()
    unknown = {"state": "unknown", "line": Restored().message, "ended_at": now}
    expired = {"state": "expired", "ended_at": now}
    changed = tx.execute(update(actions).where(actions.c.state.in_(OPEN)).values(unknown)).rowcount
    return changed + tx.execute(update(actions).where(actions.c.state == "proposed").values(expired)).rowcount


def _mine() -> ColumnElement[bool]:
    return actions.c.process == processes.this_process()


def _in(state: State) -> ColumnElement[bool]:
    """Rows that are read as being in a state."""
    late = and_(actions.c.state == "proposed", actions.c.expires_at <= clock.now())
    if state == "expired":
        return or_(actions.c.state == "expired", late)
    if state == "proposed":
        return and_(actions.c.state == "proposed", actions.c.expires_at > clock.now())
    return actions.c.state == state


def _move(tx: Tx, action_id: str, where: Sequence[ColumnElement[bool]], **change: Any) -> bool:
    return tx.execute(update(actions).where(actions.c.id == action_id, *where).values(change)).rowcount == 1


def _found(row: Row[Any] | None, action_id: str) -> Deed:
    if row is None:
        raise NotFound(kind="action", name=action_id)
    return _deed(row)


def _deed(row: Row[Any]) -> Deed:
    deed = Deed(**row._mapping)
    late = deed.state == "proposed" and deed.expires_at <= clock.now()
    return deed.model_copy(update={"state": "expired"}) if late else deed
