"""Generations of the base model: the family tree, and one of them with all that was measured of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Path
from starlette.responses import Response

from inhouse.lab.comparing.intervals import Interval
from inhouse.lab.generations.names import ARMS, FIGURES, GUARDS
from inhouse.lab.generations.registry import Family, Known
from inhouse.lab.internalising import report as reports
from inhouse.lab.internalising.report import Arm, Report
from inhouse.tuning.family import Branch
from inhouse.web.family_chart import BOX_HEIGHT, BOX_WIDTH, family_picture
from inhouse.web.generation_charts import Strip, curves_picture, strips
from inhouse.web.i18n import Translate
from inhouse.web.pages import generation_words as words
from inhouse.web.pages import promotion_words
from inhouse.web.pages.operator_visit import Operator, OperatorVisit

router = APIRouter(prefix="/operator/generations")
Wanted = Annotated[str, Path(max_length=120)]

#: Names of AIs that are written out; the others are counted.
_SHOWN = 5


@router.get("")
def listing(operator: Operator) -> Response:
    """The whole family: who came from whom, which one is current, who runs on which."""
    family = operator.services.generations.family(operator.actor)
    names = {ai.id: ai.name for ai in operator.services.ais.listing(operator.actor)}
    rows = [_row(family, names, branch) for _depth, branch in family.every]
    picture = family_picture(family.roots)
    return operator.page(
        "generations",
        "generations.html",
        rows=rows,
        by_id={row["generation"].id: row for row in rows},
        picture=picture,
        box=(BOX_WIDTH, BOX_HEIGHT),
    )


@router.get("/{wanted}")
def page(operator: Operator, wanted: Wanted) -> Response:
    """One generation: verdict, arms, guards, learning curve, and where it comes from."""
    known = operator.services.generations.get(operator.actor, wanted)
    names = {ai.id: ai.name for ai in operator.services.ais.listing(operator.actor)}
    word, tag = words.verdict(known.report)
    return operator.page(
        "generations",
        "generation.html",
        known=known,
        generation=known.generation,
        report=known.report,
        word=word,
        tag=tag,
        size=words.size(known.bytes),
        recipe=_groups(known.generation.recipe),
        scores=_groups(known.generation.scores),
        **_promotions(operator, known),
        **_ais(names, known.running),
        **(_measured(operator.visit.told, known.report) if known.report else {}),
    )


@router.get("/{wanted}/card")
def card(operator: Operator, wanted: Wanted) -> Response:
    """Its model card, as it lies beside every export."""
    known: Known = operator.services.generations.get(operator.actor, wanted)
    named = {"Content-Disposition": f'attachment; filename="{known.generation.id}.md"'}
    return Response(known.card(), media_type="text/markdown; charset=utf-8", headers=named)


def _row(family: Family, names: Mapping[str, str], branch: Branch) -> dict[str, Any]:
    generation = branch.generation
    report = reports.of(generation.scores)
    word, tag = words.verdict(report)
    return {
        "generation": generation,
        "name": generation.name or generation.id,
        "parent": generation.parent,
        "is_current": generation.id == family.current,
        "word": word,
        "tag": tag,
        "size": words.size(family.sizes.get(generation.id)),
        "tools": [one.tool for one in report.tools] if report else [],
        **_ais(names, family.running.get(generation.id, ())),
    }


def _promotions(operator: OperatorVisit, known: Known) -> dict[str, Any]:
    """The tries to move the AIs to it, and whether another one may begin."""
    tried = operator.services.promotions.listing(operator.actor, known.generation.id)
    passed = known.report is not None and known.report.verdict.passed
    return {
        "promotions": tried[:_SHOWN],
        "promotion_states": promotion_words.STATES,
        "may_promote": passed
        and known.bytes is not None
        and not known.is_current
        and not any(one.is_open for one in tried),
    }


def _ais(names: Mapping[str, str], running: Any) -> dict[str, Any]:
    """The first few AIs that run on a generation, and how many more there are."""
    return {
        "ais": [names.get(ai_id, ai_id) for ai_id in running[:_SHOWN]],
        "more": max(0, len(running) - _SHOWN),
        "running": len(running),
    }


def _measured(told: Translate, report: Report) -> dict[str, Any]:
    lines = [
        (
            name,
            [
                (one.uses, 100 * figure.low, 100 * figure.value, 100 * figure.high)
                for one in report.curve
                for figure in [getattr(one, field)]
            ],
        )
        for field, name in (("right_tool", FIGURES["right tool"]), ("exact", FIGURES["exact"]))
    ]
    return {
        "sentence": words.sentence(report, told),
        "arms": [_arm(arm) for arm in report.arms],
        "margins": list(_margins(report)),
        "curve": curves_picture(lines),
        "learnt": [
            {
                "uses": one.uses,
                "right_tool": _figure(one.right_tool),
                "exact": _figure(one.exact),
            }
            for one in report.curve
        ],
        "sources": words.sources(report),
        "delta": words.size(report.delta_bytes),
        "minutes": round(report.seconds / 60),
    }


def _figure(figure: Interval) -> tuple[str, str, int]:
    return words.percent(figure), words.between(figure), figure.n


def _arm(arm: Arm) -> dict[str, Any]:
    shares = {
        "right_tool": arm.right_tool,
        "exact": arm.exact,
        "false_calls": arm.false_calls,
        "not_there": arm.not_there,
    }
    return {
        "name": ARMS[arm.kind],
        "is_new": arm.is_new,
        "shares": {
            key: {"value": words.percent(one), "between": words.between(one), "figure": one}
            for key, one in shares.items()
        },
        "tokens": words.amount(arm.prompt_tokens),
        "first": words.amount(arm.first_ms),
        "cold": words.amount(arm.cold_ms),
    }


def _margins(report: Report) -> Iterator[dict[str, Any]]:
    gains = [(one.low, one.new - one.old, one.high, one.margin) for one in report.primary]
    gains += [
        (one.low, (one.child - one.parent) * (1 if one.more else -1), one.high, one.margin)
        for one in report.guards
    ]
    drawn = strips(gains)
    for primary, strip in zip(report.primary, drawn, strict=False):
        yield _margin(
            primary, FIGURES[primary.figure], ARMS[primary.against], primary.old, primary.new, strip
        )
    for guard, strip in zip(report.guards, drawn[len(report.primary) :], strict=True):
        yield _margin(guard, GUARDS[guard.kind], guard.measure, guard.parent, guard.child, strip)


def _margin(
    one: reports.Primary | reports.Guard, name: str, detail: str, old: float, new: float, strip: Strip
) -> dict[str, Any]:
    return {
        "name": name,
        "detail": detail,
        "n": one.n,
        "old": f"{old:.3f}",
        "new": f"{new:.3f}",
        "low": words.signed(one.low),
        "high": words.signed(one.high),
        "margin": f"−{one.margin:g}",
        "held": one.held,
        "strip": strip,
    }


def _groups(value: Mapping[str, Any], path: str = "") -> list[tuple[str, list[tuple[str, str]]]]:
    """What a recipe or a score says, in groups by what it is a part of; the report has a place of its own."""
    lines = [(name, _text(inner)) for name, inner in value.items() if not isinstance(inner, Mapping)]
    groups = [(path, lines)] if lines else []
    for name, inner in value.items():
        if isinstance(inner, Mapping) and name != reports.KEY:
            groups += _groups(inner, f"{path} · {name}" if path else name)
    return groups


def _text(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
