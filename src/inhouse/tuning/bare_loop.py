"""``python -m inhouse.tuning.bare_loop JOB.json``: what the trainer is measured against.

The loop that anybody would write: the same rows, base model, adapter, number type and optimiser, in padded batches of
rows of like length, with PEFT and transformers as they come; no packing, no checkpoints, no progress, no stopping.
Prints ``{"tokens", "seconds"}``; padding is not counted.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, get_peft_model

from inhouse.tuning import jobfile
from inhouse.tuning.jobfile import JobFile
from inhouse.tuning.trainer import base_model, rows
from inhouse.tuning.trainer.rows import Encoded

_NOT_LEARNT = -100


def run(job: JobFile) -> dict[str, float]:
    """Train for the recipe's time, or for its epochs where that is shorter. Loading is not timed."""
    torch.set_num_threads(job.threads)
    where = base_model.device()
    folder = base_model.folder(job.base, job.cache)
    base, tokenizer = base_model.load(folder, base_model.fastest_type(where), where, "sdpa")
    model = get_peft_model(base, _lora(job))
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    optimiser = torch.optim.AdamW(weights, lr=job.recipe.lr, weight_decay=job.recipe.weight_decay, fused=True)
    encoded = [
        found
        for row in rows.read(job.corpus, "train")
        if (found := rows.encode(row, tokenizer, job.recipe.max_row_tokens)) is not None
    ]
    model.train()
    tokens, started = 0, time.monotonic()
    for batch in _plan(encoded, job):
        _step(model, optimiser, weights, batch, where)
        tokens += sum(len(row.ids) for row in batch)
        if time.monotonic() - started > job.recipe.max_seconds:
            break
    return {"tokens": tokens, "seconds": time.monotonic() - started}


def padded(batch: Sequence[Encoded]) -> tuple[list[list[int]], list[list[int]], list[list[int]]]:
    """Token ids, labels and attention mask of a batch, each (rows, longest)."""
    longest = max(len(row.ids) for row in batch)
    gaps = [longest - len(row.ids) for row in batch]
    ids = [[*row.ids, *[0] * gap] for row, gap in zip(batch, gaps, strict=True)]
    labels = [
        [*(token if learnt else _NOT_LEARNT for token, learnt in zip(row.ids, row.learn, strict=True))]
        + [_NOT_LEARNT] * gap
        for row, gap in zip(batch, gaps, strict=True)
    ]
    mask = [[1] * len(row.ids) + [0] * gap for row, gap in zip(batch, gaps, strict=True)]
    return ids, labels, mask


def batches(encoded: Sequence[Encoded], batch_tokens: int) -> Iterator[list[Encoded]]:
    """Rows of like length together, as many as the budget holds when they are padded."""
    batch: list[Encoded] = []
    for row in sorted(encoded, key=lambda row: len(row.ids)):
        if batch and len(row.ids) * (len(batch) + 1) > batch_tokens:
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch


def _plan(encoded: Sequence[Encoded], job: JobFile) -> Iterator[list[Encoded]]:
    one = list(batches(encoded, job.recipe.batch_tokens))
    chance = random.Random(job.recipe.seed)
    for _ in range(max(1, round(job.recipe.epochs))):
        chance.shuffle(one)
        yield from one


def _step(model: Any, optimiser: Any, weights: Any, batch: Sequence[Encoded], where: str) -> None:
    ids, labels, mask = (torch.tensor(part, device=where) for part in padded(batch))
    model(input_ids=ids, labels=labels, attention_mask=mask).loss.backward()
    torch.nn.utils.clip_grad_norm_(weights, 1.0)
    optimiser.step()
    optimiser.zero_grad(set_to_none=True)


def _lora(job: JobFile) -> LoraConfig:
    return LoraConfig(
        r=job.recipe.rank,
        lora_alpha=job.recipe.alpha,
        target_modules=list(job.recipe.targets),
        lora_dropout=0.0,
        bias="none",
        task_type="CAUSAL_LM",
    )


if __name__ == "__main__":
    chosen = jobfile.read(Path(sys.argv[1]))
    os.nice(chosen.niceness)
    sys.stdout.write(json.dumps(run(chosen)) + "\n")
