"""A generation's file: the base model with a trained delta added into its weights, written anew as GGUF."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import gguf
import numpy as np

from inhouse.core.errors import InhouseError
from inhouse.tuning import lora

Quantisation = Literal["keep", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "F16"]

#: GGUF's own numbers for "what most tensors of this file are".
_FILE_TYPES = {
    "Q4_0": gguf.LlamaFileType.MOSTLY_Q4_0,
    "Q4_1": gguf.LlamaFileType.MOSTLY_Q4_1,
    "Q5_0": gguf.LlamaFileType.MOSTLY_Q5_0,
    "Q5_1": gguf.LlamaFileType.MOSTLY_Q5_1,
    "Q8_0": gguf.LlamaFileType.MOSTLY_Q8_0,
    "F16": gguf.LlamaFileType.MOSTLY_F16,
}


class NotMergeable(InhouseError):
    """The delta cannot be merged into {base}: {reason}"""


def merge(
    base: Path,
    peft_folder: Path | None,
    out: Path,
    quantisation: Quantisation = "Q8_0",
    provenance: Mapping[str, str] | None = None,
) -> Path:
    """Write ``base`` plus the delta (``None`` only requantises) to ``out``, with all metadata and ``inhouse.*`` keys.

    Written aside and renamed. Only tensors that were quantised before are requantised; norms stay as they are, and so
    do the token embeddings, which no adapter changes. ``keep`` writes a changed tensor in its old type: in 4 bits
    most of a small delta is rounded away, since the old weights stand exactly on the grid.
    """
    reader = gguf.GGUFReader(base)
    delta = (
        lora.read(peft_folder, lora.shape_of_gguf(reader)) if peft_folder is not None else lora.Lora(1, 1, {})
    )
    missing = set(delta.pairs) - {tensor.name for tensor in reader.tensors}
    if missing:
        raise NotMergeable(base=base.name, reason=f"it has no tensor {min(missing)}")
    aside = out.with_name(f".{out.name}.{os.getpid()}")
    writer = gguf.GGUFWriter(aside, lora.shape_of_gguf(reader).architecture)
    copy_metadata(reader, writer, quantisation)
    for key, value in (provenance or {}).items():
        writer.add_string(f"inhouse.{key}", value)
    for tensor in reader.tensors:
        data, kind = _tensor(tensor, delta, quantisation)
        writer.add_tensor(tensor.name, data, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    aside.replace(out)
    return out


def _tensor(
    tensor: Any, delta: lora.Lora, quantisation: Quantisation
) -> tuple[Any, gguf.GGMLQuantizationType]:
    """The tensor's data and type as they are to be written."""
    pair = delta.pairs.get(tensor.name)
    kind = _kind(tensor, quantisation)
    if pair is None and kind == tensor.tensor_type:
        return tensor.data, kind
    weight = gguf.dequantize(tensor.data, tensor.tensor_type)
    if pair is not None:
        weight = weight + np.float32(delta.scale) * (pair.b @ pair.a)
    return gguf.quantize(weight, kind), kind


def _kind(tensor: Any, quantisation: Quantisation) -> gguf.GGMLQuantizationType:
    plain = (gguf.GGMLQuantizationType.F32, gguf.GGMLQuantizationType.F16, gguf.GGMLQuantizationType.BF16)
    kept = (
        quantisation == "keep"
        or tensor.tensor_type in plain
        or tensor.name.startswith(("token_embd", "output"))
    )
    return tensor.tensor_type if kept else gguf.GGMLQuantizationType[quantisation]


def copy_metadata(reader: Any, writer: Any, quantisation: Quantisation) -> None:
    """Everything that a file says of itself but its architecture; its type as it is quantised now."""
    for field in reader.fields.values():
        if field.name.startswith("GGUF.") or field.name in ("general.architecture", "general.file_type"):
            continue
        kind = field.types[0]
        inner = field.types[-1] if kind == gguf.GGUFValueType.ARRAY else None
        writer.add_key_value(field.name, field.contents(), kind, sub_type=inner)
    kept = reader.get_field("general.file_type")
    if quantisation != "keep":
        writer.add_file_type(_FILE_TYPES[quantisation])
    elif kept is not None:
        writer.add_file_type(kept.contents())
