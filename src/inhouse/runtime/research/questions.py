"""Which questions want a verdict: those that yes or no could answer. English only."""

from __future__ import annotations

import regex

_AUXILIARY = (
    r"(?:is|are|was|were|do|does|did|can|could|will|would|should|has|have|had|may|might|must|isn[’']t|aren[’']t|doesn[’']t|don[’']t|"
    r"didn[’']t|can[’']t|won[’']t)"
)
#: Politeness, and questions to the AI itself.
_TO_THE_AI = regex.compile(r"^\W*(?:can|could|would|will|do|did|are|have) (?:you|i|we)\b", regex.I)
_WANTS_MORE = regex.compile(
    r"(?:^|[:.;,–—-]\s*|\b(?:and|so|but)\s+)(?:(?:in|to|for|by|at|of|with|from|on|under)\s+)?"
    r"(?:what|which|who|whom|whose|when|where|why|how)\b",
    regex.I,
)
_BEGINS = regex.compile(rf"(?:^|[:.;,–—-]\s*|\b(?:and|so|but)\s+){_AUXILIARY}\s+\S+\s+\S", regex.I)
_FEWEST_WORDS = 4


def wants_verdict(question: str) -> bool:
    """Whether yes or no would answer it: "Does it …?", and a claim with a question mark ("X: a risk factor for Y?")."""
    question = question.strip()
    if len(question.split()) < _FEWEST_WORDS or _TO_THE_AI.search(question) or _WANTS_MORE.search(question):
        return False
    return bool(_BEGINS.search(question)) or question.endswith("?")
