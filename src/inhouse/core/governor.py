"""How many threads to compute with, measured while running.

Threads that compute together (llama.cpp's, torch's) wait for each other by spinning, some hundred times a token or a step.
When another process takes one of their cores, each wait lasts until the kernel gives the core back: on two busy cores
llama.cpp's two threads were ten to twenty times slower than one, and one alone keeps about 0.8 of their speed. So: as many
threads as there are cores that nobody else computes on.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path

import psutil

#: Seconds between looks; the kernel counts in hundredths.
_PERIOD = 0.2
#: Cores that others may use before one of ours is given up: our own web process takes some between tokens.
_TOLERATED = 0.4


#: How often, and so many seconds apart, we look again where somebody seems to compute as work begins.
_LOOKS, _APART = 3, 0.002
#: Threads that run in the moment that work begins, and are no one's who would keep a core: this one, and who asks.
_OURS = 2


class Governor:
    """Tell it when work begins, and ask it before each batch.

    ``busy`` and ``own`` return CPU seconds used so far by all and by this process, ``running`` the threads that run now.
    """

    def __init__(
        self,
        most: int,
        cores: int | None = None,
        busy: Callable[[], float] | None = None,
        own: Callable[[], float] = time.process_time,
        running: Callable[[], int] | None = None,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._most = most
        self._cores = cores or psutil.cpu_count() or most
        self._busy, self._own, self._clock = busy or _all_busy, own, clock
        self._running = running or _all_running
        self._pause = pause
        self._last = (clock(), self._busy(), self._own())
        self.threads = most

    def begin(self) -> None:
        """Work begins after a pause: what others computed meanwhile says nothing of now, who runs at this moment does."""
        # Threads that are only winding down (a server's that has just answered) are gone in the next moment.
        others = self._running() - _OURS
        for _ in range(_LOOKS):
            if others <= 0:
                break
            self._pause(_APART)
            others = min(others, self._running() - _OURS)
        self._last = (self._clock(), self._busy(), self._own())
        self._leave(max(0, others))

    def look(self) -> int:
        """The number of threads for the next batch."""
        now = self._clock()
        passed = now - self._last[0]
        if passed >= _PERIOD:
            busy, own = self._busy(), self._own()
            others = ((busy - self._last[1]) - (own - self._last[2])) / passed
            self._last = (now, busy, own)
            self._leave(math.ceil(max(0.0, others - _TOLERATED)))
        return self.threads

    def _leave(self, taken: int) -> None:
        self.threads = max(1, min(self._most, self._cores - taken))


def _all_busy() -> float:
    times = psutil.cpu_times()
    return float(times.user + times.nice + times.system)


def _all_running() -> int:
    """The threads of this machine that run or could; as many as our own where the system doesn't tell."""
    try:
        return int(Path("/proc/loadavg").read_text().split()[3].partition("/")[0])
    except (OSError, IndexError, ValueError):
        return _OURS
