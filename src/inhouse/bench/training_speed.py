"""The trainer beside a bare torch loop: the same job file, one after the other, round after round."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inhouse.bench.report import Say
from inhouse.core.errors import InhouseError
from inhouse.tuning import jobfile
from inhouse.tuning.jobfile import JobFile
from inhouse.tuning.recipes import Recipe
from inhouse.tuning.supervisor import PROGRAM
from inhouse.tuning.trainer.surroundings import environment

_BARE = (sys.executable, "-m", "inhouse.tuning.bare_loop")


class ProgramFailed(InhouseError):
    """A measured program failed: {reason}"""


@dataclass(frozen=True)
class Round:
    """Tokens per second of both in one round, each token that was computed counted once."""

    trainer: float
    bare: float

    @property
    def ratio(self) -> float:
        return self.trainer / self.bare


@dataclass(frozen=True)
class Ground:
    """What both train on, and where."""

    base: Path
    cache: Path
    corpus: bytes
    recipe: Recipe
    folder: Path


def measure(ground: Ground, rounds: int, seconds: float, say: Say) -> list[Round]:
    """Run both ``rounds`` times for ``seconds`` each, the one that goes first changing each time."""
    ground.folder.mkdir(parents=True)
    corpus = ground.folder / "corpus.jsonl"
    corpus.write_bytes(train_only(ground.corpus))
    return [_round(ground, corpus, number, seconds, say) for number in range(rounds)]


def train_only(corpus: bytes) -> bytes:
    """The corpus without what was held out: measuring that is no part of the loop."""
    lines = corpus.splitlines(keepends=True)
    return b"".join(line for line in lines if json.loads(line)["split"] == "train")


def _round(ground: Ground, corpus: Path, number: int, seconds: float, say: Say) -> Round:
    say(f"trainer beside a bare loop, round {number + 1}")
    found: dict[str, float] = {}
    for name in ("trainer", "bare") if number % 2 else ("bare", "trainer"):
        job = _job(ground, corpus, ground.folder / f"{name}-{number}", seconds)
        found[name] = _trainer(job) if name == "trainer" else _bare(job)
    return Round(**found)


def _job(ground: Ground, corpus: Path, folder: Path, seconds: float) -> JobFile:
    recipe = ground.recipe.model_copy(update={"max_seconds": seconds, "epochs": 50})
    work, out = folder / "work", folder / "out"
    job = JobFile(base=ground.base, cache=ground.cache, corpus=corpus, out=out, work=work, recipe=recipe)
    jobfile.write(job, work / "job.json")
    return job


def _trainer(job: JobFile) -> float:
    _run([*PROGRAM, str(job.work / "job.json")], environment(job.threads))
    manifest: dict[str, Any] = json.loads((job.out / "manifest.json").read_text())
    return float(manifest["metrics"]["sft"]["tokens_per_second"])


def _bare(job: JobFile) -> float:
    # Its threads wait as the trainer's do: else that would be what is compared.
    told = json.loads(_run([*_BARE, str(job.work / "job.json")], environment(job.threads)).splitlines()[-1])
    return float(told["tokens"]) / float(told["seconds"])


def _run(command: list[str], around: dict[str, str]) -> str:
    done = subprocess.run(
        command,
        env=around,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ProgramFailed(reason=(done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1])
    return done.stdout
