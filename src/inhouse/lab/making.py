"""Making a generation's weights: a LoRA trained on rows, merged into its parent's file.

Each step's file is written last and found again, so that a killed making goes on where it was.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save_file

from inhouse.tuning import jobfile, merging
from inhouse.tuning.files import sha256
from inhouse.tuning.jobfile import JobFile
from inhouse.tuning.recipes import Recipe
from inhouse.tuning.supervisor import PROGRAM, TrainingFailed

Say = Callable[[str], None]

#: Between two words of progress.
_LOOK_SECONDS = 20.0
_DELTA = "adapter_model.safetensors"


@dataclass(frozen=True)
class Making:
    """What is made from what. ``parent`` is a GGUF file; ``rows`` as the trainer reads them."""

    name: str
    parent: Path
    rows: Path
    folder: Path
    cache: Path
    recipe: Recipe
    threads: int
    quantisation: merging.Quantisation = "Q8_0"

    @property
    def shipped(self) -> Path:
        """The folder of the delta in PEFT's form, as it ships."""
        return self.folder / "shipped"

    @property
    def model(self) -> Path:
        """The merged file."""
        return self.folder / f"{self.name}.gguf"


Train = Callable[[JobFile], None]
"""Runs the trainer to its end. Raises ``TrainingFailed``."""


def make(making: Making, say: Say, train: Train | None = None) -> str:
    """Train and merge; the SHA-256 of the delta. Raises ``TrainingFailed`` with the trainer's reason.

    ``train`` attends to the trainer in another way than telling what it says.
    """
    making.folder.mkdir(parents=True, exist_ok=True)
    job = _job(making)
    if not (job.out / "manifest.json").exists():
        (train or partial(_attend, say=say))(job)
    delta = _delta(making)
    if not making.model.exists():
        say("merging")
        merging.merge(making.parent, making.shipped, making.model, making.quantisation)
    return delta


def _job(making: Making) -> JobFile:
    return JobFile(
        base=making.parent,
        cache=making.cache,
        corpus=making.rows,
        out=making.folder / "out",
        work=making.folder / "work",
        recipe=making.recipe,
        threads=making.threads,
        parent=os.getpid(),
    )


def _attend(job: JobFile, say: Say) -> None:
    """Beside a command that waits for it. When the command is killed, the trainer keeps its state and goes, too."""
    job.work.mkdir(parents=True, exist_ok=True)
    path = job.work / "job.json"
    jobfile.write(job, path)
    with (job.work / "trainer.log").open("ab") as log:
        trainer = subprocess.Popen([*PROGRAM, str(path)], stdout=log, stderr=log)
    try:
        while not _ended(trainer):
            say(_progress(job.progress_file))
    finally:
        trainer.terminate()
    if trainer.wait() != jobfile.EXIT_DONE:
        raise TrainingFailed(reason=_progress(job.progress_file))


def _ended(trainer: subprocess.Popen[bytes]) -> bool:
    try:
        trainer.wait(_LOOK_SECONDS)
    except subprocess.TimeoutExpired:
        return False
    return True


def _progress(file: Path) -> str:
    """The trainer's last line, in words."""
    lines = file.read_text("utf-8").splitlines() if file.exists() else []
    last: dict[str, Any] = json.loads(lines[-1]) if lines else {}
    shown = ("phase", "step", "steps", "loss", "tokens_per_second", "error")
    return ", ".join(f"{name} {last[name]}" for name in shown if last.get(name) is not None) or "starting"


def _delta(making: Making) -> str:
    """The trained delta in 16 bits, which is how it ships; its SHA-256."""
    making.shipped.mkdir(exist_ok=True)
    trained = making.folder / "out" / "peft"
    shutil.copy(trained / "adapter_config.json", making.shipped)
    halves = {name: tensor.astype(np.float16) for name, tensor in load_file(trained / _DELTA).items()}
    save_file(halves, making.shipped / _DELTA)
    return sha256(making.shipped / _DELTA)
