"""What a model can be trusted with: how answers are grounded on it, and in which languages it writes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Method(StrEnum):
    """How an answer is got out of passages."""

    TRAINED = "trained"
    """By a generation that was trained for it: `prompts.grounded`, with the probability of "not in the notes"."""
    PROMPTED = "prompted"
    """By instructions alone, for a model that nobody trained for it."""
    EXTRACTIVE = "extractive"
    """Without the model: the passage's own sentence."""


@dataclass(frozen=True)
class Profile:
    """A model's profile. The thresholds are chosen on tuning data by ``inhouse bench grounded --tune``."""

    method: Method
    languages: frozenset[str] = frozenset({"en"})
    """Languages that the model writes. In every other one the AI quotes its passages."""
    passages: int = 3
    """How many passages the model reads."""
    abstain_above: float = 0.5
    """`TRAINED`: abstain where the model gives "not in the notes" more than this probability."""
    extract_cosine: float = 0.84
    """`EXTRACTIVE`: abstain where the best sentence is less like the question than this."""
    extract_coverage: float = 0.34
    """`EXTRACTIVE`: abstain where the passages hold a smaller share of the question's rare words than this."""

    def writes(self, language: str) -> bool:
        """Whether the model writes this language well enough to answer in it."""
        return "*" in self.languages or language in self.languages
