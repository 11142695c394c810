"""The tools that ``inhouse bench ledger`` repeats the calls of, and the dates on which their answers change, all by seed."""

from __future__ import annotations

import json
import math
import random
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from inhouse.accounts.actors import Actor
from inhouse.accounts.ais import AIs
from inhouse.accounts.tables import teams
from inhouse.bench import drifting_server
from inhouse.conversations import sharing_texts
from inhouse.conversations.tables import conversations, fans, trace_consents, turns
from inhouse.core import ids
from inhouse.lab.ledger.probes import MOST_CALLS
from inhouse.releases import extensions
from inhouse.releases.extensions import Extensions, Version
from inhouse.runtime.extensions.base import Json
from inhouse.runtime.extensions.calling import Attached
from inhouse.runtime.extensions.factory import Plugs
from inhouse.runtime.extensions.search.items import FeedItem
from inhouse.store.database import Database, Tx

OPERATOR = Actor.local_operator()
BEGINS = datetime(2026, 1, 5, 9, tzinfo=UTC)
DAY = timedelta(days=1)
#: A question's results change as often as this on average; so does one figure of the static reference; so does the price list.
RESULTS_DAYS, FIGURE_DAYS, PRICES_DAYS = 45.0, 240.0, 28.0
FIGURES = tuple(f"Figure {number}" for number in range(1, MOST_CALLS + 1))
_WARES = ("Mug", "Bowl", "Plate", "Jug", "Vase", "Tray", "Lamp", "Clock", "Tile", "Jar", "Cup", "Pan")
_TEAM = "team_ledger"
#: Longer than any seed is watched.
_MOST_DAYS = 500.0


def moments(chance: random.Random, rate: float, most_days: float) -> list[float]:
    """The days on which something changes: by chance, so often a day on average; never where the rate is nought."""
    found, day = [], chance.expovariate(rate) if rate else math.inf
    while day <= most_days:
        found.append(day)
        day += chance.expovariate(rate)
    return found


@dataclass
class World:
    """What the tools answer from, on a day of one seed."""

    questions: Mapping[str, Sequence[str]]
    """Each question with the addresses of its contexts."""
    file: Path
    now: datetime = BEGINS
    seed: int = 0
    _hidden: set[str] = field(default_factory=set)

    def begin(self, seed: int) -> None:
        """Another seed: everything is as on its first day."""
        self.seed = seed
        self._moments.clear()
        self.turn_to(BEGINS)

    def turn_to(self, now: datetime) -> None:
        """Another day. Of each question's contexts one is gone, another one after each change."""
        self.now = now
        self._hidden = {
            addresses[self.changes(question, RESULTS_DAYS) % len(addresses)]
            for question, addresses in self.questions.items()
        }
        figures = {
            name: 1000 + 17 * place + self.changes(name, FIGURE_DAYS) for place, name in enumerate(FIGURES)
        }
        self.file.write_text(json.dumps(figures), encoding="utf-8")

    def shows(self, item: FeedItem) -> bool:
        """Whether a search finds it today."""
        return item.url not in self._hidden

    def prices(self) -> str:
        """The price list of today as a CSV file."""
        edition = self.changes("prices", PRICES_DAYS)
        rows = [f"{ware},{8 + 3 * place + edition}" for place, ware in enumerate(_WARES)]
        return "\n".join(["Name,Price", *rows]) + "\n"

    def changes(self, what: str, mean_days: float) -> int:
        """How often something has changed by today."""
        if what not in self._moments:
            days = moments(random.Random(f"{self.seed}:{what}"), 1 / mean_days, _MOST_DAYS)
            self._moments[what] = [BEGINS + day * DAY for day in days]
        return sum(at <= self.now for at in self._moments[what])

    @cached_property
    def _moments(self) -> dict[str, list[datetime]]:
        return {}


class BenchDesk:
    """Extensions at work, one for each version, whichever AI has it."""

    def __init__(self, db: Database, attached: Extensions, plugs: Plugs) -> None:
        self._db = db
        self.attached = attached
        self._plugs = plugs
        self._made: dict[str, dict[str, Attached]] = {}

    async def reading(self, ai_id: str, entry: str, tool: str) -> Attached | None:
        """A tool of a version."""
        if entry not in self._made:
            with self._db.read() as tx:
                version, handler = self.attached.made(tx, ai_id, entry, self._plugs)
            self._made[entry] = {
                one.name: Attached(version.name, one, version.limits, handler, version.entry)
                for one in version.tools
            }
        return self._made[entry].get(tool)

    async def aclose(self) -> None:
        """Let go of servers and connections."""
        for tools in self._made.values():
            for one in tools.values():
                await one.handler.aclose()


def current(tx: Tx, ai_id: str) -> list[Version]:
    """What is attached counts as live: nothing is released here."""
    return [extensions.version(tx, ai_id, entry) for entry in extensions.current(tx, ai_id)]


def new_ai(db: Database, name: str) -> str:
    """An AI of the benchmark's team."""
    with db.write() as tx:
        if tx.execute(teams.select().where(teams.c.id == _TEAM)).first() is None:
            tx.execute(teams.insert().values(id=_TEAM, name="Bench", created_at=BEGINS))
    return AIs(db).create(OPERATOR, _TEAM, name, name).id


def drifting(file: Path) -> Json:
    """Settings of the program that says that it is static."""
    return {"command": sys.executable, "args": [drifting_server.__file__, str(file)]}


def asked_before(db: Database, ai_id: str, extension: str, tool: str, calls: Sequence[Json]) -> None:
    """Turns of a fan who agreed to share, as their owner did, with a call each: a tool without examples is known by these."""
    fan, thread, at = ids.new_id("fan"), ids.new_id("conv"), BEGINS - DAY
    with db.write() as tx:
        tx.execute(
            fans.insert().values(id=fan, ai_id=ai_id, token_hash=ids.digest(fan), created_at=at, seen_at=at)
        )
        tx.execute(
            conversations.insert().values(
                id=thread, ai_id=ai_id, fan_id=fan, origin="page", created_at=at, changed_at=at
            )
        )
        for who in (None, fan):
            tx.execute(trace_consents.insert().values(_consent(ai_id, who, at - DAY)))
        for number, arguments in enumerate(calls, start=1):
            tx.execute(
                turns.insert().values(_turn(ai_id, fan, thread, number, at, extension, tool, arguments))
            )


def _consent(ai_id: str, fan: str | None, at: datetime) -> dict[str, Any]:
    return {
        "id": ids.new_id("cns"),
        "ai_id": ai_id,
        "fan_id": fan,
        "purpose": sharing_texts.PURPOSE,
        "text_version": sharing_texts.VERSION,
        "given_at": at,
    }


def _turn(
    ai_id: str, fan: str, thread: str, number: int, at: datetime, extension: str, tool: str, arguments: Json
) -> dict[str, Any]:
    detail = {"extension": extension, "tool": tool, "arguments": arguments, "state": "done"}
    span = {"kind": "tool", "began_ms": 0.0, "ended_ms": 5.0, "detail": detail}
    return {
        "id": ids.new_id("turn"), "ai_id": ai_id, "conversation_id": thread, "fan_id": fan, "number": number,
        "author": "ai", "state": "done", "question": "What is the figure?", "language": "en", "answer": "", "seq": 1,
        "amendment": 0, "index_revision": 0, "trace": {"version": 2, "spans": [span]}, "attempts": 1,
        "stop_requested": False, "created_at": at, "asked_at": at, "ended_at": at,
    }  # fmt: skip
