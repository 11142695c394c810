"""How many threads to compute with, measured while running.

llama.cpp's threads wait for each other by spinning some hundred times a token. When another process takes one of
their cores, each wait lasts until the kernel gives the core back: on two busy cores two threads were ten to twenty
times slower than one. One thread alone keeps about 0.8 of the speed of one stream. So: as many threads as there are
cores that nobody else computes on.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import psutil

#: Seconds between looks; the kernel counts in hundredths.
_PERIOD = 0.2
#: Cores that others may use before one of ours is given up: our own web process takes some between tokens.
_TOLERATED = 0.4


class Governor:
    """Ask it before each batch. ``busy`` and ``own`` return CPU seconds used so far by all and by this process."""

    def __init__(
        self,
        most: int,
        cores: int | None = None,
        busy: Callable[[], float] | None = None,
        own: Callable[[], float] = time.process_time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most = most
        self._cores = cores or psutil.cpu_count() or most
        self._busy, self._own, self._clock = busy or _all_busy, own, clock
        self._last = (clock(), self._busy(), self._own())
        self.threads = most

    def look(self) -> int:
        """The number of threads for the next batch."""
        now = self._clock()
        passed = now - self._last[0]
        if passed >= _PERIOD:
            busy, own = self._busy(), self._own()
            others = ((busy - self._last[1]) - (own - self._last[2])) / passed
            self._last = (now, busy, own)
            taken = math.ceil(max(0.0, others - _TOLERATED))
            self.threads = max(1, min(self._most, self._cores - taken))
        return self.threads


def _all_busy() -> float:
    times = psutil.cpu_times()
    return float(times.user + times.nice + times.system)
