"""A comparison in plain English, for the command line and the log; pages have their own words."""

from __future__ import annotations

from collections.abc import Iterator

from inhouse.lab.comparing.cascade import Operating, Routed
from inhouse.lab.comparing.comparison import Cascade, Comparison
from inhouse.lab.comparing.intervals import Interval
from inhouse.lab.comparing.verdicts import Verdict


def told(comparison: Comparison) -> list[str]:
    """The verdict, a sentence an entry."""
    said = [of_verdict(verdict) for verdict in comparison.verdicts]
    said += [of_cascade(one) for one in comparison.cascades]
    if not comparison.verdicts and len(comparison.models) > 1:
        said.append("No question has a case that says what a right answer holds, so quality is not known.")
    if not comparison.in_money:
        said.append(
            "Not every model has a price, so what is weighed is seconds. Give a price table for money."
        )
    if comparison.few_for_cascade is not None:
        said.append(f"For a cascade about {comparison.few_for_cascade} questions are needed.")
    return said


def of_verdict(verdict: Verdict) -> str:
    """One model against the giant."""
    low, high, n = verdict.difference.low, verdict.difference.high, verdict.difference.n
    figures = f"{points(verdict.difference.value)} points, {points(low)} to {points(high)}, n={n}"
    within = f"within {100 * verdict.margin:g} points"
    small, giant = verdict.small, verdict.giant
    if verdict.word == "as good":
        said = f"{small} is as good as {giant} {within} ({figures})"
    elif verdict.word == "better":
        said = f"{small} is better than {giant} ({figures})"
    elif verdict.word == "worse":
        said = f"{small} is worse than {giant} ({figures})"
    else:
        said = f"Whether {small} is as good as {giant} {within} is not clear ({figures}); about {verdict.needed} questions would tell"
    said = f"{said}, and {_cheaper(verdict)}."
    if verdict.keep_for:
        kinds = ", ".join(
            f"{gap.kind} ({points(gap.difference.value)} points, n={gap.difference.n})"
            for gap in verdict.keep_for
        )
        said += f" Keep {giant} for these kinds of question: {kinds}."
    return said


def of_cascade(cascade: Cascade) -> str:
    """Whether asking the small one first pays."""
    routed = cascade.routed
    said = f"{cascade.small} first, {cascade.giant} where it looks wrong: {of_area(routed)}"
    if routed.is_better:
        said += f" {of_operating(routed.operating[0])}"
    return said


def of_area(routed: Routed) -> str:
    """The curve against random routing, in so many words."""
    word = "better" if routed.is_better else "not better"
    return (
        f"{word} than random routing at the same cost ({_points(routed.area)} of quality, n={routed.area.n})."
    )


def of_operating(chosen: Operating) -> str:
    """What a threshold does."""
    return (
        f"Chosen for {chosen.wanted:.0%} of the giant's quality, it reaches {_percent(chosen.of_giant)} of it at "
        f"{_percent(chosen.cost)} of its cost, sending {chosen.share.value:.0%} on; random routing pays "
        f"{chosen.random_cost:.0%} for the same quality."
    )


def points(value: float) -> str:
    """A share as points with its sign."""
    return f"{100 * value:+.1f}"


def _cheaper(verdict: Verdict) -> str:
    return " and ".join(_times(verdict))


def _times(verdict: Verdict) -> Iterator[str]:
    if verdict.cheaper is not None:
        yield times(verdict.cheaper, "cheaper", "dearer")
    yield times(verdict.faster, "faster", "slower")


def times(factor: float, more: str, less: str) -> str:
    """How many times cheaper, or dearer."""
    if factor >= 1:
        return f"{factor:.3g} times {more}"
    return f"{1 / factor:.3g} times {less}" if factor > 0 else less


def _points(interval: Interval) -> str:
    return f"{points(interval.value)} points, {points(interval.low)} to {points(interval.high)}"


def _percent(interval: Interval) -> str:
    return f"{interval.value:.1%} [{interval.low:.1%}–{interval.high:.1%}]"
