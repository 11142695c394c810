"""A trained adapter in llama.cpp's terms: PEFT's matrices by GGUF tensor name, rows in the order that it expects."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gguf
import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file

from inhouse.core.errors import InhouseError

Matrix = NDArray[np.float32]

#: Where llama.cpp's name of an architecture is not transformers' own.
_ARCHITECTURES = {"mistral": "llama"}

_KEY = re.compile(r"base_model\.model\.(?P<module>.+)\.lora_(?P<side>[AB])\.weight")


class AdapterUnusable(InhouseError):
    """The adapter in {folder} does not fit the base model: {reason}"""


@dataclass(frozen=True)
class Shape:
    """What of a base model decides how adapters are laid out."""

    architecture: str
    blocks: int
    heads: int
    key_heads: int


@dataclass(frozen=True)
class Pair:
    """``a`` is (rank, in), ``b`` (out, rank), rows of ``b`` in GGUF order; the weight changes by scale · b @ a."""

    a: Matrix
    b: Matrix


@dataclass(frozen=True)
class Lora:
    """An adapter: pairs by the GGUF name of the tensor that they change."""

    alpha: float
    rank: int
    pairs: Mapping[str, Pair]

    @property
    def scale(self) -> float:
        return self.alpha / self.rank


def shape_of_config(folder: Path) -> Shape:
    """The layout of a base model in Hugging Face's form; much faster to read than a GGUF file's header."""
    config = json.loads((folder / "config.json").read_text())
    kind = str(config["model_type"])
    return Shape(
        architecture=_ARCHITECTURES.get(kind, kind),
        blocks=int(config["num_hidden_layers"]),
        heads=int(config["num_attention_heads"]),
        key_heads=int(config.get("num_key_value_heads") or config["num_attention_heads"]),
    )


def shape_of_gguf(reader: Any) -> Shape:
    """The layout of the base model in an open GGUF file (``gguf.GGUFReader``)."""
    architecture = str(reader.get_field("general.architecture").contents())
    heads = int(reader.get_field(f"{architecture}.attention.head_count").contents())
    keys = reader.get_field(f"{architecture}.attention.head_count_kv")
    return Shape(
        architecture=architecture,
        blocks=int(reader.get_field(f"{architecture}.block_count").contents()),
        heads=heads,
        key_heads=int(keys.contents()) if keys is not None else heads,
    )


def read(folder: Path, base: Shape) -> Lora:
    """An adapter from PEFT's folder; ``AdapterUnusable`` where it does not fit the base."""
    config = json.loads((folder / "adapter_config.json").read_text())
    weights = load_file(folder / "adapter_model.safetensors")
    sides: dict[str, dict[str, Matrix]] = {}
    for key, weight in weights.items():
        found = _KEY.fullmatch(key)
        if found is None:
            raise AdapterUnusable(folder=folder, reason=f"it holds {key}, which is not a LoRA matrix")
        sides.setdefault(found["module"], {})[found["side"]] = np.asarray(weight, dtype=np.float32)
    pairs = {}
    for module, matrices in sides.items():
        name = _tensor(module, base)
        if name is None or len(matrices) != 2:
            raise AdapterUnusable(folder=folder, reason=f"{module} is not a layer of it")
        pairs[name] = Pair(matrices["A"], reorder(matrices["B"], name, base))
    return Lora(float(config["lora_alpha"]), int(config["r"]), pairs)


def reorder(rows: Matrix, tensor: str, base: Shape) -> Matrix:
    """Rows (out, …) of a matrix in the order of the GGUF tensor.

    llama.cpp rotates neighbouring pairs, transformers the two halves of a head; its converter therefore interleaves
    the rows of q and k of the architecture ``llama``, and what is added to them must be interleaved too.
    """
    if base.architecture != "llama" or not tensor.endswith(("attn_q.weight", "attn_k.weight")):
        return rows
    heads = base.heads if tensor.endswith("attn_q.weight") else base.key_heads
    split = rows.reshape(heads, 2, rows.shape[0] // heads // 2, *rows.shape[1:])
    return np.ascontiguousarray(split.swapaxes(1, 2).reshape(rows.shape))


def _tensor(module: str, base: Shape) -> str | None:
    architectures = {name: key for key, name in gguf.MODEL_ARCH_NAMES.items()}
    names = gguf.get_tensor_name_map(architectures[base.architecture], base.blocks)
    name = names.get_name(module)
    return f"{name}.weight" if name else None
