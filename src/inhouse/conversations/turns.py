"""Repository of conversations and turns. Every query takes the fan or the AI that the rows must belong to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Row, Select, func, select, update

from inhouse.conversations.fans import Fan
from inhouse.conversations.tables import conversations, turns
from inhouse.core import clock, ids
from inhouse.core.errors import InhouseError, NotFound
from inhouse.core.events import EVENT, Ended, Failed
from inhouse.releases.release import Route
from inhouse.runtime.request import Exchange
from inhouse.store import processes
from inhouse.store.database import Tx

State = Literal["pending", "streaming", "done", "stopped", "failed", "interrupted"]
Author = Literal["ai", "person"]
Origin = Literal["page", "widget", "api", "cli", "studio"]

RUNNING = ("pending", "streaming")
#: A running turn says that it lives at least this often; silent for longer, its process is taken for dead.
BEAT = timedelta(seconds=10)
_DEAD_AFTER = timedelta(seconds=60)

MOST_EXCHANGES = 8
MOST_HISTORY_CHARS = 6000


class Interrupted(InhouseError):
    """The answer was cut off because the server stopped. Ask again."""


class Conversation(BaseModel):
    """A fan's thread."""

    model_config = ConfigDict(frozen=True)

    id: str
    ai_id: str
    fan_id: str
    origin: Origin
    created_at: datetime
    changed_at: datetime


class Turn(BaseModel):
    """One exchange. A turn by a person of the team has no question."""

    model_config = ConfigDict(frozen=True)

    id: str
    ai_id: str
    conversation_id: str
    fan_id: str
    number: int
    author: Author
    state: State
    question: str
    language: str | None
    answer: str
    """All of it, or what was shown before it was stopped or cut off."""
    end: Ended | Failed | None
    """How it ended, as it was sent: citations, kind, timing, or what went wrong."""
    seq: int
    release_id: str | None
    amendment: int
    index_revision: int
    trace: dict[str, Any] | None
    thumb: Literal["up", "down"] | None
    attempts: int
    created_at: datetime
    asked_at: datetime
    """When its latest attempt began."""
    ended_at: datetime | None

    @property
    def running(self) -> bool:
        return self.state in RUNNING

    @property
    def retriable(self) -> bool:
        """Whether the fan may ask for another try."""
        return self.author == "ai" and self.state in ("stopped", "failed", "interrupted")


def conversation(tx: Tx, fan: Fan, conversation_id: str) -> Conversation:
    """One conversation of this fan, else ``NotFound``."""
    row = tx.execute(
        select(conversations).where(
            conversations.c.id == conversation_id,
            conversations.c.ai_id == fan.ai_id,
            conversations.c.fan_id == fan.id,
        )
    ).one_or_none()
    if row is None:
        raise NotFound(kind="conversation", name=conversation_id)
    return Conversation(**row._mapping)


def open_conversation(tx: Tx, fan: Fan, origin: Origin) -> Conversation:
    """A new conversation of this fan."""
    values = {
        "id": ids.new_id("con"),
        "ai_id": fan.ai_id,
        "fan_id": fan.id,
        "origin": origin,
        "created_at": clock.now(),
        "changed_at": clock.now(),
    }
    row = tx.execute(conversations.insert().values(values).returning(conversations)).one()
    return Conversation(**row._mapping)


def add(
    tx: Tx,
    thread: Conversation,
    *,
    turn_id: str | None = None,
    author: Author,
    state: State,
    question: str = "",
    answer: str = "",
    language: str | None = None,
    key: str | None = None,
    route: Route | None = None,
) -> Turn:
    """The next turn of a conversation, in this process's hands."""
    now = clock.now()
    last = select(func.max(turns.c.number)).where(turns.c.conversation_id == thread.id)
    values = {
        "id": turn_id or ids.new_id("turn"),
        "ai_id": thread.ai_id,
        "conversation_id": thread.id,
        "fan_id": thread.fan_id,
        "number": (tx.execute(last).scalar() or 0) + 1,
        "author": author,
        "key": key,
        "state": state,
        "question": question,
        "language": language,
        "answer": answer,
        "seq": 0,
        "attempts": 1,
        "stop_requested": False,
        "created_at": now,
        "asked_at": now,
        "ended_at": None if state in RUNNING else now,
        **_begun(route),
    }
    row = tx.execute(turns.insert().values(values).returning(turns)).one()
    tx.execute(update(conversations).where(conversations.c.id == thread.id).values(changed_at=now))
    return _turn(row)


def restart(tx: Tx, turn: Turn, route: Route) -> Turn:
    """Make a turn that did not end well pending again, on the route of today."""
    change = {
        "state": "pending",
        "answer": "",
        "ended": None,
        "seq": 0,
        "trace": None,
        "attempts": turn.attempts + 1,
        "stop_requested": False,
        "asked_at": clock.now(),
        "ended_at": None,
        **_begun(route),
    }
    return _turn(tx.execute(update(turns).where(turns.c.id == turn.id).values(change).returning(turns)).one())


def get(tx: Tx, fan: Fan, turn_id: str) -> Turn:
    """One turn of this fan, else ``NotFound``."""
    row = tx.execute(
        select(turns).where(turns.c.id == turn_id, turns.c.ai_id == fan.ai_id, turns.c.fan_id == fan.id)
    ).one_or_none()
    if row is None:
        raise NotFound(kind="turn", name=turn_id)
    return _turn(row)


def of_ai(tx: Tx, ai_id: str, turn_id: str) -> Turn:
    """One turn of this AI, for its team, else ``NotFound``."""
    row = tx.execute(select(turns).where(turns.c.id == turn_id, turns.c.ai_id == ai_id)).one_or_none()
    if row is None:
        raise NotFound(kind="turn", name=turn_id)
    return _turn(row)


def by_key(tx: Tx, fan: Fan, key: str) -> Turn | None:
    """The turn that this fan asked with this idempotency key."""
    row = tx.execute(select(turns).where(turns.c.fan_id == fan.id, turns.c.key == key)).one_or_none()
    return _turn(row) if row else None


def of_conversation(tx: Tx, thread: Conversation) -> list[Turn]:
    """The turns of a conversation in their order."""
    query = select(turns).where(turns.c.ai_id == thread.ai_id, turns.c.conversation_id == thread.id)
    return [_turn(row) for row in tx.execute(query.order_by(turns.c.number))]


def history(tx: Tx, thread: Conversation, before: int | None = None) -> tuple[Exchange, ...]:
    """What a new question may refer to: the last exchanges, within ``MOST_EXCHANGES`` and ``MOST_HISTORY_CHARS``."""
    said = [t for t in of_conversation(tx, thread) if t.answer and (before is None or t.number < before)]
    exchanges: list[Exchange] = []
    for turn in said:
        if turn.author == "person" and exchanges:
            last = exchanges.pop()
            exchanges.append(Exchange(last.question, f"{last.answer}\n{turn.answer}"))
        elif turn.author == "ai":
            exchanges.append(Exchange(turn.question, turn.answer))
    return bounded(exchanges)


def bounded(exchanges: Sequence[Exchange]) -> tuple[Exchange, ...]:
    """The newest exchanges that fit the limits, in their order."""
    kept: list[Exchange] = []
    room = MOST_HISTORY_CHARS
    for exchange in reversed(exchanges[-MOST_EXCHANGES:]):
        room -= len(exchange.question) + len(exchange.answer)
        if room < 0:
            break
        kept.append(exchange)
    return tuple(reversed(kept))


def found(tx: Tx, query: Select[Any]) -> list[Turn]:
    """The turns that a query over the whole table finds; the caller sees to whose they are."""
    return [_turn(row) for row in tx.execute(query)]


def asked_since(tx: Tx, fan: Fan, since: datetime) -> list[datetime]:
    """When this fan asked, the oldest first; retries count."""
    query = select(turns.c.asked_at).where(
        turns.c.fan_id == fan.id, turns.c.author == "ai", turns.c.asked_at > since
    )
    return list(tx.execute(query.order_by(turns.c.asked_at)).scalars())


def save_shown(tx: Tx, turn_id: str, answer: str, seq: int) -> bool | None:
    """Keep what was shown so far and say that the turn lives. Returns whether a stop was asked for, ``None`` where
    the turn is gone (erased) or no longer this process's."""
    mine = (
        turns.c.id == turn_id,
        turns.c.state.in_(RUNNING),
        turns.c.process == processes.this_process(),
    )
    change = {"state": "streaming", "answer": answer, "seq": seq, "beat_at": clock.now()}
    return tx.execute(
        update(turns).where(*mine).values(change).returning(turns.c.stop_requested)
    ).scalar_one_or_none()


def end(
    tx: Tx, turn_id: str, state: State, answer: str, event: Ended | Failed, trace: Mapping[str, Any]
) -> Turn | None:
    """Store how a running turn ended; ``None`` where it was not there any more."""
    change = {
        "state": state,
        "answer": answer,
        "ended": event.model_dump(mode="json"),
        "seq": event.seq,
        "trace": dict(trace),
        "process": None,
        "ended_at": clock.now(),
    }
    here = (turns.c.id == turn_id, turns.c.state.in_(RUNNING))
    row = tx.execute(update(turns).where(*here).values(change).returning(turns)).one_or_none()
    return _turn(row) if row else None


def request_stop(tx: Tx, fan: Fan, turn_id: str) -> Turn:
    """Ask whoever answers a turn to stop."""
    turn = get(tx, fan, turn_id)
    here = (turns.c.id == turn_id, turns.c.state.in_(RUNNING))
    tx.execute(update(turns).where(*here).values(stop_requested=True))
    return turn


def interrupt_orphans(tx: Tx, conversation_id: str | None = None) -> int:
    """Turns whose process is gone become ``interrupted``: shown and retriable. Run at start-up; returns how many."""
    query = select(turns).where(turns.c.state.in_(RUNNING)).with_for_update(skip_locked=True)
    if conversation_id is not None:
        query = query.where(turns.c.conversation_id == conversation_id)
    orphans = [row for row in tx.execute(query).all() if _is_orphan(row)]
    for row in orphans:
        error = Interrupted()
        event = Failed(seq=row.seq + 2, code=error.code, message=error.message)
        end(tx, row.id, "interrupted", row.answer, event, row.trace or {})
    return len(orphans)


def is_orphan(tx: Tx, fan: Fan, turn_id: str) -> bool:
    """Whether a turn is being answered by a process that is gone."""
    here = select(turns).where(turns.c.id == turn_id, turns.c.fan_id == fan.id, turns.c.state.in_(RUNNING))
    row = tx.execute(here).one_or_none()
    return row is not None and _is_orphan(row)


def is_answering(tx: Tx, fan: Fan, conversation_id: str) -> bool:
    """Whether a living process answers in this conversation of the fan."""
    here = (
        turns.c.conversation_id == conversation_id,
        turns.c.ai_id == fan.ai_id,
        turns.c.fan_id == fan.id,
        turns.c.state.in_(RUNNING),
    )
    return any(not _is_orphan(row) for row in tx.execute(select(turns).where(*here)))


def running_in(tx: Tx, conversation_id: str) -> bool:
    """Whether an answer is being produced in this conversation."""
    here = select(turns.c.id).where(turns.c.conversation_id == conversation_id, turns.c.state.in_(RUNNING))
    return tx.execute(here.limit(1)).first() is not None


def _begun(route: Route | None) -> dict[str, Any]:
    return {
        "release_id": route.release_id if route else None,
        "amendment": route.amendment if route else 0,
        "index_revision": route.index_revision if route else 0,
        "process": processes.this_process() if route else None,
        "beat_at": clock.now() if route else None,
    }


def _is_orphan(row: Row[Any]) -> bool:
    if row.process is None or processes.is_gone(row.process):
        return True
    return row.beat_at is None or bool(row.beat_at < clock.now() - _DEAD_AFTER)


def _turn(row: Row[Any]) -> Turn:
    values = dict(row._mapping)
    stored = values.pop("ended")
    event = EVENT.validate_python(stored) if stored else None
    return Turn(**values, end=event)
