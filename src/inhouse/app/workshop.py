"""Where generations are made, in this installation."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from inhouse.content.embedding.base import Embedder
from inhouse.core.ids import digest
from inhouse.core.settings import Settings
from inhouse.lab.internalising.workshop import Workshop
from inhouse.lab.skills.grounded import Embed
from inhouse.runtime.engines.base import Engine
from inhouse.runtime.engines.factory import embedded
from inhouse.runtime.extensions.base import Extension
from inhouse.runtime.profile import Installed, installed
from inhouse.runtime.request import Retriever


def workshop_of(
    settings: Settings,
    embedder: Embedder,
    retriever: Retriever,
    handler: Callable[[str, str], Extension],
) -> Workshop:
    """``handler`` makes a version of an AI's extension work: by the AI's id and the version's entry."""
    return Workshop(
        folder=settings.home / "lab" / "internalising",
        models=settings.models_folder,
        current=partial(_current, settings),
        engine=partial(_engine, settings),
        retriever=retriever,
        embed=Embed(embedder.queries, embedder.passages),
        handler=handler,
        threads=settings.threads,
    )


def _current(settings: Settings) -> Installed | None:
    return installed(settings) if settings.engine == "embedded" else None


def _engine(settings: Settings, model: Path) -> Engine:
    """In a child process of its own, so that it is measured apart from what fans ask."""
    return embedded(settings, model, f"measure-{digest(str(model))[:12]}")
