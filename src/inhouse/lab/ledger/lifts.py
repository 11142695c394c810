"""What an extension adds to an AI, given all else that it has: read from experiments on it, online or offline.

Nothing is measured here. Two ways that differ in this one extension are an experiment on it; the newest of an AI counts. Pairs of
several AIs' replays are one stream of bets: that each was stopped when it pleased takes nothing from the interval. The interval is
of these pairs alone; whether that is enough among all that was measured, `control` says of the experiments.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from pydantic import BaseModel, ConfigDict

from inhouse.core.errors import NotFound
from inhouse.lab.experiments import reading, shelf
from inhouse.lab.experiments.design import Design, Estimate, Experiment, Mode, Way
from inhouse.lab.experiments.metrics import Metric
from inhouse.lab.experiments.reading import Unit
from inhouse.releases import entries
from inhouse.releases import releases as releases_shelf
from inhouse.store.database import Tx

_COSTS = (Metric.SECONDS, Metric.TOKENS)


class Lift(BaseModel):
    """The gain with an extension over without it, in the metric's own unit; more is better."""

    model_config = ConfigDict(frozen=True)

    mode: Mode
    metric: Metric
    effect: float
    low: float | None
    high: float | None
    n: int
    """Units of both ways; of a replay, pairs."""
    matters: float
    """The smallest gain that was registered to matter."""
    ais: int = 1
    experiments: tuple[str, ...]
    generation: str | None = None
    """The generation that both ways are on."""
    runs: int = 1
    """How many measurements of it were begun, whatever came of them."""
    controlled: bool = False
    """Whether an experiment that counts here is a discovery among all that were ever begun, in this direction."""
    costs: tuple[Estimate, ...] = ()
    """What of time and tokens was measured beside it, over all units, called or not; of a gain here less is meant."""

    @property
    def is_clear(self) -> bool:
        """Whether it is above nothing, with its interval and among all that was measured."""
        return self.controlled and self.low is not None and self.low > 0

    @property
    def is_harmful(self) -> bool:
        """Whether it is below nothing, likewise."""
        return self.controlled and self.high is not None and self.high < 0

    @property
    def is_apart(self) -> bool:
        """Whether its own interval leaves nothing out, whatever else was measured."""
        return (self.low is not None and self.low > 0) or (self.high is not None and self.high < 0)

    @property
    def is_needless(self) -> bool:
        """Whether it does as well without: no gain or loss that matters fits the data."""
        if self.low is None or self.high is None:
            return False
        return self.low > -self.matters and self.high < self.matters


@dataclass(frozen=True)
class _Side:
    """A way whose releases differ in one extension alone, which the first one has where it is ``turned``."""

    extension: str
    way: Way
    turned: bool
    generation: str | None


class Measured(BaseModel):
    """One AI's newest experiment on one of its extensions that has counted something."""

    model_config = ConfigDict(frozen=True)

    experiment: Experiment
    way: Way
    turned: bool
    """Whether the way with the extension is the first one."""
    generation: str | None
    runs: int = 1
    """Experiments on it that were begun at this AI."""


def newest(tx: Tx, ai_id: str) -> dict[str, Measured]:
    """What an AI's experiments last said of each extension: those whose ways differ in it alone."""
    begun = [
        (found.id, found.state, side)
        for found in shelf.listing(tx, ai_id)
        for way in found.design.ways
        if way.ai_id == ai_id and found.state != "draft" and (side := _side(tx, way))
    ]
    runs = Counter(side.extension for _id, _state, side in begun)
    measured: dict[str, Measured] = {}
    for experiment_id, state, side in begun:
        if state == "void" or side.extension in measured:
            continue
        experiment = shelf.get(tx, experiment_id)
        if experiment.looks:
            measured[side.extension] = Measured(
                experiment=experiment,
                way=side.way,
                turned=side.turned,
                generation=side.generation,
                runs=runs[side.extension],
            )
    return measured


def of_ai(tx: Tx, measured: Measured, discovered: Collection[str]) -> Lift:
    """What it adds at the one AI; ``discovered`` are the experiments that are no chance."""
    return _controlled(_alone(tx, measured), [measured], discovered)


def over_all(tx: Tx, found: Sequence[Measured], discovered: Collection[str]) -> Lift | None:
    """What it adds over all AIs that it was measured at: by their replays together where there are several on the same
    metric, else by what rests on the most units."""
    straight = [one for one in found if one.experiment.design.mode == "replay" and not one.turned]
    same = [one for one in straight if one.experiment.design.primary is Metric.RIGHT]
    if len(same) > 1:
        best = _controlled(_pooled(tx, same), same, discovered)
    elif found:
        best = max((of_ai(tx, one, discovered) for one in found), key=lambda lift: lift.n)
    else:
        return None
    return best.model_copy(update={"runs": sum(one.runs for one in found)})


def _controlled(lift: Lift, found: Sequence[Measured], discovered: Collection[str]) -> Lift:
    """An experiment over other AIs too says nothing of these alone, and pairs put together decide nothing that none of their
    experiments does."""
    here = {one.way.ai_id for one in found}
    counts = any(
        one.experiment.id in discovered
        and set(one.experiment.design.ai_ids) <= here
        and _gain(one) * lift.effect > 0
        for one in found
    )
    return lift.model_copy(update={"controlled": counts})


def _gain(measured: Measured) -> float:
    effect = _last(measured.experiment)[0].effect
    return -effect if measured.turned else effect


def _alone(tx: Tx, measured: Measured) -> Lift:
    if len(measured.experiment.design.ways) == 1:
        first, *others = _last(measured.experiment)
        costs = tuple(one for one in others if one.metric in _COSTS and one.low is not None)
        return _lift(measured, first).model_copy(update={"costs": () if measured.turned else costs})
    design = measured.experiment.design.model_copy(update={"ways": (measured.way,)})
    units = _units(tx, measured)
    return _lift(measured, reading.read(design, units).estimates[0])


def _pooled(tx: Tx, found: Sequence[Measured]) -> Lift:
    first = max(found, key=lambda one: one.experiment.started_at or one.experiment.created_at)
    ways = {one.way.ai_id: one.way for one in found}
    design = first.experiment.design.model_copy(update={"ways": tuple(ways.values()), "guards": ()})
    units, begun = [], 0
    for one in sorted(found, key=lambda one: one.experiment.number):
        mine = _units(tx, one)
        units += [replace(unit, look=begun + unit.look) for unit in mine]
        begun += len(one.experiment.looks)
    lift = _lift(first, reading.read(design, units).estimates[0])
    generations = {one.generation for one in found}
    return lift.model_copy(
        update={
            "ais": len(ways),
            "experiments": tuple(sorted({one.experiment.id for one in found})),
            "generation": generations.pop() if len(generations) == 1 else None,
        }
    )


def _units(tx: Tx, measured: Measured) -> list[Unit]:
    return [
        unit
        for unit in shelf.units(tx, measured.experiment.id)
        if unit.ai_id == measured.way.ai_id and not unit.stray
    ]


def _lift(measured: Measured, estimate: Estimate) -> Lift:
    low, high, effect = estimate.low, estimate.high, estimate.effect
    if measured.turned:
        low, high, effect = None if high is None else -high, None if low is None else -low, -effect
    design: Design = measured.experiment.design
    return Lift(
        mode=design.mode,
        metric=design.primary,
        effect=effect,
        low=low,
        high=high,
        n=estimate.n[0] if design.mode == "replay" else sum(estimate.n),
        matters=design.effect,
        experiments=(measured.experiment.id,),
        generation=measured.generation,
        runs=measured.runs,
    )


def _last(experiment: Experiment) -> tuple[Estimate, ...]:
    return experiment.looks[-1].figures.estimates


def _side(tx: Tx, way: Way) -> _Side | None:
    """The one extension that a way's releases differ in; nothing where they differ in more, or in anything else."""
    try:
        first = releases_shelf.get(tx, way.ai_id, way.first)
        second = releases_shelf.get(tx, way.ai_id, way.second)
    except NotFound:
        return None
    bare, other = way.made_of(first, second)
    names = [set(map(entries.name, one.extensions)) for one in (bare, other)]
    differing = names[0] ^ names[1]
    if len(differing) != 1:
        return None
    [extension] = differing
    if bare.without(extension) != other.without(extension):
        return None
    return _Side(extension, way, extension in names[0], bare.generation_id)
