"""An exported generation says what the served file says: as safetensors by itself, and as a delta on its parent.

The yardstick is how far torch and llama.cpp are apart on the parent, which nobody changed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from engine_parts import model_file
from parity_parts import Table, by_llama, distance

from inhouse.core.settings import Settings
from inhouse.tuning import exports
from inhouse.tuning.exports import Artifact
from inhouse.tuning.files import sha256
from inhouse.tuning.merging import merge
from inhouse.tuning.recipes import ALL_LINEAR

torch = pytest.importorskip("torch")
pytest.importorskip("peft")

from peft import LoraConfig, PeftModel, get_peft_model  # noqa: E402 - after the check that they are there
from transformers import AutoModelForCausalLM, AutoTokenizer  # noqa: E402

from inhouse.tuning.trainer import base_model  # noqa: E402

pytestmark = pytest.mark.integration

TEXTS = (
    "<|im_start|>system\nCall a tool or none.<|im_end|>\n<|im_start|>user\nWill it rain in Rome tomorrow?<|im_end|>\n",
    "The bread is baked each morning at 5:30 by the same two people, in the back of the shop.",
    "パンは毎朝5時半に焼きます。",
)


class Exported:
    """A child of the base model with a random delta, written in every form."""

    def __init__(self, folder: Path) -> None:
        self.parent = model_file()
        self.parent_folder = base_model.folder(self.parent, Settings().models_folder / "torch")
        self.merged = self._bred(folder)
        self.artifact = Artifact(
            id="gen_test",
            name="test",
            model=self.merged,
            file_hash=sha256(self.merged),
            delta={path.name: path for path in (folder / "delta").glob("adapter_*")},
            base="somebody/parent",
            cache=folder / "cache",
            threads=2,
        )
        self.folders = {
            form: exports.write(self.artifact, form, folder / "out", "card")[0] for form in exports.FORMS
        }

    def _bred(self, folder: Path) -> Path:
        config = LoraConfig(r=8, lora_alpha=16, target_modules=list(ALL_LINEAR), task_type="CAUSAL_LM")
        torch.manual_seed(3)
        child = get_peft_model(model_of(self.parent_folder), config)
        with torch.no_grad():
            for name, weight in child.named_parameters():
                if "lora_B" in name:
                    torch.nn.init.normal_(weight, std=0.1)
        child.save_pretrained(folder / "delta", save_embedding_layers=False)
        return merge(self.parent, folder / "delta", folder / "gen_test.gguf", "Q8_0")


def model_of(folder: Path) -> Any:
    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)


def by_torch(model: Any, ids: list[int]) -> Table:
    with torch.no_grad():
        logits = model(input_ids=torch.tensor([ids])).logits[0]
    return logits.float().log_softmax(-1).numpy()  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exported]:
    yield Exported(tmp_path_factory.mktemp("export"))


@pytest.mark.timeout(600)
def test_every_form_says_what_the_served_file_says(exported: Exported) -> None:
    tokenizer = AutoTokenizer.from_pretrained(exported.folders["safetensors"])
    parent, full = model_of(exported.parent_folder), model_of(exported.folders["safetensors"])
    gguf = exported.folders["gguf"] / "gen_test.gguf"
    adapted = PeftModel.from_pretrained(model_of(exported.parent_folder), exported.folders["peft"])
    found = []
    for text in TEXTS:
        ids = tokenizer.encode(text, add_special_tokens=False)
        untouched, served = by_torch(parent, ids), by_llama(gguf, text, ids)
        noise = distance(untouched, by_llama(exported.parent, text, ids))
        full_apart, delta_apart = (distance(by_torch(one, ids), served) for one in (full, adapted))
        found.append((noise, distance(untouched, served), full_apart, delta_apart))
    noise, effect, full_apart, delta_apart = np.mean(found, axis=0)
    print(
        f"noise {noise:.3f}, the delta's effect {effect:.3f}, full {full_apart:.3f}, delta {delta_apart:.3f}"
    )
    assert effect > 5 * noise
    assert full_apart < 1.5 * noise and delta_apart < 1.5 * noise


def test_the_full_weights_are_named_as_every_reader_knows_them(exported: Exported) -> None:
    folder = exported.folders["safetensors"]
    config = json.loads((folder / "config.json").read_text())
    assert config["model_type"] == "llama" and config["rope_theta"] == 100000.0
    tokenizer = AutoTokenizer.from_pretrained(folder)
    said = tokenizer.apply_chat_template([{"role": "user", "content": "Hi"}], tokenize=False)
    assert said.endswith("<|im_start|>user\nHi<|im_end|>\n")
