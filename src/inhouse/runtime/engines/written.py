"""A completion to its end, for those who want the text only when there is all of it."""

from __future__ import annotations

from contextlib import aclosing

from inhouse.runtime.engines.base import Completion, Engine, Usage


async def written(engine: Engine, request: Completion) -> tuple[str, Usage | None]:
    """All of the text, and what it cost; ``None`` from an engine that tells no cost."""
    text, usage = "", None
    async with aclosing(engine.complete(request)) as stream:
        async for piece in stream:
            if isinstance(piece, Usage):
                usage = piece
            else:
                text += piece.text
    return text, usage
