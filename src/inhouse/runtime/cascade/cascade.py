"""When the giant is asked: a router that a comparison learnt, and its threshold. A part of a release."""

from __future__ import annotations

import math

from pydantic import BaseModel, ConfigDict

from inhouse.runtime.cascade.signs import STANDS, Signs

#: The need of an answer that stands, whoever else could be asked.
NEVER = -2.0
_FAR = 30.0


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Odds(_Value):
    """How likely a model's answer is right: a logistic model of signs as they are seen."""

    intercept: float
    weights: tuple[tuple[str, float], ...]

    def chance(self, signs: Signs) -> float:
        """From 0 to 1; a sign that was not there is 0."""
        told = self.intercept + sum(weight * signs.get(name, 0.0) for name, weight in self.weights)
        return 1.0 / (1.0 + math.exp(-min(_FAR, max(-_FAR, told))))


class Router(_Value):
    """How much a question needs the giant."""

    small: Odds
    giant: Odds

    def need(self, signs: Signs) -> float:
        """How likely the giant is right less how likely the small one is, from -1 to 1; ``NEVER`` for what stands."""
        return NEVER if signs.get(STANDS) else self.giant.chance(signs) - self.small.chance(signs)


class Cascade(_Value):
    """Which giant stands behind a generation, and when it is asked."""

    generation: str
    """The small model that the router was learnt on. Another one's signs mean something else, so it is not used there."""
    giant: str
    """A generation, or ``endpoint:NAME``: that model of the installation's model server."""
    threshold: float
    router: Router

    def asks_giant(self, signs: Signs) -> bool:
        """Whether the small model's answer looks wrong enough."""
        return not signs.get(STANDS) and self.router.need(signs) >= self.threshold
