"""Learning an owner's words (or a skill): next-token loss on what the assistant says, on a LoRA adapter alone.

Rows that are rehearsed teach nothing new: on those the model is held to the probabilities that it had.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from inhouse.tuning.recipes import Recipe
from inhouse.tuning.trainer import adapted, checkpoint, packing
from inhouse.tuning.trainer.packing import Tree
from inhouse.tuning.trainer.progress import Reporter, StopAsked

#: Loss points kept for the picture.
_MOST_POINTS = 400


class Loop:
    """One training from its checkpoint to its end."""

    def __init__(
        self, model: Any, forest: Sequence[Tree], recipe: Recipe, reporter: Reporter, kept: Path
    ) -> None:
        self.model, self.recipe, self.reporter, self.kept = model, recipe, reporter, kept
        self.weights = adapted.trainable(model)
        self.optimiser = torch.optim.AdamW(
            self.weights, lr=recipe.lr, weight_decay=recipe.weight_decay, betas=(0.9, 0.99), fused=True
        )
        self.plan = plan(forest, recipe)
        self.usual = adapted.Usual.of(self.plan)
        self.state = checkpoint.load(kept, model, self.optimiser)

    def run(self) -> dict[str, Any]:
        """Train to the end of the plan or of the time allowed; raises ``StopAsked`` with the state kept."""
        saved = started = time.monotonic()
        before = self.state.seconds
        self.model.train()
        while self.state.step < len(self.plan) and self.done() < 1:
            if self.reporter.stop_wanted():
                self._save()
                raise StopAsked
            self._step(self.plan[self.state.step])
            self.state.seconds = before + time.monotonic() - started
            self._report()
            if time.monotonic() - saved > self.reporter.job.checkpoint_seconds:
                self._save()
                saved = time.monotonic()
        self._save()
        return self._summary()

    def done(self) -> float:
        """How far the training is, 0 to 1: by steps, or by time where that runs out first."""
        return max(self.state.step / len(self.plan), self.state.seconds / self.recipe.max_seconds)

    def _step(self, batch: Sequence[Tree]) -> None:
        self.reporter.share()
        rate = self.recipe.lr * schedule(self.done(), self.recipe.warmup)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        loss = adapted.loss(self.model, batch, self.usual, self.recipe.rehearsal_weight)
        loss.total.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.weights, 1.0)
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        self.state.step += 1
        self.state.tokens += sum(len(tree.ids) for tree in batch)
        self.state.row_tokens += sum(tree.row_tokens for tree in batch)
        if loss.mean is not None:
            self.state.losses.append((self.state.step, round(loss.mean, 4)))

    def _report(self) -> None:
        state = self.state
        self.reporter.say(
            "sft",
            now=state.step in (1, len(self.plan)),
            step=state.step,
            steps=len(self.plan),
            done=round(self.done(), 4),
            loss=state.losses[-1][1] if state.losses else None,
            tokens_per_second=round(state.tokens / state.seconds, 1),
            row_tokens_per_second=round(state.row_tokens / state.seconds, 1),
            lr=self.optimiser.param_groups[0]["lr"],
            seconds=round(state.seconds, 1),
        )

    def _save(self) -> None:
        checkpoint.save(self.kept, self.model, self.optimiser, self.state)

    def _summary(self) -> dict[str, Any]:
        state, every = self.state, max(1, len(self.state.losses) // _MOST_POINTS)
        return {
            "steps": state.step,
            "planned_steps": len(self.plan),
            "ended_by": "plan" if state.step >= len(self.plan) else "time",
            "seconds": round(state.seconds, 1),
            "tokens": state.tokens,
            "row_tokens": state.row_tokens,
            "tokens_per_second": round(state.tokens / max(state.seconds, 1e-9), 1),
            "row_tokens_per_second": round(state.row_tokens / max(state.seconds, 1e-9), 1),
            "losses": state.losses[::every],
        }


def plan(forest: Sequence[Tree], recipe: Recipe) -> list[list[Tree]]:
    """The batches of all epochs in order; a part of an epoch is its first batches."""
    batches: list[list[Tree]] = []
    for epoch in range(math.ceil(recipe.epochs)):
        one = packing.batches(forest, recipe.batch_tokens, recipe.seed, epoch)
        share = min(1.0, recipe.epochs - epoch)
        batches += one[: math.ceil(len(one) * share)]
    return batches


def schedule(done: float, warmup: float) -> float:
    """Factor of the learning rate: a rise, then half a cosine down to a twentieth."""
    if done < warmup:
        return max(done / warmup, 0.02)
    return 0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * (done - warmup) / (1 - warmup)))
