"""What the trainer program is told (a JSON file) and what it tells back: the contract between it and the service."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from inhouse.core.errors import InhouseError
from inhouse.tuning.recipes import Recipe

Phase = Literal["load", "sft", "preference", "measure", "write", "done", "failed", "stopped"]

#: Exit codes of the trainer: 1 is a failure that the last progress line explains.
EXIT_DONE, EXIT_FAILED, EXIT_STOPPED = 0, 1, 3


class BadJobFile(InhouseError):
    """The training job file {path} cannot be used: {reason}"""


class JobFile(BaseModel):
    """One training: what goes in, where it works and where the result goes.

    ``work`` holds the checkpoint, ``progress.jsonl`` and, when somebody wants the training to stop, a file named
    ``stop``. ``out`` is complete as soon as ``manifest.json`` exists in it. The same job file started again goes on
    where it was.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    base: Path
    """A GGUF file or a folder in Hugging Face's form."""
    cache: Path
    """Folder for the base model in the form that torch reads fast."""
    corpus: Path
    """JSON lines: ``{"messages": [{"role", "content"}…], "split": "train"|"held_out", "kind": str}``, and ``"rehearsed": true``
    on rows that teach nothing and are held to the base."""
    picks: Path | None = None
    """JSON lines: ``{"messages": […], "chosen": str, "rejected": str, "split": …}``."""
    out: Path
    work: Path
    recipe: Recipe
    threads: int = Field(default_factory=lambda: max(1, os.cpu_count() or 1), ge=1, le=256)
    niceness: int = Field(10, ge=0, le=19)
    checkpoint_seconds: float = Field(30, gt=0)
    parent: int | None = None
    """Process id that started the training: when it is gone, the trainer keeps its state and ends."""

    @property
    def progress_file(self) -> Path:
        return self.work / "progress.jsonl"

    @property
    def stop_file(self) -> Path:
        return self.work / "stop"


def read(path: Path) -> JobFile:
    """Read a job file; ``BadJobFile`` says what is wrong with it."""
    try:
        return JobFile.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise BadJobFile(path=path, reason=error) from error


def write(job: JobFile, path: Path) -> None:
    """Write a job file, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_suffix(".part")
    aside.write_text(job.model_dump_json(indent=1))
    aside.replace(path)
