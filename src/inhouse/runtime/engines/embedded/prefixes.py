"""States of prompts that were computed before, kept in memory outside the context for whoever begins alike.

Found by key (the hashes of base and adapter) and tokens. What was computed under one adapter is never looked at for
another: the states differ even where the tokens are the same.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

import numpy as np
import numpy.typing as npt

State = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Prefix:
    """Tokens and the state of a sequence after them."""

    key: str
    tokens: tuple[int, ...]
    state: State


class Prefixes:
    """An LRU of prefixes within a budget of bytes."""

    def __init__(self, budget: int) -> None:
        self._budget = budget
        self._entries: OrderedDict[int, Prefix] = OrderedDict()
        self._by_key: dict[str, set[int]] = {}
        self._names = count()
        self.size = 0

    def __len__(self) -> int:
        return len(self._entries)

    def covers(self, key: str, tokens: Sequence[int]) -> bool:
        """Whether all of these tokens are known already."""
        return self.find(key, tokens)[1] == len(tokens)

    def find(self, key: str, tokens: Sequence[int]) -> tuple[Prefix | None, int]:
        """What begins most like ``tokens``, and how many tokens are common."""
        best, longest = None, 0
        for name in self._by_key.get(key, ()):
            length = common(self._entries[name].tokens, tokens)
            if length > longest:
                best, longest = name, length
        if best is None:
            return None, 0
        self._entries.move_to_end(best)
        return self._entries[best], longest

    def add(self, prefix: Prefix) -> None:
        """Keep a prefix; shorter ones that it covers are dropped, then the longest unused."""
        if prefix.state.nbytes > self._budget:
            return
        for name in list(self._by_key.get(prefix.key, ())):
            known = self._entries[name].tokens
            if known == prefix.tokens[: len(known)]:
                self._drop(name)
        name = next(self._names)
        self._entries[name] = prefix
        self._by_key.setdefault(prefix.key, set()).add(name)
        self.size += prefix.state.nbytes
        while self.size > self._budget:
            self._drop(next(iter(self._entries)))

    def _drop(self, name: int) -> None:
        prefix = self._entries.pop(name)
        self.size -= prefix.state.nbytes
        names = self._by_key[prefix.key]
        names.remove(name)
        if not names:
            del self._by_key[prefix.key]


def common(a: Sequence[int], b: Sequence[int]) -> int:
    """Length of the common beginning."""
    low, high = 0, min(len(a), len(b))
    if tuple(a[:high]) == tuple(b[:high]):
        return high
    while high - low > 1:  # a[:low] agrees, a[:high] does not
        middle = (low + high) // 2
        low, high = (middle, high) if tuple(a[low:middle]) == tuple(b[low:middle]) else (low, middle)
    return low
