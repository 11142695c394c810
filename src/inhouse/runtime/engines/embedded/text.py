"""From tokens' bytes to text that may be shown: whole characters only, and nothing of a stop string."""

from __future__ import annotations

import codecs
from collections.abc import Sequence


class TextStream:
    """Feed it bytes; it gives out text as soon as that cannot become part of a stop string.

    ``stopped`` turns true when one was met; the text before it has been given out, the rest is dropped.
    """

    def __init__(self, stops: Sequence[str]) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._stops = [stop for stop in stops if stop]
        self._held = ""
        self.stopped = False

    def feed(self, data: bytes) -> str:
        """Some more bytes. Returns the text that is now safe to show."""
        if self.stopped:
            return ""
        self._held += self._decoder.decode(data)
        if not self._stops:
            return self._release(len(self._held))
        ends = [at for stop in self._stops if (at := self._held.find(stop)) >= 0]
        if ends:
            self.stopped = True
            self._held = self._held[: min(ends)]
            return self._release(len(self._held))
        return self._release(len(self._held) - max(self._overlap(stop) for stop in self._stops))

    def finish(self) -> str:
        """What was held back, now that nothing more comes."""
        if self.stopped:
            return ""
        return self._held + self._decoder.decode(b"", final=True)

    def _release(self, size: int) -> str:
        text, self._held = self._held[:size], self._held[size:]
        return text

    def _overlap(self, stop: str) -> int:
        """How much of the end could be the beginning of ``stop``."""
        longest = min(len(stop) - 1, len(self._held))
        return next((n for n in range(longest, 0, -1) if self._held.endswith(stop[:n])), 0)
