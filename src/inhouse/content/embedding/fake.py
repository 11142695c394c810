"""An embedder for tests: a text's vector is made of its words, so that shared words mean nearness."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from inhouse.content import lexical
from inhouse.content.embedding.base import EmbedderFailed, Matrix, unit


class FakeEmbedder:
    """An ``Embedder`` without a model: deterministic, quick. ``broken`` makes it fail."""

    name = "fake"
    weight = 1.0
    dimensions = 64

    def __init__(self) -> None:
        self.broken = False
        self.embedded: list[str] = []

    def queries(self, texts: Sequence[str]) -> Matrix:
        """(texts, 64)."""
        return self._rows(texts)

    def passages(self, texts: Sequence[str]) -> Matrix:
        """(texts, 64); remembers them in ``embedded``."""
        rows = self._rows(texts)
        self.embedded.extend(texts)
        return rows

    def close(self) -> None:
        """Nothing runs."""

    def _rows(self, texts: Sequence[str]) -> Matrix:
        if self.broken:
            raise EmbedderFailed(reason="it was told to fail")
        rows = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for term in lexical.terms(text, "en"):
                row[int(hashlib.sha256(term.encode()).hexdigest(), 16) % self.dimensions] += 1
        return unit(rows)
