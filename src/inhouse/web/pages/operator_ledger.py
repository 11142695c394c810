"""The ledger over all AIs: what every extension is worth, and what is worth building in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from inhouse.core.errors import InhouseError
from inhouse.lab.experiments.metrics import MEASURES
from inhouse.lab.ledger.worth import Ranked
from inhouse.web.charts import Bar, Lanes, lanes_picture
from inhouse.web.forms import Posted
from inhouse.web.pages import ledger_words as words
from inhouse.web.pages.operator_visit import Operator, OperatorVisit
from inhouse.web.visit import Visit

router = APIRouter(prefix="/operator/ledger")
_MOST_BARS = 12


@router.get("")
def page(operator: Operator) -> Response:
    """Every extension, what is worth building in first."""
    return _page(operator)


@router.post("/announce")
def announce(operator: Operator, form: Posted) -> Response:
    """Tell the authors of an extension that it is a candidate."""
    try:
        operator.services.notices.announce(operator.actor, form.text("key", 40))
    except InhouseError as error:
        return _page(operator, error.status, error=operator.told(error))
    return operator.go("ledger", "announced")


def _page(operator: OperatorVisit, status: int = 200, **values: Any) -> Response:
    services, visit = operator.services, operator.visit
    lines = services.worths.of_all(operator.actor)
    told = services.notices.of_all(operator.actor)
    names = {ai.id: ai.name for ai in services.ais.listing(operator.actor, archived=True)}
    announced = {one.key: one for one in reversed(told) if one.kind == "candidate"}
    return operator.page(
        "ledger",
        "ledger.html",
        status,
        rows=[row(visit, one) | {"announced": announced.get(one.line.key)} for one in lines],
        picture=picture(lines),
        notices=[
            {"notice": one, "ai": names.get(one.ai_id, ""), "kind": words.KINDS[one.kind]} for one in told
        ],
        daily=services.settings.repeats_daily,
        **values,
    )


def row(visit: Visit, one: Ranked) -> dict[str, Any]:
    """A line as the pages show it."""
    line, told = one.line, visit.told
    return {
        "line": line,
        "standing": words.STANDINGS[one.standing],
        "reason": words.reasons(one, told),
        "evidence": words.evidence(line, told),
        "facts": words.facts(line, told),
        "held": [
            (name, found.verdict, words.VERDICTS[found.verdict], words.held(found, told))
            for name, found in line.held.items()
        ],
        "gain": words.gain(line.lift, told) if line.lift else "",
        "spent": words.spent(line.lift, told) if line.lift else "",
        "tokens": words.figure(line.deciding_tokens, told),
        "deciding": words.figure(line.deciding_ms, told),
        "calling": words.figure(line.call_ms, told),
    }


def picture(lines: Sequence[Ranked]) -> Lanes | None:
    """Lifts in points with their intervals, those of shares only; what has no end yet is not drawn."""
    bars = []
    for one in lines:
        lift = one.line.lift
        if lift is None or lift.low is None or lift.high is None or not MEASURES[lift.metric].is_share:
            continue
        name = f"{one.line.name} ({lift.n:,})"
        bars.append(Bar(name, 100 * lift.low, 100 * lift.effect, 100 * lift.high, lift.is_clear))
    return lanes_picture(bars[:_MOST_BARS])
