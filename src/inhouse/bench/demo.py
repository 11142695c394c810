"""``inhouse bench demo``: the README's `make demo` on a clean clone, with nothing fetched before.

The clone is of this repository's last commit. Its `make setup` and `inhouse demo --once` run with an empty home, no
settings and an empty package cache, as on a fresh machine; meanwhile the memory of all its processes is added up (each
shared page is shared out: PSS). `--quick` uses this installation's packages and model, and ends when the training begins.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil
from sqlalchemy import inspect

from inhouse.bench.report import Cell, Report, Say, Table, at_most
from inhouse.core.errors import InhouseError
from inhouse.core.settings import Settings
from inhouse.store.database import Database
from inhouse.store.jobs import Job, listing

_MOST_SECONDS, _MOST_TRAINING, _MOST_GIB = 600.0, 300.0, 4.0
_LOOK_SECONDS = 0.5
_ROOT = Path(__file__).parents[3]


class NoClone(InhouseError):
    """This benchmark clones the repository that it runs from; this Inhouse was not installed from one."""


class DemoBroke(InhouseError):
    """{command} ended with {code}: {said}"""


@dataclass
class Ran:
    """One command: seconds, and the most memory of it and its children at once, in GiB."""

    seconds: float
    memory: float
    said: str


def run(quick: bool, data: Path, say: Say) -> Report:
    """Set up, make the sample AI, ask it; ``data`` is not needed."""
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="inhouse-demo-") as name:
        folder = Path(name)
        (folder / "home").mkdir()
        commands = _quickly(folder) if quick else _cleanly(folder)
        ran: dict[str, Ran] = {}
        for step, (command, environment) in commands.items():
            say(step)
            ran[step] = _run(command, environment, _home(folder) if quick else None)
        jobs = _jobs(_home(folder))
    trained = sum(_seconds(job) for job in jobs if job.name == "train")
    rows: list[dict[str, Cell]] = [
        {"step": step, "s": round(one.seconds, 1), "most GiB": round(one.memory, 2)}
        for step, one in ran.items()
    ]
    steps: list[dict[str, Cell]] = [
        {"job": job.name, "state": str(job.state), "s": round(_seconds(job), 1)} for job in reversed(jobs)
    ]
    targets = [
        at_most("seconds, everything", sum(one.seconds for one in ran.values()), _MOST_SECONDS),
        *([] if quick else [at_most("seconds of training", trained, _MOST_TRAINING)]),
        at_most("GiB at once", max(one.memory for one in ran.values()), _MOST_GIB),
    ]
    notes = [] if quick else [line for line in list(ran.values())[-1].said.splitlines() if line.strip()]
    tables = (Table("make demo", rows), Table("What the demo did", steps))
    return Report("demo", quick, tables, targets, notes, time.perf_counter() - began)


def _cleanly(folder: Path) -> dict[str, tuple[Sequence[str], Mapping[str, str]]]:
    if not (_ROOT / "Makefile").exists() or not (_ROOT / ".git").exists():
        raise NoClone()
    clone = folder / "clone"
    subprocess.run(["git", "clone", "--quiet", str(_ROOT), str(clone)], check=True)
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("INHOUSE_") and name not in ("VIRTUAL_ENV", "MAKEFLAGS", "MAKELEVEL")
    } | {"HOME": str(folder / "home")}
    return {
        "make setup": (("make", "-C", str(clone), "setup"), environment),
        "inhouse demo --once": ((str(clone / ".venv/bin/inhouse"), "demo", "--once"), environment),
    }


def _quickly(folder: Path) -> dict[str, tuple[Sequence[str], Mapping[str, str]]]:
    environment = os.environ | {
        "INHOUSE_HOME": str(_home(folder)),
        "INHOUSE_MODELS": str(Settings().models_folder.absolute()),
    }
    program = str(Path(sys.executable).with_name("inhouse"))
    return {"inhouse demo, to the training": ((program, "demo", "--once"), environment)}


def _home(folder: Path) -> Path:
    return folder / "home" / ".inhouse"


def _run(command: Sequence[str], environment: Mapping[str, str], until_training: Path | None) -> Ran:
    """Run a command to its end, or with ``until_training`` until that home trains."""
    began, most, ended = time.perf_counter(), 0.0, False
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(command, env=dict(environment), stdout=log, stderr=subprocess.STDOUT)
        while process.poll() is None:
            most = max(most, _memory(process.pid))
            if until_training and any(
                job.name == "train" and job.started_at for job in _jobs(until_training)
            ):
                ended = True
                _end(process.pid)
            time.sleep(_LOOK_SECONDS)
        log.seek(0)
        said = log.read()
    if process.returncode and not ended:
        raise DemoBroke(command=" ".join(command), code=process.returncode, said=said.strip()[-600:])
    return Ran(time.perf_counter() - began, most, said)


def _end(pid: int) -> None:
    root = psutil.Process(pid)
    for one in (*root.children(recursive=True), root):
        one.kill()


def _memory(pid: int) -> float:
    """GiB of a process and all that descend from it."""
    total = 0
    try:
        root = psutil.Process(pid)
        family = [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0.0
    for one in family:
        try:
            total += one.memory_full_info().pss
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue  # ended between the two looks
    return float(total / 2**30)


def _jobs(home: Path) -> Sequence[Job]:
    if not (home / "inhouse.db").exists():
        return ()
    db = Database(f"sqlite:///{home / 'inhouse.db'}")
    try:
        if not inspect(db.engine).has_table("jobs"):
            return ()
        with db.read() as tx:
            return listing(tx, limit=100)
    finally:
        db.close()


def _seconds(job: Job) -> float:
    if job.started_at is None or job.finished_at is None:
        return 0.0
    return (job.finished_at - job.started_at).total_seconds()
