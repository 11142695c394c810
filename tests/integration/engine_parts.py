"""What the engine's tests share: the model file, and random adapters that fit it."""

from __future__ import annotations

from pathlib import Path

import pytest

from inhouse.bench.made_adapters import random_adapter as bench_adapter
from inhouse.core.settings import Settings
from inhouse.runtime.engines.base import Adapter

MODEL = "SmolLM2-135M-Instruct.Q4_1.gguf"


def model_file() -> Path:
    """The default base model; the test is skipped where it was never fetched."""
    path = Settings().models_folder / MODEL
    if not path.is_file():
        pytest.skip(f"no model file at {path}: run make setup, or set INHOUSE_MODELS")
    return path


def random_adapter(folder: Path, seed: int) -> Adapter:
    """A small LoRA with random weights."""
    return bench_adapter(model_file(), folder, seed, rank=4)
