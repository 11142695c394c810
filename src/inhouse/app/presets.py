"""AIs that ship configured: an assistant, and one for research, are ready without an import.

Each step looks first at what is there, so that doing it again after a kill does what is left.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from inhouse.accounts.actors import Actor
from inhouse.accounts.ais import READERS, Ai
from inhouse.brief import file as brief_file
from inhouse.core.errors import InhouseError
from inhouse.core.settings import Settings
from inhouse.runtime.extensions.base import Json
from inhouse.store.jobs import Job

if TYPE_CHECKING:
    from inhouse.app.services import Services

_log = logging.getLogger(__name__)
_FOLDER = Path(__file__).parents[1] / "samples"


@dataclass(frozen=True)
class Furnished:
    """The gate that opens the AI, and a sentence for each tool that could not be attached."""

    gate: Job
    problems: tuple[str, ...]


def is_preset(ai: Ai) -> bool:
    """Whether AIs of this kind ship configured."""
    return ai.kind in READERS


def furnish(services: Services, actor: Actor, ai: Ai) -> Furnished:
    """Give a new AI its kind's brief and tools, and queue its first release; it is live once the gate is passed."""
    if not services.briefs.current(actor, ai.id).number:
        text = (_FOLDER / ai.kind / "brief.yaml").read_text("utf-8")
        brief = brief_file.load(text).model_copy(update={"name": ai.name})
        services.briefs.save(actor, ai.id, brief, 0)
    there = {one.name for one in services.extensions.listing(actor, ai.id)}
    problems = []
    for kind, settings, who in _tools(services.settings, actor):
        if kind in there:
            continue
        try:
            services.extensions.set_up(who, ai.id, kind, kind, settings)
        except InhouseError as error:  # one tool that can't be had leaves the rest
            _log.warning("%s was not attached to %s: %s", kind, ai.slug, error.message)
            problems.append(f"{kind}: {error.message}")
    return Furnished(services.releases.propose(actor, ai.id, None, go_live=True), tuple(problems))


def _tools(settings: Settings, actor: Actor) -> Iterator[tuple[str, Json, Actor]]:
    """Kind, settings, and on whose behalf. The operator's settings say which search every new AI of these kinds has."""
    for kind in ("calculator", "documents", "colleagues"):
        yield kind, {}, actor
    if feeds := settings.feeds.split():
        yield "feeds", {"feeds": feeds}, actor
    if settings.searxng_url:
        yield "searxng", {"url": settings.searxng_url}, Actor.local_operator()
    if key := settings.brave_key.get_secret_value():
        yield "brave", {"key": key}, Actor.local_operator()
