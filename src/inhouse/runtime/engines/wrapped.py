"""An engine around another one, which changes or watches what is completed and leaves everything else as it is."""

from __future__ import annotations

from inhouse.runtime.engines.base import Engine, Health, Score, ScoreRequest


class Wrapped:
    """All of ``Engine`` but ``complete``, handed on."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @property
    def calls_tools(self) -> bool:
        """As the engine."""
        return self._engine.calls_tools

    async def score(self, request: ScoreRequest) -> Score:
        """As the engine."""
        return await self._engine.score(request)

    async def health(self) -> Health:
        """As the engine."""
        return await self._engine.health()

    async def aclose(self) -> None:
        """Close the engine."""
        await self._engine.aclose()


class Lent(Wrapped):
    """The same around an engine that somebody else closes."""

    async def aclose(self) -> None:
        """The engine belongs to somebody else."""
