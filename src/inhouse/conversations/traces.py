"""The traces that owner and fan agreed to share, with personal data taken out: what the lab learns from, and asks again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Select, select

from inhouse.content import index, languages
from inhouse.conversations import sharing, trace, turns, verdicts
from inhouse.conversations.sharing import Consent
from inhouse.conversations.sharing_texts import PURPOSE, Purpose
from inhouse.conversations.tables import trace_consents
from inhouse.conversations.tables import turns as turns_table
from inhouse.conversations.turns import RUNNING, Turn
from inhouse.core.events import Ended
from inhouse.runtime.request import Exchange
from inhouse.store.database import Database, Tx

if TYPE_CHECKING:
    from inhouse.conversations.personal.mask import Mask

_BATCH = 200


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True)


class Said(_Value):
    """An exchange before the question."""

    question: str
    answer: str


class ToolUse(_Value):
    """A tool that was asked, with which words, and what came of it."""

    extension: str
    tool: str
    arguments: dict[str, Any]
    state: str
    ms: float


class SharedTrace(_Value):
    """One turn as it may leave the fence. Times are UTC; placeholders such as ``[NAME_1]`` mean the same piece throughout."""

    id: str
    """The turn's."""
    ai_id: str
    fan_id: str = Field(exclude=True)
    """For the lineage; it is in no file."""
    release: int | None
    generation: str | None
    language: str
    question: str
    history: tuple[Said, ...]
    """What was said before it since both agreed, as far as its sources still stand."""
    calls: tuple[ToolUse, ...]
    kind: str | None
    """What kind of answer it became, where it became one."""
    state: str
    thumb: Literal["up", "down"] | None
    correction: str | None
    """What the team would have answered."""
    asked_at: datetime
    ended_at: datetime | None
    total_ms: float
    removed: dict[str, int]
    """How many pieces of personal data were taken out, by kind."""


class Traces:
    """Reads shared traces."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def consented(
        self, purpose: Purpose = PURPOSE, ai_ids: Sequence[str] | None = None
    ) -> Iterator[SharedTrace]:
        """The traces of these AIs (of all), each AI's oldest first, that both sides' consents in force cover.

        What has been withdrawn or erased by the time that a batch is read is not among them.
        """
        for ai_id in self._agreed(purpose, ai_ids):
            after = ""
            while True:
                with self._db.read() as tx:
                    found = _covered(tx, ai_id, after)
                    batch = [_shared(tx, turn, since) for turn, since in found if turn.trace]
                yield from batch
                if len(found) < _BATCH:
                    break
                after = found[-1][0].id

    def _agreed(self, purpose: Purpose, ai_ids: Sequence[str] | None) -> list[str]:
        query = select(trace_consents.c.ai_id).where(
            trace_consents.c.fan_id.is_(None), trace_consents.c.purpose == purpose, sharing.in_force()
        )
        with self._db.read() as tx:
            agreed = set(tx.execute(query).scalars())
        return sorted(agreed if ai_ids is None else agreed & set(ai_ids))


def still_covered(tx: Tx, traces: Sequence[SharedTrace]) -> list[SharedTrace]:
    """Of traces that were read a moment ago, those that consents cover now and whose fan is still there."""
    since = {
        (ai_id, fan_id): moment
        for ai_id in {one.ai_id for one in traces}
        if (owner := sharing.standing(tx, ai_id)) is not None
        for fan_id, moment in sharing.covered_since(tx, owner).items()
    }
    return [
        one
        for one in traces
        if (one.ai_id, one.fan_id) in since and one.asked_at >= since[one.ai_id, one.fan_id]
    ]


def covered(tx: Tx, ai_id: str) -> list[str]:
    """The ids of an AI's turns that both sides' consents cover now, the oldest first; what they hold, ``shared`` reads."""
    owner = sharing.standing(tx, ai_id)
    if owner is None:
        return []
    query = _covering(owner).with_only_columns(turns_table.c.id).order_by(turns_table.c.id)
    return list(tx.execute(query).scalars())


def shared(tx: Tx, ai_id: str, turn_id: str) -> SharedTrace | None:
    """One of them; ``None`` where consent for it has ended, or it is gone."""
    owner = sharing.standing(tx, ai_id)
    if owner is None:
        return None
    for turn in turns.found(tx, _covering(owner).where(turns_table.c.id == turn_id)):
        if turn.trace:
            return _shared(tx, turn, sharing.covered_since(tx, owner, turn.fan_id)[turn.fan_id])
    return None


def _covered(tx: Tx, ai_id: str, after: str) -> list[tuple[Turn, datetime]]:
    """The next turns of fans who agreed, with the moment since when theirs count."""
    owner = sharing.standing(tx, ai_id)
    if owner is None:
        return []
    query = _covering(owner).where(turns_table.c.id > after).order_by(turns_table.c.id).limit(_BATCH)
    since = sharing.covered_since(tx, owner)
    return [(turn, since[turn.fan_id]) for turn in turns.found(tx, query)]


def _covering(owner: Consent) -> Select[Any]:
    """The turns of the owner's AI that were asked after both had agreed."""
    return (
        select(turns_table)
        .join(trace_consents, sharing.covers(owner))
        .where(
            turns_table.c.ai_id == owner.ai_id,
            turns_table.c.author == "ai",
            turns_table.c.state.not_in(RUNNING),
        )
    )


def _shared(tx: Tx, turn: Turn, since: datetime) -> SharedTrace:
    traced = trace.read(turn.trace)
    history = _history(tx, turn, since)
    corrected = verdicts.standing(tx, turn.ai_id, [turn.id])
    correction = corrected[0].answer if corrected else None
    calls = [(span, span.detail.get("arguments", {})) for span in traced.calls if span.parent is None]
    language = turn.language or languages.guess(turn.question)
    texts = [turn.question, *(said for one in history for said in (one.question, one.answer))]
    texts += [*(word for _, arguments in calls for word in _words(arguments)), correction or ""]
    mask = _mask(texts, language)
    return SharedTrace(
        id=turn.id,
        ai_id=turn.ai_id,
        fan_id=turn.fan_id,
        release=traced.release,
        generation=traced.generation,
        language=language,
        question=mask.text(turn.question),
        history=tuple(Said(question=mask.text(o.question), answer=mask.text(o.answer)) for o in history),
        calls=tuple(
            ToolUse(
                extension=span.detail.get("extension", ""),
                tool=span.detail.get("tool", ""),
                arguments=mask.value(arguments),
                state=span.detail.get("state", "cut off"),
                ms=span.ms,
            )
            for span, arguments in calls
        ),
        kind=turn.end.kind if isinstance(turn.end, Ended) else None,
        state=turn.state,
        thumb=turn.thumb,
        correction=mask.text(correction) if correction is not None else None,
        asked_at=turn.asked_at,
        ended_at=turn.ended_at,
        total_ms=traced.total_ms,
        removed=dict(mask.removed),
    )


def _mask(texts: Sequence[str], language: str) -> Mask:
    """Only who exports waits until the finders' patterns are made: every command would else."""
    made: Mask = import_module("inhouse.conversations.personal.mask").Mask(texts, language)
    return made


def _history(tx: Tx, turn: Turn, since: datetime) -> tuple[Exchange, ...]:
    """What was said before in this conversation, as far back as consent reaches and every source of it still stands."""
    query = select(turns_table).where(
        turns_table.c.ai_id == turn.ai_id,
        turns_table.c.conversation_id == turn.conversation_id,
        turns_table.c.author == "ai",
        turns_table.c.number < turn.number,
        turns_table.c.asked_at >= since,
        turns_table.c.answer != "",
    )
    said: list[Exchange] = []
    newest = query.order_by(turns_table.c.number.desc()).limit(turns.MOST_EXCHANGES)
    for earlier in turns.found(tx, newest):
        if not _stands(tx, earlier):
            break
        said.append(Exchange(earlier.question, earlier.answer))
    return turns.bounded(said[::-1])


def _stands(tx: Tx, turn: Turn) -> bool:
    """Whether all that an answer cites is there still: what was revoked must not leave in an answer either."""
    cited = turn.end.citations if isinstance(turn.end, Ended) else ()
    ids = {citation.passage_id for citation in cited if not citation.looked_up}
    return len(index.passages_by_id(tx, turn.ai_id, sorted(ids))) == len(ids)


def _words(value: Any) -> Iterator[str]:
    """Every string in JSON."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _words(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _words(inner)
