"""Giant or small, from the figures: as good, better, worse, or too few questions to tell."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict

from inhouse.lab.comparing import intervals
from inhouse.lab.comparing.intervals import Interval
from inhouse.lab.comparing.outcomes import Outcome

Outcomes = Mapping[str, Outcome]
"""By the questions' names."""
Word = Literal["as good", "better", "worse", "unclear"]

#: Of fewer questions of one kind nothing is said.
LEAST_OF_KIND = 8
_Z = 1.96
_POWER = 0.84


class KindGap(BaseModel):
    """A kind of question that the small model answers worse, clear of chance (and of the number of kinds looked at)."""

    model_config = ConfigDict(frozen=True)

    kind: str
    difference: Interval


class Verdict(BaseModel):
    """A smaller model against the giant."""

    model_config = ConfigDict(frozen=True)

    small: str
    giant: str
    word: Word
    difference: Interval
    """Quality of the small one less the giant's."""
    margin: float
    cheaper: float | None
    """How many times less it costs; ``None`` where either has no price."""
    faster: float
    needed: int
    """About how many questions would settle it, where it is unclear."""
    keep_for: tuple[KindGap, ...]
    """Where the giant is needed."""


def judge(
    small: tuple[str, Outcomes, float | None],
    giant: tuple[str, Outcomes, float | None],
    margin: float,
) -> Verdict | None:
    """Both as (name, outcomes, mean cost). ``None`` where no question that both were asked has a score."""
    name, mine, cost = small
    giant_name, theirs, giant_cost = giant
    pairs = scored(mine, theirs)
    if not pairs:
        return None
    difference = _difference(pairs)
    times = [sum(one.seconds for one in side.values()) / len(side) for side in (mine, theirs)]
    return Verdict(
        small=name,
        giant=giant_name,
        word=_word(difference, margin),
        difference=difference,
        margin=margin,
        cheaper=giant_cost / cost if cost and giant_cost is not None else None,
        faster=times[1] / times[0] if times[0] else 1.0,
        needed=_needed(pairs, margin),
        keep_for=_gaps(pairs),
    )


def scored(first: Outcomes, second: Outcomes) -> list[tuple[Outcome, Outcome]]:
    """The outcomes of the questions that both were asked and that have a score."""
    both = ((one, second[name]) for name, one in first.items() if name in second)
    return [(one, other) for one, other in both if one.score is not None and other.score is not None]


def _difference(pairs: Sequence[tuple[Outcome, Outcome]], confidence: float = 0.95) -> Interval:
    scores = [(one.score or 0.0, other.score or 0.0) for one, other in pairs]
    return intervals.of_difference([one for one, _ in scores], [other for _, other in scores], confidence)


def _word(difference: Interval, margin: float) -> Word:
    if difference.low > 0:
        return "better"
    if difference.low >= -margin:
        return "as good"
    return "worse" if difference.high < 0 else "unclear"


def _gaps(pairs: Sequence[tuple[Outcome, Outcome]]) -> tuple[KindGap, ...]:
    kinds: dict[str, list[tuple[Outcome, Outcome]]] = defaultdict(list)
    for pair in pairs:
        kinds[pair[0].kind].append(pair)
    looked_at = {kind: those for kind, those in sorted(kinds.items()) if len(those) >= LEAST_OF_KIND}
    confidence = 1.0 - 0.05 / max(1, len(looked_at))
    found = (
        KindGap(kind=kind, difference=_difference(those, confidence)) for kind, those in looked_at.items()
    )
    return tuple(gap for gap in found if gap.difference.high < 0)


def _needed(pairs: Sequence[tuple[Outcome, Outcome]], margin: float) -> int:
    """So many questions would find two equals to be as good within the margin, four times out of five."""
    gaps = [(one.score or 0.0) - (other.score or 0.0) for one, other in pairs]
    mean = sum(gaps) / len(gaps)
    # Few questions may all agree by chance: one that does not is added.
    spread = (sum((gap - mean) ** 2 for gap in gaps) + 1.0) / (len(gaps) + 1)
    return math.ceil(spread * ((_Z + _POWER) / margin) ** 2)
