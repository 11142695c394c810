"""Whose turn it is: the AI that was served least, counted in tokens.

Virtual token counters (Sheng et al., "Fairness in Serving Large Language Models", OSDI 2024): an AI's counter grows by
what is computed for it, and the lowest goes first. One that comes after a pause is lifted to the lowest of those at
work, so a pause earns no claim on the others' time; and as they go on being served, it is soon the lowest again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)


class Turns(Generic[Key]):
    """The counters. Keys are AIs; costs are in tokens."""

    def __init__(self) -> None:
        self._jobs: Counter[Key] = Counter()
        self._served: dict[Key, int] = {}
        self._order: dict[Key, int] = {}
        self._floor = 0
        self._clock = 0

    def __len__(self) -> int:
        return len(self._served)

    def join(self, key: Key) -> None:
        """An AI has one more job."""
        if not self._jobs[key]:
            self._rise()
            self._served[key] = max(self._served.get(key, 0), self._floor)
        self._jobs[key] += 1

    def leave(self, key: Key) -> None:
        """An AI has one job less. It is remembered only as long as it is ahead of the others."""
        self._rise()
        self._jobs[key] -= 1
        if self._jobs[key]:
            return
        del self._jobs[key]
        for other in [
            one for one, served in self._served.items() if served <= self._floor and not self._jobs[one]
        ]:
            del self._served[other]
            self._order.pop(other, None)

    def next(self, keys: Collection[Key]) -> Key:
        """Of these, who goes first: the one served least, of equals the one served longest ago."""
        return min(keys, key=lambda key: (self._served[key], self._order.get(key, 0)))

    def charge(self, key: Key, cost: int) -> None:
        """So many tokens were computed for it."""
        self._clock += 1
        self._served[key] += cost
        self._order[key] = self._clock

    def _rise(self) -> None:
        """The lowest counter at work never falls."""
        if self._jobs:
            self._floor = max(self._floor, min(self._served[key] for key in self._jobs))
