"""What an experiment may measure of a unit, and what is good about it. The words for people are the pages'."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Metric(StrEnum):
    """A figure of one unit: a share between 0 and 1, or an amount."""

    RIGHT = "right"
    """Paired replay: the answer holds what its case demands."""
    ANSWERED = "answered"
    """Turns that were answered, and not with "I don't know"."""
    LIKED = "liked"
    """Turns that the fan gave a thumb up."""
    DISLIKED = "disliked"
    CORRECTED = "corrected"
    """Turns that the team corrected."""
    HANDED_OVER = "handed_over"
    """Whether the fan asked for a person."""
    GUARDED = "guarded"
    """Turns whose answer the guard put something else in the place of."""
    FAILED = "failed"
    """Turns that broke off."""
    SECONDS = "seconds"
    """From question to end, the mean of the unit's turns."""
    TOKENS = "tokens"
    """Read and written by the model, the mean of the unit's turns."""


@dataclass(frozen=True)
class Measure:
    """How a metric is handled. Amounts above ``cap`` count as the cap, so that one stray turn can't decide."""

    higher_is_better: bool
    cap: float | None = None

    @property
    def is_share(self) -> bool:
        return self.cap is None

    def oriented(self, figure: float) -> float:
        """The figure so that more is better: shares stay between 0 and 1, amounts change their sign."""
        if self.cap is not None:
            figure = min(figure, self.cap)
        if self.higher_is_better:
            return figure
        return 1.0 - figure if self.is_share else -figure


MEASURES: dict[Metric, Measure] = {
    Metric.RIGHT: Measure(higher_is_better=True),
    Metric.ANSWERED: Measure(higher_is_better=True),
    Metric.LIKED: Measure(higher_is_better=True),
    Metric.DISLIKED: Measure(higher_is_better=False),
    Metric.CORRECTED: Measure(higher_is_better=False),
    Metric.HANDED_OVER: Measure(higher_is_better=False),
    Metric.GUARDED: Measure(higher_is_better=False),
    Metric.FAILED: Measure(higher_is_better=False),
    Metric.SECONDS: Measure(higher_is_better=False, cap=60.0),
    Metric.TOKENS: Measure(higher_is_better=False, cap=8000.0),
}
#: What can be seen of an answer that is asked for offline; whether it is right, of cases alone.
OFFLINE = (Metric.RIGHT, Metric.ANSWERED, Metric.GUARDED, Metric.SECONDS, Metric.TOKENS)
