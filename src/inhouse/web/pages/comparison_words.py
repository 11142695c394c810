"""A comparison of models in plain words, for pages and the command line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from inhouse.lab import questions
from inhouse.lab.comparing.cascade import Operating
from inhouse.lab.comparing.comparison import Cascade, Comparison
from inhouse.lab.comparing.contenders import model_of
from inhouse.lab.comparing.intervals import Interval
from inhouse.lab.comparing.verdicts import Verdict, Word
from inhouse.runtime.profile import ENDPOINT
from inhouse.web.i18n import N_, Translate

KINDS: Mapping[str, str] = {
    questions.FOLLOW_UPS: N_("follow-up questions"),
    questions.UNKNOWN: N_("questions that it can't know the answer to"),
    questions.OTHER_LANGUAGES: N_("questions in other languages than English"),
    questions.NUMBERS: N_("facts with numbers"),
    questions.WORDS: N_("facts in words"),
}
_WORDS: Mapping[Word, str] = {
    "as good": N_(
        "%(small)s is as good as %(giant)s within %(margin)s points (%(gain)s, %(low)s to %(high)s, n=%(n)s)."
    ),
    "better": N_("%(small)s is better than %(giant)s (%(gain)s points, %(low)s to %(high)s, n=%(n)s)."),
    "worse": N_("%(small)s is worse than %(giant)s (%(gain)s points, %(low)s to %(high)s, n=%(n)s)."),
    "unclear": N_(
        "Whether %(small)s is as good as %(giant)s within %(margin)s points is not clear (%(gain)s, %(low)s to %(high)s, n=%(n)s); about %(needed)s questions would tell."
    ),
}
_CHEAPER = N_("It is %(times)s times cheaper.")
_DEARER = N_("It is %(times)s times dearer.")
_FASTER = N_("It is %(times)s times faster.")
_SLOWER = N_("It is %(times)s times slower.")
_KEEP = N_("Keep %(giant)s for these kinds of question: %(kinds)s.")
_PAYS = N_(
    "Asking %(small)s first, and %(giant)s where its answer looks wrong, is better than random routing at the same cost: %(gain)s points of quality on average (%(low)s to %(high)s, n=%(n)s)."
)
_PAYS_NOT = N_(
    "Asking %(small)s first, and %(giant)s where its answer looks wrong, is not better than random routing at the same cost: %(gain)s points of quality on average (%(low)s to %(high)s, n=%(n)s)."
)
_CHOSEN = N_(
    "With the threshold chosen for %(wanted)s of the giant's quality it reaches %(reached)s of it at %(cost)s of its cost, sending %(share)s of the questions on; random routing pays %(random)s for the same quality."
)
_UNSCORED = N_("No case says what a right answer must hold, so quality is not known.")
_UNPRICED = N_("Not every model has a price, so time is weighed and not money.")
_FEW = N_("A cascade can't be judged yet: that needs about %(n)s questions.")


def sentences(comparison: Comparison, translate: Translate) -> list[str]:
    """The verdict, a paragraph an entry: each smaller model, each cascade, and what could not be said."""
    said = [_paragraph(_of_verdict(verdict, comparison, translate)) for verdict in comparison.verdicts]
    said += [_paragraph(_of_cascade(one, translate)) for one in comparison.cascades]
    if not comparison.verdicts:
        said.append(translate(_UNSCORED))
    if not comparison.in_money:
        said.append(translate(_UNPRICED))
    if comparison.few_for_cascade is not None:
        said.append(translate(_FEW) % {"n": comparison.few_for_cascade})
    return said


def shown(name: str) -> str:
    """A model's name as people read it: a generation's id is cut, and that a server has it goes without saying."""
    model = model_of(name)
    short = model[:12] if model.startswith("gen_") else model
    return name.removeprefix(ENDPOINT).replace(model, short)


def points(value: float) -> str:
    """A share as points with its sign."""
    rounded = round(100 * value, 1) + 0.0
    return f"{'−' if rounded < 0 else '+'}{abs(rounded):.1f}"


def amount(value: float) -> str:
    """Money or seconds with as many digits as say something."""
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def _of_verdict(verdict: Verdict, comparison: Comparison, translate: Translate) -> Iterator[str]:
    giant = shown(verdict.giant)
    words = {"small": shown(verdict.small), "giant": giant, "margin": f"{100 * verdict.margin:g}"}
    yield translate(_WORDS[verdict.word]) % (words | _gain(verdict.difference) | {"needed": verdict.needed})
    if verdict.cheaper is not None and comparison.in_money:
        yield _times(verdict.cheaper, _CHEAPER, _DEARER, translate)
    yield _times(verdict.faster, _FASTER, _SLOWER, translate)
    if verdict.keep_for:
        kinds = ", ".join(
            f"{translate(KINDS.get(gap.kind, gap.kind))} ({points(gap.difference.value)}, n={gap.difference.n})"
            for gap in verdict.keep_for
        )
        yield translate(_KEEP) % {"giant": giant, "kinds": kinds}


def _of_cascade(cascade: Cascade, translate: Translate) -> Iterator[str]:
    routed = cascade.routed
    words = {"small": shown(cascade.small), "giant": shown(cascade.giant)}
    yield translate(_PAYS if routed.is_better else _PAYS_NOT) % (words | _gain(routed.area))
    if routed.is_better:
        yield _of_operating(routed.operating[0], translate)


def _of_operating(chosen: Operating, translate: Translate) -> str:
    return translate(_CHOSEN) % {
        "wanted": f"{chosen.wanted:.0%}",
        "reached": _percent(chosen.of_giant),
        "cost": _percent(chosen.cost),
        "share": f"{chosen.share.value:.0%}",
        "random": f"{chosen.random_cost:.0%}",
    }


def _paragraph(said: Iterator[str]) -> str:
    """Sentences in a row; Japanese puts no space between them."""
    return "".join(one if one.endswith("。") else f"{one} " for one in said).rstrip()


def _gain(interval: Interval) -> dict[str, str | int]:
    return {
        "gain": points(interval.value),
        "low": points(interval.low),
        "high": points(interval.high),
        "n": interval.n,
    }


def _times(factor: float, more: str, less: str, translate: Translate) -> str:
    if factor >= 1:
        return translate(more) % {"times": f"{factor:.3g}"}
    return translate(less) % {"times": f"{1 / factor:.3g}" if factor > 0 else "∞"}


def _percent(interval: Interval) -> str:
    return f"{interval.value:.0%} ({interval.low:.0%}–{interval.high:.0%})"
