"""Giant or small: models on an AI's own cases, with the Pareto picture, the verdict and the cascade."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from inhouse.core.errors import InhouseError, UsageError
from inhouse.lab.comparing import prices
from inhouse.lab.comparing.cascade import Routed
from inhouse.lab.comparing.comparing import MOST_MODELS, USUAL_MARGIN
from inhouse.lab.comparing.comparison import Comparison
from inhouse.lab.comparing.outcomes import Measured
from inhouse.runtime.profile import ENDPOINT
from inhouse.web.charts import Dot, dots_picture, routes_picture
from inhouse.web.forms import Form, Posted
from inhouse.web.i18n import N_
from inhouse.web.pages import comparison_words as words
from inhouse.web.pages.operator_visit import Operator, OperatorVisit

router = APIRouter(prefix="/operator/comparisons")
JobId = Annotated[str, Path(max_length=40)]
Slug = Annotated[str, Query(max_length=60)]

_THOUSAND = 1000


@router.get("")
def listing(operator: Operator, ai: Slug = "") -> Response:
    """Every comparison, the newest first, and a form for the next: the AI first, then its models."""
    return _list(operator, ai)


@router.post("")
def begin(operator: Operator, form: Posted) -> Response:
    """Queue one; the worker asks the models."""
    slug = form.text("ai", 60)
    try:
        job = _queued(operator, slug, form)
    except InhouseError as error:
        return _list(operator, slug, error.status, error=operator.told(error))
    return operator.go(f"comparisons/{job}", "comparing")


@router.get("/{job_id}")
def page(operator: Operator, job_id: JobId) -> Response:
    """One comparison: verdict, pictures, figures."""
    return _page(operator, job_id)


def _page(operator: OperatorVisit, job_id: str, status: int = 200, **values: Any) -> Response:
    stored = operator.services.comparisons.get(operator.actor, job_id)
    names = {ai.id: ai.name for ai in operator.services.ais.listing(operator.actor, archived=True)}
    made = stored.comparison
    return operator.page(
        "comparisons",
        "comparison.html",
        status,
        stored=stored,
        name=names.get(stored.job.ai_id or "", ""),
        models=[words.shown(model) for model in stored.models],
        made=made,
        **(_told(operator, made, operator.services.cascades.offered(operator.actor, stored)) if made else {}),
        **values,
    )


@router.post("/{job_id}/cascade")
def serve(operator: Operator, job_id: JobId, form: Posted) -> Response:
    """Run the gate for a release in which the giant is asked where the small model's answer looks wrong."""
    wanted = form.number("wanted", 0) / 100
    try:
        operator.services.cascades.propose(operator.actor, job_id, form.text("small", 200), wanted)
    except InhouseError as error:
        return _page(operator, job_id, error.status, error=operator.told(error))
    return operator.go(f"comparisons/{job_id}", "cascade-started")


def _told(operator: OperatorVisit, made: Comparison, offered: frozenset[str]) -> dict[str, Any]:
    return {
        "sentences": words.sentences(made, operator.visit.told),
        "rows": [_row(made, number, model) for number, model in enumerate(made.models, 1)],
        "picture": _picture(made),
        "cascades": [
            {
                "small": words.shown(one.small),
                "giant": words.shown(one.giant),
                "routed": one.routed,
                "picture": _routes(one.routed, one.in_money),
                "points": _points(one.routed),
                "name": one.small,
                "choices": _choices(one.routed) if one.small in offered else [],
                "leaves": one.giant.startswith(ENDPOINT),
            }
            for one in made.cascades
        ],
    }


def _queued(operator: OperatorVisit, slug: str, form: Form) -> str:
    ai = operator.services.ais.by_slug(operator.actor, slug)
    models = form.texts("model", 200)
    if not 2 <= len(set(models)) <= MOST_MODELS:
        raise UsageError(reason=N_("Choose two to six models."))
    try:
        margin = float(form.text("margin", 12).replace(",", ".")) / 100
    except ValueError:
        raise UsageError(reason=N_("Enter a number of points.")) from None
    table = prices.of_installation(operator.services.settings)
    return operator.services.comparisons.queue(operator.actor, ai.id, models, table, margin=margin).id


def _list(operator: OperatorVisit, slug: str, status: int = 200, **values: Any) -> Response:
    services = operator.services
    names = {ai.id: ai.name for ai in services.ais.listing(operator.actor, archived=True)}
    chosen = services.ais.by_slug(operator.actor, slug) if slug else None
    shown = [
        {
            "stored": one,
            "name": names.get(one.job.ai_id or "", ""),
            "models": [words.shown(model) for model in one.models],
        }
        for one in services.comparisons.listing(operator.actor)
    ]
    choices = services.comparisons.choices(operator.actor, chosen.id) if chosen else []
    return operator.page(
        "comparisons",
        "comparisons.html",
        status,
        shown=shown,
        ais=[(ai.slug, ai.name) for ai in services.ais.listing(operator.actor)],
        chosen=chosen,
        choices=[(choice, words.shown(choice)) for choice in choices],
        margin=f"{100 * USUAL_MARGIN:g}",
        **values,
    )


def _row(made: Comparison, number: int, model: Measured) -> dict[str, Any]:
    quality = model.quality
    return {
        "number": number,
        "name": words.shown(model.name),
        "quality": f"{100 * quality.value:.1f}%" if quality else "–",
        "interval": f"{100 * quality.low:.0f}–{100 * quality.high:.0f}%" if quality else "",
        "n": quality.n if quality else 0,
        "answered": f"{100 * model.answered.value:.0f}%",
        "seconds": words.amount(model.seconds.value),
        "tokens": f"{model.prompt_tokens:.0f} + {model.completion_tokens:.0f}",
        "cost": f"{words.amount(_THOUSAND * model.cost)} {made.currency}" if model.cost is not None else "–",
        "on_front": model.on_front,
    }


def _picture(made: Comparison) -> Any:
    scored = [(number, model) for number, model in enumerate(made.models, 1) if model.quality is not None]
    return dots_picture(
        [
            Dot(_weight(made, model), 100 * q.value, 100 * q.low, 100 * q.high, str(number), model.on_front)
            for number, model in scored
            if (q := model.quality) is not None
        ]
    )


def _weight(made: Comparison, model: Measured) -> float:
    return _THOUSAND * (model.cost or 0.0) if made.in_money else model.seconds.value


def _routes(routed: Routed, in_money: bool) -> Any:
    scale = _THOUSAND if in_money else 1
    return routes_picture(
        [
            (scale * one.cost, 100 * one.quality.low, 100 * one.quality.value, 100 * one.quality.high)
            for one in routed.curve
        ],
        [(scale * one.cost, 100 * one.random) for one in routed.curve],
    )


def _choices(routed: Routed) -> list[dict[str, str]]:
    """What a release may be made of: each share of the giant's quality that a threshold was chosen for."""
    return [
        {
            "wanted": f"{100 * one.wanted:.0f}",
            "cost": f"{one.cost.value:.0%}",
            "share": f"{one.share.value:.0%}",
        }
        for one in routed.operating
    ]


def _points(routed: Routed) -> list[dict[str, str]]:
    return [
        {
            "share": f"{point.share:.0%}",
            "cost": f"{point.cost / routed.giant_cost:.0%}" if routed.giant_cost else "–",
            "quality": f"{100 * point.quality.value:.1f}%",
            "interval": f"{100 * point.quality.low:.0f}–{100 * point.quality.high:.0f}%",
            "random": f"{100 * point.random:.1f}%",
        }
        for point in routed.curve[::2]
    ]
