"""What `inhouse doctor` looks at: each check says in plain words what is wrong and what to do."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import anyio
from sqlalchemy import text

from inhouse.app import working
from inhouse.app.backup import is_unfinished
from inhouse.core.errors import InhouseError
from inhouse.core.settings import Settings
from inhouse.releases import in_use
from inhouse.releases.in_use import InUse
from inhouse.runtime.engines.base import Health
from inhouse.runtime.engines.factory import server
from inhouse.runtime.profile import ENDPOINT, description, descriptions, installed
from inhouse.store import jobs
from inhouse.store.database import Database, Tx
from inhouse.store.migrations import revision
from inhouse.tuning.files import sha256
from inhouse.tuning.models import generation_id

_LEAST_GB = 2


@dataclass(frozen=True)
class Finding:
    """One check. ``advice`` is empty where all is well."""

    check: str
    said: str
    advice: str = ""

    @property
    def is_well(self) -> bool:
        return not self.advice


def look(settings: Settings) -> Iterator[Finding]:
    """Every check, one after the other; one that breaks becomes a finding of its own."""
    checks: tuple[tuple[str, Callable[[Settings], Finding]], ...] = (
        ("home", _home),
        ("disk", _disk),
        ("database", _database),
        ("model", _model),
        ("releases", _releases),
        ("giants", _giants),
        ("engine", _engine),
        ("worker", _worker),
        ("jobs", _jobs),
    )
    for name, check in checks:
        try:
            yield check(settings)
        except InhouseError as error:
            yield Finding(name, "not well", error.message)
        except Exception as error:  # noqa: BLE001 - whatever it is, the operator wants to read the rest too
            yield Finding(name, "not well", f"{type(error).__name__}: {error}")


def _home(settings: Settings) -> Finding:
    if is_unfinished(settings):
        return Finding("home", str(settings.home), "A restore broke off: empty the folder and restore again.")
    if settings.home.exists() and not os.access(settings.home, os.W_OK):
        return Finding("home", str(settings.home), "This user may not write there: change its owner.")
    return Finding("home", str(settings.home))


def _disk(settings: Settings) -> Finding:
    there = settings.home if settings.home.exists() else settings.home.parent
    free = shutil.disk_usage(there).free / (1 << 30)
    advice = f"Free some space: trainings and backups need {_LEAST_GB} GB." if free < _LEAST_GB else ""
    return Finding("disk", f"{free:.0f} GB free", advice)


def _database(settings: Settings) -> Finding:
    db = Database(settings.database)
    try:
        with db.read() as tx:
            if db.is_sqlite and tx.execute(text("PRAGMA quick_check")).scalar() != "ok":
                return Finding("database", "damaged", "Restore the last backup: inhouse restore FILE")
            found = revision(tx)
    finally:
        db.close()
    schema = f"schema {found}" if found else "empty: the next command sets it up"
    return Finding("database", f"{'SQLite' if db.is_sqlite else 'PostgreSQL'}, {schema}")


def _model(settings: Settings) -> Finding:
    if settings.engine == "openai":
        return Finding(
            "model",
            f"{settings.engine_model} at {settings.engine_url}",
            _server_fault(settings, settings.engine_model),
        )
    model = installed(settings)
    if generation_id(sha256(model.file)) != model.generation:
        return Finding("model", "damaged", f"Delete {model.file} and run: inhouse models fetch")
    return Finding("model", f"{model.generation}, answers by method {model.profile.method}")


def _releases(settings: Settings) -> Finding:
    """Releases in use whose generation is not here: they are answered by another one, without their adapters."""
    if settings.engine == "openai":
        return Finding("releases", "a model server answers for all")
    there = {one.generation for one in descriptions(settings.models_folder)}
    astray = [one for one in _in_use(settings) if one.generation and one.generation not in there]
    if not astray:
        return Finding("releases", "all in use are answered by their generation")
    first = astray[0]
    return Finding(
        "releases",
        f"in use that another generation answers, without their adapters: {len(astray)}",
        f"The first is release {first.number} of {first.slug}: put {first.generation}.gguf and {first.generation}.json "
        f"back into {settings.models_folder}, or train and release it again.",
    )


def _giants(settings: Settings) -> Finding:
    """Bigger models that stand behind releases in use and can't be asked: fans get the small one's answer then."""
    if settings.engine == "openai":
        return Finding("giants", "rest: a model server answers for all")
    behind = [(one, one.giant) for one in _in_use(settings) if one.giant]
    why = {giant: _unasked(settings, giant) for giant in {giant for _, giant in behind}}
    gone = [(one, why[giant]) for one, giant in behind if why[giant]]
    if not gone:
        return Finding("giants", f"can be asked; releases in use that have one: {len(behind)}")
    first, way_out = gone[0]
    return Finding(
        "giants",
        f"in use whose bigger model can't be asked, so that the small one answers alone: {len(gone)}",
        f"The first is release {first.number} of {first.slug}: {way_out} Or let the small one answer "
        f"alone: inhouse release {first.slug} --alone",
    )


def _unasked(settings: Settings, giant: str) -> str:
    """What to do for a giant that can't be asked; empty where it can."""
    if not giant.startswith(ENDPOINT):
        if description(settings.models_folder, giant) is None:
            return f"put {giant}.gguf and {giant}.json back into {settings.models_folder}."
        return ""
    if not settings.engine_url:
        return "set INHOUSE_ENGINE_URL to the server that has it."
    return _server_fault(settings, giant.removeprefix(ENDPOINT))


def _server_fault(settings: Settings, model: str) -> str:
    """Why the model server doesn't answer; empty where it does. Whether it has the model only a question would tell."""
    health = anyio.run(_health, settings, model)
    return "" if health.ready else str(health.detail["error"])


async def _health(settings: Settings, model: str) -> Health:
    engine = server(settings, model)
    try:
        return await engine.health()
    finally:
        await engine.aclose()


def _in_use(settings: Settings) -> list[InUse]:
    with _reading(settings) as tx:
        return list(in_use.in_use(tx)) if tx else []


@contextmanager
def _reading(settings: Settings) -> Iterator[Tx | None]:
    """The database; nothing where it is empty still."""
    db = Database(settings.database)
    try:
        with db.read() as tx:
            yield tx if revision(tx) else None
    finally:
        db.close()


def _engine(settings: Settings) -> Finding:
    if settings.engine == "openai":
        calls = "natively" if settings.engine_tools else "by Inhouse (INHOUSE_ENGINE_TOOLS is off)"
        return Finding("engine", f"openai, tools chosen {calls}")
    cores = os.cpu_count() or 1
    if settings.threads > cores:
        advice = f"Set INHOUSE_THREADS to at most {cores}: more threads than cores wait for each other."
        return Finding("engine", f"{settings.threads} threads", advice)
    return Finding("engine", f"embedded, {settings.threads} threads")


def _worker(settings: Settings) -> Finding:
    runs = working.is_running(settings.home / "run")
    return Finding("worker", "runs" if runs else "does not run: inhouse serve starts it, commands do without")


def _jobs(settings: Settings) -> Finding:
    with _reading(settings) as tx:
        known = jobs.listing(tx, limit=20) if tx else []
    failed = [job for job in known if job.state == "failed"]
    if failed:
        job = failed[0]
        return Finding(
            "jobs", f"{len(failed)} failed", f"{job.name}: {job.error} Again: inhouse jobs --retry {job.id}"
        )
    return Finding("jobs", "none failed")
