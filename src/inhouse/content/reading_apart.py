"""Reading what strangers give in a process of its own: stopped when it takes too long, and bounded in memory.

An importer that a hostile file sends round in circles can't be stopped in a thread.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path

from inhouse.content.given import Reading
from inhouse.content.reading import Unreadable
from inhouse.core.environment import inherited
from inhouse.core.errors import Busy, TooLarge

_SECONDS = 60.0
#: Files that are read at the same time; who comes later waits so long.
_AT_ONCE = 2
_WAIT_SECONDS = 60.0
_INHERITED = (
    "PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH",
)  # fmt: skip


class ReadingApart:
    """A ``Read`` that starts a program for each file."""

    def __init__(self, seconds: float = _SECONDS) -> None:
        self._seconds = seconds
        self._places = threading.BoundedSemaphore(_AT_ONCE)

    def __call__(self, path: Path, name: str, url: str | None = None) -> Reading:
        """Raises ``Unreadable``, ``TooLarge`` and, where too many files wait, ``Busy``."""
        if not self._places.acquire(timeout=_WAIT_SECONDS):
            raise Busy()
        try:
            return _told(self._run(path, name, url))
        finally:
            self._places.release()

    def _run(self, path: Path, name: str, url: str | None) -> bytes:
        command = [sys.executable, "-m", "inhouse.content.reading", str(path), name, url or ""]
        try:
            done = subprocess.run(
                command, capture_output=True, timeout=self._seconds, env=inherited(_INHERITED), check=False
            )
        except subprocess.TimeoutExpired:
            raise Unreadable(reason="it takes too long. Give a part of it.") from None
        return done.stdout if done.returncode == 0 else b""


def _told(output: bytes) -> Reading:
    try:
        told = json.loads(output)
    except ValueError:  # it was killed for its memory or its time, or broke
        raise Unreadable(reason="it is broken, or asks too much of this machine.") from None
    if "too_large" in told:
        raise TooLarge(**told["too_large"])
    if "refused" in told:
        raise Unreadable(reason=told["refused"])
    return Reading.model_validate(told["reading"])
