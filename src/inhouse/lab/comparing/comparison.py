"""Everything that a comparison of models says, as it is kept and shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import BaseModel, ConfigDict

from inhouse.lab.comparing import cascade, verdicts
from inhouse.lab.comparing.cascade import Pair, Routed, TooFew
from inhouse.lab.comparing.outcomes import Measured, Outcome, cost, front, measured
from inhouse.lab.comparing.prices import Prices
from inhouse.lab.comparing.verdicts import Verdict


class Cascade(BaseModel):
    """The small model first, then the giant, on these questions."""

    model_config = ConfigDict(frozen=True)

    small: str
    giant: str
    routed: Routed
    in_money: bool
    """Whether cost is money; else it is seconds."""


class Comparison(BaseModel):
    """Models on the same questions of one AI."""

    model_config = ConfigDict(frozen=True)

    models: tuple[Measured, ...]
    """The dearest first."""
    questions: int
    scored: int
    """Of how many it is known what a right answer holds."""
    currency: str
    in_money: bool
    """Whether every model has a price, so that money is what is weighed; else seconds are."""
    margin: float
    verdicts: tuple[Verdict, ...]
    """Each other model against the dearest."""
    cascades: tuple[Cascade, ...] = ()
    few_for_cascade: int | None = None
    """How many questions a cascade would need, where there are too few."""
    release_id: str | None = None
    """The release that gave brief, index, extensions and the way of answering."""


def compare(
    outcomes: Mapping[str, Sequence[Outcome]],
    prices: Prices,
    margin: float = 0.02,
    resamples: int = cascade.RESAMPLES,
) -> Comparison:
    """Figures, front, verdicts and cascades from each model's outcomes (at least one a model)."""
    found = [measured(name, those, prices) for name, those in outcomes.items()]
    in_money = all(model.cost is not None for model in found)

    def weight(model: Measured) -> float:
        return model.cost if in_money and model.cost is not None else model.seconds.value

    found.sort(key=weight, reverse=True)
    marks = front([(weight(model), model.quality.value if model.quality else 0.0) for model in found])
    models = tuple(
        model.model_copy(update={"on_front": mark}) for model, mark in zip(found, marks, strict=True)
    )
    by_name = {name: {one.question: one for one in those} for name, those in outcomes.items()}
    giant = models[0]
    judged = [
        verdicts.judge(
            (model.name, by_name[model.name], model.cost),
            (giant.name, by_name[giant.name], giant.cost),
            margin,
        )
        for model in models[1:]
    ]
    cascades, few = _cascades(models, by_name, prices if in_money else None, resamples)
    every = next(iter(by_name.values()))
    return Comparison(
        models=models,
        questions=len(every),
        scored=sum(one.score is not None for one in every.values()),
        currency=prices.currency,
        in_money=in_money,
        margin=margin,
        verdicts=tuple(verdict for verdict in judged if verdict is not None),
        cascades=cascades,
        few_for_cascade=few,
    )


def _cascades(
    models: Sequence[Measured],
    by_name: Mapping[str, Mapping[str, Outcome]],
    prices: Prices | None,
    resamples: int,
) -> tuple[tuple[Cascade, ...], int | None]:
    """The giant behind each smaller model; ``prices`` as far as cost is money."""
    giant, found = models[0].name, []
    for model in models[1:]:
        pairs = [
            Pair(
                name=small.question,
                signs=small.signs,
                small=small.score or 0.0,
                giant=large.score or 0.0,
                small_cost=_weight(model.name, small, prices),
                giant_cost=_weight(giant, large, prices),
            )
            for small, large in verdicts.scored(by_name[model.name], by_name[giant])
        ]
        try:
            routed = cascade.measure(pairs, resamples=resamples)
        except TooFew as few:
            return (), int(few.context["needed"])
        found.append(Cascade(small=model.name, giant=giant, routed=routed, in_money=prices is not None))
    return tuple(found), None


def _weight(name: str, outcome: Outcome, prices: Prices | None) -> float:
    priced = cost(name, outcome, prices) if prices is not None else None
    return outcome.seconds if priced is None else priced
