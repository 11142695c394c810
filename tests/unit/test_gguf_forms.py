"""An adapter in llama.cpp's form, and a delta merged into a base, on a made-up model of two layers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest

from inhouse.tuning import gguf_adapter, lora
from inhouse.tuning.lora import AdapterUnusable, Shape
from inhouse.tuning.merging import NotMergeable, merge

save_file = pytest.importorskip("safetensors.numpy").save_file

WIDTH, HEADS, KEYS, BLOCKS = 64, 4, 2, 2
SHAPE = Shape("llama", BLOCKS, HEADS, KEYS)
OUT = {"attn_q": WIDTH, "attn_k": WIDTH * KEYS // HEADS, "ffn_up": 96}
MODULES = {"attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj", "ffn_up": "mlp.up_proj"}


def weight(name: str, block: int) -> Any:
    chance = np.random.default_rng([block, *name.encode()])
    return chance.normal(0, 0.1, (OUT[name], WIDTH)).astype(np.float32)


@pytest.fixture
def base(tmp_path: Path) -> Path:
    path = tmp_path / "base.gguf"
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_block_count(BLOCKS)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KEYS)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q4_1)
    writer.add_array("tokenizer.ggml.tokens", ["a", "b", "ü"])
    for block in range(BLOCKS):
        for name in OUT:
            four = gguf.GGMLQuantizationType.Q4_1
            data = gguf.quantize(weight(name, block), four)
            writer.add_tensor(f"blk.{block}.{name}.weight", data, raw_dtype=four)
    writer.add_tensor("output_norm.weight", np.ones(WIDTH, dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


@pytest.fixture
def peft(tmp_path: Path) -> Path:
    return write_peft(tmp_path / "peft", {name: MODULES[name] for name in OUT})


def write_peft(folder: Path, modules: dict[str, str]) -> Path:
    folder.mkdir()
    chance = np.random.default_rng(1)
    weights = {}
    for block in range(BLOCKS):
        for name, module in modules.items():
            key = f"base_model.model.model.layers.{block}.{module}"
            weights[f"{key}.lora_A.weight"] = chance.normal(0, 0.3, (4, WIDTH)).astype(np.float32)
            weights[f"{key}.lora_B.weight"] = chance.normal(0, 0.3, (OUT[name], 4)).astype(np.float32)
    save_file(weights, folder / "adapter_model.safetensors")
    (folder / "adapter_config.json").write_text(json.dumps({"r": 4, "lora_alpha": 8}))
    return folder


def tensors(path: Path) -> dict[str, Any]:
    reader = gguf.GGUFReader(path)
    return {t.name: gguf.dequantize(t.data, t.tensor_type) for t in reader.tensors}


def rotate_halves(vectors: Any, angles: Any) -> Any:
    """Rotation as transformers does it: the first half of a head against the second."""
    half = vectors.shape[-1] // 2
    one, two = vectors[..., :half], vectors[..., half:]
    return np.concatenate(
        [one * np.cos(angles) - two * np.sin(angles), two * np.cos(angles) + one * np.sin(angles)], -1
    )


def rotate_neighbours(vectors: Any, angles: Any) -> Any:
    """Rotation as llama.cpp does it for this architecture: each even number against the next."""
    one, two = vectors[..., 0::2], vectors[..., 1::2]
    out = np.empty_like(vectors)
    out[..., 0::2] = one * np.cos(angles) - two * np.sin(angles)
    out[..., 1::2] = two * np.cos(angles) + one * np.sin(angles)
    return out


def test_the_order_of_rows_gives_the_same_attention_under_each_rotation() -> None:
    chance = np.random.default_rng(2)
    width = WIDTH // HEADS
    q, k = (chance.normal(size=(HEADS, width)).astype(np.float32) for _ in range(2))
    q_angles, k_angles = chance.normal(size=(2, width // 2))
    ours = (rotate_halves(q, q_angles) * rotate_halves(k, k_angles)).sum(-1)
    theirs_q, theirs_k = (
        lora.reorder(side.reshape(-1, 1), "blk.0.attn_q.weight", SHAPE).reshape(HEADS, width)
        for side in (q, k)
    )
    theirs = (rotate_neighbours(theirs_q, q_angles) * rotate_neighbours(theirs_k, k_angles)).sum(-1)
    np.testing.assert_allclose(ours, theirs, rtol=1e-4)


def test_only_q_and_k_of_llama_are_reordered() -> None:
    rows = np.arange(WIDTH, dtype=np.float32).reshape(-1, 1)
    assert (lora.reorder(rows, "blk.0.attn_v.weight", SHAPE) == rows).all()
    qwen = Shape("qwen2", BLOCKS, HEADS, KEYS)
    assert (lora.reorder(rows, "blk.0.attn_q.weight", qwen) == rows).all()
    assert not (lora.reorder(rows, "blk.0.attn_q.weight", SHAPE) == rows).all()


def test_the_adapter_file_holds_what_llama_cpp_reads(peft: Path, tmp_path: Path) -> None:
    path = gguf_adapter.convert(SHAPE, peft, tmp_path / "adapter.gguf")
    reader = gguf.GGUFReader(path)
    fields = {name: field.contents() for name, field in reader.fields.items()}
    assert fields["general.type"] == "adapter" and fields["adapter.type"] == "lora"
    assert fields["general.architecture"] == "llama" and fields["adapter.lora.alpha"] == 8
    found = tensors(path)
    assert len(found) == 2 * BLOCKS * len(OUT)
    assert found["blk.1.attn_k.weight.lora_b"].shape == (OUT["attn_k"], 4)
    assert found["blk.1.attn_k.weight.lora_a"].shape == (4, WIDTH)
    assert gguf_adapter.convert(SHAPE, peft, tmp_path / "again.gguf").read_bytes() == path.read_bytes()


def test_an_adapter_for_another_model_is_refused(tmp_path: Path, base: Path) -> None:
    strange = write_peft(tmp_path / "strange", {"attn_q": "self_attn.strange_proj"})
    with pytest.raises(AdapterUnusable, match="strange_proj"):
        gguf_adapter.convert(SHAPE, strange, tmp_path / "adapter.gguf")
    assert not (tmp_path / "adapter.gguf").exists()
    with pytest.raises(NotMergeable, match="attn_v"):
        values = write_peft(tmp_path / "values", {"attn_k": "self_attn.v_proj"})
        merge(base, values, tmp_path / "out.gguf")


@pytest.mark.parametrize(("quantisation", "tolerance"), [("F16", 2e-3), ("Q8_0", 2e-2), ("Q4_1", 0.2)])
def test_the_delta_is_added_to_what_the_base_says(
    base: Path, peft: Path, tmp_path: Path, quantisation: Any, tolerance: float
) -> None:
    merged = tensors(merge(base, peft, tmp_path / "out.gguf", quantisation, {"parent": "abc"}))
    before, delta = tensors(base), lora.read(peft, SHAPE)
    for name, pair in delta.pairs.items():
        wanted = before[name] + 2 * pair.b @ pair.a
        np.testing.assert_allclose(merged[name], wanted, atol=tolerance)
    assert (merged["output_norm.weight"] == before["output_norm.weight"]).all()


def test_metadata_is_kept_and_provenance_added(base: Path, peft: Path, tmp_path: Path) -> None:
    out = merge(base, peft, tmp_path / "out.gguf", "Q8_0", {"parent": "abc"})
    fields = {name: field.contents() for name, field in gguf.GGUFReader(out).fields.items()}
    assert fields["tokenizer.ggml.tokens"] == ["a", "b", "ü"]
    assert fields["llama.attention.head_count_kv"] == KEYS
    assert fields["general.file_type"] == gguf.LlamaFileType.MOSTLY_Q8_0
    assert fields["inhouse.parent"] == "abc"
    again = merge(base, peft, tmp_path / "again.gguf", "Q8_0", {"parent": "abc"})
    assert again.read_bytes() == out.read_bytes()


def test_keeping_the_type_without_a_delta_changes_no_weight(base: Path, tmp_path: Path) -> None:
    before, after = tensors(base), tensors(merge(base, None, tmp_path / "out.gguf", "keep"))
    assert all((before[name] == after[name]).all() for name in before)
