"""Intervals for shares, 95% unless said otherwise: one share, and the difference of two over the same items."""

from __future__ import annotations

import math
from statistics import NormalDist

_Z = 1.959963984540054


def of_share(hits: int, n: int) -> tuple[float, float] | None:
    """Wilson's interval of ``hits / n``; ``None`` where there is nothing to count."""
    if n == 0:
        return None
    share, z2 = hits / n, _Z * _Z
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = _Z / (1 + z2 / n) * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    return max(0.0, middle - half), min(1.0, middle + half)


def of_difference(gained: int, lost: int, n: int, confidence: float = 0.95) -> tuple[float, float] | None:
    """Bonett and Price's interval of ``(gained - lost) / n`` over ``n`` paired items."""
    if n == 0:
        return None
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    gain, loss = (gained + 1) / (n + 2), (lost + 1) / (n + 2)
    half = z * math.sqrt((gain + loss - (gain - loss) ** 2) / (n + 2))
    return max(-1.0, gain - loss - half), min(1.0, gain - loss + half)
