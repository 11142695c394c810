"""Write a trained adapter as the GGUF file that llama.cpp loads."""

from __future__ import annotations

import os
from pathlib import Path

import gguf
import numpy as np

from inhouse.tuning import lora


def convert(shape: lora.Shape, peft_folder: Path, out: Path) -> Path:
    """Write the adapter in ``peft_folder`` for a base of this shape to ``out``, whole or not at all.

    Matrices are float32 for b and a: half precision would save a megabyte and cost a conversion at every load.
    """
    adapter = lora.read(peft_folder, shape)
    aside = out.with_name(f".{out.name}.{os.getpid()}")
    writer = gguf.GGUFWriter(aside, shape.architecture)
    writer.add_type(gguf.GGUFType.ADAPTER)
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", adapter.alpha)
    for name, pair in sorted(adapter.pairs.items()):
        writer.add_tensor(f"{name}.lora_a", np.ascontiguousarray(pair.a))
        writer.add_tensor(f"{name}.lora_b", np.ascontiguousarray(pair.b))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    aside.replace(out)
    return out
