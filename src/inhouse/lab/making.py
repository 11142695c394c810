"""Making a generation's weights: a LoRA trained on rows, merged into its parent's file.

Each step's file is written last and found again, so that a killed making goes on where it was.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
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

_LOOK_SECONDS = 5.0
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


def make(making: Making, say: Say) -> str:
    """Train and merge; the SHA-256 of the delta. Raises ``TrainingFailed`` with the trainer's reason."""
    making.folder.mkdir(parents=True, exist_ok=True)
    _train(making, say)
    delta = _delta(making)
    if not making.model.exists():
        say("merging")
        merging.merge(making.parent, making.shipped, making.model, making.quantisation)
    return delta


def _train(making: Making, say: Say) -> None:
    job = JobFile(
        base=making.parent,
        cache=making.cache,
        corpus=making.rows,
        out=making.folder / "out",
        work=making.folder / "work",
        recipe=making.recipe,
        threads=making.threads,
    )
    if (job.out / "manifest.json").exists():
        return
    job.work.mkdir(parents=True, exist_ok=True)
    path = making.folder / "job.json"
    jobfile.write(job, path)
    with (job.work / "trainer.log").open("ab") as log:
        trainer = subprocess.Popen([*PROGRAM, str(path)], stdout=log, stderr=log)
    try:
        while trainer.poll() is None:
            time.sleep(_LOOK_SECONDS)
            say(_progress(job.progress_file))
    finally:
        trainer.terminate()
    if trainer.wait() != jobfile.EXIT_DONE:
        raise TrainingFailed(reason=_progress(job.progress_file))


def _progress(file: Path) -> str:
    """The trainer's last line, in words."""
    lines = file.read_text("utf-8").splitlines() if file.exists() else []
    last: dict[str, Any] = json.loads(lines[-1]) if lines else {}
    shown = ("phase", "step", "steps", "loss", "tokens_per_second", "reason")
    return ", ".join(f"{name} {last[name]}" for name in shown if name in last) or "starting"


def _delta(making: Making) -> str:
    """The trained delta in 16 bits, which is how it ships; its SHA-256."""
    making.shipped.mkdir(exist_ok=True)
    trained = making.folder / "out" / "peft"
    shutil.copy(trained / "adapter_config.json", making.shipped)
    halves = {name: tensor.astype(np.float16) for name, tensor in load_file(trained / _DELTA).items()}
    save_file(halves, making.shipped / _DELTA)
    return sha256(making.shipped / _DELTA)
