"""The operator's experiments: what is compared, how it stands, and what was decided."""

from __future__ import annotations

import math
from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import ValidationError
from starlette.responses import Response

from inhouse.core.errors import InhouseError, UsageError
from inhouse.lab.experiments.design import Design, Estimate, Experiment, GuardRail
from inhouse.lab.experiments.metrics import MEASURES, Metric
from inhouse.releases.release import Candidate
from inhouse.runtime.answering import LONGEST_PROMPT
from inhouse.web.charts import band_picture
from inhouse.web.forms import Form, Posted
from inhouse.web.i18n import N_
from inhouse.web.pages import answering_words
from inhouse.web.pages import experiment_words as words
from inhouse.web.pages.operator_visit import Operator, OperatorVisit

router = APIRouter(prefix="/operator/experiments")
ExperimentId = Annotated[str, Path(max_length=40)]

_MODES = (
    ("online", N_("Online: fans get one or the other")),
    *words.OFFLINE.items(),
)
_MOST_LOOKS_SHOWN = 12


@router.get("")
def listing(operator: Operator) -> Response:
    """Every experiment, the newest first, and a form for the next."""
    return _list(operator)


@router.post("")
def draft(operator: Operator, form: Posted) -> Response:
    """Write one down; it starts on its own page."""
    try:
        made = operator.services.experiments.draft(operator.actor, _design(operator, form))
    except InhouseError as error:
        return _list(operator, error.status, error=operator.told(error))
    return operator.go(f"experiments/{made.id}", "drafted")


@router.get("/{experiment_id}")
def page(operator: Operator, experiment_id: ExperimentId) -> Response:
    """One experiment: state, decision, picture, figures, and what was registered."""
    experiment = operator.services.experiments.get(operator.actor, experiment_id)
    design, told = experiment.design, operator.visit.told
    looks = experiment.looks
    last = looks[-1].figures if looks else None
    margins = {guard.metric: guard.margin for guard in design.guards}
    return operator.page(
        "experiments",
        "experiment.html",
        experiment=experiment,
        sentence=words.sentence(experiment, told),
        state=words.STATES[experiment.state],
        metrics=words.METRICS,
        figures=last,
        offline=words.OFFLINE[design.asks],
        counted=words.counted(design, last, told) if last else "",
        rows=[_row(operator, estimate, margins.get(estimate.metric)) for estimate in last.estimates]
        if last
        else [],
        picture=band_picture(_points(experiment), _scale(design) * design.effect),
        seen=[_seen(operator, experiment, number) for number in _shown(len(looks))],
        evidence=_evidence(experiment, last.estimates[0] if last and last.estimates else None),
        effect=words.amount(design.primary, design.effect, told),
        margins={metric: words.amount(metric, margin, told) for metric, margin in margins.items()},
        ways=_ways(operator, experiment),
    )


@router.post("/{experiment_id}/start")
def start(operator: Operator, experiment_id: ExperimentId, _form: Posted) -> Response:
    """Register it, and let it run."""
    operator.services.experiments.start(operator.actor, experiment_id)
    return operator.go(f"experiments/{experiment_id}", "experiment-started")


@router.post("/{experiment_id}/look")
def look(operator: Operator, experiment_id: ExperimentId, _form: Posted) -> Response:
    """Count what came in; done by the worker."""
    operator.services.experiments.look(operator.actor, experiment_id)
    return operator.go(f"experiments/{experiment_id}", "look-queued")


@router.post("/{experiment_id}/stop")
def stop(operator: Operator, experiment_id: ExperimentId, _form: Posted) -> Response:
    """End it without a decision."""
    operator.services.experiments.stop(operator.actor, experiment_id)
    return operator.go(f"experiments/{experiment_id}", "experiment-stopped")


@router.post("/{experiment_id}/discard")
def discard(operator: Operator, experiment_id: ExperimentId, _form: Posted) -> Response:
    """Remove a draft."""
    operator.services.experiments.discard(operator.actor, experiment_id)
    return operator.go("experiments", "undone")


def _list(operator: OperatorVisit, status: int = 200, **values: Any) -> Response:
    found = operator.services.experiments.listing(operator.actor)
    names = {ai.id: ai.name for ai in operator.services.ais.listing(operator.actor, archived=True)}
    open_ais = [(ai.slug, ai.name) for ai in operator.services.ais.listing(operator.actor)]
    shown = [
        {
            "experiment": one,
            "state": words.STATES[one.state],
            "names": [names.get(ai_id, ai_id) for ai_id in one.design.ai_ids[:5]],
            "more": max(0, len(one.design.ways) - 5),
        }
        for one in found
    ]
    return operator.page(
        "experiments",
        "experiments.html",
        status,
        shown=shown,
        metrics=[(metric.value, operator.visit.told(label)) for metric, label in words.METRICS.items()],
        modes=[(mode, operator.visit.told(label)) for mode, label in _MODES],
        ais=open_ais,
        **values,
    )


def _design(operator: OperatorVisit, form: Form) -> Design:
    """What the form says; one AI, its live release against another, or against itself answering otherwise."""
    ai = operator.services.ais.by_slug(operator.actor, form.text("ai", 60))
    way = operator.services.experiments.way(
        operator.actor,
        ai.id,
        None,
        form.number("release", 0) or None,
        passages=form.number("passages", 0) or None,
        prompt=form.text("prompt", LONGEST_PROMPT) or None,
    )
    try:
        metric = Metric(form.text("metric", 20))
        effect = float(form.text("effect", 12).replace(",", "."))
        return Design(
            name=form.text("name", 120),
            **_mode(form.text("mode", 10)),
            ways=(way,),
            primary=metric,
            effect=effect / 100 if MEASURES[metric].is_share else effect,
            guards=_usual_guards(metric),
            adopt=form.checked("adopt"),
        )
    except (ValueError, ValidationError):
        raise UsageError(
            reason=N_("Give it a name, and say by a number above 0 from which difference on it matters.")
        ) from None


def _mode(chosen: str) -> dict[str, Any]:
    """Online, or offline with what is asked."""
    return {"mode": "replay", "asks": chosen} if chosen in words.OFFLINE else {"mode": "online"}


def _usual_guards(primary: Metric) -> tuple[GuardRail, ...]:
    """Time must not get longer by more than two seconds, whatever is compared."""
    return () if primary is Metric.SECONDS else (GuardRail(metric=Metric.SECONDS, margin=2.0),)


def _row(operator: OperatorVisit, estimate: Estimate, margin: float | None) -> dict[str, Any]:
    metric, told = estimate.metric, operator.visit.told
    return {
        "metric": words.METRICS[metric],
        "n": estimate.n,
        "first": words.mean(metric, estimate.means[0]),
        "second": words.mean(metric, estimate.means[1]),
        "gain": words.signed(metric, estimate.effect, told),
        **words.interval(estimate, told),
        "rail": words.rail_state(estimate, margin) if margin is not None else "",
    }


def _points(experiment: Experiment) -> list[tuple[float, float, float, float]]:
    """The primary metric's gain over units; shares in points. An interval without an end is cut off by the picture."""
    scale, far = _scale(experiment.design), 1e6
    return [
        (
            look.figures.units,
            scale * (-far if one.low is None else one.low),
            scale * one.effect,
            scale * (far if one.high is None else one.high),
        )
        for look in experiment.looks
        for one in look.figures.estimates[:1]
    ]


def _scale(design: Design) -> float:
    return 100.0 if MEASURES[design.primary].is_share else 1.0


def _seen(operator: OperatorVisit, experiment: Experiment, number: int) -> dict[str, Any]:
    look, metric, told = experiment.looks[number], experiment.design.primary, operator.visit.told
    one = look.figures.estimates[0]
    return {
        "number": look.number,
        "at": look.at,
        "units": look.figures.units,
        "gain": words.signed(metric, one.effect, told),
        **words.interval(one, told),
    }


def _shown(looks: int) -> list[int]:
    """At most twelve looks, spread over all of them, the last one among them."""
    count = min(looks, _MOST_LOOKS_SHOWN)
    return sorted({round((at + 1) * looks / count) - 1 for at in range(count)})


def _evidence(experiment: Experiment, primary: Estimate | None) -> dict[str, str] | None:
    if primary is None:
        return None
    return {
        "now": words.odds(max(primary.better, primary.worse)),
        "needed": words.odds(-math.log(experiment.design.alpha)),
    }


def _ways(operator: OperatorVisit, experiment: Experiment) -> list[dict[str, Any]]:
    """Each AI with the numbers of its two releases; an AI that is gone is left out."""
    found = []
    here = {ai.id: ai for ai in operator.services.ais.listing(operator.actor, archived=True)}
    counts = experiment.looks[-1].figures.counts if experiment.looks else {}
    for way in experiment.design.ways:
        if way.ai_id in here:
            first, second = (
                operator.services.releases.get(operator.actor, way.ai_id, name)
                for name in (way.first, way.second)
            )
            found.append(
                {
                    "ai": here[way.ai_id],
                    "first": first.number,
                    "second": second.number,
                    "without": way.without,
                    "answers": _answers(operator, *way.made_of(first, second)),
                    "counts": counts.get(way.ai_id, (0, 0)),
                }
            )
    return found


def _answers(operator: OperatorVisit, *made: Candidate) -> list[str]:
    """How each of the two ways answers; nothing where they answer alike."""
    if len({one.answering for one in made}) == 1:
        return []
    return [answering_words.sentence(one.answering, operator.visit.told) for one in made]
