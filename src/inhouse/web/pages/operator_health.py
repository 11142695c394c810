"""Signs of health: what the operator would look at first."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, select, text

from inhouse.core import clock
from inhouse.runtime import serving
from inhouse.runtime.bridge import in_thread
from inhouse.runtime.profile import ENDPOINT
from inhouse.store.jobs import jobs
from inhouse.web.i18n import N_
from inhouse.web.pages.generation_words import size
from inhouse.web.services import Services

_LITTLE_DISK = 2 * 1024**3
_LATE = timedelta(minutes=2)
#: What of an engine's own words an operator can do something with; the rest is for whoever measures it.
_ENGINE_FACTS: tuple[tuple[str, str, Callable[[Any], str]], ...] = (
    ("model", N_("Model"), str),
    ("active", N_("Answering"), str),
    ("waiting", N_("Waiting"), str),
    ("adapters", N_("Adapters in memory"), str),
    ("resident_bytes", N_("Memory"), size),
    ("threads", N_("Threads"), str),
    ("restarts", N_("Restarts"), str),
    ("error", N_("What is wrong"), str),
)


@dataclass(frozen=True)
class Sign:
    """One part of the installation: whether it is well, and what was seen."""

    name: str
    well: bool
    facts: tuple[tuple[str, str], ...]


async def signs(services: Services) -> list[Sign]:
    """All parts, each asked now."""
    engines = [_engine(one) for one in await services.engines.health()]
    rest = await in_thread(lambda: [_database(services), _worker(services), _disk(services.settings.home)])
    return [*engines, *rest]


def _engine(served: serving.Sign) -> Sign:
    """The engine of one generation, or a giant on the model server. That others than the current one are served, some AI's
    release says."""
    said = served.health.detail
    facts = tuple((label, form(said[key])) for key, label, form in _ENGINE_FACTS if key in said)
    if served.is_current:
        name = N_("Engine")
    elif served.generation.startswith(ENDPOINT):
        name = N_("Bigger model on the model server")
    else:
        name = N_("Engine of another generation")
    return Sign(name, served.health.ready, facts)


def _database(services: Services) -> Sign:
    began = time.perf_counter()
    with services.db.read() as tx:
        tx.execute(text("SELECT 1"))
    taken = (time.perf_counter() - began) * 1000
    kind = "SQLite" if services.db.is_sqlite else "PostgreSQL"
    return Sign(N_("Database"), True, ((N_("Kind"), kind), (N_("One query"), f"{taken:.1f} ms")))


def _worker(services: Services) -> Sign:
    """Nothing says that a worker lives but its work: a job that waits for minutes while nothing runs."""
    with services.db.read() as tx:
        counts = {
            row.state: row.n
            for row in tx.execute(select(jobs.c.state, func.count().label("n")).group_by(jobs.c.state))
        }
        oldest = tx.execute(select(func.min(jobs.c.created_at)).where(jobs.c.state == "queued")).scalar()
    late = oldest is not None and oldest < clock.now() - _LATE and not counts.get("running")
    facts = (
        (N_("Running"), str(counts.get("running", 0))),
        (N_("Waiting"), str(counts.get("queued", 0))),
        (N_("Failed"), str(counts.get("failed", 0))),
    )
    return Sign(N_("Worker"), not late, facts)


def _disk(home: Path) -> Sign:
    usage = shutil.disk_usage(home)
    facts = ((N_("Free"), f"{usage.free / 1024**3:.1f} GB"), (N_("Whole"), f"{usage.total / 1024**3:.1f} GB"))
    return Sign(N_("Disk"), usage.free > _LITTLE_DISK, facts)
