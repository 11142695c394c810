"""``inhouse bench experiments``: do the lab's experiments say "different" where it is so, soon, and hardly ever else?

All by simulation, with the functions that decide in the product. What there is to choose in them was chosen on other
rates and seeds (`docs/lab-log.md`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inhouse.bench.report import Cell, Estimate, Report, Say, Table, at_least, at_most, mean, quantile, share
from inhouse.lab.experiments import adjusting, betting, discoveries, ratio, sequence
from inhouse.lab.experiments.adjusting import Units
from inhouse.lab.experiments.betting import Floats, Stream

SEED = 70_2610
LOOK = 20
ALPHA = 0.05
EFFECT = 0.05
"""The smallest effect that matters, as registered in every simulation that names no other."""
_AT_ONCE = 100
_HALF = 0.5
_NEVER = 1e9


@dataclass(frozen=True)
class Size:
    """How much is simulated."""

    runs: int
    units: int
    """At most, over both ways together."""
    families: int
    stratified: int


FULL = Size(runs=2000, units=10_000, families=500, stratified=300)
QUICK = Size(runs=400, units=2_000, families=60, stratified=40)


@dataclass(frozen=True)
class Found:
    """When each run was called: the number of units, or infinity; and whether it was for the second way."""

    at: Floats
    better: NDArray[np.bool_]

    @property
    def called(self) -> Estimate:
        """How many runs were called at all."""
        return share([bool(np.isfinite(at)) for at in self.at])

    @property
    def median(self) -> Estimate:
        """The median of when; infinite where half of the runs were never called."""
        return quantile(np.minimum(self.at, _NEVER), 0.5)

    @property
    def told(self) -> Cell:
        """The median for people."""
        return self.median if self.median.high < _NEVER else "not within what was simulated"


def run(quick: bool, _data: Path, say: Say) -> Report:
    """Simulate A/A, true effects, pairs, broken assignments and families."""
    began, size = time.monotonic(), QUICK if quick else FULL
    say("A/A comparisons")
    same = no_difference(size)
    say("true effects")
    effects = {registered: two_ways(0.7, 0.8, size, registered) for registered in (0.02, 0.05, 0.1)}
    pairs = paired(0.15, 0.05, size)
    say("assignments")
    broken, sound = assignment(0.52, size), assignment(0.5, size)
    say("families of experiments")
    families = {
        "20 planned": family(size, 4000, planned=20),
        "20 planned, 1,000 units each": family(size, 1000, planned=20),
        "no number planned": family(size, 4000, planned=None),
    }
    say("strata and history")
    tables = (
        Table("A/A, looked at after every 20 units", same),
        Table("Units until a true effect is found (median)", _effect_rows(effects, pairs, size)),
        Table("Sample ratio, looked at after every 20 units, up to 20,000", _ratio_rows(broken, sound)),
        Table("20 experiments, 5 of them with a true effect (.70 against .80)", _family_rows(families)),
        Table(
            "20 AIs from .45 to .95, an effect of .05, and a fan's own history", stratified(size.stratified)
        ),
        Table("Does the interval ever miss a true effect?", coverage(size)),
    )
    worst = max(row["called"].value for row in same if isinstance(row["called"], Estimate))
    planned = families["20 planned"]
    return Report(
        "experiments",
        quick,
        tables=tables,
        targets=(
            at_most("A/A called different, the worst of all kinds", worst, ALPHA),
            at_most(".70 against .80, median units", effects[EFFECT].median.value, 600),
            at_most("15% of pairs better and 5% worse, median pairs", pairs.median.value, 150),
            at_least("52/48 caught within 20,000 units", broken.called.value, 0.95),
            at_most("false alarms on a sound assignment", sound.called.value, 0.01),
            at_most("false discovery rate over 20 extensions", planned[0].value, ALPHA),
        ),
        notes=(
            f"Power over 20 extensions of 4,000 units each: {planned[1]}. The smallest effect that matters is registered as {EFFECT}.",
        ),
        seconds=time.monotonic() - began,
    )


# ------------------------------------------------------------------ streams


def chunks(runs: int, seed: int) -> Iterator[tuple[int, np.random.Generator]]:
    """So many runs at once, each lot with its own random numbers."""
    for lot, start in enumerate(range(0, runs, _AT_ONCE)):
        yield min(_AT_ONCE, runs - start), np.random.default_rng((SEED, seed, lot))


def looks(units: int) -> range:
    """Where the looks of ``units`` units begin."""
    return range(0, units, LOOK)


def shares_stream(figure: Floats, second: NDArray[np.bool_]) -> Stream:
    """What `adjusting.bet_on` makes of units of one AI without history, for many runs at once."""
    starts = looks(figure.shape[-1])
    known = betting.before(np.ones(figure.shape[-1]), starts)
    expected = (betting.before(figure, starts) + 5.0) / (known + 10.0)
    return adjusting.stream(figure, second, expected, _HALF, starts)


def two_ways(
    first: float,
    second: float,
    size: Size,
    effect: float = EFFECT,
    null: float = 0.0,
    seed: int = 1,
) -> Found:
    """Shares ``first`` and ``second``, compared online; called where the evidence against ``null`` suffices."""

    def streams(n: int, random: np.random.Generator) -> Stream:
        way = random.random((n, size.units)) < _HALF
        figure = (random.random((n, size.units)) < np.where(way, second, first)).astype(float)
        return shares_stream(figure, way)

    return _calls(streams, size.runs, effect, null, seed, LOOK)


def paired(better: float, worse: float, size: Size, effect: float = EFFECT, seed: int = 2) -> Found:
    """Pairs of which these shares are better and worse, looked at after every ten."""

    def streams(n: int, random: np.random.Generator) -> Stream:
        drawn = random.random((n, size.units // 2))
        x = (drawn < better).astype(float) - (drawn > 1 - worse)
        return Stream(x, range(0, x.shape[-1], 10), 1.0)

    return _calls(streams, size.runs, effect, 0.0, seed, 10)


def _calls(
    streams: Callable[[int, np.random.Generator], Stream],
    runs: int,
    effect: float,
    null: float,
    seed: int,
    step: int,
) -> Found:
    found = [
        _first_call(*betting.log_evidence(streams(n, random), effect, null), step)
        for n, random in chunks(runs, seed)
    ]
    return _together(found)


def _first_call(better: Floats, worse: Floats, step: int) -> Found:
    hoped, other = betting.needed(ALPHA)
    called = (better >= hoped) | (worse >= other)
    at = np.where(called.any(-1), (called.argmax(-1) + 1) * step, np.inf)
    first = np.take_along_axis(better, called.argmax(-1)[:, None], -1)[:, 0]
    return Found(at, first >= hoped)


def _together(found: Sequence[Found]) -> Found:
    return Found(np.concatenate([one.at for one in found]), np.concatenate([one.better for one in found]))


# ------------------------------------------------------------------ A/A


def no_difference(size: Size) -> list[dict[str, Cell]]:
    """How often equal ways are called different, over base rates and kinds of figures."""
    rows: list[dict[str, Cell]] = []
    for number, rate in enumerate((0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.98)):
        called = two_ways(rate, rate, size, seed=10 + number).called
        rows.append(
            {"figures": f"share of {rate}", "method": "betting", "units": size.units, "called": called}
        )
    same = paired(0.1, 0.1, size, seed=20)
    rows.append(
        {
            "figures": "pairs, 10% either way",
            "method": "betting",
            "units": size.units // 2,
            "called": same.called,
        }
    )
    for number, (name, draw) in enumerate(AMOUNTS.items()):
        called = amounts(draw, 0.0, size, seed=30 + number).called
        rows.append({"figures": name, "method": "asymptotic", "units": size.units, "called": called})
    return rows


def _tokens(random: np.random.Generator, shape: tuple[int, int]) -> Floats:
    return np.clip(random.normal(600, 180, shape), 50, 2000)


def _seconds(random: np.random.Generator, shape: tuple[int, int]) -> Floats:
    return np.minimum(random.lognormal(0.5, 1.0, shape), 60.0)


def _rare(random: np.random.Generator, shape: tuple[int, int]) -> Floats:
    return (random.random(shape) < 0.1).astype(float)


#: Figures without a bound that is near: how they are drawn.
AMOUNTS: dict[str, Callable[[np.random.Generator, tuple[int, int]], Floats]] = {
    "tokens, normal": _tokens,
    "seconds, log-normal": _seconds,
    "share of 0.1": _rare,
}


def amounts(
    draw: Callable[[np.random.Generator, tuple[int, int]], Floats], effect: float, size: Size, seed: int
) -> Found:
    """Figures of any size, by the asymptotic confidence sequence; ``effect`` in standard deviations."""
    found = []
    for n, random in chunks(size.runs, seed):
        figure = draw(random, (n, size.units))
        second = random.random(figure.shape) < _HALF
        figure = figure + effect * figure.std() * second
        found.append(_outside(figure, second, 0.0, 0.2 * float(figure.std())))
    return _together(found)


def _outside(figure: Floats, second: NDArray[np.bool_], truth: float, effect: float) -> Found:
    """When the asymptotic sequence first leaves ``truth`` out; figures as `adjusting.effects` has them at each look."""
    n = np.arange(LOOK, figure.shape[-1] + 1, LOOK, dtype=float)
    ends = (n - 1).astype(int)
    sign = np.where(second, 2.0, -2.0)
    sums = [np.cumsum(v, -1)[:, ends] for v in (figure, figure * figure, sign, sign * figure)]
    level = sums[0] / n
    estimate = (sums[3] - level * sums[2]) / n
    squares = 4 * (sums[1] / n - level**2)
    spread = np.sqrt(np.maximum(squares - estimate**2, 0.0))
    tightest = sequence.tightest_at(effect, 2 * float(figure[:, :200].std()))
    out = np.abs(estimate - truth) > sequence.half_width(n, spread, ALPHA, tightest)
    at = np.where(out.any(-1), n[out.argmax(-1)], np.inf)
    first = np.take_along_axis(estimate, out.argmax(-1)[:, None], -1)[:, 0]
    return Found(at, first > truth)


# ------------------------------------------------------------------ effects, assignment, families


def _effect_rows(effects: dict[float, Found], pairs: Found, size: Size) -> list[dict[str, Cell]]:
    rows: list[dict[str, Cell]] = [
        {
            "comparison": f".70 against .80, smallest that matters {registered}",
            "found": one.called,
            "median": one.told,
        }
        for registered, one in effects.items()
    ]
    rows.append({"comparison": "pairs: 15% better, 5% worse", "found": pairs.called, "median": pairs.told})
    slow = amounts(_tokens, 0.2, size, seed=40)
    rows.append({"comparison": "tokens, 0.2 deviations", "found": slow.called, "median": slow.told})
    small = two_ways(0.7, 0.7, size, null=EFFECT, seed=41)
    rows.append(
        {
            "comparison": "no effect: shown to be too small to matter",
            "found": small.called,
            "median": small.told,
        }
    )
    return rows


def assignment(share_of_second: float, size: Size, units: int = 20_000, seed: int = 3) -> Found:
    """When an assignment that is registered as half and half is called broken."""
    n = np.arange(LOOK, units + 1, LOOK)
    found = []
    for runs, random in chunks(size.runs, seed + int(1000 * share_of_second)):
        second = np.cumsum(random.binomial(LOOK, share_of_second, (runs, len(n))), -1)
        called = ratio.log_evidence(second, n, _HALF) >= -np.log(ratio.ALPHA)
        at = np.where(called.any(-1), n[called.argmax(-1)], np.inf)
        found.append(Found(at.astype(float), called.any(-1)))
    return _together(found)


def _ratio_rows(broken: Found, sound: Found) -> list[dict[str, Cell]]:
    return [
        {"assignment": "52/48", "called broken": broken.called, "median units": broken.told},
        {"assignment": "50/50", "called broken": sound.called, "median units": "never"},
    ]


def family(
    size: Size, units: int, planned: int | None, true: int = 5, of: int = 20
) -> tuple[Estimate, Estimate]:
    """The false discovery rate and the power of ``of`` experiments that run side by side, looked at all along.

    What is discovered at one look stays so: its experiment stops there, and the others go on.
    """
    false_rate, power = [], []
    weights = [discoveries.weight(number, planned) for number in range(1, of + 1)]
    for lot in range(size.families):
        random = np.random.default_rng((SEED, 50, planned or 0, units, lot))
        real = random.permutation(of) < true
        way = random.random((of, units)) < _HALF
        rate = np.where(way & real[:, None], 0.8, 0.7)
        figure = (random.random((of, units)) < rate).astype(float)
        found = _discovered(*betting.log_evidence(shares_stream(figure, way), EFFECT), weights)
        false_rate.append(float((found & ~real).sum() / max(1, found.sum())))
        power.append(float((found & real).sum() / true))
    return mean(false_rate), mean(power)


def _discovered(better: Floats, worse: Floats, weights: Sequence[float]) -> NDArray[np.bool_]:
    """Which experiments are discoveries at the end, all looked at together; a discovery keeps its evidence."""
    evidence = np.logaddexp(better + np.log(betting.HOPED), worse + np.log(1 - betting.HOPED))
    stopped: dict[int, float] = {}
    for look in range(0, evidence.shape[-1], 5):
        now = [stopped.get(place, float(evidence[place, look])) for place in range(len(weights))]
        for place in discoveries.discovered(now, weights, ALPHA):
            stopped.setdefault(place, now[place])
    return np.isin(np.arange(len(weights)), list(stopped))


def _family_rows(families: dict[str, tuple[Estimate, Estimate]]) -> list[dict[str, Cell]]:
    return [
        {"family": name, "false discovery rate": false, "power": power}
        for name, (false, power) in families.items()
    ]


# ------------------------------------------------------------------ strata, history, coverage


def stratified(runs: int) -> list[dict[str, Cell]]:
    """What knowing the AI and the fan's own history saves: median units until the effect is found."""
    rows: list[dict[str, Cell]] = []
    for name, strata, history in (
        ("neither", False, False),
        ("the AI", True, False),
        ("the AI and the fan's history", True, True),
    ):
        at = [_fans(np.random.default_rng((SEED, 60, lot)), strata, history) for lot in range(runs)]
        found = share([bool(np.isfinite(one)) for one in at])
        rows.append(
            {"known": name, "found in 6,000": found, "median units": quantile(np.minimum(at, _NEVER), 0.5)}
        )
    return rows


def _fans(random: np.random.Generator, strata: bool, history: bool, units: int = 6000) -> float:
    """Fans of 20 AIs, each with a level of their own, five turns before and five turns during the experiment."""
    ai = random.integers(0, 20, units)
    level = np.clip(0.45 + 0.5 * ai / 19, 0, 1)
    own = random.beta(level * 3, (1 - level) * 3)
    second = random.random(units) < _HALF
    figure = random.binomial(5, np.clip(own + 0.05 * second, 0, 1)) / 5
    before = random.binomial(5, own) / 5 if history else np.full(units, np.nan)
    made = Units(figure, second, ai if strata else np.zeros(units, dtype=int), before)
    logs = betting.log_evidence(adjusting.bet_on(made, _HALF, range(0, units, 100)), EFFECT)
    return float(_first_call(logs[0][None], logs[1][None], 100).at[0])


def coverage(size: Size) -> list[dict[str, Cell]]:
    """How often the interval leaves the true effect out at any look: at most 5%."""
    betted = two_ways(0.7, 0.8, size, null=0.1, seed=70)
    found = []
    for n, random in chunks(size.runs, 71):
        figure = _seconds(random, (n, size.units))
        second = random.random(figure.shape) < _HALF
        found.append(_outside(figure + 0.5 * second, second, 0.5, 0.2 * float(figure.std())))
    return [
        {"interval": "betting, .70 against .80", "missed": betted.called},
        {"interval": "asymptotic, seconds and half a second more", "missed": _together(found).called},
    ]
