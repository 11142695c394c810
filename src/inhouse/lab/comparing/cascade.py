"""Ask the small model first and the giant where the small one looks wrong: learnt on one half of the questions, measured on
the other, against sending as much money's worth of questions to the giant at random.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from inhouse.core import ids
from inhouse.core.errors import InhouseError
from inhouse.lab.comparing import logistic
from inhouse.lab.comparing.intervals import Interval
from inhouse.lab.comparing.logistic import Floats, Logistic
from inhouse.runtime.cascade.cascade import NEVER, Odds, Router
from inhouse.runtime.cascade.signs import STANDS, Signs

#: Chosen on the tuning half of GSM8K's outcomes; 30 and 300 do as well.
PENALTY = 100.0
#: Each half must hold so many questions before anything is learnt or measured.
LEAST_HALF = 40
RESAMPLES = 2000
_FOLDS = 10
_POINTS = 21


class TooFew(InhouseError):
    """For a cascade {needed} questions are needed that both models were asked; there are {n}."""

    status = 409


@dataclass(frozen=True)
class Pair:
    """One question that both were asked. Scores are from 0 (wrong) to 1 (right), costs in any one unit."""

    name: str
    signs: Signs
    """What the router may look at."""
    small: float
    giant: float
    small_cost: float
    giant_cost: float


class Point(BaseModel):
    """Sending this share of the questions on to the giant. ``random`` is the quality of random routing at the same cost."""

    model_config = ConfigDict(frozen=True)

    share: float
    quality: Interval
    cost: float
    random: float


class Operating(BaseModel):
    """A threshold that was chosen on the tuning half for a share of the giant's quality, and what it does on the other."""

    model_config = ConfigDict(frozen=True)

    wanted: float
    """Share of the giant's quality that was wanted."""
    threshold: float
    share: Interval
    """Of the questions that went on to the giant."""
    quality: Interval
    of_giant: Interval
    """Quality over the giant's."""
    cost: Interval
    """Cost over the giant's."""
    random_cost: float
    """What random routing pays for the same quality, over the giant's cost."""


class Routed(BaseModel):
    """What a cascade is worth. All figures but ``tuned`` are of the half that nothing was learnt from."""

    model_config = ConfigDict(frozen=True)

    tuned: int
    reported: int
    asks_first: bool
    """Whether the small model is asked before it is decided; else the question alone decides."""
    small: Interval
    giant: Interval
    small_cost: float
    giant_cost: float
    curve: tuple[Point, ...]
    area: Interval
    """Quality gained over random routing at the same cost, averaged over all costs."""
    operating: tuple[Operating, ...]
    router: Router | None = None
    """What decided, and what a release may hold; ``None`` in a comparison that was made before there was such a release."""

    @property
    def is_better(self) -> bool:
        """Whether it beats random routing, clear of chance."""
        return self.area.low > 0


@dataclass(frozen=True)
class Learnt:
    """A router as it was learnt: how likely the giant is right, less how likely the small one is."""

    names: tuple[str, ...]
    of_small: Logistic
    of_giant: Logistic

    def need(self, signs: Sequence[Signs]) -> Floats:
        """(questions,), from -1 to 1; ``NEVER`` for what stands."""
        rows = _rows(signs, self.names)
        need = self.of_giant.probability(rows) - self.of_small.probability(rows)
        return np.where([bool(sign.get(STANDS)) for sign in signs], NEVER, need)

    @property
    def served(self) -> Router:
        """The same as a release holds it, and as a turn asks it."""
        return Router(small=self._odds(self.of_small), giant=self._odds(self.of_giant))

    def _odds(self, logistic: Logistic) -> Odds:
        intercept, weights = logistic.plain
        return Odds(intercept=intercept, weights=tuple(zip(self.names, weights, strict=True)))


def learn(pairs: Sequence[Pair], penalty: float = PENALTY) -> Learnt:
    """A router from questions whose outcomes are known."""
    names = tuple(sorted({name for pair in pairs for name in pair.signs} - {STANDS}))
    rows = _rows([pair.signs for pair in pairs], names)
    return Learnt(
        names,
        logistic.fit(rows, np.array([pair.small for pair in pairs]), penalty),
        logistic.fit(rows, np.array([pair.giant for pair in pairs]), penalty),
    )


def need_out_of_fold(pairs: Sequence[Pair], penalty: float = PENALTY) -> Floats:
    """Each question's need by a router that has not seen it. Folds follow from the questions' names."""
    folds = np.array([int(ids.digest(f"fold:{pair.name}")[:8], 16) % _FOLDS for pair in pairs])
    need = np.zeros(len(pairs))
    for fold in np.unique(folds):
        seen = [pair for pair, at in zip(pairs, folds, strict=True) if at != fold]
        unseen = np.flatnonzero(folds == fold)
        need[unseen] = learn(seen, penalty).need([pairs[at].signs for at in unseen.tolist()])
    return need


def halves(pairs: Sequence[Pair]) -> tuple[list[Pair], list[Pair]]:
    """The half to learn from and the half to report on, by the hash of each question's name: the same for ever."""
    tune = [pair for pair in pairs if is_tuning(pair.name)]
    return tune, [pair for pair in pairs if not is_tuning(pair.name)]


def is_tuning(name: str) -> bool:
    """Whether a question is on the half that routers are learnt from."""
    return int(ids.digest(name), 16) % 2 == 0


def measure(
    pairs: Sequence[Pair],
    *,
    asks_first: bool = True,
    wanted: Sequence[float] = (0.95, 1.0),
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Routed:
    """Learn on one half, choose thresholds there (out of fold), measure on the other. ``TooFew`` where a half is small."""
    tune, report = halves(pairs)
    if min(len(tune), len(report)) < LEAST_HALF:
        raise TooFew(needed=2 * LEAST_HALF + LEAST_HALF // 2, n=len(pairs))
    chosen = _Sorted.of(tune, need_out_of_fold(tune), asks_first)
    learnt = learn(tune)
    there = _Sorted.of(report, learnt.need([pair.signs for pair in report]), asks_first)
    counts = _drawn(len(report), resamples, seed)
    return Routed(
        tuned=len(tune),
        reported=len(report),
        asks_first=asks_first,
        small=_interval(there.small.mean(), counts @ there.small / len(report), len(report)),
        giant=_interval(there.giant.mean(), counts @ there.giant / len(report), len(report)),
        small_cost=float(there.small_cost.mean()),
        giant_cost=float(there.giant_cost.mean()),
        curve=_curve(there, counts),
        area=_area(there, counts),
        operating=tuple(_operate(there, counts, chosen, share) for share in wanted),
        router=learnt.served,
    )


@dataclass(frozen=True)
class _Sorted:
    """Questions in the order in which they are sent on to the giant, the neediest first; arrays of (questions,)."""

    need: Floats
    small: Floats
    giant: Floats
    small_cost: Floats
    giant_cost: Floats
    goes: Floats
    """1 where a question may be sent on, 0 where the small model's answer stands."""
    asks_first: bool

    @classmethod
    def of(cls, pairs: Sequence[Pair], need: Floats, asks_first: bool) -> _Sorted:
        order = np.argsort(-need, kind="stable")
        told = [pairs[at] for at in order.tolist()]
        return cls(
            need=need[order],
            small=np.array([pair.small for pair in told]),
            giant=np.array([pair.giant for pair in told]),
            small_cost=np.array([pair.small_cost for pair in told]),
            giant_cost=np.array([pair.giant_cost for pair in told]),
            goes=(need[order] > NEVER).astype(float),
            asks_first=asks_first,
        )

    def paths(self, counts: Floats) -> tuple[Floats, Floats]:
        """(draws, questions + 1): mean quality and mean cost where the first 0, 1, 2, … are sent on.

        ``counts`` (draws, questions) says how often each question was drawn. What stands is never sent on: nothing changes there.
        """
        sent = self.giant_cost if self.asks_first else self.giant_cost - self.small_cost
        quality = _path(counts, self.small, self.goes * (self.giant - self.small))
        return quality, _path(counts, self.small_cost, self.goes * sent)

    def ends(self, counts: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """(draws, 1) each: quality and cost of the small model alone, and of the giant alone."""
        size = counts.shape[1]
        columns = (self.small, self.giant, self.small_cost, self.giant_cost)
        small, giant, small_cost, giant_cost = ((counts @ column / size)[:, None] for column in columns)
        return small, giant, small_cost, giant_cost

    def random(self, counts: Floats, cost: Floats) -> Floats:
        """Quality of random routing at these costs: it decides before it asks, so it never pays for both."""
        small, giant, small_cost, giant_cost = self.ends(counts)
        share = np.clip((cost - small_cost) / np.maximum(giant_cost - small_cost, 1e-12), 0.0, 1.0)
        return np.asarray(small + share * (giant - small))


def _path(counts: Floats, start: Floats, gains: Floats) -> Floats:
    size = counts.shape[1]
    begin = (counts @ start / size)[:, None]
    return np.concatenate([begin, begin + np.cumsum(counts * gains, axis=1) / size], axis=1)


def _area(there: _Sorted, counts: Floats) -> Interval:
    def gained(counts: Floats) -> Floats:
        quality, cost = there.paths(counts)
        over = quality - there.random(counts, cost)
        steps = np.diff(cost, axis=1)
        whole = np.maximum(cost[:, -1] - cost[:, 0], 1e-12)
        return np.asarray(((over[:, 1:] + over[:, :-1]) / 2 * steps).sum(axis=1) / whole)

    size = counts.shape[1]
    return _interval(gained(np.ones((1, size)))[0], gained(counts), size)


def _curve(there: _Sorted, counts: Floats) -> tuple[Point, ...]:
    size = counts.shape[1]
    once = np.ones((1, size))
    quality, cost = there.paths(once)
    drawn, _ = there.paths(counts)
    random = there.random(once, cost)
    points = []
    for share in np.linspace(0.0, 1.0, _POINTS):
        at = round(share * size)
        points.append(
            Point(
                share=at / size,
                quality=_interval(quality[0, at], drawn[:, at], size),
                cost=float(cost[0, at]),
                random=float(random[0, at]),
            )
        )
    return tuple(points)


def _operate(there: _Sorted, counts: Floats, chosen: _Sorted, wanted: float) -> Operating:
    threshold = _threshold(chosen, wanted)
    sent = int((there.need >= threshold).sum())
    size = counts.shape[1]

    def figures(counts: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        quality, cost = (path[:, sent] for path in there.paths(counts))
        _, giant, _, giant_cost = (end[:, 0] for end in there.ends(counts))
        shares = counts[:, :sent].sum(axis=1) / size
        return shares, quality, quality / np.maximum(giant, 1e-12), cost / np.maximum(giant_cost, 1e-12)

    values, draws = figures(np.ones((1, size))), figures(counts)
    share, quality, of_giant, cost = (
        _interval(value[0], drawn, size) for value, drawn in zip(values, draws, strict=True)
    )
    return Operating(
        wanted=wanted,
        threshold=threshold,
        share=share,
        quality=quality,
        of_giant=of_giant,
        cost=cost,
        random_cost=_random_cost(there, quality.value),
    )


def _threshold(chosen: _Sorted, wanted: float) -> float:
    """The highest threshold at which the tuning half reaches the wanted share of the giant's quality; else everything
    is sent on that may be."""
    quality, _ = chosen.paths(np.ones((1, len(chosen.need))))
    reached = np.flatnonzero(quality[0] >= wanted * chosen.giant.mean() - 1e-12)
    if not len(reached):
        return -1.0
    first = int(reached[0])
    return float(chosen.need[first - 1]) if first else float(np.nextafter(chosen.need[0], 2.0))


def _random_cost(there: _Sorted, quality: float) -> float:
    """What random routing pays for this quality, over the giant's cost; the giant's own where it can't be had."""
    small, giant, small_cost, giant_cost = (
        float(end[0, 0]) for end in there.ends(np.ones((1, len(there.need))))
    )
    if giant <= small:
        return small_cost / giant_cost
    share = min(1.0, max(0.0, (quality - small) / (giant - small)))
    return (small_cost + share * (giant_cost - small_cost)) / giant_cost


def _drawn(size: int, resamples: int, seed: int) -> Floats:
    """(resamples, questions): how often each question is in each bootstrap sample."""
    random = np.random.default_rng(seed)
    counts: NDArray[np.int64] = random.multinomial(size, np.full(size, 1.0 / size), resamples)
    return counts.astype(float)


def _interval(value: float, draws: Floats, n: int) -> Interval:
    low, high = np.quantile(draws, [0.025, 0.975])
    return Interval(value=float(value), low=float(low), high=float(high), n=n)


def _rows(signs: Sequence[Signs], names: Sequence[str]) -> Floats:
    return np.array([[sign.get(name, 0.0) for name in names] for sign in signs], dtype=float)
