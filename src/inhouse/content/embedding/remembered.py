"""An embedder that remembers questions: one turn asks for its own several times, and every turn for the FAQ's."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence

import numpy as np

from inhouse.content.embedding.base import Embedder, Matrix
from inhouse.core import ids

#: Vectors kept, the last used ones; some 1.6 kB each with the model that ships.
_MOST_KEPT = 4096


class Remembered:
    """The same vectors as ``inner``. Texts are kept as hashes; vectors of passages are not kept."""

    def __init__(self, inner: Embedder, most: int = _MOST_KEPT) -> None:
        self._inner = inner
        self._most = most
        self._kept: OrderedDict[str, Matrix] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        return self._inner.name

    @property
    def weight(self) -> float:
        return self._inner.weight

    def queries(self, texts: Sequence[str]) -> Matrix:
        """Vectors of questions, from memory where they are there."""
        if not texts:
            return self._inner.queries(texts)
        keys = [ids.digest(text) for text in texts]
        with self._lock:
            known = {key: self._kept[key] for key in keys if key in self._kept}
        new = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
        if new:
            known |= dict(zip(new, self._inner.queries(list(new.values())), strict=True))
        self._keep({key: known[key] for key in keys})
        return np.stack([known[key] for key in keys])

    def passages(self, texts: Sequence[str]) -> Matrix:
        """As ``inner`` makes them."""
        return self._inner.passages(texts)

    def close(self) -> None:
        """End ``inner``."""
        self._inner.close()

    def _keep(self, rows: dict[str, Matrix]) -> None:
        with self._lock:
            for key, row in rows.items():
                self._kept[key] = row
                self._kept.move_to_end(key)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
