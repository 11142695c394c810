"""Running the trainer program beside a job: relay what it says, stop it when asked, start it again when it was killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from inhouse.core.errors import InhouseError
from inhouse.store.jobs import Progress, Stopped
from inhouse.tuning import jobfile
from inhouse.tuning.jobfile import JobFile

#: What is run with the job file as its argument.
PROGRAM = (sys.executable, "-m", "inhouse.tuning.trainer")
POLL_SECONDS = 1.0
_STOP_SECONDS = 60.0
_MOST_STARTS = 4
_MOST_POINTS = 300
#: Where a phase begins and how much of the bar it takes.
_SHARES = {
    "load": (0.0, 0.05),
    "sft": (0.05, 0.75),
    "preference": (0.8, 0.1),
    "measure": (0.9, 0.08),
    "write": (0.98, 0.02),
}
_WORDS = {
    "load": "loading the base model",
    "sft": "learning the words",
    "preference": "learning the taste",
    "measure": "measuring on what was held out",
    "write": "writing the adapter",
}


#: What of a progress line is shown as it is.
_TOLD = ("step", "steps", "tokens_per_second", "row_tokens_per_second")


class TrainingFailed(InhouseError):
    """The training failed: {reason}"""


class TrainerKilled(InhouseError):
    """The trainer was ended from outside again and again (probably for lack of memory). Start it again, or choose a
    smaller recipe."""


class Supervisor:
    """One job's trainer process. It ends by itself, keeping its state, when this process is gone."""

    def __init__(self, job: JobFile, progress: Progress) -> None:
        self.job = job.model_copy(update={"parent": os.getpid()})
        self.progress = progress
        self._read = 0
        self._last: dict[str, Any] = {"phase": "load"}
        self._points: dict[int, float] = {}  # by step: a training that goes on repeats a few

    def run(self) -> None:
        """Until the training is done. Raises ``Stopped`` as the job's progress does, ``TrainingFailed`` else."""
        self.job.work.mkdir(parents=True, exist_ok=True)
        path = self.job.work / "job.json"
        jobfile.write(self.job, path)
        self.job.stop_file.unlink(missing_ok=True)
        for _start in range(_MOST_STARTS):
            code = self._attend(self._spawn(path))
            if code == jobfile.EXIT_DONE:
                return
            if code == jobfile.EXIT_FAILED:
                raise TrainingFailed(reason=self._last_error())
        raise TrainerKilled()

    def _spawn(self, path: Path) -> subprocess.Popen[bytes]:
        with (self.job.work / "trainer.log").open("ab") as log:
            return subprocess.Popen(
                [*PROGRAM, str(path)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # a Ctrl-C in the terminal is for the server, which then asks the trainer
            )

    def _attend(self, process: subprocess.Popen[bytes]) -> int:
        try:
            while process.poll() is None:
                self._relay()
                time.sleep(POLL_SECONDS)
            self._relay()
        except BaseException as reason:
            self._end(process, gently=isinstance(reason, Stopped))
            raise
        return process.returncode

    def _relay(self) -> None:
        """Report what the trainer said last; the report also brings the wish to stop."""
        for line in self._new_lines():
            self._last = line
            if line["phase"] == "sft" and line["loss"] is not None:
                self._points[line["step"]] = line["loss"]
        last, phase = self._last, self._last["phase"]
        start, share = _SHARES.get(phase, (self.progress.job.progress, 0.0))
        every = 1 + len(self._points) // _MOST_POINTS
        self.progress.report(
            start + share * float(last.get("done", 0.0)),
            _WORDS.get(phase, phase),
            loss=list(self._points.items())[::every],
            phase=phase,
            **{key: last[key] for key in _TOLD if key in last},
        )

    def _new_lines(self) -> list[dict[str, Any]]:
        if not self.job.progress_file.exists():
            return []
        with self.job.progress_file.open("rb") as file:
            file.seek(self._read)
            news = file.read()
        whole = news[: news.rfind(b"\n") + 1]
        self._read += len(whole)
        return [json.loads(line) for line in whole.splitlines()]

    def _end(self, process: subprocess.Popen[bytes], *, gently: bool) -> None:
        """Ask it to keep its state and go; kill it where it takes too long or the job is no longer ours."""
        if gently:
            self.job.stop_file.touch()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                gently = False
        if not gently and process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def _last_error(self) -> str:
        if self._last["phase"] == "failed":
            return str(self._last["error"])
        return f"the trainer's log says why: {self.job.work / 'trainer.log'}"
