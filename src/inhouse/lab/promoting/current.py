"""What new releases and trainings start on. The database says what moved last; the file beside the models follows it."""

from __future__ import annotations

import logging
from pathlib import Path

from inhouse.core.settings import Settings
from inhouse.lab.promoting import shelf
from inhouse.runtime.profile import NoGeneration, NoModel, changing, installed, make_current
from inhouse.store.database import Database

log = logging.getLogger(__name__)


def follow(db: Database, settings: Settings) -> None:
    """See that ``current.json`` says what the last promotion says; after each one, and whenever an installation is opened.

    Only a move between its two generations is made good: a model that was fetched since stays what it is.
    """
    if settings.engine != "embedded" or current(settings) is None:
        return
    # Of two processes, the one that read the database before the last move must not write after the other.
    with changing(settings.models_folder):
        wanted = _wanted(db, settings)
        if wanted is not None:
            _make_current(settings.models_folder, wanted)


def _wanted(db: Database, settings: Settings) -> str | None:
    """The generation that the file should say and doesn't; ``None`` where nothing is to be done."""
    with db.read() as tx:
        last = shelf.last_moved(tx)
    if last is None:
        return None
    old, new = last.from_generation, last.generation_id
    before, wanted = (old, new) if last.state == "live" else (new, old)
    return wanted if current(settings) == before != wanted else None


def current(settings: Settings) -> str | None:
    """The generation that new releases start on; ``None`` where no model was fetched."""
    try:
        return installed(settings).generation
    except NoModel:
        return None


def _make_current(folder: Path, generation: str) -> None:
    try:
        make_current(folder, generation)
    except NoGeneration:
        # Restored to a place without that file: the releases that name it are answered by what is there.
        log.warning("new releases don't start on %s: its file is not in %s", generation, folder)
