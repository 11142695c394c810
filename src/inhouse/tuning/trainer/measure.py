"""What a training was worth, on rows that it never saw: bits per byte, and the picks that it agrees with."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch

from inhouse.tuning.bits import Nats, bits_per_byte, difference_interval
from inhouse.tuning.trainer import adapted, kernels, packing
from inhouse.tuning.trainer.preference_data import Pick
from inhouse.tuning.trainer.progress import Reporter
from inhouse.tuning.trainer.rows import Encoded

_BATCH_TOKENS = 2048


def voice(model: Any, held_out: Sequence[Encoded], reporter: Reporter, seed: int) -> dict[str, Any] | None:
    """Bits per byte of held-out text without and with the adapter, or ``None`` where nothing is held out.

    ``interval`` holds 95% of ``adapter - none`` over drawings of whole units; ``n`` counts units.
    """
    if not held_out:
        return None
    with model.disable_adapter():
        before = losses(model, held_out, reporter)
    after = losses(model, held_out, reporter)
    sizes = np.array([row.learnt_bytes for row in held_out], dtype=float)
    names = [row.unit for row in held_out]
    return {
        "none": bits_per_byte(before, sizes),
        "adapter": bits_per_byte(after, sizes),
        "interval": difference_interval(before, after, sizes, names, seed),
        "n": len(set(names)),
        "rows": len(held_out),
        "held_out": hashlib.sha256(repr([row.ids for row in held_out]).encode()).hexdigest(),
    }


def preferred(model: Any, picks: Sequence[Pick], reporter: Reporter) -> list[bool]:
    """For each pick, whether the model finds the chosen answer likelier per token than the rejected one."""
    rows = [row for pick in picks for row in (pick.chosen, pick.rejected)]
    nats = losses(model, rows, reporter)
    means = [loss / sum(row.learn) for loss, row in zip(nats, rows, strict=True)]
    return [bool(means[at] < means[at + 1]) for at in range(0, len(means), 2)]


@torch.no_grad()
def losses(model: Any, rows: Sequence[Encoded], reporter: Reporter) -> Nats:
    """Summed ``-log p`` in nats of what is learnt in each row."""
    model.eval()
    found: list[float] = []
    head = model.get_base_model().get_output_embeddings().weight
    for batch in _batches(rows):
        reporter.check()
        reporter.share()
        trees = [packing.alone(row) for row in batch]
        places, tokens, _ = adapted.targets(model, trees)
        nats = kernels.negative_log_likelihood(adapted.hidden_states(model, trees)[places], head, tokens)
        found += [float(part.sum()) for part in torch.split(nats, [len(tree.targets) for tree in trees])]
        reporter.say("measure", rows=len(found))
    return np.array(found)


def _batches(rows: Sequence[Encoded]) -> Iterator[list[Encoded]]:
    batch: list[Encoded] = []
    for row in rows:
        if batch and sum(len(one.ids) for one in batch) + len(row.ids) > _BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch
