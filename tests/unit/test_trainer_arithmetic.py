"""The trainer's packing and kernels give what stock torch gives row by row."""

from __future__ import annotations

from typing import Any

import pytest

from inhouse.tuning.recipes import ALL_LINEAR, Recipe
from inhouse.tuning.trainer.rows import Encoded

torch = pytest.importorskip("torch")
pytest.importorskip("peft")

from transformers import LlamaConfig, LlamaForCausalLM  # noqa: E402 - after the check that they are there

from inhouse.tuning.trainer import adapted, packing  # noqa: E402

RECIPE = Recipe(name="tiny", rank=4, alpha=8, targets=ALL_LINEAR, lr=1e-3, epochs=1, max_seconds=60)


def tiny_model() -> Any:
    """Two layers with grouped heads and an adapter that already does something."""
    torch.manual_seed(1)
    config = LlamaConfig(
        vocab_size=97,
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        tie_word_embeddings=True,
        attn_implementation=adapted.ATTENTION,
    )
    model = adapted.with_adapter(LlamaForCausalLM(config), RECIPE)
    for name, weight in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight, std=0.1)
    return model


def stock(model: Any) -> None:
    """Take our kernels out again: plain PEFT and transformers."""
    for module in model.modules():
        vars(module).pop("forward", None)
    model.get_base_model().set_attn_implementation("eager")


def rows() -> list[Encoded]:
    """Four rows that share a stem of 30 tokens, one equal to another, and two on their own."""
    draw = torch.Generator().manual_seed(3)

    def some(count: int) -> tuple[int, ...]:
        return tuple(torch.randint(0, 97, (count,), generator=draw).tolist())

    stem = some(30)
    ids = [stem + some(n) for n in (7, 3, 12)] + [some(9), some(26)]
    ids.append(ids[0])
    return [Encoded(one, (False,) * (len(one) // 2) + (True,) * (len(one) - len(one) // 2), 1) for one in ids]


def reference_loss(model: Any) -> Any:
    total, count = torch.zeros(()), 0
    for row in rows():
        ids = torch.tensor(row.ids)[None]
        logits = model(input_ids=ids, use_cache=False).logits[0, :-1].float()
        keep = torch.tensor(row.learn)[1:]
        total = total + torch.nn.functional.cross_entropy(logits[keep], ids[0, 1:][keep], reduction="sum")
        count += int(keep.sum())
    return total / count


def gradients(model: Any) -> dict[str, Any]:
    return {name: weight.grad.clone() for name, weight in model.named_parameters() if weight.grad is not None}


def test_packed_trees_give_the_loss_and_gradients_of_single_rows() -> None:
    model = tiny_model()
    forest = packing.trees(rows(), 200)
    assert sorted(len(tree.branches) for tree in forest) == [1, 1, 4]
    ours = adapted.loss(model, forest)
    ours.backward()
    got = gradients(model)
    model.zero_grad()
    stock(model)
    reference = reference_loss(model)
    reference.backward()
    wanted = gradients(model)
    assert ours.item() == pytest.approx(reference.item(), rel=1e-5)
    assert got.keys() == wanted.keys() and len(got) == 2 * 2 * 7
    for name, gradient in wanted.items():
        torch.testing.assert_close(got[name], gradient, rtol=1e-3, atol=1e-6)


def test_a_disabled_adapter_is_the_base() -> None:
    model = tiny_model()
    forest = packing.trees(rows(), 200)
    with torch.no_grad():
        with model.disable_adapter():
            base = adapted.loss(model, forest).item()
        assert base != pytest.approx(adapted.loss(model, forest).item(), rel=1e-4)
        stock(model)
        with model.disable_adapter():
            assert base == pytest.approx(reference_loss(model).item(), rel=1e-5)
