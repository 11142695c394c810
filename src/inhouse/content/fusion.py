"""One score out of two: how much of the words, and how near in meaning.

The score is a sum of two absolute measures and not of ranks, so that it also says whether anything fits at all.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

#: Log-odds that the index holds an answer, from the best cosine and the best passage's word coverage: fitted with
#: multilingual e5-small on half of the articles of two data sets (``docs/design/search.md``).
_SUPPORT_COSINE, _SUPPORT_COVERAGE, _SUPPORT_BIAS = 79.3, 12.3, -70.6


def fuse(
    words: Mapping[int, float], most: float, cosines: Mapping[int, float], weight: float
) -> dict[int, float]:
    """Fused score by passage, best first. ``words`` is BM25, ``most`` its bound for this query.

    A passage whose vector is still to come counts as near as the farthest that was looked at.
    """
    farthest = min(cosines.values(), default=0.0)
    scores = {
        number: words.get(number, 0.0) / (most or 1.0) + weight * cosines.get(number, farthest)
        for number in {*words, *cosines}
    }
    return dict(sorted(scores.items(), key=lambda item: (-item[1], item[0])))


def support(cosine: float, coverage: float) -> float:
    """Probability (0 to 1) that the index holds what was asked for; holds for multilingual e5-small only."""
    odds = _SUPPORT_COSINE * cosine + _SUPPORT_COVERAGE * coverage + _SUPPORT_BIAS
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, odds))))
