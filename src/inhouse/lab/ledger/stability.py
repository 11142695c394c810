"""Whether a tool's answers hold: said from repeated calls alone, by rules that hold however often one looks.

The question is put to the whole tool: on how many days did the answer to any watched call change? Changes are taken to come by
themselves (a Poisson process), so a bound follows from their number and the time that was watched. It is an e-process: bets
that the tool changes more rarely than a given rate pay ``exp((1 - c) * rate * days) * c ** changes``, which can't be
expected to grow where the tool changes that often. What twenty-fold capital speaks against is refused: at any time together,
in at most 5% of tools.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Literal

from pydantic import BaseModel, ConfigDict

from inhouse.releases import intervals

Verdict = Literal["stable", "changes", "not known yet"]

#: Fewer different calls than this say nothing of a tool.
FEWEST_CALLS = 5
#: What is built in is announced a month before, and stays for a month at least: for so long its facts have to hold.
HOLDS_DAYS = 60.0
#: Between two answers more may have happened than a change: so much of the time counts as watched.
LONGEST_GAP = timedelta(days=7)

_ALPHA = 0.05
#: A slip is forgiven where there was no other in so much time before.
_FORGIVEN = timedelta(days=30)
#: The capital is split over these shares of the rate that is bet against.
_SHARES = (0.0, 0.125, 0.5)
_MONTH = 30.0


@dataclass(frozen=True)
class Answer:
    """What a call was answered with at a moment."""

    at: datetime
    digest: str


class Stability(BaseModel):
    """What repeated calls say of a tool."""

    model_config = ConfigDict(frozen=True)

    verdict: Verdict
    calls: int
    """Different calls that were answered twice or more."""
    changed: int
    """Of these, those that got another answer for good."""
    interval: tuple[float, float] | None
    """95% of the share of calls that changed."""
    answers: int
    days: float
    """For so long at least `FEWEST_CALLS` of them were watched."""
    changes: int
    """Days on which an answer changed."""
    most_a_month: float | None
    """More changes in 30 days than this are ruled out, at 95% and however often one looks; ``None`` while nothing is."""
    waiting: bool
    """Whether a last answer differs and is yet to be confirmed."""
    failed: int = 0
    """Repeats that brought no answer."""


NOTHING = Stability(
    verdict="not known yet", calls=0, changed=0, interval=None, answers=0, days=0.0, changes=0, most_a_month=None,
    waiting=False,
)  # fmt: skip


def judge(series: Mapping[str, Sequence[Answer]], failed: int = 0) -> Stability:
    """What the answers of each call, in their order, come to."""
    watched = {call: answers for call, answers in series.items() if len(answers) > 1}
    courses = {call: _course(answers) for call, answers in watched.items()}
    spans = sorted((_watched(answers) for answers in watched.values()), reverse=True)
    days = spans[FEWEST_CALLS - 1] if len(spans) >= FEWEST_CALLS else 0.0
    blips = sorted(at for course in courses.values() for at in course.blips)
    moments = {at for course in courses.values() for at in course.changes}
    moments |= {at for before, at in pairwise(blips) if at - before <= _FORGIVEN}
    changed = sum(bool(course.changes) for course in courses.values())
    waiting = any(course.waiting for course in courses.values())
    most = most_a_day(len(moments), days)
    return Stability(
        verdict=_verdict(len(moments), most, waiting),
        calls=len(watched),
        changed=changed,
        interval=intervals.of_share(changed, len(watched)),
        answers=sum(map(len, series.values())),
        days=round(days, 1),
        changes=len(moments),
        most_a_month=None if most is None else most * _MONTH,
        waiting=waiting,
        failed=failed,
    )


def worst(found: Iterable[Stability]) -> Stability:
    """An extension is as its least stable tool."""
    order = {"changes": 0, "not known yet": 1, "stable": 2}
    return min(found, key=lambda one: (order[one.verdict], one.days), default=NOTHING)


def most_a_day(changes: int, days: float) -> float | None:
    """The smallest rate of changes a day that the bets speak against, and with it every higher one."""
    if days <= 0:
        return None
    low, high = 0.0, 1.0
    while _log_capital(changes, high) < -math.log(_ALPHA):
        high *= 2
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if _log_capital(changes, middle) >= -math.log(_ALPHA) else (middle, high)
    return high / days


def _log_capital(changes: int, expected: float) -> float:
    """Log of the capital where so many changes are seen and so many would be expected."""
    logs = [
        (changes * math.log(share) if changes else 0.0) + (1 - share) * expected
        for share in _SHARES
        if share > 0 or changes == 0
    ]
    top = max(logs)
    return top + math.log(sum(math.exp(log - top) for log in logs) / len(_SHARES))


def _verdict(changes: int, most: float | None, waiting: bool) -> Verdict:
    if most is not None and most <= 1 / HOLDS_DAYS and not waiting:
        return "stable"
    return "changes" if changes else "not known yet"


@dataclass(frozen=True)
class _Course:
    """What became of one call's answer: the days on which it changed for good, the days on which it was another one once,
    and whether the last one is another."""

    changes: tuple[date, ...]
    blips: tuple[date, ...]
    waiting: bool


def _course(answers: Sequence[Answer]) -> _Course:
    """One strange answer between two of the old ones is a slip of the tool's and no change, while such are rare."""
    changes, blips = list[date](), list[date]()
    held = answers[0].digest
    for at, answer in enumerate(answers[1:], start=1):
        if answer.digest == held:
            continue
        if at + 1 == len(answers):
            return _Course(tuple(changes), tuple(blips), waiting=True)
        if answers[at + 1].digest == held:
            blips.append(answer.at.date())
        else:
            changes.append(answer.at.date())
            held = answer.digest
    return _Course(tuple(changes), tuple(blips), waiting=False)


def _watched(answers: Sequence[Answer]) -> float:
    """Days that count as watched."""
    gaps = [min(later.at - at.at, LONGEST_GAP) for at, later in pairwise(answers)]
    return sum(gaps, timedelta()) / timedelta(days=1)
