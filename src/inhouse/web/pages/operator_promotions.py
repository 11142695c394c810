"""The operator's promotions: how each AI stands on a new generation, what the canary shows, and the way back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Path
from starlette.responses import Response

from inhouse.accounts.actors import Actor
from inhouse.core.errors import InhouseError, UsageError
from inhouse.lab.experiments.metrics import Metric
from inhouse.lab.promoting.promotion import BEHIND, Move, Promotion
from inhouse.lab.promoting.watching import Watched
from inhouse.tuning import generations
from inhouse.web.forms import Form, Posted
from inhouse.web.i18n import N_
from inhouse.web.pages import experiment_words, promotion_words
from inhouse.web.pages.operator_visit import Operator, OperatorVisit

router = APIRouter(prefix="/operator/promotions")
PromotionId = Annotated[str, Path(max_length=40)]

#: AIs that the page shows.
_SHOWN = 100
#: How a state looks.
_TAGS = {
    "passed": "good",
    "live": "good",
    "there": "good",
    "canary": "good",
    "left": "warn",
    "departed": "warn",
    "rolled back": "warn",
    "refused": "bad",
}


@router.post("")
def begin(operator: Operator, form: Posted) -> Response:
    """Check every AI on a generation; nothing that fans see changes."""
    made = operator.services.promotions.start(operator.actor, form.text("generation", 120))
    return operator.go(f"promotions/{made.id}", "promotion-begun")


@router.get("")
def listed(operator: Operator) -> Response:
    """Promotions are listed with the generation that they lead to: whoever shortens an address lands there."""
    return operator.go("generations")


@router.get("/{promotion_id}")
def page(operator: Operator, promotion_id: PromotionId) -> Response:
    """One promotion: how it stands, what the canary shows, and each AI."""
    return _page(operator, promotion_id)


@router.post("/{promotion_id}/canary")
def canary(operator: Operator, promotion_id: PromotionId, form: Posted) -> Response:
    """Serve a share of the fans on it."""

    def step(actor: Actor, generation: str) -> Promotion:
        return operator.services.promotions.canary(actor, generation, _share(form))

    return _step(operator, promotion_id, step, "canary-begun")


@router.post("/{promotion_id}/all")
def everybody(operator: Operator, promotion_id: PromotionId, _form: Posted) -> Response:
    """Serve all fans on it."""
    return _step(operator, promotion_id, operator.services.promotions.go_live, "promotion-live")


@router.post("/{promotion_id}/back")
def back(operator: Operator, promotion_id: PromotionId, _form: Posted) -> Response:
    """Every AI back on what it had."""
    return _step(operator, promotion_id, operator.services.promotions.roll_back, "promotion-back")


@router.post("/{promotion_id}/again")
def again(operator: Operator, promotion_id: PromotionId, _form: Posted) -> Response:
    """Check those again that stayed behind."""
    return _step(operator, promotion_id, operator.services.promotions.ask_again, "asked-again")


def _step(
    operator: OperatorVisit, promotion_id: str, step: Callable[[Actor, str], object], said: str
) -> Response:
    """Take a step with the promotion's generation; where it is refused, the page comes back and says why."""
    try:
        shown = operator.services.promotions.standing(operator.actor, promotion_id)
        step(operator.actor, shown.promotion.generation_id)
    except InhouseError as error:
        return _page(operator, promotion_id, error.status, error=operator.told(error))
    return operator.go(f"promotions/{promotion_id}", said)


def _page(operator: OperatorVisit, promotion_id: str, status: int = 200, **values: Any) -> Response:
    promotions, told = operator.services.promotions, operator.visit.told
    standing = promotions.standing(operator.actor, promotion_id)
    watched = promotions.watched(operator.actor, promotion_id)
    names = {ai.id: ai for ai in operator.services.ais.listing(operator.actor, archived=True)}
    return operator.page(
        "generations",
        "promotion.html",
        status,
        promotion=standing.promotion,
        called=_name(operator, standing.promotion.generation_id),
        standing=standing,
        sentence=promotion_words.sentence(standing, told),
        state=promotion_words.STATES[standing.promotion.state],
        tags=_TAGS,
        rows=[_row(move, names) for move in _first(standing.moves)],
        behind=sum(move.state in BEHIND for move in standing.moves),
        watched=_watched(operator, watched) if watched else None,
        **values,
    )


def _first(moves: Sequence[Move]) -> list[Move]:
    """As many as the page shows: before all, those that stayed behind."""
    return sorted(moves, key=lambda move: move.state not in BEHIND)[:_SHOWN]


def _row(move: Move, names: dict[str, Any]) -> dict[str, Any]:
    ai = names.get(move.ai_id)
    heard = move.found.get("new") or {}
    return {
        "move": move,
        "name": ai.name if ai else move.ai_id,
        "slug": ai.slug if ai else "",
        "state": promotion_words.MOVES[move.state],
        "way": promotion_words.way_of(move),
        "old": (move.found.get("old") or {}).get("voice"),
        "new": heard.get("voice"),
    }


def _watched(operator: OperatorVisit, watched: Watched) -> dict[str, Any]:
    told = operator.visit.told
    rows = []
    for one in watched.estimates:
        margin = watched.margins[one.metric]
        rows.append(
            {
                "metric": experiment_words.METRICS[one.metric],
                "n": one.n,
                "old": experiment_words.mean(one.metric, one.means[0]) if one.n[0] else "–",
                "new": experiment_words.mean(one.metric, one.means[1]) if one.n[1] else "–",
                "rail": experiment_words.rail_state(one, margin),
                "margin": experiment_words.amount(Metric(one.metric), margin, told),
                **experiment_words.interval(one, told),
            }
        )
    return {
        "sentence": promotion_words.of_canary(watched, told),
        "tone": "bad" if watched.broken else "warn" if watched.worse else "good",
        "fans": watched.fans,
        "ais": watched.ais,
        "rows": rows,
    }


def _name(operator: OperatorVisit, generation_id: str) -> str:
    with operator.services.db.read() as tx:
        return generations.get(tx, generation_id).name or generation_id


def _share(form: Form) -> float:
    try:
        return float(form.text("percent", 12).replace(",", ".")) / 100
    except ValueError:
        raise UsageError(reason=N_("The canary is a number of percent, such as 10.")) from None
