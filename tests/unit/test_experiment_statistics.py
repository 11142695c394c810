"""The statistics of experiments: exact where they say so, and their rates by a small simulation."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest

from inhouse.bench import experiments as bench
from inhouse.bench.experiments import Size
from inhouse.lab.experiments import adjusting, betting, deciding, discoveries, ratio, reading, sequence
from inhouse.lab.experiments.adjusting import Units
from inhouse.lab.experiments.betting import Stream
from inhouse.lab.experiments.deciding import Relative
from inhouse.lab.experiments.design import Design, Estimate, Figures, GuardRail, Way
from inhouse.lab.experiments.metrics import Metric
from inhouse.lab.experiments.reading import Unit

SMALL = Size(runs=200, units=800, families=10, stratified=0)
WAY = Way(ai_id="ai_1", first="rel_1", second="rel_2")


def design(**changes: object) -> Design:
    return Design.model_validate(
        {"name": "On or off", "ways": (WAY,), "primary": Metric.ANSWERED, "effect": 0.05} | changes
    )


def test_nobody_can_be_expected_to_win_where_there_is_no_effect() -> None:
    """Exactly, over every outcome of four units in two looks: which way each got, and how it did."""
    share, rate, expected = 0.5, 0.7, 0.0
    for drawn in product((False, True), repeat=4):
        for did in product((0.0, 1.0), repeat=4):
            chance = share**4 * math.prod(rate if one else 1 - rate for one in did)
            units = Units(np.array(did), np.array(drawn), np.zeros(4, dtype=int), np.full(4, np.nan))
            better, worse = betting.log_evidence(adjusting.bet_on(units, share, [0, 2]), 0.2)
            expected += chance * (
                betting.HOPED * math.exp(better[-1]) + (1 - betting.HOPED) * math.exp(worse[-1])
            )
    assert expected == pytest.approx(1.0)


def test_equal_ways_are_seldom_called_different_however_often_one_looks() -> None:
    for number, rate in enumerate((0.1, 0.5, 0.9)):
        assert bench.two_ways(rate, rate, SMALL, seed=100 + number).called.value <= 0.05
    assert bench.amounts(bench.AMOUNTS["seconds, log-normal"], 0.0, SMALL, seed=110).called.value <= 0.05


def test_true_effects_are_found_soon_and_in_the_right_direction() -> None:
    found = bench.two_ways(0.6, 0.8, SMALL, seed=120)
    assert found.called.value >= 0.95
    assert found.better[np.isfinite(found.at)].mean() >= 0.99
    worse = bench.two_ways(0.8, 0.6, SMALL, seed=121)
    assert not worse.better[np.isfinite(worse.at)].any()
    assert bench.paired(0.15, 0.05, SMALL, seed=122).median.value <= 150


def test_a_lopsided_assignment_is_caught_and_a_sound_one_is_not() -> None:
    assert bench.assignment(0.53, SMALL, units=12_000).called.value >= 0.95
    assert bench.assignment(0.5, SMALL, units=12_000).called.value <= 0.02
    sound = {f"ai_{number}": (500, 500) for number in range(20)}
    assert not ratio.is_broken(sound, 0.5)
    assert ratio.is_broken(sound | {"ai_7": (600, 20)}, 0.5)
    assert not ratio.is_broken({"ai_1": (0, 0)}, 0.5)


def test_the_interval_ends_where_the_evidence_does() -> None:
    random = np.random.default_rng(7)
    stream = Stream(random.choice([-1.0, 0.0, 1.0], 400, p=[0.1, 0.6, 0.3]), range(0, 400, 20), 1.0)
    low, high = betting.bounds(stream, 0.05, 0.05)
    hoped, other = betting.needed(0.05)
    assert -1 < low < stream.x.mean() < high < 1
    assert (
        betting.log_evidence(stream, 0.05, low - 0.001)[0][-1]
        >= hoped
        > betting.log_evidence(stream, 0.05, low + 0.001)[0][-1]
    )
    assert betting.log_evidence(stream, 0.05, high + 0.001)[1][-1] >= other
    half = float(sequence.half_width(400, 1.0, 0.05, 200))
    assert sequence.log_evidence(half, 400, 1.0, 200) == pytest.approx(-math.log(0.05))
    assert np.isinf(sequence.half_width(50, 1.0, 0.05, 200))


def test_the_ratio_is_that_of_the_true_beta_functions() -> None:
    a = 0.5 * (0.25 / 0.016**2 - 1)

    def log_beta(x: float, y: float) -> float:
        return math.lgamma(x) + math.lgamma(y) - math.lgamma(x + y)

    exact = log_beta(a + 60, a + 40) - log_beta(a, a) - 100 * math.log(0.5)
    assert float(ratio.log_evidence(60, 100, 0.5)) == pytest.approx(exact, abs=1e-8)


def test_discoveries_need_more_evidence_the_more_is_tried() -> None:
    alone, of_20 = math.log(21), math.log(401)
    weights = [discoveries.weight(number, 20) for number in range(1, 21)]
    assert discoveries.discovered([alone] + [0.0] * 19, weights, 0.05) == set()
    assert discoveries.discovered([of_20] + [0.0] * 19, weights, 0.05) == {0}
    assert discoveries.discovered([math.log(81)] * 5 + [0.0] * 15, weights, 0.05) == {0, 1, 2, 3, 4}
    assert sum(discoveries.weight(number) for number in range(1, 100_000)) < 1
    assert discoveries.weight(21, 20) == 0.0
    false, power = bench.family(SMALL, 1500, planned=20)
    assert false.value <= 0.05 and power.value >= 0.5


def test_what_is_known_of_a_fan_makes_the_answer_sharper() -> None:
    random = np.random.default_rng(3)
    ai, second = random.integers(0, 4, 4000), random.random(4000) < 0.5
    own = np.clip(0.2 + 0.2 * ai + random.normal(0, 0.15, 4000), 0, 1)
    figure = np.clip(own + 0.05 * second + random.normal(0, 0.05, 4000), 0, 1)
    blank = np.full(4000, np.nan)
    spreads = [
        adjusting.effects(Units(figure, second, stratum, history), 0.5).std()
        for stratum, history in ((np.zeros(4000, dtype=int), blank), (ai, blank), (ai, own))
    ]
    assert spreads[0] > 1.3 * spreads[1] > 1.3 * 1.3 * spreads[2]
    assert adjusting.effects(Units(figure, second, ai, own), 0.5).mean() == pytest.approx(0.05, abs=0.01)


def estimate(metric: Metric = Metric.ANSWERED, **changes: object) -> Estimate:
    values = {
        "n": (100, 100),
        "means": (0.5, 0.5),
        "effect": 0.0,
        "low": -0.2,
        "high": 0.2,
        "better": 0.0,
        "worse": 0.0,
    }
    return Estimate.model_validate({"metric": metric} | values | changes)


def outcome(*estimates: Estimate, over: bool = False, **changes: object) -> str | None:
    figures = Figures(
        units=200, counts={"ai_1": (100, 100)}, strays=0, estimates=estimates or (estimate(),), broken=False
    ).model_copy(
        update={name: value for name, value in changes.items() if name in ("broken", "strays", "units")}
    )
    guards = (GuardRail(metric=Metric.SECONDS, margin=1.0),) if len(estimates) > 1 else ()
    verdict = deciding.decide(design(guards=guards), figures, over)
    return verdict.outcome if verdict else None


def test_the_rules_decide_in_their_order() -> None:
    clear = estimate(better=3.1, low=0.02, high=0.2)
    slow = estimate(Metric.SECONDS, low=-3.0, high=-1.5)
    assert outcome() is None
    assert outcome(clear) == "better"
    assert outcome(estimate(worse=3.1, low=-0.3, high=-0.01)) == "worse"
    assert outcome(clear, slow) == "harmful"
    assert outcome(clear, broken=True) == "ratio"
    assert outcome(clear, strays=4) == "strays"
    assert outcome(estimate(low=-0.04, high=0.04)) == "as good"
    assert outcome(estimate(low=-0.2, high=0.04)) == "not better"
    assert outcome(over=True) == "open"
    assert outcome(estimate(low=-0.04, high=0.3), over=True) == "as good"
    assert outcome(units=20_000) == "open"


def test_in_a_family_the_others_count() -> None:
    one = design(family="tools", planned=20)
    seen = estimate(better=math.log(100))
    others = [Relative(number, 20, math.log(100)) for number in range(2, 6)]
    assert not deciding.is_different(one, seen, 1, [])
    assert deciding.is_different(one, seen, 1, others)


def test_figures_of_units_and_of_pairs() -> None:
    units = [
        Unit("ai_1", number % 2 == 1, 1 + number // 50, {Metric.ANSWERED: float(number % 2 == 1)}, {})
        for number in range(200)
    ]
    figures = reading.read(design(), units)
    assert figures.counts == {"ai_1": (100, 100)} and not figures.broken
    first = figures.estimates[0]
    assert first.means == (0.0, 1.0) and first.n == (100, 100)
    assert first.low is not None and first.low > 0.3
    pairs = [
        Unit("ai_1", False, 1, {Metric.TOKENS: (900.0, 600.0 + number % 7)}, {}) for number in range(120)
    ]
    seen = reading.read(design(mode="replay", primary=Metric.TOKENS, effect=50), pairs).estimates[0]
    assert seen.effect == pytest.approx(297, abs=1)
    assert seen.low is not None and seen.low > 200 and seen.better > 3
    few = reading.read(design(mode="replay", primary=Metric.TOKENS, effect=50), pairs[:20]).estimates[0]
    assert few.low is None and few.better == 0.0
    assert reading.read(design(), []).estimates[0].n == (0, 0)


def test_a_design_that_makes_no_sense_is_refused() -> None:
    for changes in (
        {"ways": (WAY, WAY)},
        {"ways": (Way(ai_id="ai_1", first="rel_1", second="rel_1"),)},
        {"primary": Metric.RIGHT},
        {"mode": "replay", "primary": Metric.LIKED},
        {"effect": 5.0},
        {"guards": (GuardRail(metric=Metric.ANSWERED, margin=0.1),)},
    ):
        with pytest.raises(Exception, match=r"[A-Z]"):
            design(**changes)
    assert design().hash("exp_1") != design().hash("exp_2") != design(effect=0.06).hash("exp_2")
