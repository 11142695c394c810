"""The trainer: load, learn words, learn taste, measure, write. Each phase that is done is not done again."""

from __future__ import annotations

import fcntl
import itertools
import logging
import sys
from pathlib import Path
from typing import Any

import torch

from inhouse.core.errors import InhouseError
from inhouse.tuning import gguf_adapter, jobfile, lora
from inhouse.tuning.files import sha256, write_json
from inhouse.tuning.jobfile import JobFile
from inhouse.tuning.trainer import adapted, base_model, measure, packing, preference, preference_data, rows
from inhouse.tuning.trainer.progress import Reporter, StopAsked
from inhouse.tuning.trainer.rows import Encoded
from inhouse.tuning.trainer.sft import Loop

#: Held-out rows that are measured: enough for a narrow interval, few enough for half a minute.
_MOST_HELD_OUT = 200


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
        metrics = {
            "type": str(self.type).removeprefix("torch."),
            "device": self.device,
            "sft": self._sft(),
            **self._taste(),
            "voice": self._voice(),
        }
        self._write(metrics)

    def _load(self) -> None:
        torch.set_num_threads(self.job.threads)
        self.device = base_model.device()
        self.type = self._type()
        self.folder = base_model.folder(self.job.base, self.job.cache)
        base, self.tokenizer = base_model.load(self.folder, self.type, self.device, adapted.ATTENTION)
        self.model = adapted.with_adapter(base, self.job.recipe)

    def _type(self) -> torch.dtype:
        """The number type chosen at the first start: a resumed training goes on in it."""
        kept = self.job.work / "type"
        if not kept.exists():
            kept.write_text(str(base_model.fastest_type(self.device)).removeprefix("torch."))
        found = getattr(torch, kept.read_text())
        assert isinstance(found, torch.dtype)
        return found

    def _rows(self, split: str, most: int | None = None) -> tuple[list[Encoded], int]:
        """The usable rows of a split, and how many were left out."""
        found: list[Encoded] = []
        read = 0
        for row in itertools.islice(rows.read(self.job.corpus, split), most):
            read += 1
            encoded = rows.encode(row, self.tokenizer, self.job.recipe.max_row_tokens)
            if encoded is not None:
                found.append(encoded)
        return found, read - len(found)

    def _sft(self) -> dict[str, Any]:
        usable, left_out = self._rows("train")
        if not usable:
            raise rows.NothingToLearn()
        forest = packing.trees(usable, max(self.job.recipe.max_row_tokens, self.job.recipe.batch_tokens))
        loop = Loop(self.model, forest, self.job.recipe, self.reporter, self.job.work / "sft.pt")
        return {"rows": len(usable), "rows_left_out": left_out, "trees": len(forest), **loop.run()}

    def _taste(self) -> dict[str, Any]:
        """Learn from the picks, and count the held-out ones that the adapter agrees with before and after."""
        held_out = [
            pick
            for row in preference_data.read(self.job.picks, "held_out")
            if (pick := preference_data.encode(row, self.tokenizer, self.job.recipe.max_row_tokens))
        ]
        learnable = preference_data.read(self.job.picks, "train")
        before = measure.preferred(self.model, held_out, self.reporter)
        learnt = None
        if learnable:
            self.reporter.say("preference", now=True, done=0)
            learnt = preference.learn(self.model, self.tokenizer, learnable, self.job.recipe, self.reporter)
        after = measure.preferred(self.model, held_out, self.reporter)
        score = {"n": len(held_out), "wins_before": sum(before), "wins": sum(after)}
        return {"preference": learnt, "picks": score if held_out else None}

    def _voice(self) -> dict[str, Any] | None:
        self.reporter.say("measure", now=True, done=1)
        held_out, _ = self._rows("held_out", _MOST_HELD_OUT)
        return measure.voice(self.model, held_out, self.reporter, self.job.recipe.seed)

    def _write(self, metrics: dict[str, Any]) -> None:
        """The adapter in PEFT's form and in llama.cpp's, then the manifest: what has one is complete."""
        self.reporter.say("write", now=True, done=1)
        peft = self.job.out / "peft"
        # PEFT would write this machine's path of the base into a file that is named by its content.
        self.model.peft_config["default"].base_model_name_or_path = self.job.base.name
        self.model.save_pretrained(peft, selected_adapters=["default"], save_embedding_layers=False)
        (peft / "README.md").unlink(missing_ok=True)
        gguf_adapter.convert(lora.shape_of_config(self.folder), peft, self.job.out / "adapter.gguf")
        files = [self.job.out / "adapter.gguf", *peft.iterdir()]
        write_json(
            self.job.out / "manifest.json",
            {
                "recipe": self.job.recipe.model_dump(mode="json"),
                "files": {str(path.relative_to(self.job.out)): sha256(path) for path in sorted(files)},
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
