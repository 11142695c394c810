"""From units to figures: pure functions over what was seen so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from inhouse.lab.experiments import adjusting, betting, ratio, sequence
from inhouse.lab.experiments.adjusting import Units
from inhouse.lab.experiments.betting import Floats, Stream
from inhouse.lab.experiments.design import Design, Estimate, Figures
from inhouse.lab.experiments.metrics import MEASURES, Measure, Metric

#: Evidence is kept within what JSON and people can hold.
_MOST_LOG = 500.0


@dataclass(frozen=True)
class Unit:
    """A fan, or a pair of answers to one question. ``look`` is the number of the look that saw it first.

    ``values`` holds a figure for each metric that could be measured; of a pair, one of each way.
    """

    ai_id: str
    second: bool
    look: int
    values: Mapping[Metric, float | tuple[float, float]]
    history: Mapping[Metric, float]
    stray: bool = False
    shared: bool = False
    """Of a pair: whether it answers what a fan shared, and no case."""


class Assigned(Protocol):
    """How units came to their way, as far as figures depend on it; a ``Design`` is one."""

    @property
    def ai_ids(self) -> Sequence[str]: ...
    @property
    def share(self) -> float:
        """Of the units, those that get the second way."""
        ...

    @property
    def alpha(self) -> float: ...


def read(design: Design, units: Sequence[Unit]) -> Figures:
    """All figures after the last look; ``units`` in the order of their looks."""
    counts = {
        ai_id: (
            sum(not u.second for u in units if u.ai_id == ai_id),
            sum(u.second for u in units if u.ai_id == ai_id),
        )
        for ai_id in design.ai_ids
    }
    paired = design.mode == "replay"
    smallest = {design.primary: design.effect} | {guard.metric: guard.margin for guard in design.guards}
    estimate = _pairs if paired else ways
    return Figures(
        units=len(units),
        shared=sum(u.shared for u in units),
        counts=counts,
        strays=sum(u.stray for u in units),
        estimates=tuple(estimate(design, metric, smallest[metric], units) for metric in design.metrics),
        broken=not paired and ratio.is_broken(counts, design.share),
    )


def ways(design: Assigned, metric: Metric, effect: float, seen: Sequence[Unit]) -> Estimate:
    """Units of which each was given one of the ways."""
    measure, has = MEASURES[metric], [u for u in seen if metric in u.values]
    if not has:
        return _nothing(metric)
    raw = np.array([u.values[metric] for u in has], dtype=float)
    places = {ai_id: place for place, ai_id in enumerate(design.ai_ids)}
    units = Units(
        figure=_oriented(measure, raw),
        second=np.array([u.second for u in has], dtype=bool),
        stratum=np.array([places[u.ai_id] for u in has], dtype=np.intp),
        history=np.array([_earlier(measure, u, metric) for u in has], dtype=float),
    )
    scores = adjusting.effects(units, design.share)
    sizes = int((~units.second).sum()), int(units.second.sum())
    means = _mean(raw[~units.second]), _mean(raw[units.second])
    if measure.is_share:
        stream = adjusting.bet_on(units, design.share, _starts(has))
        return _by_bets(design, metric, effect, stream, sizes, means, _mean(scores))
    return _by_sequence(design, metric, effect, scores, sizes, means)


def _pairs(design: Design, metric: Metric, effect: float, seen: Sequence[Unit]) -> Estimate:
    """Questions that were answered both ways: the gains are the stream."""
    measure, has = MEASURES[metric], [u for u in seen if metric in u.values]
    if not has:
        return _nothing(metric)
    raw = np.array([u.values[metric] for u in has], dtype=float).reshape(-1, 2)
    gains = _oriented(measure, raw[:, 1]) - _oriented(measure, raw[:, 0])
    sizes, means = (len(has), len(has)), (_mean(raw[:, 0]), _mean(raw[:, 1]))
    if measure.is_share:
        stream = Stream(gains, _starts(has), 1.0)
        return _by_bets(design, metric, effect, stream, sizes, means, _mean(gains))
    return _by_sequence(design, metric, effect, gains, sizes, means)


def _by_bets(
    design: Assigned,
    metric: Metric,
    effect: float,
    stream: Stream,
    sizes: tuple[int, int],
    means: tuple[float, float],
    gain: float,
) -> Estimate:
    better, worse = (float(one[-1]) for one in betting.log_evidence(stream, effect))
    low, high = betting.bounds(stream, effect, design.alpha)
    return Estimate(
        metric=metric,
        n=sizes,
        means=means,
        effect=min(max(gain, low), high),
        low=low,
        high=high,
        better=_kept(better + np.log(betting.HOPED)),
        worse=_kept(worse + np.log(1 - betting.HOPED)),
    )


def _by_sequence(
    design: Assigned,
    metric: Metric,
    effect: float,
    scores: Floats,
    sizes: tuple[int, int],
    means: tuple[float, float],
) -> Estimate:
    n = len(scores)
    if n < sequence.LEAST_UNITS:
        return _nothing(metric).model_copy(update={"n": sizes, "means": means, "effect": _mean(scores)})
    gain, spread = float(scores.mean()), float(scores.std())
    tightest = sequence.tightest_at(effect, float(scores[: sequence.LEAST_UNITS].std()))
    half = float(sequence.half_width(n, spread, design.alpha, tightest))
    log = _kept(float(sequence.log_evidence(gain, n, spread, tightest)))
    return Estimate(
        metric=metric,
        n=sizes,
        means=means,
        effect=gain,
        low=gain - half,
        high=gain + half,
        better=log if gain > 0 else -_MOST_LOG,
        worse=log if gain < 0 else -_MOST_LOG,
    )


def _nothing(metric: Metric) -> Estimate:
    return Estimate(
        metric=metric, n=(0, 0), means=(0.0, 0.0), effect=0.0, low=None, high=None, better=0.0, worse=0.0
    )


def _starts(units: Sequence[Unit]) -> list[int]:
    """Where the looks begin among these units."""
    return [at for at, unit in enumerate(units) if at == 0 or units[at - 1].look != unit.look]


def _oriented(measure: Measure, raw: Floats) -> Floats:
    return np.array([measure.oriented(float(figure)) for figure in raw], dtype=float)


def _earlier(measure: Measure, unit: Unit, metric: Metric) -> float:
    return measure.oriented(unit.history[metric]) if metric in unit.history else float("nan")


def _mean(values: Floats) -> float:
    return float(values.mean()) if len(values) else 0.0


def _kept(log: float) -> float:
    return float(np.clip(log, -_MOST_LOG, _MOST_LOG))
