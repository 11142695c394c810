"""Learning an owner's taste from picks, by DPO from ``trl``, on the adapter that already has their words.

The reference is a frozen copy of that adapter, which ``trl`` keeps beside it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from datasets import Dataset
from transformers import TrainerCallback
from trl import DPOConfig, DPOTrainer

from inhouse.tuning.recipes import Recipe
from inhouse.tuning.trainer import adapted
from inhouse.tuning.trainer.preference_data import PickRow
from inhouse.tuning.trainer.progress import Reporter, StopAsked

#: Written into a checkpoint after all else: one without it was cut off and is not used.
_COMPLETE = "complete"


def learn(
    model: Any, tokenizer: Any, picks: Sequence[PickRow], recipe: Recipe, reporter: Reporter
) -> dict[str, Any]:
    """Train on the picks; raises ``StopAsked`` with a checkpoint kept where a stop is wanted."""
    folder = reporter.job.work / "preference"
    watch = _Watch(reporter, recipe.preference.max_seconds)
    # Batches of trl are padded, which our attention does not know.
    model.set_attn_implementation("eager")
    trainer = DPOTrainer(
        model=model,
        args=_settings(recipe, folder, model.device.type == "cpu"),
        train_dataset=Dataset.from_list([pick.conversation for pick in picks]),
        processing_class=tokenizer,
        callbacks=[watch],
    )
    trainer.train(resume_from_checkpoint=_newest(folder))
    if watch.stopped:
        raise StopAsked
    model.set_attn_implementation(adapted.ATTENTION)
    model.set_adapter("default")
    return {"method": recipe.preference.method, "pairs": len(picks), **watch.summary}


def _settings(recipe: Recipe, folder: Path, on_cpu: bool) -> Any:
    taste = recipe.preference
    return DPOConfig(
        output_dir=str(folder),
        beta=taste.beta,
        learning_rate=taste.lr,
        num_train_epochs=taste.epochs,
        # Pair by pair, added up: as many pairs a step, in a third of the memory and without padding to the longest.
        per_device_train_batch_size=1,
        gradient_accumulation_steps=taste.batch_pairs,
        max_length=recipe.max_row_tokens,
        warmup_steps=2,
        lr_scheduler_type="cosine",
        optim="adamw_torch",
        gradient_checkpointing=False,
        bf16=False,  # the base has its number type already; autocast would only copy it
        use_cpu=on_cpu,
        seed=recipe.seed,
        data_seed=recipe.seed,
        logging_steps=1,
        save_strategy="steps",
        save_steps=10,
        save_total_limit=1,
        report_to=[],
        disable_tqdm=True,
    )


def _newest(folder: Path) -> str | None:
    complete = [mark.parent for mark in folder.glob(f"checkpoint-*/{_COMPLETE}")]
    return str(max(complete, key=lambda path: int(path.name.partition("-")[2]))) if complete else None


class _Watch(TrainerCallback):  # type: ignore[misc]
    """Reports each step, and ends the training when its time is over or somebody wants that."""

    def __init__(self, reporter: Reporter, max_seconds: float) -> None:
        self.reporter, self.max_seconds = reporter, max_seconds
        self.started = time.monotonic()
        self.stopped = False
        self.summary: dict[str, Any] = {}

    def on_step_begin(self, _args: Any, _state: Any, _control: Any, **_: Any) -> None:
        self.reporter.share()

    def on_log(self, _args: Any, state: Any, _control: Any, logs: Any = None, **_: Any) -> None:
        if not logs or "loss" not in logs:
            return
        self.reporter.say(
            "preference",
            step=state.global_step,
            steps=state.max_steps,
            done=round(state.global_step / max(1, state.max_steps), 4),
            loss=round(float(logs["loss"]), 4),
        )

    def on_step_end(self, _args: Any, _state: Any, control: Any, **_: Any) -> None:
        late = time.monotonic() - self.started > self.max_seconds
        self.stopped = self.reporter.stop_wanted()
        if late or self.stopped:
            control.should_training_stop = True
            control.should_save = self.stopped

    def on_save(self, args: Any, state: Any, _control: Any, **_: Any) -> None:
        (Path(args.output_dir) / f"checkpoint-{state.global_step}" / _COMPLETE).touch()

    def on_train_end(self, _args: Any, state: Any, _control: Any, **_: Any) -> None:
        self.summary = {
            "steps": state.global_step,
            "planned_steps": state.max_steps,
            "seconds": round(time.monotonic() - self.started, 1),
            "losses": [(line["step"], float(line["loss"])) for line in state.log_history if "loss" in line],
        }
