"""An experiment in plain words, for pages and the command line: what is compared, how it stands, what was decided."""

from __future__ import annotations

import math
from collections.abc import Mapping

from inhouse.lab.experiments.design import Asks, Design, Estimate, Experiment, Figures, Look, Outcome, State
from inhouse.lab.experiments.metrics import MEASURES, Metric
from inhouse.web.i18n import N_, Translate

METRICS: Mapping[Metric, str] = {
    Metric.RIGHT: N_("right answers"),
    Metric.ANSWERED: N_("answers other than “I don't know”"),
    Metric.LIKED: N_("thumbs up"),
    Metric.DISLIKED: N_("thumbs down"),
    Metric.CORRECTED: N_("corrected answers"),
    Metric.HANDED_OVER: N_("fans who ask for a person"),
    Metric.GUARDED: N_("answers stopped by the guard"),
    Metric.FAILED: N_("failed answers"),
    Metric.SECONDS: N_("seconds to the end"),
    Metric.TOKENS: N_("tokens"),
}
STATES: Mapping[State, str] = {
    "draft": N_("draft"),
    "running": N_("running"),
    "decided": N_("decided"),
    "void": N_("void"),
    "stopped": N_("stopped"),
}
OFFLINE: Mapping[Asks, str] = {
    "cases": N_("Offline: the AI's cases, both ways"),
    "shared": N_("Offline: questions that fans agreed to share, both ways"),
    "both": N_("Offline: the AI's cases and questions that fans agreed to share, both ways"),
}
_OUTCOMES: Mapping[Outcome, str] = {
    "better": N_(
        "The new way is better: %(gain)s in %(metric)s, and anything from %(low)s to %(high)s fits the data."
    ),
    "worse": N_(
        "The new way is worse: %(gain)s in %(metric)s, and anything from %(low)s to %(high)s fits the data."
    ),
    "as good": N_(
        "The two ways are as good as each other: whatever difference there is in %(metric)s is below the %(effect)s that matter."
    ),
    "not better": N_(
        "The new way is not better by the %(effect)s in %(metric)s that matter. Whether it is worse was not found out."
    ),
    "harmful": N_("The new way does harm: %(rail)s got worse by more than was allowed beforehand."),
    "open": N_(
        "Nothing was shown: the end came first. From %(low)s to %(high)s in %(metric)s, everything fits the data."
    ),
    "ratio": N_(
        "Void: the two ways did not get the share of fans that they should have. Its figures mean nothing."
    ),
    "strays": N_(
        "Void: fans were answered by another way than the one drawn for them. Its figures mean nothing."
    ),
    "changed": N_("Void: what was registered is not what stands here now. Its figures mean nothing."),
    "left": N_("Stopped: every AI that took part has gone on to another release."),
    "stopped": N_("Stopped by hand, before there was a decision."),
}
_GOES_ON = N_(
    "No decision yet. So far %(gain)s in %(metric)s; from %(low)s to %(high)s, everything fits the data."
)
_NOTHING = N_("No decision yet: nothing has been counted so far.")
_DRAFT = N_("Nothing is registered yet. Starting it registers what is written here, for good.")


def sentence(experiment: Experiment, translate: Translate) -> str:
    """How it stands, or what was decided, in a sentence or two."""
    if experiment.state == "draft":
        return translate(_DRAFT)
    primary = _primary(experiment.looks)
    if experiment.verdict is None and primary is None:
        return translate(_NOTHING)
    design = experiment.design
    words = {
        "metric": translate(METRICS[design.primary]),
        "effect": amount(design.primary, design.effect, translate),
        "rail": "",
        "gain": "",
        "low": translate(N_("no limit")),
        "high": translate(N_("no limit")),
    }
    if primary is not None:
        words |= {
            "gain": signed(design.primary, primary.effect, translate),
            **interval(primary, translate),
        }
    if experiment.verdict is None:
        return translate(_GOES_ON) % words
    if experiment.verdict.metric is not None:
        words["rail"] = translate(METRICS[experiment.verdict.metric])
    return translate(_OUTCOMES[experiment.verdict.outcome]) % words


def counted(design: Design, figures: Figures, translate: Translate) -> str:
    """How much was counted, and of what where a replay asks what fans shared."""
    if not design.asks_fans:
        return f"{figures.units:,}"
    of = {"cases": f"{figures.units - figures.shared:,}", "shared": f"{figures.shared:,}"}
    return translate(N_("%(cases)s cases and %(shared)s shared questions")) % of


def amount(metric: Metric, value: float, translate: Translate) -> str:
    """A difference in a metric's own unit: points, seconds, tokens."""
    if MEASURES[metric].is_share:
        return translate(N_("%(n)s points")) % {"n": f"{100 * value:.1f}"}
    if metric is Metric.SECONDS:
        return translate(N_("%(n)s s")) % {"n": f"{value:.2f}"}
    return translate(N_("%(n)s tokens")) % {"n": f"{value:.0f}"}


def signed(metric: Metric, gain: float | None, translate: Translate) -> str:
    """A gain of the new way as the metric's own change: fewer seconds are a gain, and read as "−1.20 s"."""
    if gain is None:
        return translate(N_("no limit"))
    change = gain if MEASURES[metric].higher_is_better else -gain
    return ("+" if change >= 0 else "−") + amount(metric, abs(change), translate)


def interval(estimate: Estimate, translate: Translate) -> dict[str, str]:
    """The interval of a metric's change, its lower end first."""
    ends = [signed(estimate.metric, end, translate) for end in (estimate.low, estimate.high)]
    low, high = ends if MEASURES[estimate.metric].higher_is_better else ends[::-1]
    return {"low": low, "high": high}


def mean(metric: Metric, value: float) -> str:
    """A mean as it is shown."""
    if MEASURES[metric].is_share:
        return f"{100 * value:.1f}%"
    return f"{value:.2f}" if metric is Metric.SECONDS else f"{value:.0f}"


def odds(log: float) -> str:
    """Evidence as odds: "31 : 1"."""
    value = math.exp(min(log, 20.0))
    if log > 20:
        return "> 100,000,000 : 1"
    return f"{value:,.0f} : 1" if value >= 10 else f"{value:.2f} : 1"


def rail_state(estimate: Estimate, margin: float) -> str:
    """How a guard-rail stands."""
    if estimate.high is not None and estimate.high < -margin:
        return N_("broken")
    if estimate.low is not None and estimate.low > -margin:
        return N_("kept")
    return N_("not known yet")


def _primary(looks: tuple[Look, ...]) -> Estimate | None:
    return looks[-1].figures.estimates[0] if looks and looks[-1].figures.estimates else None
