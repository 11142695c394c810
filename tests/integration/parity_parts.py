"""What the parity tests share: llama.cpp's log-probabilities of a text, and how far two tables of them are apart."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inhouse.runtime.engines.embedded.model import NativeModel, Row, Shape

LIKELIEST = 50
Table = NDArray[np.float32]


def by_llama(path: Path, text: str, ids: Sequence[int], adapter: Path | None = None) -> Table:
    """For each token the log-probabilities of the next, by the engine that fans are answered with."""
    native = NativeModel(path, Shape(context=256, sequences=1, batch=256), threads=2)
    try:
        assert native.tokenize(text) == list(ids)
        handle = native.load_adapter(adapter) if adapter else None
        rows = [Row(token, at, 0, True, handle) for at, token in enumerate(ids)]
        logits = np.array(native.decode(rows), dtype=np.float64)
    finally:
        native.close()
    top = logits.max(-1, keepdims=True)
    logs: Any = logits - top - np.log(np.exp(logits - top).sum(-1, keepdims=True))
    return np.asarray(logs, dtype=np.float32)


def distance(one: Table, other: Table) -> float:
    """Mean difference of the log-probabilities of the tokens that ``one`` finds likeliest, in nats."""
    likely = np.argsort(one, axis=-1)[:, -LIKELIEST:]
    return float(np.abs(np.take_along_axis(one, likely, -1) - np.take_along_axis(other, likely, -1)).mean())
