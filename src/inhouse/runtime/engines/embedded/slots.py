"""The context's sequences: who computes in which, and how a new prompt begins with what is known of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from inhouse.runtime.engines.embedded.prefixes import Prefix, Prefixes, State, common

#: Fewer tokens than this are computed sooner than their state is copied.
_WORTH = 16


class Memory(Protocol):
    """What holds the states of the sequences: the model's context."""

    def keep(self, sequence: int, tokens: int) -> None:
        """Forget all of a sequence but its first ``tokens``."""
        ...

    def save(self, sequence: int) -> State:
        """A copy of a sequence's state."""
        ...

    def restore(self, sequence: int, state: State) -> None:
        """Put a state into an empty sequence."""
        ...


@dataclass
class Slot:
    """One sequence: the key and the tokens whose states it holds."""

    id: int
    key: str = ""
    tokens: list[int] = field(default_factory=list)
    busy: bool = False
    used: int = 0


class Slots:
    """All sequences of a context. Those that nobody computes in keep what they hold until their place is needed."""

    def __init__(self, memory: Memory, count: int, prefixes: Prefixes) -> None:
        self._memory = memory
        self._prefixes = prefixes
        self._slots = [Slot(number) for number in range(count)]
        self._clock = 0

    @property
    def busy(self) -> int:
        """How many sequences are computed in."""
        return sum(slot.busy for slot in self._slots)

    def take(self, key: str, tokens: Sequence[int]) -> Slot | None:
        """A sequence to compute ``tokens`` in, or nothing if all are taken.

        ``slot.tokens`` is what it already holds: always less than ``tokens``, for the last one's logits are wanted.
        """
        busy = [slot.id for slot in self._slots if slot.busy]
        idle = sorted((s for s in self._slots if not s.busy), key=lambda slot: _cost(slot, busy))
        if not idle:
            return None
        slot = self._begin(key, tokens[:-1], idle)
        slot.key, slot.busy = key, True
        self._touch(slot)
        return slot

    def release(self, slot: Slot) -> None:
        """Nobody computes in it any more."""
        slot.busy = False
        self._touch(slot)

    def _begin(self, key: str, tokens: Sequence[int], idle: list[Slot]) -> Slot:
        """A sequence that holds the longest known beginning of ``tokens`` and nothing else."""
        alike = max(
            (s for s in self._slots if s.key == key), key=lambda s: common(s.tokens, tokens), default=None
        )
        length = common(alike.tokens, tokens) if alike else 0
        prefix, stored = self._prefixes.find(key, tokens)
        if max(length, stored) < _WORTH:
            return self._empty(idle[0])
        if alike and length >= stored and not alike.busy:
            return self._continue(alike, length)
        if alike and length > stored:
            # Somebody computes there right now: begin from a copy.
            prefix = Prefix(key, tuple(alike.tokens), self._memory.save(alike.id))
            self._prefixes.add(prefix)
            stored = length
        assert prefix is not None
        return self._copy(prefix, stored, self._empty(idle[0]))

    def _continue(self, slot: Slot, length: int) -> Slot:
        if len(slot.tokens) - length >= _WORTH:
            self._store(slot)  # another conversation of the same AI ends here; it may go on later
        self._cut(slot, length)
        return slot

    def _copy(self, prefix: Prefix, length: int, slot: Slot) -> Slot:
        self._memory.restore(slot.id, prefix.state)
        slot.tokens = list(prefix.tokens)
        self._cut(slot, length)
        return slot

    def _empty(self, slot: Slot) -> Slot:
        self._store(slot)
        self._cut(slot, 0)
        return slot

    def _store(self, slot: Slot) -> None:
        if len(slot.tokens) >= _WORTH and not self._prefixes.covers(slot.key, slot.tokens):
            self._prefixes.add(Prefix(slot.key, tuple(slot.tokens), self._memory.save(slot.id)))

    def _cut(self, slot: Slot, length: int) -> None:
        if len(slot.tokens) > length:
            self._memory.keep(slot.id, length)
            del slot.tokens[length:]

    def _touch(self, slot: Slot) -> None:
        self._clock += 1
        slot.used = self._clock


def _cost(slot: Slot, busy: Sequence[int]) -> tuple[bool, int, int]:
    """What taking it costs: empty ones cost least, then those beside ``busy``, which are computed together with it (see
    ``Scheduler``); of those alike the longest unused."""
    apart = min((abs(slot.id - other) for other in busy), default=0)
    return bool(slot.tokens), apart, slot.used
