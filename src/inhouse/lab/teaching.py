"""Making a generation: rows, training, merging, and an examination of the very file that will be served.

The result is a folder as it ships (``tuning/shipped``): the delta in PEFT's form and ``generation.json``, beside the
merged model file. Each step is kept, so that a killed making goes on where it was.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save_file

from inhouse.content.embedding.base import Embedder
from inhouse.lab import curriculum, examination
from inhouse.lab.skills.grounded import Embed
from inhouse.runtime.profile import Method, Profile
from inhouse.tuning import jobfile, merging
from inhouse.tuning.files import sha256, write_json
from inhouse.tuning.jobfile import JobFile
from inhouse.tuning.models import Shipped
from inhouse.tuning.recipes import Recipe
from inhouse.tuning.supervisor import PROGRAM, TrainingFailed

Say = Callable[[str], None]

_LOOK_SECONDS = 5.0
_DELTA = "adapter_model.safetensors"


@dataclass(frozen=True)
class Plan:
    """What is made from what. ``base`` is a GGUF file, ``data`` the folder of the data sets."""

    name: str
    base: Path
    data: Path
    folder: Path
    cache: Path
    recipe: Recipe
    threads: int


def teach(plan: Plan, embedder: Embedder, say: Say) -> Shipped:
    """Make the generation; raises ``TrainingFailed`` with the trainer's reason."""
    plan.folder.mkdir(parents=True, exist_ok=True)
    lessons = _prepare(plan, "train", embedder, say)
    kept = _prepare(plan, "development", embedder, say)
    _train(plan, say)
    shipped = plan.folder / "shipped"
    delta = _delta(plan, shipped)
    say("merging")
    made = Shipped(
        name=plan.name,
        delta=delta,
        quantisation="Q8_0",
        recipe=plan.recipe.model_dump(mode="json", exclude={"preference"}),
        data=lessons,
        scores={},
        profile=Profile(method=Method.TRAINED).model_dump(mode="json", exclude_defaults=True),
    )
    model = merging.merge(plan.base, shipped, plan.folder / f"{plan.name}.gguf", made.quantisation)
    say(f"examining on {', '.join(kept)}")
    rows = curriculum.read(plan.folder / "development.jsonl")
    scores = asyncio.run(examination.examine(model, rows, plan.folder / "run", plan.threads, say))
    made = made.model_copy(update={"scores": scores})
    write_json(shipped / "generation.json", made.model_dump(mode="json"))
    return made


def _prepare(plan: Plan, part: curriculum.Part, embedder: Embedder, say: Say) -> dict[str, str]:
    """Write the rows of one part, once; says what is in them."""
    file, about = plan.folder / f"{part}.jsonl", plan.folder / f"{part}.json"
    if not about.exists():
        say(f"choosing notes for the {part} rows")
        embed = Embed(embedder.queries, embedder.passages)
        lessons = curriculum.lessons(plan.data, part, embed)
        name = curriculum.write(lessons, file)
        contents = {
            lesson.name: f"{len(list(chain(*lesson.groups)))} rows, {lesson.licence}" for lesson in lessons
        }
        write_json(about, {**contents, "sha256": name})
    found: dict[str, str] = json.loads(about.read_text("utf-8"))
    return found


def _train(plan: Plan, say: Say) -> None:
    job = JobFile(
        base=plan.base,
        cache=plan.cache,
        corpus=plan.folder / "train.jsonl",
        out=plan.folder / "out",
        work=plan.folder / "work",
        recipe=plan.recipe,
        threads=plan.threads,
    )
    if (job.out / "manifest.json").exists():
        return
    job.work.mkdir(parents=True, exist_ok=True)
    path = plan.folder / "job.json"
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


def _delta(plan: Plan, shipped: Path) -> str:
    """The trained delta in 16 bits, which is how it ships; its SHA-256."""
    shipped.mkdir(exist_ok=True)
    trained = plan.folder / "out" / "peft"
    shutil.copy(trained / "adapter_config.json", shipped)
    halves = {name: tensor.astype(np.float16) for name, tensor in load_file(trained / _DELTA).items()}
    save_file(halves, shipped / _DELTA)
    return sha256(shipped / _DELTA)
