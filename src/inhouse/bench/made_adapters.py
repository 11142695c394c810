"""LoRA files with random weights that fit a model: for measuring and testing, not for answering."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import gguf
import numpy as np

from inhouse.core.ids import digest
from inhouse.runtime.engines.base import Adapter


def random_adapter(model: Path, folder: Path, seed: int, rank: int = 8) -> Adapter:
    """A LoRA of q and v of every layer; rank 8 is about 1 MB for the default model. Strong enough to change answers."""
    path = folder / f"random-{seed}-{rank}.gguf"
    chance = np.random.default_rng(seed)
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_string("general.type", "adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", float(2 * rank))
    for name, columns, rows in _targets(model):
        writer.add_tensor(f"{name}.lora_a", chance.normal(0, 0.05, (rank, columns)).astype(np.float32))
        writer.add_tensor(f"{name}.lora_b", chance.normal(0, 0.05, (rows, rank)).astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return Adapter(digest(path.read_bytes()), path)


@cache
def _targets(model: Path) -> list[tuple[str, int, int]]:
    """Name, inputs and outputs of the tensors to adapt."""
    tensors = gguf.GGUFReader(model).tensors
    wanted = [one for one in tensors if one.name.endswith(("attn_q.weight", "attn_v.weight"))]
    return [(one.name, int(one.shape[0]), int(one.shape[1])) for one in wanted]
