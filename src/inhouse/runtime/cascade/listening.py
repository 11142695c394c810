"""An engine that is listened to: how sure the model was of what it wrote."""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, replace

from inhouse.runtime import prompts
from inhouse.runtime.engines.base import Completion, Engine, Piece, Usage
from inhouse.runtime.engines.wrapped import Wrapped


@dataclass(frozen=True)
class Heard:
    """How sure a model was of an answer."""

    confidence: float | None
    """The mean natural-log probability of the tokens that were written; ``None`` where the engine tells none."""
    doubt: float | None
    """The probability that the grounded answer's first token gave to "not in the notes"."""


class Listening(Wrapped):
    """Another engine, unchanged, and what was heard of it since the last ``take``. For one question at a time.

    ``asks`` says whether log-probabilities may be asked for where the caller did not: servers may refuse them.
    """

    def __init__(self, engine: Engine, *, asks: bool) -> None:
        super().__init__(engine)
        self._asks = asks
        self._logprobs: list[float] = []
        self._doubt: float | None = None

    def take(self) -> Heard:
        """What was heard, which is forgotten."""
        confidence = sum(self._logprobs) / len(self._logprobs) if self._logprobs else None
        heard = Heard(confidence, self._doubt)
        self._logprobs, self._doubt = [], None
        return heard

    async def complete(self, request: Completion) -> AsyncGenerator[Piece | Usage, None]:
        """As the engine."""
        if self._asks and not request.top_logprobs:
            request = replace(request, top_logprobs=1)
        is_first = True
        async with aclosing(self._engine.complete(request)) as stream:
            async for piece in stream:
                if isinstance(piece, Piece):
                    self._hear(piece, is_first)
                    is_first = False
                yield piece

    def _hear(self, piece: Piece, is_first: bool) -> None:
        if piece.logprob is not None and math.isfinite(piece.logprob):
            self._logprobs.append(piece.logprob)
        if is_first and len(piece.top) > 1:
            self._doubt = prompts.doubt(piece.top)
