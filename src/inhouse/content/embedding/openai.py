"""Any server with ``/v1/embeddings``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import httpx
import numpy as np

from inhouse.content.embedding.base import EmbedderFailed, Matrix, clean, unit

_AT_ONCE = 64
_TIMEOUT = httpx.Timeout(60.0, connect=5.0)
_LARGEST_REPLY = 64 * 1024 * 1024


@dataclass(frozen=True)
class Endpoint:
    """Where the model is, and what it wants written before a text (e5 wants ``query: ``; most want nothing)."""

    url: str
    model: str
    key: str = ""
    query_prefix: str = ""
    passage_prefix: str = ""


class OpenAIEmbedder:
    """An ``Embedder`` that asks a server."""

    #: Most models spread cosines some three times as wide as e5 does. Not measured: it depends on the model.
    weight = 2.0

    def __init__(self, endpoint: Endpoint, client: httpx.Client | None = None) -> None:
        self._at = endpoint
        self._client = client or httpx.Client(timeout=_TIMEOUT)

    @property
    def name(self) -> str:
        """The model's name with its prefixes: they change the vectors as much as the model does."""
        return f"{self._at.model}|{self._at.query_prefix}|{self._at.passage_prefix}"[:120]

    def queries(self, texts: Sequence[str]) -> Matrix:
        """(texts, dimensions of the model)."""
        return self._embed([self._at.query_prefix + clean(text) for text in texts])

    def passages(self, texts: Sequence[str]) -> Matrix:
        """(texts, dimensions of the model)."""
        return self._embed([self._at.passage_prefix + clean(text) for text in texts])

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _embed(self, texts: list[str]) -> Matrix:
        parts = [self._ask(texts[at : at + _AT_ONCE]) for at in range(0, len(texts), _AT_ONCE)]
        return unit(np.concatenate(parts)) if parts else np.empty((0, 0), dtype=np.float32)

    def _ask(self, texts: list[str]) -> Matrix:
        headers = {"Authorization": f"Bearer {self._at.key}"} if self._at.key else {}
        body = {"model": self._at.model, "input": texts, "encoding_format": "float"}
        try:
            reply = self._client.post(f"{self._at.url.rstrip('/')}/embeddings", json=body, headers=headers)
            reply.raise_for_status()
            if len(reply.content) > _LARGEST_REPLY:
                raise EmbedderFailed(reason="its answer is too large")
            return _rows(reply.json(), len(texts))
        except httpx.HTTPStatusError as error:
            raise EmbedderFailed(reason=f"it answered {error.response.status_code}") from None
        except httpx.HTTPError as error:
            raise EmbedderFailed(reason=type(error).__name__) from None
        except (KeyError, TypeError, ValueError):
            raise EmbedderFailed(reason="its answer is not that of /v1/embeddings") from None


def _rows(reply: Any, expected: int) -> Matrix:
    data = sorted(reply["data"], key=lambda item: int(item["index"]))
    rows = np.array([item["embedding"] for item in data], dtype=np.float32)
    if rows.ndim != 2 or len(rows) != expected or not np.isfinite(rows).all():
        raise ValueError("wrong shape")
    return rows
