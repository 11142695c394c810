"""How an answer to a reading question is scored: SQuAD's token F1 (Rajpurkar et al. 2016), and abstention."""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Sequence

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation + "“”‘’–—")


def token_f1(answer: str, accepted: Sequence[str]) -> float:
    """The best harmonic mean of precision and recall of words over the accepted answers, from 0 to 1."""
    return max(_f1(_words(answer), _words(wanted)) for wanted in accepted)


def grounded_f1(answer: str, abstained: bool, accepted: Sequence[str]) -> float:
    """``token_f1``; where nothing is accepted (no answer is there), 1 for abstaining and 0 for anything else."""
    if not accepted:
        return float(abstained)
    return 0.0 if abstained else token_f1(answer, accepted)


def _words(text: str) -> list[str]:
    return _ARTICLES.sub(" ", text.casefold().translate(_PUNCTUATION)).split()


def _f1(said: list[str], wanted: list[str]) -> float:
    shared = sum((Counter(said) & Counter(wanted)).values())
    if not shared:
        return 0.0
    precision, recall = shared / len(said), shared / len(wanted)
    return 2 * precision * recall / (precision + recall)
