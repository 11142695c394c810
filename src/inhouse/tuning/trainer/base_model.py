"""The frozen base model as torch wants it: converted once from GGUF, then read in a second."""

from __future__ import annotations

import logging
import os
import shutil
import time
from pathlib import Path
from typing import Any

import gguf
import torch
from tokenizers import pre_tokenizers
from transformers import AutoModelForCausalLM, AutoTokenizer

from inhouse.tuning.files import sha256

log = logging.getLogger(__name__)

#: Part of the cache's name: raise it when the conversion changes.
_CONVERSION = 1


def folder(base: Path, cache: Path) -> Path:
    """The base in Hugging Face's form: itself, or its conversion, made where it is not there yet."""
    if base.is_dir():
        return base
    target = cache / f"torch-{sha256(base)[:16]}-{_CONVERSION}"
    if not target.is_dir():
        _convert(base, target)
    return target


def device() -> str:
    """Where to train."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def fastest_type(where: str) -> torch.dtype:
    """bfloat16 where it is faster on this machine (measured on one matrix in a few milliseconds), else float32."""
    if where == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float32
    return min((torch.float32, torch.bfloat16), key=_matrix_seconds)


def load(path: Path, dtype: torch.dtype, where: str, attention: str) -> tuple[Any, Any]:
    """Model and tokenizer from a folder in Hugging Face's form."""
    model = AutoModelForCausalLM.from_pretrained(path, dtype=dtype, attn_implementation=attention)
    model.to(where)
    model.config.use_cache = False
    return model, AutoTokenizer.from_pretrained(path)


def _matrix_seconds(dtype: torch.dtype) -> float:
    left, right = torch.ones(512, 576, dtype=dtype), torch.ones(576, 1536, dtype=dtype)
    best = float("inf")
    for _ in range(5):
        start = time.perf_counter()
        left @ right
        best = min(best, time.perf_counter() - start)
    return best


def _convert(base: Path, target: Path) -> None:
    """Dequantise a GGUF file. bfloat16 at rest: its rounding is far below that of the 4 or 8 bits it comes from."""
    quantised = AutoModelForCausalLM.from_pretrained(base.parent, gguf_file=base.name)
    config = quantised.config
    del config.quantization_config
    # A model that came out of a GGUF file refuses to be saved: move its weights to one that did not.
    model = AutoModelForCausalLM.from_config(config)
    model.load_state_dict(quantised.state_dict())
    aside = target.with_name(f".{target.name}.{os.getpid()}")
    shutil.rmtree(aside, ignore_errors=True)
    model.to(torch.bfloat16).save_pretrained(aside)
    _tokenizer(base).save_pretrained(aside)
    try:
        aside.rename(target)
    except OSError:  # another trainer was faster; its conversion is the same
        shutil.rmtree(aside)


def _tokenizer(base: Path) -> Any:
    """The tokenizer of a GGUF file, splitting digits as llama.cpp does, which transformers' reader forgets."""
    tokenizer = AutoTokenizer.from_pretrained(base.parent, gguf_file=base.name)
    field = gguf.GGUFReader(base).get_field("tokenizer.ggml.pre")
    if field is not None and field.contents() == "smollm":
        tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [
                pre_tokenizers.Digits(individual_digits=True),
                pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
            ]
        )
    return tokenizer
