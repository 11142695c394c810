"""The installation that ``bench faults`` kills: real processes on a folder of its own, and what its database holds."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import psutil
from sqlalchemy import select

from inhouse.conversations.tables import turns
from inhouse.core.errors import InhouseError
from inhouse.core.settings import Settings
from inhouse.releases.tables import releases, routing
from inhouse.store.blobs import Blobs
from inhouse.store.database import Database
from inhouse.store.jobs import Job, listing
from inhouse.tuning.tables import adapters

Victim = Literal["server", "engine", "worker", "trainer", "command"]
_PROGRAMS: dict[str, str] = {
    "engine": "inhouse.runtime.engines.embedded.child",
    "worker": "inhouse.worker",
    "trainer": "inhouse.tuning.trainer",
}
_ENTRY = "from inhouse.cli import main; main()"


class NotInTime(InhouseError):
    """{what} did not happen within {seconds} seconds."""


class CommandFailed(InhouseError):
    """inhouse {command} failed: {said}"""


class House:
    """One installation with its server."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.home = settings.home
        self._environment = {
            **os.environ,
            "INHOUSE_HOME": str(settings.home),
            "INHOUSE_MODELS": str(settings.models_folder.absolute()),
            "INHOUSE_PORT": "0",
            "INHOUSE_KEY_REQUESTS_PER_MINUTE": "100000",
            "INHOUSE_FAN_TURNS_PER_MINUTE": "100000",
        }
        self._server: subprocess.Popen[str] | None = None
        self.address = ""
        self._db: Database | None = None

    def command(self, *words: str) -> Any:
        """Run a command to its end; returns its JSON."""
        done = subprocess.run(
            [sys.executable, "-c", _ENTRY, *words, "--json"],
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        if done.returncode:
            raise CommandFailed(command=" ".join(words), said=(done.stderr or done.stdout).strip()[-400:])
        return json.loads(done.stdout)

    def command_aside(self, *words: str) -> subprocess.Popen[bytes]:
        """Start a command and leave it alone: what it queued goes on without it."""
        return subprocess.Popen(
            [sys.executable, "-c", _ENTRY, *words],
            env=self._environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def start(self) -> None:
        """Start the server and wait for its address."""
        with (self.home / "server.log").open("a") as log:
            self._server = subprocess.Popen(
                [sys.executable, "-c", _ENTRY, "serve"],
                env=self._environment | {"PYTHONUNBUFFERED": "1"},
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert self._server.stdout is not None
        for line in self._server.stdout:
            if line.startswith("Inhouse is at "):
                self.address = line.split()[-1]
                return
        raise NotInTime(what="The server's start", seconds="the server's lifetime of")

    def kill(self, victim: Victim) -> bool:
        """Kill -9; says whether there was such a process. A killed server is waited for and started again."""
        process = self.find(victim)
        if process is None:
            return False
        process.send_signal(signal.SIGKILL)
        if victim == "server":
            assert self._server is not None
            self._server.wait()
        return True

    def kill_performer(self) -> bool:
        """Kill -9 the performer, which is no child of the server's; says whether there was one."""
        found = self._performer()
        if found is not None:
            found.kill()
        return found is not None

    def end_performer(self) -> None:
        """Let the performer end what is in flight and go."""
        found = self._performer()
        if found is not None:
            found.terminate()
            found.wait(30)

    def _performer(self) -> psutil.Process | None:
        """By the place that it holds in this very home."""
        try:
            found = psutil.Process(int((self.home / "run" / "performer.lock").read_text()))
        except (OSError, ValueError, psutil.NoSuchProcess):
            return None
        return found if runs(found, "inhouse.performer") else None

    def find(self, victim: Victim) -> psutil.Process | None:
        """The process, among the server and what descends from it."""
        if self._server is None or self._server.poll() is not None:
            return None
        root = psutil.Process(self._server.pid)
        if victim == "server":
            return root
        return next((one for one in root.children(recursive=True) if runs(one, _PROGRAMS[victim])), None)

    @property
    def is_up(self) -> bool:
        """Whether the server's process lives."""
        return self._server is not None and self._server.poll() is None

    def stop(self) -> None:
        """End the server and all that came of it."""
        if self._server is None:
            return
        family = psutil.Process(self._server.pid).children(recursive=True) if self.is_up else []
        self._server.terminate()
        try:
            self._server.wait(20)
        except subprocess.TimeoutExpired:
            self._server.kill()
            self._server.wait()
        for one in family:
            if one.is_running():
                one.kill()
        if self._db:
            self._db.close()

    @property
    def db(self) -> Database:
        """The installation's database, for looking only."""
        if self._db is None:
            self._db = Database(f"sqlite:///{self.home / 'inhouse.db'}")
        return self._db

    def job(self, job_id: str) -> Job:
        """A job as it stands."""
        return next(job for job in self.jobs() if job.id == job_id)

    def jobs(self, name: str | None = None) -> Sequence[Job]:
        """All jobs, the newest first."""
        with self.db.read() as tx:
            return listing(tx, name=name, limit=500)

    def turns(self) -> dict[str, Any]:
        """Every stored turn by id: state, question, answer, author."""
        with self.db.read() as tx:
            return {row.id: row for row in tx.execute(select(turns))}

    def half_live(self) -> list[str]:
        """What is wrong with what is live: nothing, on a sound installation."""
        with self.db.read() as tx:
            made = {row.id: row for row in tx.execute(select(releases))}
            live = [name for row in tx.execute(select(routing)) for name, _share in row.shares]
        blobs = Blobs(self.home / "blobs")
        wrong = [f"{name} is live and does not exist" for name in live if name not in made]
        for name in live:
            adapter = made[name].adapter_hash if name in made else None
            if adapter and not blobs.path(adapter).exists():
                wrong.append(f"{name} is live and its adapter is not there")
            if name in made and not made[name].gate["passed"]:
                wrong.append(f"{name} is live and did not pass its gate")
        gates = [row.job_id for row in made.values() if row.job_id]
        if len(gates) != len(set(gates)):
            wrong.append("one gate made two releases")
        return wrong

    def has_adapter(self) -> bool:
        """Whether a trained adapter is there with its file."""
        with self.db.read() as tx:
            made = [row.hash for row in tx.execute(select(adapters.c.hash))]
        blobs = Blobs(self.home / "blobs")
        return any(blobs.path(name).exists() for name in made)


@contextmanager
def opened(bench: str, models: Callable[[Path], Path] | None = None) -> Iterator[House]:
    """An installation of a benchmark's own, in a folder that goes away. ``models`` makes its folder of models; else it has this machine's."""
    with tempfile.TemporaryDirectory(prefix=f"inhouse-{bench}-") as name:
        home = Path(name)
        folder = models(home / "models") if models else Settings().models_folder
        house = House(Settings(home=home, models=folder))
        try:
            yield house
        finally:
            house.stop()


def until(what: str, look: Callable[[], Any], seconds: float, every: float = 0.1) -> Any:
    """Look again and again until there is something; ``NotInTime`` else."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(every)
    raise NotInTime(what=what, seconds=f"{seconds:.0f}")


def runs(process: psutil.Process, module: str) -> bool:
    """Whether a process runs this module or one inside it: the trainer replaces itself by its ``program``."""
    try:
        return any(word == module or word.startswith(f"{module}.") for word in process.cmdline())
    except psutil.Error:
        return False
