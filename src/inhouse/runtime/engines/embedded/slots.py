"""The context's sequences: who computes in which, and whose prefix may be used again by whom.

A prefix is found by its key (the hashes of base and adapter) and its tokens. What one adapter computed is never
looked at for another: the states differ even where the tokens are the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

#: Shorter common beginnings than this are not worth a shared sequence (every chat template opens alike).
_WORTH = 8


class Cells(Protocol):
    """What holds the states: the model's context."""

    def keep(self, sequence: int, tokens: int) -> None:
        """Forget all of a sequence but its first ``tokens``."""
        ...

    def share(self, source: int, target: int, tokens: int) -> None:
        """Let an empty ``target`` begin with the first ``tokens`` of ``source``."""
        ...


@dataclass
class Slot:
    """One sequence. ``tokens`` are those whose states it holds; ``reserved`` is how long it may grow while busy."""

    id: int
    key: str = ""
    tokens: list[int] = field(default_factory=list)
    reserved: int = 0
    used: int = 0

    @property
    def busy(self) -> bool:
        """Whether somebody computes in it."""
        return self.reserved > 0

    @property
    def size(self) -> int:
        """Cells that it may need at most (shared ones are counted for each sharer: an upper bound)."""
        return max(len(self.tokens), self.reserved)


class Slots:
    """All sequences of one context of ``cells`` tokens."""

    def __init__(self, memory: Cells, count: int, cells: int) -> None:
        self._memory = memory
        self._cells = cells
        self._slots = [Slot(number) for number in range(count)]
        self._clock = 0

    @property
    def busy(self) -> int:
        """How many sequences are computed in."""
        return sum(slot.busy for slot in self._slots)

    @property
    def reserved(self) -> int:
        """Cells that busy sequences may grow to."""
        return sum(slot.reserved for slot in self._slots)

    def take(self, key: str, tokens: Sequence[int], reserve: int) -> Slot | None:
        """A sequence to compute ``tokens`` in, beginning with the longest known prefix, or nothing if all is taken.

        ``slot.tokens`` is what it already holds: always less than ``tokens``, for the last one's logits are wanted.
        """
        idle = sorted((s for s in self._slots if not s.busy), key=lambda slot: (bool(slot.tokens), slot.used))
        if not idle or self.reserved + reserve > self._cells:
            return None
        source, common = self._longest(key, tokens)
        slot = self._place(source, common, idle)
        slot.key, slot.reserved = key, reserve
        self._touch(slot)
        self._make_room()
        return slot

    def release(self, slot: Slot) -> None:
        """Nobody computes in it any more; its prefix stays until the room is needed."""
        slot.reserved = 0
        self._touch(slot)

    def clear(self, slot: Slot) -> None:
        """Forget what a sequence holds."""
        self._cut(slot, 0)

    def clear_idle(self) -> None:
        """Forget what all idle sequences hold."""
        for slot in self._slots:
            if not slot.busy:
                self.clear(slot)

    def _place(self, source: Slot | None, common: int, idle: list[Slot]) -> Slot:
        if source is None:
            self._cut(idle[0], 0)
            return idle[0]
        if not source.busy and (common == len(source.tokens) or len(idle) == 1):
            self._cut(source, common)
            return source
        target = next(slot for slot in idle if slot is not source)
        self._cut(target, 0)
        self._memory.share(source.id, target.id, common)
        target.tokens = source.tokens[:common]
        self._touch(source)
        return target

    def _longest(self, key: str, tokens: Sequence[int]) -> tuple[Slot | None, int]:
        best, longest = None, _WORTH - 1
        for slot in self._slots:
            if slot.key == key and (common := _common(slot.tokens, tokens, len(tokens) - 1)) > longest:
                best, longest = slot, common
        return best, longest if best else 0

    def _make_room(self) -> None:
        """Forget the longest unused prefixes until all that is reserved has its place."""
        idle = sorted((s for s in self._slots if not s.busy and s.tokens), key=lambda slot: slot.used)
        excess = sum(slot.size for slot in self._slots) - self._cells
        for slot in idle:
            if excess <= 0:
                return
            excess -= slot.size
            self.clear(slot)

    def _cut(self, slot: Slot, tokens: int) -> None:
        if len(slot.tokens) != tokens or tokens == 0:
            self._memory.keep(slot.id, tokens)
            del slot.tokens[tokens:]

    def _touch(self, slot: Slot) -> None:
        self._clock += 1
        slot.used = self._clock


def _common(a: Sequence[int], b: Sequence[int], limit: int) -> int:
    """Length of the common beginning, at most ``limit``."""
    limit = min(limit, len(a), len(b))
    if a[:limit] == b[:limit]:
        return limit
    low, high = 0, limit  # a[:low] agrees, a[:high] does not
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if a[low:middle] == b[low:middle] else (low, middle)
    return low
