"""A betting e-process: evidence that two ways differ, valid however often one looks and for every sample size.

A stream holds one number in [-1, 1] per unit, whose mean is ``scale`` times the effect whatever else is true (see
`adjusting`). Under "the effect is ``null``" a gambler who bets a stake on every number, set before it is seen, can't
be expected to win: the chance that the capital ever grows by ``1 / alpha`` is at most ``alpha`` (Ville). The capital is
split over several sizes of effect around the smallest one that matters, each with the stake that is best for it.

All functions take streams of shape (..., units), so that a simulation runs many at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: Effects that the capital is split over, as multiples of the smallest one that matters, and the parts.
_MULTIPLES = np.array([1.0, 2.0, 4.0])
_PARTS = np.array([0.3, 0.45, 0.25])
#: The part of alpha that goes to the direction that was registered; the rest watches the other one.
HOPED = 0.8
#: A stake never risks more than this part of the capital on one unit.
_MOST_RISK = 0.9
#: Before anything was seen, the spread counts as that of a fair coin, with the weight of so many units.
_PRIOR_SPREAD, _PRIOR_UNITS = 0.25, 20.0
_HALVINGS = 18


@dataclass(frozen=True)
class Stream:
    """Numbers in [-1, 1], shape (..., units), seen in looks that began at ``starts`` (the first is 0)."""

    x: Floats
    starts: Sequence[int]
    scale: float
    """What the numbers' mean is multiplied by: an effect of ``d`` shows as a mean of ``scale * d``."""


def before(values: Floats, starts: Sequence[int]) -> Floats:
    """For each unit the sum of all values of earlier looks: what could be known when its own look began."""
    sums = np.concatenate([np.zeros((*values.shape[:-1], 1)), np.cumsum(values, axis=-1)], axis=-1)
    return np.repeat(sums[..., list(starts)], _sizes(starts, values.shape[-1]), axis=-1)


def log_evidence(stream: Stream, effect: float, null: float = 0.0) -> tuple[Floats, Floats]:
    """Natural logs of two e-values after each look, shape (..., looks): against "at most ``null``", and against "at
    least ``null``". ``effect`` is the smallest one that matters."""
    x = stream.x - stream.scale * null
    known = np.broadcast_to(before(np.ones(stream.x.shape[-1]), stream.starts), stream.x.shape)
    squares = before(x * x, stream.starts)
    spread = (squares + _PRIOR_SPREAD * _PRIOR_UNITS) / (known + _PRIOR_UNITS)
    most = _MOST_RISK / (1.0 + stream.scale * abs(null))
    up, down = [], []
    for multiple, part in zip(_MULTIPLES, _PARTS, strict=True):
        stake = np.minimum(multiple * effect * stream.scale / spread, most)
        up.append(np.log(part) + _after_looks(np.log1p(stake * x), stream.starts))
        down.append(np.log(part) + _after_looks(np.log1p(-stake * x), stream.starts))
    return np.logaddexp.reduce(up, axis=0), np.logaddexp.reduce(down, axis=0)


def needed(alpha: float) -> tuple[float, float]:
    """Logs that the evidence for the registered direction, and for the other one, must reach."""
    return -float(np.log(alpha * HOPED)), -float(np.log(alpha * (1 - HOPED)))


def bounds(stream: Stream, effect: float, alpha: float) -> tuple[float, float]:
    """The confidence sequence after the last look: the effects that the evidence does not speak against. One stream."""
    better, worse = needed(alpha)

    def low_is_out(null: float) -> bool:
        return bool(log_evidence(stream, effect, null)[0][-1] >= better)

    def high_is_out(null: float) -> bool:
        return bool(log_evidence(stream, effect, null)[1][-1] >= worse)

    middle = float(np.clip(stream.x.mean() / stream.scale, -1.0, 1.0)) if stream.x.size else 0.0
    return _edge(-1.0, middle, low_is_out), _edge(1.0, middle, high_is_out)


def _edge(out: float, inside: float, is_out: Callable[[float], bool]) -> float:
    """Where ``is_out`` begins to hold on the way from ``inside`` to ``out``; ``out`` where it never does."""
    if not is_out(out):
        return out
    for _ in range(_HALVINGS):
        middle = (out + inside) / 2
        out, inside = (middle, inside) if is_out(middle) else (out, middle)
    return out


def _after_looks(steps: Floats, starts: Sequence[int]) -> Floats:
    return np.asarray(np.cumsum(np.add.reduceat(steps, list(starts), axis=-1), axis=-1))


def _sizes(starts: Sequence[int], n: int) -> NDArray[np.intp]:
    return np.diff([*starts, n])
