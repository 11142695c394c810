"""A small regularised logistic regression: weights by Newton's method, a few hundred rows in a few milliseconds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_MOST_STEPS = 40
_CLOSE = 1e-8
#: Beyond this a probability is 0 or 1 in all but name.
_FAR = 30.0


@dataclass(frozen=True)
class Logistic:
    """``mean`` and ``spread`` put each column on one scale; ``weights`` has the intercept first."""

    mean: Floats
    spread: Floats
    weights: Floats

    def probability(self, rows: Floats) -> Floats:
        """(rows,): how likely each is to be a hit."""
        scaled = (rows - self.mean) / self.spread
        return _squash(self.weights[0] + scaled @ self.weights[1:])

    @property
    def plain(self) -> tuple[float, list[float]]:
        """The intercept, and a weight for each column as it comes: the same without ``mean`` and ``spread``."""
        weights = self.weights[1:] / self.spread
        return float(self.weights[0] - weights @ self.mean), weights.tolist()


def fit(rows: Floats, hits: Floats, penalty: float) -> Logistic:
    """Fit to ``rows`` (rows, columns) with ``hits`` from 0 to 1; ``penalty`` on the squares of scaled weights."""
    mean, spread = rows.mean(axis=0), rows.std(axis=0)
    spread = np.where(spread < 1e-9, 1.0, spread)
    design = np.column_stack([np.ones(len(rows)), (rows - mean) / spread])
    ridge = np.full(design.shape[1], penalty)
    ridge[0] = 1e-6  # how often it hits at all is not held back
    weights = np.zeros(design.shape[1])
    for _ in range(_MOST_STEPS):
        likely = _squash(design @ weights)
        gradient = design.T @ (likely - hits) + ridge * weights
        curvature = (design * (likely * (1.0 - likely))[:, None]).T @ design + np.diag(ridge)
        step = np.linalg.solve(curvature, gradient)
        weights = weights - step
        if np.abs(step).max() < _CLOSE:
            break
    return Logistic(mean, spread, weights)


def _squash(values: Floats) -> Floats:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(values, -_FAR, _FAR))))
