"""Seeing that there is a performer when one is needed: one program a machine, which no server's end takes along."""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from inhouse.app.services import Services
from inhouse.conversations import actions
from inhouse.core.settings import Settings
from inhouse.runtime.bridge import in_thread

log = logging.getLogger(__name__)

_PROGRAM = (sys.executable, "-m", "inhouse.detached", "inhouse.performer")
_LOCK = "performer.lock"
_LOG = "performer.log"
_LOOK_SECONDS = 2.0
#: How long a new performer waits for the place: who only looks whether it is taken holds it for a moment too.
_WAIT_SECONDS = 1.0
_MOST_LOG = 1 << 20


@contextmanager
def place(settings: Settings) -> Iterator[bool]:
    """Hold this machine's one performer place, which names its holder's process id; yields whether it is ours."""
    path = _run_dir(settings) / _LOCK
    with path.open("a+") as file:
        ends = time.monotonic() + _WAIT_SECONDS
        while not (mine := _locks(file.fileno())) and time.monotonic() < ends:
            time.sleep(0.05)
        if mine:
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
        yield mine


def running(settings: Settings) -> int | None:
    """The process id of the performer, where one runs."""
    path = _run_dir(settings) / _LOCK
    with path.open("a+") as file:
        if _locks(file.fileno()):
            return None
        file.seek(0)
        return int(file.read() or 0)


def start(settings: Settings) -> None:
    """Start a performer, unless one runs. What it says goes into ``run/performer.log``."""
    if running(settings) is not None:
        return
    path = _run_dir(settings) / _LOG
    fresh = path.exists() and path.stat().st_size > _MOST_LOG
    environment = {
        **os.environ,
        "INHOUSE_HOME": str(settings.home.absolute()),
        "INHOUSE_DATABASE_URL": settings.database_url,
        "INHOUSE_MODELS": str(settings.models_folder.absolute()),
    }
    with path.open("wb" if fresh else "ab") as said:
        subprocess.run(
            _PROGRAM, env=environment, stdin=subprocess.DEVNULL, stdout=said, stderr=said, check=True
        )


async def keep(services: Services) -> None:
    """Until cancelled: look every two seconds whether a performer is needed, and start it where none runs."""
    while True:
        try:
            await in_thread(_look, services)
        except Exception:
            log.exception("no performer could be started")
        await asyncio.sleep(_LOOK_SECONDS)


def _look(services: Services) -> None:
    with services.db.read() as tx:
        needed = actions.is_needed(tx)
    if needed:
        start(services.settings)


def _run_dir(settings: Settings) -> Path:
    folder = settings.home / "run"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _locks(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
