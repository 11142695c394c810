"""Which engine an installation uses: all of them are named here."""

from __future__ import annotations

from pathlib import Path

from inhouse.core.errors import UsageError
from inhouse.core.settings import Settings
from inhouse.runtime.engines.base import Engine
from inhouse.runtime.engines.embedded.engine import EmbeddedEngine
from inhouse.runtime.engines.openai import OpenAIEngine


def make_engine(settings: Settings, model: Path) -> Engine:
    """The engine that the settings choose; ``model`` is a generation's GGUF file (embedded engine only)."""
    if settings.engine == "openai":
        return server(settings, settings.engine_model)
    return embedded(settings, model, model.stem)


def embedded(settings: Settings, model: Path, place: str) -> EmbeddedEngine:
    """The embedded engine as the settings have it. A ``place`` is for one model alone: whoever finds a child there has found
    one of that model."""
    return EmbeddedEngine(
        model=model,
        run_dir=settings.home / "run" / place,
        threads=settings.threads,
        context_per_sequence=settings.engine_context,
        sequences=settings.engine_sequences,
    )


def server(settings: Settings, model: str) -> OpenAIEngine:
    """A model of the installation's model server."""
    if not settings.engine_url or not model:
        raise UsageError(
            reason="Set INHOUSE_ENGINE_URL and INHOUSE_ENGINE_MODEL to use an OpenAI-compatible server."
        )
    return OpenAIEngine(settings.engine_url, model, settings.engine_key, tools=settings.engine_tools)
