"""The four operations that training a small frozen model on a CPU spends its time in, each with its own backward.

Why not autograd's: the base is frozen, so only gradients of the inputs and of the two LoRA matrices are wanted, in
the base's own number type; and the stock versions move several times the memory (float32 copies for LoRA, logits of
tokens that nobody learns, a slow attention backward). ``docs/design/tuning.md`` has the measurements.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function
from torch.nn import functional

#: Rows of logits held at once: 256 × 49,152 float32 are 50 MB. A divergence holds several such matrices.
_CHUNK, _CHUNK_OF_TWO = 256, 128


def apply(kernel: type[Function], *values: Any) -> Tensor:
    """The kernel's output for these values (torch leaves ``Function.apply`` without types)."""
    return kernel.apply(*values)  # type: ignore[no-any-return, no-untyped-call]


class LoraLinear(Function):
    """``x @ weightᵀ + scale · (x @ aᵀ) @ bᵀ``; x is (tokens, in), weight (out, in), a (rank, in), b (out, rank)."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, a: Tensor, b: Tensor, scale: float) -> Tensor:
        low_a, low_b = a.to(x.dtype), (b * scale).to(x.dtype)
        inner = x @ low_a.t()
        ctx.save_for_backward(x, weight, low_a, low_b, inner)
        ctx.scale = scale
        return (x @ weight.t()).addmm_(inner, low_b.t())

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Any:
        x, weight, a, b, inner = ctx.saved_tensors
        grad = grads[0]
        grad_inner = grad @ b
        grad_a = (grad_inner.t() @ x).float()
        grad_b = (grad.t() @ inner).float().mul_(ctx.scale)
        grad_x = (grad @ weight).addmm_(grad_inner, a) if ctx.needs_input_grad[0] else None
        return grad_x, None, grad_a, grad_b, None


class Linear(Function):
    """``x @ weightᵀ`` of a frozen weight."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor) -> Tensor:
        ctx.save_for_backward(weight)
        return x @ weight.t()

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Any:
        (weight,) = ctx.saved_tensors
        return torch.matmul(grads[0], weight), None


class RmsNorm(Function):
    """``weight · x / rms(x)`` over the last axis, with a frozen weight."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, epsilon: float) -> Tensor:
        norm = torch.linalg.vector_norm(x, dim=-1, keepdim=True, dtype=torch.float32)
        scale = norm.square_().mul_(1 / x.shape[-1]).add_(epsilon).rsqrt_().to(x.dtype)
        normal = x * scale
        ctx.save_for_backward(normal, scale, weight)
        return torch.mul(normal, weight)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Any:
        normal, scale, weight = ctx.saved_tensors
        inner = grads[0] * weight
        mean = (inner * normal).mean(-1, keepdim=True)
        return inner.addcmul_(normal, mean, value=-1).mul_(scale), None, None


class SwiGlu(Function):
    """``silu(gate) · up``."""

    @staticmethod
    def forward(ctx: Any, gate: Tensor, up: Tensor) -> Tensor:
        ctx.save_for_backward(gate, up)
        return functional.silu(gate).mul_(up)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Any:
        gate, up = ctx.saved_tensors
        grad_gate = torch.ops.aten.silu_backward(grads[0] * up, gate)
        return grad_gate, functional.silu(gate).mul_(grads[0])


class Attention(Function):
    """Attention within one tree. q (heads, tokens, width), k and v (kv heads, tokens, width), mask (tokens, tokens).

    The query heads that share a key head are laid one under the other, so that no key is copied. On a CPU this is
    five times as fast as the backward of the stock flash attention for the lengths that occur here.
    """

    @staticmethod
    def forward(ctx: Any, q: Tensor, k: Tensor, v: Tensor, mask: Tensor, scale: float) -> Tensor:
        shared = q.reshape(k.shape[0], -1, q.shape[-1])
        bias = mask.repeat(q.shape[0] // k.shape[0], 1)
        weights = torch.baddbmm(bias, shared, k.transpose(1, 2), alpha=scale).softmax(-1)
        ctx.save_for_backward(shared, k, v, weights)
        ctx.scale, ctx.shape = scale, q.shape
        return torch.bmm(weights, v).view(q.shape)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Any:
        q, k, v, weights = ctx.saved_tensors
        grad = grads[0].reshape(q.shape)
        grad_v = torch.bmm(weights.transpose(1, 2), grad)
        grad_weights = torch.bmm(grad, v.transpose(1, 2))
        scores = torch.ops.aten._softmax_backward_data(grad_weights, weights, -1, weights.dtype)
        grad_q = torch.bmm(scores, k).mul_(ctx.scale).view(ctx.shape)
        grad_k = torch.bmm(scores.transpose(1, 2), q).mul_(ctx.scale)
        return grad_q, grad_k, grad_v, None, None


class _OfHidden(Function):
    """A number whose gradient by its first input, the hidden states, is known with it: ``forward`` saves that."""

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Any:
        (grad,) = ctx.saved_tensors
        return grad * grads[0].to(grad.dtype), None, None, None


class HeadLoss(_OfHidden):
    """Summed ``share · -log p(token)`` of hidden states (n, width) under the frozen output matrix (vocabulary, width).

    Logits are made for the learnt positions alone, some at a time, and their gradient at once: all of them together
    would be the largest tensor of the training.
    """

    @staticmethod
    def forward(ctx: Any, hidden: Tensor, head: Tensor, tokens: Tensor, share: Tensor) -> Tensor:
        grad = torch.empty_like(hidden)
        total = torch.zeros((), dtype=torch.float32, device=hidden.device)
        for start in range(0, hidden.shape[0], _CHUNK):
            part = slice(start, start + _CHUNK)
            logits = (hidden[part] @ head.t()).float()
            wanted, weight = tokens[part, None], share[part, None]
            norm = logits.logsumexp(-1, keepdim=True)
            total += ((norm - logits.gather(1, wanted)) * weight).sum()
            logits.sub_(norm).exp_().mul_(weight).scatter_add_(1, wanted, -weight)
            grad[part] = logits.to(hidden.dtype) @ head
        ctx.save_for_backward(grad)
        return total


class HeadDivergence(_OfHidden):
    """Summed ``share · KL(p ‖ q)``: p of the teacher's hidden states, q of the student's, both (n, width), in nats.

    Source: Hinton, Vinyals and Dean, Distilling the Knowledge in a Neural Network (2015). Gradients go to the student alone.
    """

    @staticmethod
    def forward(ctx: Any, student: Tensor, teacher: Tensor, head: Tensor, share: Tensor) -> Tensor:
        grad = torch.empty_like(student)
        total = torch.zeros((), dtype=torch.float32, device=student.device)
        for start in range(0, student.shape[0], _CHUNK_OF_TWO):
            part = slice(start, start + _CHUNK_OF_TWO)
            wanted = (teacher[part] @ head.t()).float().log_softmax(-1)
            logs = (student[part] @ head.t()).float().log_softmax(-1)
            p, weight = wanted.exp(), share[part, None]
            total += (wanted.sub_(logs).mul_(p) * weight).sum()
            grad[part] = logs.exp_().sub_(p).mul_(weight).to(student.dtype) @ head
        ctx.save_for_backward(grad)
        return total


@torch.no_grad()
def negative_log_likelihood(hidden: Tensor, head: Tensor, tokens: Tensor) -> Tensor:
    """``-log p(token)`` in nats for each hidden state (n, width); returns (n,) float32."""
    parts = [
        functional.cross_entropy(
            (hidden[at : at + _CHUNK] @ head.t()).float(), tokens[at : at + _CHUNK], reduction="none"
        )
        for at in range(0, hidden.shape[0], _CHUNK)
    ]
    return torch.cat(parts) if parts else torch.zeros(0)
