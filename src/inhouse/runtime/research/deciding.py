"""From the signs to a verdict: a linear model of a few dozen weights, which ships as a file beside this one.

How it is made, and how well it does, is in ``docs/design/research.md``; `inhouse lab verdict` makes it again.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

Verdict = Literal["yes", "no", "maybe"]
VERDICTS: tuple[Verdict, ...] = ("yes", "no", "maybe")
FILE = Path(__file__).with_name("weights.json")


class Weights(BaseModel):
    """A fitted model. Each sign is centred, scaled and cut at ``most`` before it is weighed."""

    model_config = ConfigDict(frozen=True)

    recipe: str
    """How it was made: data, split, method, settings."""
    names: tuple[str, ...]
    centre: tuple[float, ...]
    scale: tuple[float, ...]
    most: float
    rows: dict[Verdict, tuple[float, ...]]
    """A weight for each name, by verdict."""
    constants: dict[Verdict, float]
    offsets: dict[Verdict, float]
    """Added where one verdict must be chosen: verdicts that are rare count as much as the others. They are no part of
    the probabilities."""

    def probabilities(self, signs: dict[str, float]) -> dict[Verdict, float]:
        """How likely each verdict is."""
        scores = self._scores(signs)
        raised = np.exp(scores - scores.max())
        return {name: float(value) for name, value in zip(VERDICTS, raised / raised.sum(), strict=True)}

    def choose(self, signs: dict[str, float]) -> Verdict:
        """The verdict that is given."""
        scores = self._scores(signs) + np.array([self.offsets[name] for name in VERDICTS])
        return VERDICTS[int(scores.argmax())]

    def _scores(self, signs: dict[str, float]) -> np.ndarray:
        # A sign that is not there (no model was asked) counts as the usual one.
        values = np.array(
            [signs.get(name, usual) for name, usual in zip(self.names, self.centre, strict=True)]
        )
        values = np.clip((values - np.array(self.centre)) / np.array(self.scale), -self.most, self.most)
        return np.array([values @ np.array(self.rows[name]) + self.constants[name] for name in VERDICTS])


@cache
def shipped() -> Weights:
    """The weights that ship."""
    return Weights.model_validate_json(FILE.read_bytes())
