"""Fans of ``bench moving``, the journal that they keep, and the comparison of each turn with the route at its beginning."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
from sqlalchemy import select

from inhouse.bench.asking import Asked, ask
from inhouse.bench.moving_house import Furnished
from inhouse.conversations.tables import turns
from inhouse.lab.promoting import shelf
from inhouse.lab.promoting.promotion import Promotion
from inhouse.releases import routing
from inhouse.releases.release import Routing
from inhouse.releases.routing import Change
from inhouse.releases.tables import releases
from inhouse.store.database import Database

_TIMEOUT = httpx.Timeout(180, connect=10)
#: A move is one transaction, and says the moment at which it began: a turn within this time of it may have either.
_AT_ONCE = timedelta(seconds=10)
#: A fan reads the answer before the next question. Without a pause, checks would never come to the engine: fans go first.
_READS_SECONDS = 5.0
_QUESTIONS = (
    "Can the bowls go in the oven?",
    "Hello! How are you today?",
    "What clay do you work with?",
    "Tell me about glazes.",
    "Thank you, that helps!",
)


@dataclass
class Timed(Asked):
    """A question to one of the AIs, and how long its answer took."""

    slug: str = ""
    seconds: float = 0.0


class Chatter(threading.Thread):
    """A fan of all AIs, who asks one after the other until told to stop."""

    def __init__(self, address: str, ais: Sequence[Furnished], name: str, journal: list[Timed]) -> None:
        super().__init__(daemon=True)
        self._address, self._ais, self._fan, self._journal = address, ais, name, journal
        self._over = threading.Event()

    def run(self) -> None:
        """Ask; a handful of fans takes turns, so that both sides of a canary come up."""
        for number in itertools.count():
            if self._over.is_set():
                return
            ai = self._ais[number % len(self._ais)]
            question = f"{_QUESTIONS[number % len(_QUESTIONS)]} ({self._fan} {number})"
            asked = Timed(question, slug=ai.slug)
            self._journal.append(asked)
            self._ask(ai, asked, f"{self._fan}-{number % 5}")
            self._over.wait(_READS_SECONDS)

    def stop(self) -> None:
        """Ask no more, and wait for the last answer."""
        self._over.set()
        self.join(timeout=180)

    def _ask(self, ai: Furnished, asked: Timed, user: str) -> None:
        began = time.perf_counter()
        try:
            ask(asked, self._address, ai.secret, _TIMEOUT, model=ai.slug, user=user)
        except httpx.HTTPError as error:
            asked.error = f"{type(error).__name__}: {error}"
        asked.seconds = time.perf_counter() - began


def faults(journal: Sequence[Timed], db: Database) -> list[str]:
    """Turns that are stored otherwise than the fan saw them, or whose release or generation is not the route's at its beginning."""
    with db.read() as tx:
        stored = {row.id: row for row in tx.execute(select(turns))}
        made = {row.id: row for row in tx.execute(select(releases))}
        changes = {
            ai_id: routing.changes(tx, ai_id, limit=10_000) for ai_id in {r.ai_id for r in made.values()}
        }
        promotions = shelf.listing(tx)
    found = []
    for asked in journal:
        row = stored.get(asked.turn_id)
        if row is None:
            found.append(f"{asked.slug}: a turn is lost ({asked.error})")
            continue
        if asked.ended and row.release_id != asked.release_id:
            found.append(f"{row.id}: the fan was told of {asked.release_id}, stored is {row.release_id}")
        if row.release_id not in _possible(changes[row.ai_id], promotions, row):
            found.append(f"{row.id}: answered by {row.release_id}, which was not the fan's at that moment")
        generation = made[row.release_id].generation_id
        found += [
            f"{row.id}: the release is on {generation}, {model} answered"
            for model in _models(row.trace)
            if model != generation
        ]
    return found


def _possible(changes: Sequence[Change], promotions: Sequence[Promotion], turn: Any) -> set[str]:
    """The releases that the fan's turn may have begun with: one, and two at the moment of a change."""
    found = set()
    for change in changes:  # the newest first
        if change.changed_at > turn.created_at + timedelta(seconds=1):
            continue
        found.add(routing.release_of(_drawn(change, promotions), turn.fan_id))
        if change.changed_at < turn.created_at - _AT_ONCE:
            break
    return found


def _drawn(change: Change, promotions: Sequence[Promotion]) -> Routing:
    """The routing row as this change wrote it: a split is drawn by the promotion that it is for."""
    drawing = next(
        (one.id for one in promotions if len(change.shares) > 1 and one.created_at <= change.changed_at),
        None,
    )
    return Routing(
        ai_id=change.ai_id,
        shares=change.shares,
        experiment_id=drawing,
        changed_at=change.changed_at,
        changed_by=change.changed_by,
    )


def _models(trace: Mapping[str, Any] | None) -> Iterator[str]:
    """The models that were asked for this turn."""
    for span in (trace or {}).get("spans", ()):
        model = span.get("detail", {}).get("model")
        if model:
            yield model
