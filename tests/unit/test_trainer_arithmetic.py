"""The trainer's packing and kernels give what stock torch gives row by row."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from inhouse.tuning.recipes import ALL_LINEAR, Recipe
from inhouse.tuning.trainer.rows import Encoded

torch = pytest.importorskip("torch")
pytest.importorskip("peft")

from transformers import LlamaConfig, LlamaForCausalLM  # noqa: E402 - after the check that they are there

from inhouse.tuning.trainer import adapted, kernels, packing  # noqa: E402

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


def reference_divergence(model: Any, some: list[Encoded]) -> Any:
    """Mean KL from the base, half over what predicts an answer and half over the rest; a beginning that is shared counts once."""
    sums: dict[bool, list[Any]] = {True: [], False: []}
    seen = set[tuple[int, ...]]()
    for row in some:
        ids = torch.tensor(row.ids)[None]
        with torch.no_grad(), model.disable_adapter():
            base = model(input_ids=ids, use_cache=False).logits[0].float()
        own = model(input_ids=ids, use_cache=False).logits[0].float()
        nats = torch.nn.functional.kl_div(
            own.log_softmax(-1), base.log_softmax(-1), reduction="none", log_target=True
        ).sum(-1)
        for place in range(len(row.ids)):
            if row.ids[: place + 1] not in seen:
                seen.add(row.ids[: place + 1])
                sums[place + 1 < len(row.ids) and row.learn[place + 1]].append(nats[place])
    return (torch.stack(sums[True]).mean() + torch.stack(sums[False]).mean()) / 2


def loss(model: Any, forest: list[packing.Tree], rehearsal: float = 1) -> adapted.Loss:
    """The forest as the only batch of its plan."""
    return adapted.loss(model, forest, adapted.Usual.of([forest]), rehearsal)


def gradients(model: Any) -> dict[str, Any]:
    return {name: weight.grad.clone() for name, weight in model.named_parameters() if weight.grad is not None}


def test_packed_trees_give_the_loss_and_gradients_of_single_rows() -> None:
    model = tiny_model()
    forest = packing.trees(rows(), 200)
    assert sorted(len(tree.branches) for tree in forest) == [1, 1, 4]
    ours, mean = loss(model, forest)
    ours.backward()
    got = gradients(model)
    model.zero_grad()
    stock(model)
    reference = reference_loss(model)
    reference.backward()
    wanted = gradients(model)
    assert mean == pytest.approx(reference.item(), rel=1e-5) and ours.item() == pytest.approx(mean)
    assert got.keys() == wanted.keys() and len(got) == 2 * 2 * 7
    for name, gradient in wanted.items():
        torch.testing.assert_close(got[name], gradient, rtol=1e-3, atol=1e-6)


def test_a_disabled_adapter_is_the_base() -> None:
    model = tiny_model()
    forest = packing.trees(rows(), 200)
    with torch.no_grad():
        with model.disable_adapter():
            base = loss(model, forest).mean
        assert base != pytest.approx(loss(model, forest).mean, rel=1e-4)
        stock(model)
        with model.disable_adapter():
            assert base == pytest.approx(reference_loss(model).item(), rel=1e-5)


def test_rows_that_are_rehearsed_hold_the_model_to_its_base(monkeypatch: pytest.MonkeyPatch) -> None:
    model = tiny_model()
    # The learnt half of a row must not begin in the stem that it shares: it is learnt there in one row and not in the other.
    some = [
        replace(row, learn=(False,) * 31 + (True,) * (len(row.ids) - 31), rehearsed=True)
        for row in rows()[:3]
    ]
    forest = packing.trees(some, 200)
    assert [(len(tree.branches), tree.rehearsed) for tree in forest] == [(3, True)]
    monkeypatch.setattr(kernels, "_CHUNK_OF_TWO", 16)
    ours, mean = loss(model, forest, 2.5)
    ours.backward()
    got = gradients(model)
    model.zero_grad()
    stock(model)
    reference = 2.5 * reference_divergence(model, some)
    reference.backward()
    assert mean is None and ours.item() == pytest.approx(reference.item(), rel=1e-4) and ours.item() > 0.01
    wanted = gradients(model)
    assert got.keys() == wanted.keys()
    for name, gradient in wanted.items():
        torch.testing.assert_close(got[name], gradient, rtol=1e-3, atol=1e-6)


def test_what_is_taught_and_what_is_rehearsed_add_up_whatever_batch_they_are_in() -> None:
    model = tiny_model()
    taught, rehearsed = rows()[:5], [replace(row, rehearsed=True) for row in rows()[:3]]
    forest = packing.trees([*taught, *rehearsed], 400)
    assert [tree.rehearsed for tree in forest] == [False, False, False, True]
    together = loss(model, forest, 3).total
    together.backward()
    wanted = gradients(model)
    model.zero_grad()
    # Two batches of a plan: each is divided by what is usual, so that their mean is the whole's.
    plan = [[forest[3], forest[0]], [forest[2], forest[1]]]
    usual = adapted.Usual.of(plan)
    halves = sum(adapted.loss(model, batch, usual, 3).total for batch in plan) / 2
    halves.backward()
    assert halves.item() == pytest.approx(together.item(), rel=1e-5)
    for name, gradient in gradients(model).items():
        torch.testing.assert_close(gradient, wanted[name], rtol=1e-3, atol=1e-6)


def test_a_model_that_learnt_nothing_yet_is_its_base_where_it_rehearses() -> None:
    model = tiny_model()
    for name, weight in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.zeros_(weight)
    forest = packing.trees([replace(row, rehearsed=True) for row in rows()], 200)
    ours, _ = loss(model, forest)
    ours.backward()
    assert ours.item() == pytest.approx(0, abs=1e-5)
    assert all(float(grad.abs().max()) < 1e-5 for grad in gradients(model).values())
