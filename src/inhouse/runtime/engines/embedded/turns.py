"""Whose turn it is: deficit round robin over AIs, newcomers first.

Every AI with work has a credit of tokens. The one whose turn it is computes until its credit is spent; then it goes to
the end of the row with a fresh quantum. One that comes after a pause goes before the row until its prompt is computed or
its welcome is spent, so a quiet AI's first token does not wait for a busy one. The welcome has to be waited for: an AI
that leaves and comes back at once only joins the row.
"""

from __future__ import annotations

from collections import OrderedDict, deque

#: How many AIs that left are remembered, to tell a pause from a quick return.
_MEMORY = 4096


class Turns:
    """The row. Keys are AIs (their adapters); costs and credits are in tokens."""

    def __init__(self, quantum: int, welcome: int) -> None:
        self._quantum = quantum
        self._welcome = welcome
        self._fresh: deque[str] = deque()
        self._row: deque[str] = deque()
        self._credit: dict[str, int] = {}
        self._left: OrderedDict[str, tuple[int, int]] = OrderedDict()
        self._served = 0

    def __len__(self) -> int:
        return len(self._credit)

    def join(self, key: str) -> None:
        """An AI has work now."""
        if key in self._credit:
            return
        served, credit = self._left.pop(key, (None, self._welcome))
        if served is None or self._served - served >= self._welcome * (1 + len(self._credit)):
            self._credit[key] = self._welcome
            self._fresh.append(key)
        else:
            self._credit[key] = min(credit, self._quantum)
            self._row.append(key)

    def leave(self, key: str) -> None:
        """An AI has no work left."""
        if key not in self._credit:
            return
        (self._fresh if key in self._fresh else self._row).remove(key)
        self._left[key] = (self._served, self._credit.pop(key))
        if len(self._left) > _MEMORY:
            self._left.popitem(last=False)

    def next(self) -> str | None:
        """Whose turn it is."""
        while self._credit:
            queue = self._fresh or self._row
            if self._credit[queue[0]] > 0:
                return queue[0]
            key = queue.popleft()
            self._credit[key] += self._quantum
            self._row.append(key)
        return None

    def settle(self, key: str) -> None:
        """Its first words are out: it takes turns like everybody from now on."""
        if key in self._fresh:
            self._fresh.remove(key)
            self._row.append(key)
            self._credit[key] = min(self._credit[key], self._quantum)

    def charge(self, key: str, cost: int) -> None:
        """It computed so many tokens."""
        self._credit[key] -= cost
        self._served += cost
