"""Bits per byte: how well a model foresees text, whoever asked it (the trainer or an engine). Fewer are better."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_DRAWS = 2000
Nats = NDArray[np.float64]


def bits_per_byte(nats: Nats, sizes: Nats) -> float:
    """Of all rows together."""
    return float(nats.sum() / sizes.sum() / math.log(2))


def difference_interval(
    before: Nats, after: Nats, sizes: Nats, units: Sequence[str], seed: int
) -> tuple[float, float]:
    """95% interval of the change in bits per byte, by drawing units with replacement: rows of one unit are not independent."""
    names, places = np.unique(list(units), return_inverse=True)
    change, size = np.bincount(places, after - before), np.bincount(places, sizes)
    drawn = np.random.default_rng(seed).integers(0, len(names), (_DRAWS, len(names)))
    values = change[drawn].sum(1) / size[drawn].sum(1) / math.log(2)
    low, high = np.quantile(values, (0.025, 0.975))
    return float(low), float(high)
