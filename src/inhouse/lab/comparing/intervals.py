"""Figures with their 95% intervals: a mean, and the difference of two models over the same questions."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from pydantic import BaseModel, ConfigDict

from inhouse.releases import intervals as shares

_RESAMPLES = 2000
_CONFIDENCE = 0.95
_HALVINGS = 40


class Interval(BaseModel):
    """A measured value, its 95% interval, and how many questions it rests on."""

    model_config = ConfigDict(frozen=True)

    value: float
    low: float
    high: float
    n: int


def of_mean(values: Sequence[float]) -> Interval:
    """A mean: Wilson's interval where all values are 0 or 1, else the bootstrap's. At least one value."""
    n = len(values)
    if set(values) <= {0.0, 1.0}:  # drawing again from equal values would claim certainty
        found = shares.of_share(int(sum(values)), n)
        assert found is not None
        return Interval(value=sum(values) / n, low=found[0], high=found[1], n=n)
    return _drawn(np.array(values, dtype=float))


def of_bounded_mean(values: Sequence[float]) -> Interval:
    """A mean of figures from 0 to 1: an interval that holds of however few (Hoeffding's bound, 1963, in its sharp form).

    Of one figure next to nothing is known, where the bootstrap would claim certainty. At least one value.
    """
    mean, n = math.fsum(values) / len(values), len(values)
    most = math.log(2 / (1 - _CONFIDENCE)) / n

    def fits(truth: float) -> bool:
        return _divergence(mean, truth) <= most

    return Interval(value=mean, low=_edge(0.0, mean, fits), high=_edge(1.0, mean, fits), n=n)


def of_difference(first: Sequence[float], second: Sequence[float], confidence: float = 0.95) -> Interval:
    """``first - second`` over the same questions, in the same order; at least one."""
    gaps = np.array(first, dtype=float) - np.array(second, dtype=float)
    if set(gaps.tolist()) <= {-1.0, 0.0, 1.0}:
        found = shares.of_difference(int((gaps > 0).sum()), int((gaps < 0).sum()), len(gaps), confidence)
        assert found is not None
        return Interval(value=float(gaps.mean()), low=found[0], high=found[1], n=len(gaps))
    return _drawn(gaps, confidence)


def _divergence(seen: float, truth: float) -> float:
    """Kullback and Leibler's, of two coins."""
    if seen in (0.0, 1.0):
        left = 1 - truth if seen == 0.0 else truth
        return -math.log(left) if left > 0 else math.inf
    if truth in (0.0, 1.0):
        return math.inf
    return seen * math.log(seen / truth) + (1 - seen) * math.log((1 - seen) / (1 - truth))


def _edge(end: float, mean: float, fits: Callable[[float], bool]) -> float:
    """The truth that is farthest from the mean towards an end, and still fits."""
    if fits(end):
        return end
    out, inside = end, mean
    for _ in range(_HALVINGS):
        middle = (out + inside) / 2
        out, inside = (out, middle) if fits(middle) else (middle, inside)
    return inside


def _drawn(values: np.ndarray[tuple[int], np.dtype[np.float64]], confidence: float = 0.95) -> Interval:
    picks = np.random.default_rng(0).integers(0, len(values), (_RESAMPLES, len(values)))
    tail = (1.0 - confidence) / 2
    low, high = np.quantile(values[picks].mean(axis=1), [tail, 1.0 - tail])
    return Interval(value=float(values.mean()), low=float(low), high=float(high), n=len(values))
