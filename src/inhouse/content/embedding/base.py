"""What every embedder does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from inhouse.core.errors import InhouseError

#: (texts, dimensions), each row of length 1.
Matrix = NDArray[np.float32]
#: Told how many of the texts are done.
Done = Callable[[int], None]

LONGEST_TEXT = 6000


class EmbedderFailed(InhouseError):
    """The embedding model does not answer ({reason}). Search goes on by words; run `inhouse doctor` to see why."""

    status = 503


class Embedder(Protocol):
    """Makes vectors whose dot product says how near two texts are in meaning."""

    @property
    def name(self) -> str:
        """Names the model and its version: vectors of different names are never compared."""

    @property
    def weight(self) -> float:
        """What a cosine of 1 is worth beside a passage that matches the words as fully as can be: models differ in
        how far apart they put what has nothing in common."""

    def queries(self, texts: Sequence[str]) -> Matrix:
        """Vectors of questions. Quick: never waits behind ``passages``. Raises ``EmbedderFailed``."""

    def passages(self, texts: Sequence[str]) -> Matrix:
        """Vectors of what is searched. Raises ``EmbedderFailed``."""

    def close(self) -> None:
        """End what runs. The embedder starts again where it is used again."""


def clean(text: str) -> str:
    """A text that any model takes: no half characters, no NUL, not endless, not empty."""
    return text[:LONGEST_TEXT].encode("utf-8", "replace").decode().replace("\0", " ").strip() or "-"


def unit(rows: Matrix) -> Matrix:
    """The rows scaled to length 1; rows of zeros stay."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(lengths, 1e-12), dtype=np.float32)
