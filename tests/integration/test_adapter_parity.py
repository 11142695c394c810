"""What llama.cpp computes with our files is what PEFT computes: the adapter's form, and the merged generation.

llama.cpp rounds weights and activations where torch does not, so the yardstick is how much the two differ on the base
model alone. An adapter whose rows stand in the wrong order loads without complaint and answers nonsense; the last test
shows that this check would see it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from engine_parts import model_file
from parity_parts import Table, by_llama, distance

from inhouse.core.settings import Settings
from inhouse.tuning import gguf_adapter, lora
from inhouse.tuning.merging import merge
from inhouse.tuning.recipes import ALL_LINEAR, Recipe

torch = pytest.importorskip("torch")
pytest.importorskip("peft")

from inhouse.tuning.trainer import adapted, base_model, packing  # noqa: E402 - after the check that they are there
from inhouse.tuning.trainer.rows import Encoded  # noqa: E402

pytestmark = pytest.mark.integration

TEXT = (
    "<|im_start|>user\nWhere is the bread made, and who makes it?<|im_end|>\n<|im_start|>assistant\n"
    "The bread is baked each morning at 5:30 by the same two people, in the back of the shop."
)
RECIPE = Recipe(name="parity", rank=8, alpha=16, targets=ALL_LINEAR, lr=1e-3, epochs=1, max_seconds=1)


class Parity:
    """Log-probabilities of each next token of one text, by torch and by llama.cpp."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = model_file()
        self.base = base_model.folder(self.path, Settings().models_folder / "torch")
        model, self.tokenizer = base_model.load(self.base, torch.float32, "cpu", adapted.ATTENTION)
        self.ids = self.tokenizer.encode(TEXT, add_special_tokens=False)
        self.model = adapted.with_adapter(model, RECIPE)
        with torch.no_grad():
            for name, weight in self.model.named_parameters():
                if "lora_B" in name:
                    torch.nn.init.normal_(weight, std=0.1)
            with self.model.disable_adapter():
                self.torch_base = self._by_torch()
            self.torch_adapted = self._by_torch()
        self.model.save_pretrained(folder / "peft", save_embedding_layers=False)

    def _by_torch(self) -> Table:
        row = Encoded(tuple(self.ids), (True,) * len(self.ids), 1)
        hidden = adapted.hidden_states(self.model, [packing.alone(row)])
        logits = hidden @ self.model.get_base_model().get_output_embeddings().weight.t()
        return logits.log_softmax(-1).numpy()

    def by_llama(self, path: Path, adapter: Path | None = None) -> Table:
        return by_llama(path, TEXT, self.ids, adapter)


@pytest.fixture(scope="module")
def parity(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parity]:
    yield Parity(tmp_path_factory.mktemp("parity"))


@pytest.fixture(scope="module")
def noise(parity: Parity) -> float:
    """How far the two engines are apart on the base model."""
    return distance(parity.torch_base, parity.by_llama(parity.path))


def test_the_adapter_does_in_llama_cpp_what_it_does_in_torch(parity: Parity, noise: float) -> None:
    shape = lora.shape_of_config(parity.base)
    path = gguf_adapter.convert(shape, parity.folder / "peft", parity.folder / "adapter.gguf")
    apart = distance(parity.torch_adapted, parity.by_llama(parity.path, path))
    effect = distance(parity.torch_base, parity.torch_adapted)
    print(f"base {noise:.3f}, adapted {apart:.3f}, effect of the adapter {effect:.3f}")
    assert apart < 1.5 * noise and effect > 5 * noise


def test_the_merged_generation_does_what_the_adapter_does(parity: Parity, noise: float) -> None:
    merged = merge(parity.path, parity.folder / "peft", parity.folder / "merged.gguf", "Q8_0")
    apart = distance(parity.torch_adapted, parity.by_llama(merged))
    print(f"base {noise:.3f}, merged {apart:.3f}")
    assert apart < 1.5 * noise


def test_rows_in_the_wrong_order_would_be_seen(
    parity: Parity, noise: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lora, "reorder", lambda rows, _tensor, _base: rows)
    shape = lora.shape_of_config(parity.base)
    wrong = gguf_adapter.convert(shape, parity.folder / "peft", parity.folder / "wrong.gguf")
    apart = distance(parity.torch_adapted, parity.by_llama(parity.path, wrong))
    print(f"base {noise:.3f}, wrong order {apart:.3f}")
    assert apart > 2.5 * noise
