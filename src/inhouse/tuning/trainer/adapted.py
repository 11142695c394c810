"""A base model with a LoRA adapter, made fast: PEFT owns the weights, our kernels do the arithmetic."""

from __future__ import annotations

import types
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from peft import LoraConfig, get_peft_model
from peft.tuners.lora import Linear as PeftLinear
from torch import Tensor
from transformers import AttentionInterface

from inhouse.tuning.recipes import Recipe
from inhouse.tuning.trainer import kernels
from inhouse.tuning.trainer.packing import Tree

ATTENTION = "inhouse_trees"

#: Models whose norm and feed-forward block are the plain ones that our kernels compute.
_PLAIN = ("llama", "mistral", "qwen2", "qwen3")


def with_adapter(model: Any, recipe: Recipe) -> Any:
    """The model with a fresh adapter (its product is zero) of this recipe, trained in float32."""
    torch.manual_seed(recipe.seed)
    config = LoraConfig(
        r=recipe.rank,
        lora_alpha=recipe.alpha,
        target_modules=list(recipe.targets),
        lora_dropout=0.0,
        bias="none",
        task_type="CAUSAL_LM",
    )
    adapted = get_peft_model(model, config)
    make_fast(adapted)
    return adapted


def make_fast(model: Any) -> None:
    """Let our kernels compute what they can of this PEFT model; what they can't stays as it is."""
    plain = model.config.model_type in _PLAIN and model.config.hidden_act == "silu"
    for module in model.modules():
        kind = type(module).__name__
        if isinstance(module, PeftLinear) and module.base_layer.bias is None:
            module.forward = types.MethodType(_lora_forward, module)
        elif plain and kind.endswith("RMSNorm"):
            module.forward = types.MethodType(_norm_forward, module)
        elif plain and kind.endswith("MLP"):
            module.forward = types.MethodType(_mlp_forward, module)


def trainable(model: Any) -> list[Tensor]:
    """The adapter's own weights."""
    return [weight for weight in model.parameters() if weight.requires_grad]


def hidden_states(model: Any, trees: Sequence[Tree]) -> Tensor:
    """What the last layer says for every token of the trees, laid end to end: (tokens, width)."""
    where = model.device
    ids = torch.tensor([token for tree in trees for token in tree.ids], device=where)
    positions = torch.tensor([place for tree in trees for place in tree.positions], device=where)
    base = model.get_base_model()
    out = base.model(
        input_ids=ids[None],
        position_ids=positions[None],
        use_cache=False,
        masks=[_mask(tree, base.dtype, where) for tree in trees],
    )
    return torch.as_tensor(out.last_hidden_state[0])


def targets(model: Any, trees: Sequence[Tree]) -> tuple[Tensor, Tensor, Tensor]:
    """Indices of predicting hidden states, tokens they shall say, and how often each is wanted."""
    found, start = [], 0
    for tree in trees:
        found += [(start + place, token, count) for place, token, count in tree.targets]
        start += len(tree.ids)
    places, tokens, counts = torch.tensor(found, device=model.device).unbind(1)
    return places, tokens, counts.float()


@dataclass(frozen=True)
class Usual:
    """What a batch holds on average over a plan: tokens that are learnt; of what is rehearsed, places that say an answer, and
    all others. By these is divided, so that a token counts the same whichever batch it is in."""

    learnt: float
    said: float
    other: float

    @classmethod
    def of(cls, plan: Sequence[Sequence[Tree]]) -> Usual:
        """The averages of these batches."""
        trees = [tree for batch in plan for tree in batch]
        rehearsed = [tree for tree in trees if tree.rehearsed]
        said = sum(len(_said(tree)) for tree in rehearsed)
        sums = (
            sum(_learnt(tree) for tree in trees if not tree.rehearsed),
            said,
            sum(len(tree.ids) for tree in rehearsed) - said,
        )
        return cls(*(max(total, 1) / max(len(plan), 1) for total in sums))


class Loss(NamedTuple):
    """What is made smaller, and for people: the mean ``-log p`` in nats of what the batch teaches, if it teaches."""

    total: Tensor
    mean: float | None


def loss(model: Any, trees: Sequence[Tree], usual: Usual, rehearsal: float) -> Loss:
    """Summed ``-log p`` over the learnt tokens of the trees' rows, and ``rehearsal`` times the divergence from the base on those
    that are rehearsed, both by what is usual."""
    taught = [tree for tree in trees if not tree.rehearsed]
    rehearsed = [tree for tree in trees if tree.rehearsed]
    base = _base_states(model, rehearsed)
    hidden = hidden_states(model, [*taught, *rehearsed])
    learning, held = torch.split(hidden, [len(hidden) - len(base), len(base)])
    total, mean = torch.zeros((), device=hidden.device), None
    if taught:
        learnt = _learning(model, taught, learning)
        total = total + learnt / usual.learnt
        mean = learnt.item() / sum(map(_learnt, taught))
    if rehearsed:
        total = total + rehearsal * _divergence(model, rehearsed, held, base, usual)
    return Loss(total, mean)


def _learnt(tree: Tree) -> int:
    return sum(count for *_, count in tree.targets)


def _said(tree: Tree) -> set[int]:
    """The places that say what is next in an answer."""
    return {place for place, *_ in tree.targets}


@torch.no_grad()
def _base_states(model: Any, trees: Sequence[Tree]) -> Tensor:
    """The hidden states of the trees without the adapter."""
    if not trees:
        return torch.zeros(0, device=model.device)
    with model.disable_adapter():
        return hidden_states(model, trees)


def _learning(model: Any, trees: Sequence[Tree], hidden: Tensor) -> Tensor:
    places, tokens, counts = targets(model, trees)
    return kernels.apply(kernels.HeadLoss, hidden[places], _head(model), tokens, counts)


def _divergence(model: Any, trees: Sequence[Tree], hidden: Tensor, base: Tensor, usual: Usual) -> Tensor:
    """KL of the adapted model from the base: one half over what the rows' answers say, which may be a few tokens of hundreds,
    the other over all else. What rows share counts once."""
    places, *_ = targets(model, trees)
    share = torch.full((len(hidden),), 0.5 / usual.other, device=hidden.device)
    share[places] = 0.5 / usual.said
    return kernels.apply(kernels.HeadDivergence, hidden, base, _head(model), share)


def _head(model: Any) -> Tensor:
    return torch.as_tensor(model.get_base_model().get_output_embeddings().weight)


def _mask(tree: Tree, dtype: torch.dtype, where: torch.device) -> Tensor:
    """0 where a token may look, -inf where not: back along its own branch and the stem."""
    size = len(tree.ids)
    mask = torch.full((size, size), float("-inf"), dtype=torch.float32)
    for start, end in tree.branches:
        mask[start:end, : tree.stem] = 0
        mask[start:end, start:end] = 0
    mask[: tree.stem, : tree.stem] = 0
    later = torch.ones(size, size, dtype=torch.bool).triu(1)
    return mask.masked_fill_(later, float("-inf")).to(device=where, dtype=dtype)


def _attention(
    module: Any, query: Tensor, key: Tensor, value: Tensor, _mask: Any, scaling: float, masks: Any, **_: Any
) -> tuple[Tensor, None]:
    """Attention of a packed sequence, tree by tree. query (1, heads, tokens, width) → (1, tokens, heads, width)."""
    sizes = [mask.shape[0] for mask in masks]
    parts = zip(*(torch.split(side[0], sizes, dim=1) for side in (query, key, value)), masks, strict=True)
    out = torch.cat(
        [kernels.apply(kernels.Attention, q, k, v, mask, scaling) for q, k, v, mask in parts], dim=1
    )
    return out.transpose(0, 1)[None], None


AttentionInterface.register(ATTENTION, _attention)


def _lora_forward(self: Any, x: Tensor, *_: Any, **__: Any) -> Tensor:
    flat = x.reshape(-1, x.shape[-1])
    weight = self.base_layer.weight
    name = self.active_adapters[0]
    if self.disable_adapters:
        out = kernels.apply(kernels.Linear, flat, weight)
    else:
        a, b = self.lora_A[name].weight, self.lora_B[name].weight
        out = kernels.apply(kernels.LoraLinear, flat, weight, a, b, self.scaling[name])
    return out.view(*x.shape[:-1], -1)


def _norm_forward(self: Any, x: Tensor) -> Tensor:
    return kernels.apply(kernels.RmsNorm, x, self.weight, self.variance_epsilon)


def _mlp_forward(self: Any, x: Tensor) -> Tensor:
    return torch.as_tensor(self.down_proj(kernels.apply(kernels.SwiGlu, self.gate_proj(x), self.up_proj(x))))
