"""An engine whose completions are noted in the trace of the turn that they are made for."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing

from inhouse.runtime import spans
from inhouse.runtime.engines.base import Completion, Engine, Piece, Usage
from inhouse.runtime.engines.wrapped import Wrapped


class Watched(Wrapped):
    """Another engine, and a span for each completion while a turn is recorded; else it costs nothing."""

    def __init__(self, engine: Engine, provider: str, model: str) -> None:
        super().__init__(engine)
        self._provider = provider
        self._model = model

    def complete(self, request: Completion) -> AsyncGenerator[Piece | Usage, None]:
        """What the engine streams."""
        return self._noted(request) if spans.is_recording() else self._engine.complete(request)

    async def _noted(self, request: Completion) -> AsyncGenerator[Piece | Usage, None]:
        asked = {
            "provider": self._provider,
            "model": self._model,
            "adapter": request.adapter.hash if request.adapter else None,
            "max_tokens": request.max_tokens,
            "temperature": request.temperature,
            "output": "json" if request.json_schema else "text",
        }
        began = time.perf_counter()
        with spans.leaf("chat", **asked) as noted:
            async with aclosing(self._engine.complete(request)) as stream:
                async for piece in stream:
                    if "first_ms" not in noted:
                        noted["first_ms"] = round((time.perf_counter() - began) * 1000, 1)
                    if isinstance(piece, Usage):
                        noted |= {
                            "finish": piece.finish,
                            "prompt_tokens": piece.prompt_tokens,
                            "completion_tokens": piece.completion_tokens,
                            "cached_tokens": piece.cached_tokens,
                        }
                    yield piece
