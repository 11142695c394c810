"""Generations in plain words: how one stands, what its verdict rests on, and its figures."""

from __future__ import annotations

from collections.abc import Mapping

from inhouse.lab.comparing.intervals import Interval
from inhouse.lab.generations.names import FIGURES
from inhouse.lab.internalising.report import Guard, GuardKind, Report
from inhouse.web.i18n import N_, Translate

_PASSED = N_("It does as well as the best way outside, and every guard held its margin.")
_LOST = N_("Not better: beyond its margin may be %(what)s. The old generation stays.")
_UNMEASURED = N_("Not better: not everything was measured. The old generation stays.")
#: Guards within a sentence.
_WITHIN: Mapping[GuardKind, str] = {
    GuardKind.VOICE: N_("an author's voice"),
    GuardKind.GROUNDED: N_("grounded answers"),
    GuardKind.ABSTENTION: N_("saying that it does not know"),
    GuardKind.REFUSALS: N_("refusing what is unsafe, and nothing else"),
    GuardKind.OTHER_TOOLS: N_("other tools, outside"),
    GuardKind.NO_TOOL: N_("requests that need no tool"),
    GuardKind.JAPANESE: N_("Japanese"),
}
_MEGABYTE, _GIGABYTE = 1e6, 1e9


def sentence(report: Report, translate: Translate) -> str:
    """The verdict, from the figures that it follows from."""
    if report.verdict.passed:
        return translate(_PASSED)
    if not report.lost:
        return translate(_UNMEASURED)
    what = [
        translate(_WITHIN[one.kind] if isinstance(one, Guard) else FIGURES[one.figure]) for one in report.lost
    ]
    return translate(_LOST) % {"what": ", ".join(what)}


def verdict(report: Report | None) -> tuple[str, str]:
    """How it came out in a word or two, and the tag's colour; nothing for what was not made by building tools in."""
    if report is None:
        return "", ""
    return (N_("passed"), "good") if report.verdict.passed else (N_("not better"), "warn")


def sources(report: Report) -> list[tuple[str, int, str]]:
    """Where its examples came from, with how many and the licence, the most first."""
    data = report.data
    most_first = sorted(data.sources.items(), key=lambda one: -one[1])
    return [(name, count, data.licences.get(name, "–")) for name, count in most_first]


def percent(figure: Interval | None) -> str:
    """A share with one digit; a dash for none."""
    return "–" if figure is None else f"{100 * figure.value:.1f}%"


def between(figure: Interval | None) -> str:
    """Its interval, for small print."""
    if figure is None:
        return ""
    return f"{100 * figure.low:.1f}–{100 * figure.high:.1f}%"


def amount(figure: Interval | None) -> str:
    """Tokens or milliseconds."""
    return "–" if figure is None else f"{figure.value:,.0f}"


def signed(value: float) -> str:
    """A gain with its sign, three digits after the point."""
    rounded = round(value, 3) + 0.0
    return f"{'−' if rounded < 0 else '+'}{abs(rounded):.3f}"


def size(count: int | None) -> str:
    """Bytes as people say them; a dash where the file is not here."""
    if count is None:
        return "–"
    return f"{count / _GIGABYTE:.1f} GB" if count >= _GIGABYTE else f"{count / _MEGABYTE:.0f} MB"
