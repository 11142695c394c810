"""Is the assignment what it should be? A sequential check that can be looked at after every unit.

The e-process is the likelihood under "the share is a little off" (a Beta distribution around the registered share)
over the one under the registered share (Lindon and Malek, 2022).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from inhouse.lab.experiments.betting import Floats

#: How far off a broken assignment is expected to be (standard deviation of the share).
_OFF = 0.016
#: The chance that a sound experiment is ever called broken.
ALPHA = 0.01


def log_evidence(second: ArrayLike, n: ArrayLike, share: float) -> Floats:
    """Natural log of the e-value against "the second way's share is ``share``", with ``second`` of ``n`` units there."""
    second, n = np.asarray(second, dtype=float), np.asarray(n, dtype=float)
    weight = share * (1 - share) / _OFF**2 - 1
    a, b = share * weight, (1 - share) * weight
    mixed = _log_beta(a + second, b + n - second) - _log_beta(a, b)
    return np.asarray(mixed - second * np.log(share) - (n - second) * np.log1p(-share))


def is_broken(counts: Mapping[str, tuple[int, int]], share: float) -> bool:
    """Whether the units of ``counts`` (AI to units of the first and of the second way) speak against the share.

    Half of the evidence is over all AIs together, half over each one alone: one broken AI among many is seen too.
    """
    if not counts:
        return False
    first, second = (sum(pair[way] for pair in counts.values()) for way in (0, 1))
    alone = [log_evidence(b, a + b, share) for a, b in counts.values()]
    together = log_evidence(second, first + second, share)
    mean_alone = np.logaddexp.reduce(alone) - np.log(len(alone))
    return bool(np.logaddexp(together, mean_alone) - np.log(2) >= -np.log(ALPHA))


def _log_beta(a: ArrayLike, b: ArrayLike) -> Floats:
    return np.asarray(_log_gamma(a) + _log_gamma(b) - _log_gamma(np.add(a, b)))


def _log_gamma(z: ArrayLike) -> Floats:
    """Stirling's series; good to 1e-10 for the large arguments that the prior's weight makes sure of (above 30)."""
    z = np.asarray(z, dtype=float)
    tail = 1 / (12 * z) - 1 / (360 * z**3) + 1 / (1260 * z**5)
    return np.asarray((z - 0.5) * np.log(z) - z + 0.5 * np.log(2 * np.pi) + tail)
