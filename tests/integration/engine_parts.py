"""What the engine's tests share: the model file, and random adapters that fit it."""

from __future__ import annotations

from pathlib import Path

import gguf
import numpy as np
import pytest

from inhouse.core.ids import digest
from inhouse.core.settings import Settings
from inhouse.runtime.engines.base import Adapter

MODEL = "SmolLM2-135M-Instruct.Q4_1.gguf"


def model_file() -> Path:
    """The default base model; the test is skipped where it was never fetched."""
    path = Settings().models_folder / MODEL
    if not path.is_file():
        pytest.skip(f"no model file at {path}: run make setup, or set INHOUSE_MODELS")
    return path


def random_adapter(folder: Path, seed: int, rank: int = 4, layers: int = 30) -> Adapter:
    """A LoRA of q and v with random weights: strong enough to change every answer."""
    path = folder / f"adapter-{seed}.gguf"
    chance = np.random.default_rng(seed)
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_string("general.type", "adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", float(2 * rank))
    for layer in range(layers):
        for name, rows in (("attn_q", 576), ("attn_v", 192)):
            a = chance.normal(0, 0.05, (rank, 576)).astype(np.float32)
            b = chance.normal(0, 0.05, (rows, rank)).astype(np.float32)[:rows]
            writer.add_tensor(f"blk.{layer}.{name}.weight.lora_a", a)
            writer.add_tensor(f"blk.{layer}.{name}.weight.lora_b", b)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return Adapter(digest(path.read_bytes()), path)
