"""From units' figures to streams whose mean tells the effect: by what is expected of a unit, the spread gets smaller.

The assignment is random with a known share, so that ``(second - share) * (figure - expected)`` has a mean in proportion
to the effect whatever was expected. What was expected of a fan follows from the others of the same AI (stratification)
and from the fan's own figure before the experiment (CUPED), and never from the unit's own outcome where the evidence
must be exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inhouse.lab.experiments.betting import Floats, Stream

#: A figure between 0 and 1 of which nothing is known, with the weight of so many units.
_PRIOR, _PRIOR_UNITS = 0.5, 10.0
_LEAST_WITH_HISTORY = 30


@dataclass(frozen=True)
class Units:
    """Units in the order in which they were seen. All arrays have the same length."""

    figure: Floats
    """The higher, the better; between 0 and 1 for shares."""
    second: NDArray[np.bool_]
    """Whether the unit was given the second way."""
    stratum: NDArray[np.intp]
    """The AI, numbered from 0."""
    history: Floats
    """The same figure before the experiment; NaN where there is none."""

    def __len__(self) -> int:
        return len(self.figure)

    def first(self, n: int) -> Units:
        """The first ``n`` units."""
        return Units(self.figure[:n], self.second[:n], self.stratum[:n], self.history[:n])


def bet_on(units: Units, share: float, starts: Sequence[int]) -> Stream:
    """A stream for `betting`: what is expected of each unit comes from the looks before its own. For shares."""
    expected = np.empty(len(units))
    for start, end in zip(starts, [*starts[1:], len(units)], strict=True):
        known = units.first(start)
        expected[start:end] = _expect(known, units.stratum[start:end], units.history[start:end])
    return stream(units.figure, units.second, np.clip(expected, 0.0, 1.0), share, starts)


def stream(
    figure: Floats, second: NDArray[np.bool_], expected: Floats, share: float, starts: Sequence[int]
) -> Stream:
    """A stream of figures between 0 and 1, shape (..., units), given what was expected of each."""
    x = (second - share) * (figure - expected) / max(share, 1 - share)
    return Stream(x, starts, min(share, 1 - share))


def effects(units: Units, share: float) -> Floats:
    """For each unit a number whose mean is the effect. For `sequence`, and for the estimate that is shown."""
    expected = _expect(units, units.stratum, units.history, prior_units=0.0)
    return (units.second - share) * (units.figure - expected) / (share * (1 - share))


def _expect(
    known: Units, stratum: NDArray[np.intp], history: Floats, prior_units: float = _PRIOR_UNITS
) -> Floats:
    """What units of these AIs and histories are expected to show, by the units that are known."""
    if not len(known):
        return np.full(len(stratum), _PRIOR)
    overall = (known.figure.sum() + _PRIOR * prior_units) / (len(known) + prior_units)
    strata = int(max(known.stratum.max(), stratum.max(initial=0))) + 1
    sizes = np.bincount(known.stratum, minlength=strata)
    sums = np.bincount(known.stratum, known.figure, minlength=strata)
    level = (sums + overall * _PRIOR_UNITS) / (sizes + _PRIOR_UNITS)
    slope, middle = _by_history(known, level)
    moved = np.where(np.isnan(history), 0.0, history - middle[stratum])
    return np.asarray(level[stratum] + slope * moved)


def _by_history(known: Units, level: Floats) -> tuple[float, Floats]:
    """How much of a fan's earlier deviation from the AI's earlier mean is seen again, and those means."""
    has = ~np.isnan(known.history)
    if has.sum() < _LEAST_WITH_HISTORY:
        return 0.0, np.zeros(len(level))
    earlier, stratum = known.history[has], known.stratum[has]
    sizes = np.bincount(stratum, minlength=len(level))
    sums = np.bincount(stratum, earlier, minlength=len(level))
    middle = (sums + earlier.mean() * _PRIOR_UNITS) / (sizes + _PRIOR_UNITS)
    moved = earlier - middle[stratum]
    spread = float(np.dot(moved, moved))
    if spread <= 0:
        return 0.0, middle
    return float(np.dot(moved, known.figure[has] - level[stratum]) / spread), middle
