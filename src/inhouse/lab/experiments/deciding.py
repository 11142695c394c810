"""From figures to a decision. Pure functions; the rules are those of ``docs/design/experiments.md``, in their order."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from inhouse.lab.experiments import discoveries
from inhouse.lab.experiments.design import Design, Estimate, Figures, Verdict

#: More units than this on the wrong way, and more than this part of all, and the figures mean nothing.
_MOST_STRAYS, _MOST_STRAY_SHARE = 3, 0.01


@dataclass(frozen=True)
class Relative:
    """Another experiment of the same family, as far as its evidence goes."""

    number: int
    planned: int | None
    evidence: float


def decide(
    design: Design, figures: Figures, over: bool, number: int = 1, family: Sequence[Relative] = ()
) -> Verdict | None:
    """How the experiment ends, or ``None`` where it goes on. ``over``: the registered time is up.

    ``number`` is its place in its family, and ``family`` the others of it.
    """
    if figures.broken:
        return Verdict(outcome="ratio")
    if figures.strays > max(_MOST_STRAYS, _MOST_STRAY_SHARE * figures.units):
        return Verdict(outcome="strays")
    primary = figures.estimates[0]
    for rail, seen in zip(design.guards, figures.estimates[1:], strict=True):
        if seen.high is not None and seen.high < -rail.margin:
            return Verdict(outcome="harmful", metric=rail.metric)
    if is_different(design, primary, number, family):
        return Verdict(outcome="better" if primary.better > primary.worse else "worse")
    is_as_good = primary.low is not None and primary.low > -design.effect
    if primary.high is not None and primary.high < design.effect:
        return Verdict(outcome="as good" if is_as_good else "not better")
    if over or figures.units >= design.most_units:
        return Verdict(outcome="as good" if is_as_good else "open")
    return None


def is_different(design: Design, primary: Estimate, number: int, family: Sequence[Relative]) -> bool:
    """Whether the evidence suffices: alone, or among all of its family."""
    if not design.family:
        return max(primary.better, primary.worse) >= -math.log(design.alpha)
    logs = [primary.evidence, *(one.evidence for one in family)]
    weights = [
        discoveries.weight(number, design.planned),
        *(discoveries.weight(one.number, one.planned) for one in family),
    ]
    return 0 in discoveries.discovered(logs, weights, design.alpha)
