"""What a model did with one question, and what it did with all of them."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict

from inhouse.lab.comparing import intervals
from inhouse.lab.comparing.contenders import model_of
from inhouse.lab.comparing.intervals import Interval
from inhouse.lab.comparing.prices import Prices


class Outcome(BaseModel):
    """One model's answer to one question, in figures only: no text of an owner or a fan is kept."""

    model_config = ConfigDict(frozen=True)

    question: str
    """The name of the question, such as the case's id."""
    kind: str
    score: float | None
    """0 (wrong) to 1 (right); ``None`` where nobody said what a right answer holds."""
    answered: bool
    """Whether it said something other than that it does not know."""
    seconds: float
    prompt_tokens: int
    completion_tokens: int
    signs: dict[str, float] = {}
    """What a cascade may look at (`signs`); a sign that is not there is 0."""


class Measured(BaseModel):
    """One model over all questions. Means are per question."""

    model_config = ConfigDict(frozen=True)

    name: str
    quality: Interval | None
    """Over the questions of which it is known what a right answer holds."""
    answered: Interval
    seconds: Interval
    prompt_tokens: float
    completion_tokens: float
    cost: float | None
    """In the price table's currency; ``None`` where the table has no price for it."""
    on_front: bool = False
    """Whether no other model is both better and cheaper."""


def measured(name: str, outcomes: Sequence[Outcome], prices: Prices) -> Measured:
    """One model's figures. At least one outcome."""
    scores = [one.score for one in outcomes if one.score is not None]
    costs = [cost(name, one, prices) for one in outcomes]
    known = [one for one in costs if one is not None]
    return Measured(
        name=name,
        quality=intervals.of_mean(scores) if scores else None,
        answered=intervals.of_mean([float(one.answered) for one in outcomes]),
        seconds=intervals.of_mean([one.seconds for one in outcomes]),
        prompt_tokens=sum(one.prompt_tokens for one in outcomes) / len(outcomes),
        completion_tokens=sum(one.completion_tokens for one in outcomes) / len(outcomes),
        cost=sum(known) / len(known) if known else None,
    )


def cost(name: str, outcome: Outcome, prices: Prices) -> float | None:
    """What one answer of a model cost; ``None`` where it has no price."""
    price = prices.models.get(model_of(name))
    if price is None:
        return None
    return price.of(outcome.prompt_tokens, outcome.completion_tokens, outcome.seconds)


def front(points: Sequence[tuple[float, float]]) -> list[bool]:
    """The Pareto front of (cost, quality): those that no other beats in one and equals or beats in the other."""
    return [
        not any(other[0] <= point[0] and other[1] >= point[1] and other != point for other in points)
        for point in points
    ]
