"""Many experiments, few false discoveries: which e-values count together, looked at whenever one likes.

The rule is the self-consistent one of e-values (Wang and Ramdas, 2022; Xu and Ramdas, 2024): discoveries are the largest
set in which each member's e-value reaches ``1 / (alpha * weight * size of the set)``. As the weights sum to at most 1, the
expected share of false ones among them is at most ``alpha``, whatever the experiments share and whenever they stop.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

_ZETA = math.pi**2 / 6


def weight(number: int, planned: int | None = None) -> float:
    """The weight of experiment ``number`` (from 1) of a family: equal parts where its size was laid down beforehand, else
    ever smaller ones, that sum to 1 over all that may ever come."""
    if planned is not None:
        return 1 / planned if number <= planned else 0.0
    return 1 / (_ZETA * number * number)


def discovered(log_evidence: Sequence[float], weights: Sequence[float], alpha: float) -> set[int]:
    """Places of the discoveries among the experiments of one family."""
    costs = sorted(
        (-math.log(alpha * w) - e if w > 0 else math.inf, place)
        for place, (e, w) in enumerate(zip(log_evidence, weights, strict=True))
    )
    size = max((k for k, (cost, _) in enumerate(costs, 1) if cost <= math.log(k)), default=0)
    return {place for _, place in costs[:size]}
