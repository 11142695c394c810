"""Giant or small on real outcomes: GSM8K as Mixtral-8x7B and GPT-4 answered it, from RouteLLM's published data.

Half of the prompts (by hash) teach the router and choose its thresholds; all figures are of the other half. The router looks at
the question and at the small model's answer. It never sees the giant's answer, nor which prompts are right.
"""

from __future__ import annotations

import csv
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from inhouse.bench.report import Cell, Estimate, Report, Say, Table, Target
from inhouse.core.errors import InhouseError
from inhouse.lab.comparing import cascade
from inhouse.lab.comparing.cascade import Operating, Pair, Routed
from inhouse.lab.comparing.intervals import Interval
from inhouse.lab.comparing.prices import Price
from inhouse.runtime.cascade import signs

SMALL = "mistralai/Mixtral-8x7B-Instruct-v0.1"
GIANT = "gpt-4-1106-preview"
#: What both cost when these answers were made, in dollars a million tokens: the small one at a host, the giant at its maker.
PRICES = {SMALL: Price(input=0.6, output=0.6), GIANT: Price(input=10.0, output=30.0)}
#: No tokenizer of either is at hand, and a price needs no more than this.
CHARS_A_TOKEN = 4
_QUICK_RESAMPLES = 300
_LARGEST_FIELD = 1_000_000


class NoOutcomes(InhouseError):
    """{path} does not hold the outcomes of {small} and {giant}."""


@dataclass(frozen=True)
class Row:
    """One prompt with what the small model said, whether each was right, and what each cost in dollars."""

    prompt: str
    said: str
    small: float
    giant: float
    small_cost: float
    giant_cost: float


def run(quick: bool, data: Path, say: Say) -> Report:
    """The curve, the area between it and random routing, and what the chosen thresholds do."""
    started = time.monotonic()
    rows = outcomes(data / "routellm" / "gsm8k_responses.csv")
    resamples = _QUICK_RESAMPLES if quick else cascade.RESAMPLES
    say(f"reading {len(rows)} answers")
    after = _pairs(rows, lambda row: signs.of_question(row.prompt) | signs.of_answer(row.prompt, row.said))
    before = _pairs(rows, lambda row: signs.of_question(row.prompt))
    say("learning on one half, measuring on the other")
    routed = cascade.measure(after, resamples=resamples)
    unasked = cascade.measure(before, asks_first=False, resamples=resamples)
    nearer = cascade.measure(
        [replace(pair, giant_cost=pair.giant_cost / 10) for pair in after], resamples=resamples
    )
    return Report(
        name="routing",
        quick=quick,
        tables=(_models(routed), _curve(routed), _areas(routed, unasked, nearer), _thresholds(routed)),
        targets=(_target(routed),),
        notes=_notes(routed, unasked),
        seconds=time.monotonic() - started,
    )


def outcomes(file: Path) -> list[Row]:
    """Every prompt once, in the file's order."""
    # The limit is the whole process's: a reader of owners' tables must find it as it was.
    before = csv.field_size_limit(_LARGEST_FIELD)
    found: dict[str, Row] = {}
    try:
        with file.open(encoding="utf-8", newline="") as lines:
            for line in csv.DictReader(lines):
                found.setdefault(line["prompt"], _row(line))
    except (OSError, KeyError) as error:
        raise NoOutcomes(path=file, small=SMALL, giant=GIANT) from error
    finally:
        csv.field_size_limit(before)
    return list(found.values())


def _row(line: dict[str, str]) -> Row:
    prompt, said = line["prompt"], line[f"{SMALL}_response"]
    return Row(
        prompt=prompt,
        said=said,
        small=float(line[SMALL] == "True"),
        giant=float(line[GIANT] == "True"),
        small_cost=_cost(SMALL, prompt, said),
        giant_cost=_cost(GIANT, prompt, line[f"{GIANT}_response"]),
    )


def _cost(model: str, prompt: str, said: str) -> float:
    return PRICES[model].of(len(prompt) / CHARS_A_TOKEN, len(said) / CHARS_A_TOKEN, 0.0)


def _pairs(rows: Sequence[Row], seen: Callable[[Row], signs.Signs]) -> list[Pair]:
    return [Pair(row.prompt, seen(row), row.small, row.giant, row.small_cost, row.giant_cost) for row in rows]


def _models(routed: Routed) -> Table:
    rows: list[dict[str, Cell]] = [
        {
            "model": "Mixtral-8x7B",
            "right": _estimate(routed.small),
            "dollars a 1,000 questions": 1000 * routed.small_cost,
        },
        {
            "model": "GPT-4",
            "right": _estimate(routed.giant),
            "dollars a 1,000 questions": 1000 * routed.giant_cost,
        },
    ]
    return Table("the two models, on the half that is reported", rows)


def _curve(routed: Routed) -> Table:
    rows: list[dict[str, Cell]] = [
        {
            "sent to the giant": f"{point.share:.0%}",
            "cost over the giant's": point.cost / routed.giant_cost,
            "right": _estimate(point.quality),
            "random, same cost": point.random,
        }
        for point in routed.curve[::2]
    ]
    return Table("quality against cost: the small one first, the giant where it looks wrong", rows)


def _areas(routed: Routed, unasked: Routed, nearer: Routed) -> Table:
    names = {
        "from the question and the small one's answer": routed,
        "from the question alone, before either is asked": unasked,
        "question and answer, were the giant 10 times cheaper": nearer,
    }
    rows = [
        {"router": name, "area": _estimate(one.area), "verdict": "better" if one.is_better else "not better"}
        for name, one in names.items()
    ]
    return Table("quality gained over random routing at the same cost, mean over all costs", rows)


def _thresholds(routed: Routed) -> Table:
    return Table(
        "thresholds, chosen on the other half out of fold", [_threshold(one) for one in routed.operating]
    )


def _threshold(chosen: Operating) -> dict[str, Cell]:
    return {
        "wanted of the giant's quality": f"{chosen.wanted:.0%}",
        "reached": _estimate(chosen.of_giant),
        "cost over the giant's": _estimate(chosen.cost),
        "sent on": _estimate(chosen.share),
        "random pays": chosen.random_cost,
    }


def _target(routed: Routed) -> Target:
    measured = _estimate(routed.area)
    verdict = "better" if routed.is_better else "not better"
    return Target(
        "the curve lies above random routing, interval clear of 0", routed.is_better, f"{measured}: {verdict}"
    )


def _notes(routed: Routed, unasked: Routed) -> tuple[str, ...]:
    return (
        f"Split by the SHA-256 of the prompt: {routed.tuned} to learn from, {routed.reported} to report on.",
        "Intervals: bootstrap over the reported prompts, the router as it was learnt once.",
        f"Tokens are characters over {CHARS_A_TOKEN}; dollars a million tokens: {_price(SMALL)}; {_price(GIANT)}.",
        "Random routing decides before it asks, so it never pays for both; the cascade always pays for the small one.",
        f"Verdict: the small one first, the giant where its answer looks wrong, is {_of_area(routed)}",
        f"Verdict: choosing by the question alone is {_of_area(unasked)}",
        *(_of_operating(one) for one in routed.operating),
    )


def _of_area(routed: Routed) -> str:
    """In so many words, where it is not better too."""
    word, low, high = "better" if routed.is_better else "not better", routed.area.low, routed.area.high
    return (
        f"{word} than random routing at the same cost: {100 * routed.area.value:+.1f} points of quality on average "
        f"({100 * low:+.1f} to {100 * high:+.1f}, n={routed.area.n})."
    )


def _of_operating(chosen: Operating) -> str:
    return (
        f"Chosen for {chosen.wanted:.0%} of the giant's quality, it reaches {_percent(chosen.of_giant)} of it at "
        f"{_percent(chosen.cost)} of its cost and sends {chosen.share.value:.0%} on; random routing pays "
        f"{chosen.random_cost:.0%} for the same quality."
    )


def _percent(interval: Interval) -> str:
    return f"{interval.value:.1%} [{interval.low:.1%}–{interval.high:.1%}]"


def _price(model: str) -> str:
    return f"{model} {PRICES[model].input:.2f} in, {PRICES[model].output:.2f} out"


def _estimate(interval: Interval) -> Estimate:
    return Estimate(interval.value, interval.n, interval.low, interval.high)
