"""An asymptotic confidence sequence: an interval around a mean that holds at all sample sizes at once, once there are
enough units for the spread to be known (Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas, 2021; Robbins' normal mixture).

It is the one to use where a unit's figure has no bound: seconds, tokens.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from inhouse.lab.experiments.betting import Floats

#: Fewer units than this say nothing: the spread is not known yet.
LEAST_UNITS = 100
#: The boundary is tightest where the units times the mixture's variance is about this much (at alpha .05).
_TIGHTEST = 8.5


def half_width(n: ArrayLike, spread: ArrayLike, alpha: float, tightest_at: float) -> Floats:
    """Half the interval's width after ``n`` units of standard deviation ``spread``; infinite below ``LEAST_UNITS``.

    ``tightest_at``, in units, is chosen before the start and says where the boundary is tightest.
    """
    n = np.asarray(n, dtype=float)
    mixed = np.maximum(n, 1.0) * _TIGHTEST / tightest_at
    factor = (1 + 1 / mixed) * (np.log1p(mixed) - 2 * np.log(alpha))
    width = np.asarray(spread) * np.sqrt(factor / np.maximum(n, 1.0))
    return np.where(n >= LEAST_UNITS, width, np.inf)


def tightest_at(effect: float, spread: float) -> float:
    """Units after which an effect of twice the smallest that matters is about to be found."""
    return max(float(LEAST_UNITS), 9.2 * (spread / (2 * effect)) ** 2)


def log_evidence(estimate: ArrayLike, n: ArrayLike, spread: ArrayLike, tightest_at: float) -> Floats:
    """Natural log of the e-value against a mean of 0: the interval leaves 0 out where it reaches ``-log(alpha)``."""
    n = np.asarray(n, dtype=float)
    mixed = np.maximum(n, 1.0) * _TIGHTEST / tightest_at
    z2 = n * (np.asarray(estimate) / np.maximum(spread, 1e-12)) ** 2
    log = z2 / 2 * mixed / (1 + mixed) - np.log1p(mixed) / 2
    return np.where(n >= LEAST_UNITS, log, 0.0)
