"""The trainer: load, learn words, learn taste, measure, write. Each phase that is done is not done again."""

from __future__ import annotations

import fcntl
import logging
import sys
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

from inhouse.core.errors import InhouseError
from inhouse.tuning import jobfile
from inhouse.tuning.files import sha256, write_json
from inhouse.tuning.jobfile import JobFile
from inhouse.tuning.trainer import adapted, base_model, packing, rows
from inhouse.tuning.trainer.progress import Reporter, StopAsked
from inhouse.tuning.trainer.sft import Loop

log = logging.getLogger(__name__)


class OutOfMemory(InhouseError):
    """There was not enough memory for this training: choose a recipe with a smaller batch."""


class Training:
    """One job, phase by phase."""

    def __init__(self, job: JobFile) -> None:
        self.job = job
        job.work.mkdir(parents=True, exist_ok=True)
        self.reporter = Reporter(job)

    def run(self) -> None:
        """All phases; raises ``StopAsked`` where somebody asked for that."""
        if (self.job.out / "manifest.json").exists():
            return
        self.reporter.say("load", now=True, done=0)
        self._load()
        metrics = {"sft": self._sft(), "type": str(self.type).removeprefix("torch."), "device": self.device}
        self._write(metrics)

    def _load(self) -> None:
        torch.set_num_threads(self.job.threads)
        self.device = base_model.device()
        self.type = self._type()
        folder = base_model.folder(self.job.base, self.job.cache)
        base, self.tokenizer = base_model.load(folder, self.type, self.device, adapted.ATTENTION)
        self.model = adapted.with_adapter(base, self.job.recipe)

    def _type(self) -> torch.dtype:
        """The number type chosen at the first start: a resumed training goes on in it."""
        kept = self.job.work / "type"
        if not kept.exists():
            kept.write_text(str(base_model.fastest_type(self.device)).removeprefix("torch."))
        found = getattr(torch, kept.read_text())
        assert isinstance(found, torch.dtype)
        return found

    def _sft(self) -> dict[str, Any]:
        most = self.job.recipe.max_row_tokens
        read = [rows.encode(row, self.tokenizer, most) for row in rows.read(self.job.corpus, "train")]
        usable = [row for row in read if row is not None]
        if not usable:
            raise rows.NothingToLearn()
        forest = packing.trees(usable, max(most, self.job.recipe.batch_tokens))
        loop = Loop(self.model, forest, self.job.recipe, self.reporter, self.job.work / "sft.pt")
        return {
            "rows": len(usable),
            "rows_left_out": len(read) - len(usable),
            "trees": len(forest),
            **loop.run(),
        }

    def _write(self, metrics: dict[str, Any]) -> None:
        """The adapter in PEFT's form, then the manifest: what has one is complete."""
        self.reporter.say("write", now=True, done=1)
        peft = self.job.out / "peft"
        self.model.save_pretrained(peft)
        weights = load_file(peft / "adapter_model.safetensors")
        write_json(
            self.job.out / "manifest.json",
            {
                "recipe": self.job.recipe.model_dump(mode="json"),
                "weights": sum(weight.numel() for weight in weights.values()),
                "files": {name.name: sha256(name) for name in sorted(peft.iterdir()) if name.is_file()},
                "metrics": metrics,
            },
        )


def main() -> int:
    """Run the job file named on the command line; returns the exit code."""
    job = jobfile.read(Path(sys.argv[1]))
    job.work.mkdir(parents=True, exist_ok=True)
    with (job.work / "lock").open("w") as lock:
        # A trainer whose worker was killed may need a moment to notice; two must never write one checkpoint.
        fcntl.flock(lock, fcntl.LOCK_EX)
        return _run(job)


def _run(job: JobFile) -> int:
    training = Training(job)
    say = training.reporter.say
    try:
        training.run()
    except StopAsked:
        say("stopped", now=True)
        return jobfile.EXIT_STOPPED
    except InhouseError as error:
        say("failed", now=True, code=error.code, error=error.message)
        print(error.message, file=sys.stderr)  # noqa: T201 - a program of its own
        return jobfile.EXIT_FAILED
    except (MemoryError, torch.OutOfMemoryError):
        say("failed", now=True, code="OutOfMemory", error=OutOfMemory().message)
        return jobfile.EXIT_FAILED
    say("done", now=True, done=1)
    return jobfile.EXIT_DONE


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    sys.exit(main())
