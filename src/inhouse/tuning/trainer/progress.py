"""What the trainer says while it works, the three ways in which it is told to stop, and the threads that others leave it."""

from __future__ import annotations

import json
import os
import signal
import time
from typing import Any

import torch

from inhouse.core import clock
from inhouse.core.governor import Governor
from inhouse.tuning.jobfile import JobFile, Phase


class StopAsked(Exception):
    """Somebody wants the training to stop; its state is kept."""


class Reporter:
    """Appends JSON lines to the progress file, at most about one a second."""

    def __init__(self, job: JobFile) -> None:
        self.job = job
        self._last = 0.0
        self._terminated = False
        self._governor = Governor(job.threads)
        signal.signal(signal.SIGTERM, self._terminate)

    def say(self, phase: Phase, *, now: bool = False, **facts: Any) -> None:
        """Add a line ``{"phase", "at", …facts}``; lines that come too thick are left out unless ``now``."""
        if not now and time.monotonic() - self._last < 1:
            return
        self._last = time.monotonic()
        line = json.dumps({"phase": phase, "at": clock.now().isoformat(), **facts})
        with self.job.progress_file.open("a", encoding="utf-8") as file:
            file.write(line + "\n")

    def stop_wanted(self) -> bool:
        """A stop file, a SIGTERM, or the process that started this one is gone."""
        orphaned = self.job.parent is not None and os.getppid() != self.job.parent
        return self._terminated or orphaned or self.job.stop_file.exists()

    def check(self) -> None:
        """Raise ``StopAsked`` where a stop is wanted."""
        if self.stop_wanted():
            raise StopAsked

    def share(self) -> None:
        """Between two steps: compute with as many threads as others leave."""
        torch.set_num_threads(self._governor.look())

    def _terminate(self, *_: Any) -> None:
        self._terminated = True
