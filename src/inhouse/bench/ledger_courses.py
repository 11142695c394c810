"""Tools whose answers are only imagined: how often the ledger's rule calls which kind of tool stable, over many seeds."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from inhouse.bench.ledger_world import BEGINS, moments
from inhouse.lab.ledger import stability
from inhouse.lab.ledger.probes import MOST_CALLS
from inhouse.lab.ledger.stability import Answer

_FIRST, _SOON, _LATER = 5, 20 / 24, 76 / 24
WATCHED_DAYS = 365
#: The verdict is asked for as often as this: whatever was said once counts.
_LOOK_EVERY = 2


@dataclass(frozen=True)
class Kind:
    """A kind of tool: what changes, and how often."""

    name: str
    together: float = 0.0
    """Changes a day of all answers at once."""
    each: float = 0.0
    """Changes a day of one answer alone."""
    slips: float = 0.0
    """Chance that a single answer is a strange one."""
    always: bool = False
    """Every answer is another: it holds the time."""
    hourly: bool = False
    """The answer goes by the hour of the day: morning, afternoon, evening, night."""


KINDS = (
    Kind("holds"),
    Kind("holds, with one answer in 2,000 a slip", slips=1 / 2000),
    Kind("one change in 120 days, all at once", together=1 / 120),
    Kind("one change in 60 days, all at once: the border", together=1 / stability.HOLDS_DAYS),
    Kind("one change in 45 days, all at once", together=1 / 45),
    Kind("one change in 28 days, all at once", together=1 / 28),
    Kind("one change in 14 days, all at once", together=1 / 14),
    Kind("each answer changes in 240 days", each=1 / 240),
    Kind("answers go by the time of day", hourly=True),
    Kind("every answer holds the time", always=True),
)


@dataclass(frozen=True)
class Course:
    """What the ledger said of one tool in a year."""

    stable_on: float | None
    """The day on which it was first called stable."""
    changes_on: float | None
    """The day on which it was first said to change."""


def course(kind: Kind, seed: int) -> Course:
    """Watch one imagined tool for a year."""
    chance = random.Random(f"{kind.name}:{seed}")
    times = _times()
    series = _series(kind, times, chance)
    stable_on = changes_on = None
    for look in range(2, len(times) + 1, _LOOK_EVERY):
        verdict = stability.judge({call: answers[:look] for call, answers in series.items()}).verdict
        if verdict == "stable" and stable_on is None:
            stable_on = times[look - 1]
        if verdict == "changes" and changes_on is None:
            changes_on = times[look - 1]
        if changes_on is not None:
            break  # what changed once can't be called stable again within the year
    return Course(stable_on, changes_on)


def _times() -> list[float]:
    found, day = [], 0.0
    while day <= WATCHED_DAYS:
        found.append(day)
        day += _SOON if len(found) < _FIRST else _LATER
    return found


def _series(kind: Kind, times: Sequence[float], chance: random.Random) -> Mapping[str, list[Answer]]:
    together = moments(chance, kind.together, WATCHED_DAYS)
    return {
        f"call {call}": [
            Answer(BEGINS + timedelta(days=day), _said(kind, day, together, own, chance)) for day in times
        ]
        for call in range(MOST_CALLS)
        for own in [moments(chance, kind.each, WATCHED_DAYS)]
    }


def _said(
    kind: Kind, day: float, together: Sequence[float], own: Sequence[float], chance: random.Random
) -> str:
    if kind.always:
        return f"{day}"
    if kind.slips and chance.random() < kind.slips:
        return f"slip {day}"
    if kind.hourly:
        return f"{int((9 + 24 * day) % 24) // 6}"
    return f"{sum(at <= day for at in together)} {sum(at <= day for at in own)}"
