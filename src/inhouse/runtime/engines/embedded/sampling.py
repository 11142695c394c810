"""Which token comes next, and how likely it was. Works on one row of raw logits, shape (vocabulary,)."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from inhouse.runtime.engines.embedded.model import Grammar, Outputs

#: How many of the likeliest tokens are looked at before all of them are: enough in nearly every step.
_HEAD = 64


class Sampler:
    """Picks tokens: greedily at temperature 0, else by seeded chance within ``top_p``; always within the grammar."""

    def __init__(self, temperature: float, top_p: float, seed: int, grammar: Grammar | None) -> None:
        self._temperature = temperature
        self._top_p = top_p
        self._chance = np.random.default_rng(seed)
        self._grammar = grammar

    def pick(self, logits: Outputs) -> int | None:
        """The next token, or nothing where the grammar allows none."""
        token = self._draw(logits)
        if self._grammar is None or self._grammar.allows(np.array([token], np.int32))[0]:
            return token
        # Asking the grammar about the whole vocabulary is slow, so the first choice is tried alone before.
        masked = self._masked(logits)
        return self._draw(masked) if masked is not None else None

    def accept(self, token: int) -> None:
        """The token was taken; the grammar moves on."""
        if self._grammar is not None:
            self._grammar.accept(token)

    def close(self) -> None:
        """Free the grammar."""
        if self._grammar is not None:
            self._grammar.close()

    def _masked(self, logits: Outputs) -> Outputs | None:
        assert self._grammar is not None
        candidates = _likeliest(logits, _HEAD) if self._temperature == 0 else _all(logits)
        allowed = candidates[self._grammar.allows(candidates)]
        if not len(allowed) and len(candidates) < len(logits):
            candidates = _all(logits)
            allowed = candidates[self._grammar.allows(candidates)]
        if not len(allowed):
            return None
        masked = np.full_like(logits, -np.inf)
        masked[allowed] = logits[allowed]
        return masked

    def _draw(self, logits: Outputs) -> int:
        if self._temperature == 0:
            return int(logits.argmax())
        tokens = _all(logits)
        scaled = logits.astype(np.float64) / self._temperature
        weights = np.exp(scaled - scaled.max())
        if self._top_p < 1:
            tokens = _nucleus(weights, self._top_p)
            weights = weights[tokens]
        bounds = np.cumsum(weights)
        at = int(np.searchsorted(bounds, self._chance.random() * bounds[-1], side="right"))
        return int(tokens[min(at, len(tokens) - 1)])


def log_total(logits: Outputs) -> float:
    """Natural log of the sum of ``exp(logits)``: a token's log-probability is its logit less this."""
    peak = float(logits.max())
    return peak + math.log(float(np.exp(logits - peak).sum(dtype=np.float64)))


def top_tokens(logits: Outputs, count: int) -> list[int]:
    """The likeliest tokens, best first."""
    return [int(token) for token in _likeliest(logits, count)]


def _nucleus(weights: npt.NDArray[np.float64], top_p: float) -> npt.NDArray[np.int32]:
    """The fewest likeliest tokens that together hold ``top_p`` of the probability."""
    total = weights.sum()
    for count in (_HEAD, len(weights)):
        head = _likeliest(weights, count)
        mass = np.cumsum(weights[head])
        if mass[-1] >= top_p * total or count >= len(weights):
            break
    return head[: int(np.searchsorted(mass, top_p * total)) + 1]


def _likeliest(values: npt.NDArray[np.floating], count: int) -> npt.NDArray[np.int32]:
    if count >= len(values):
        return np.argsort(-values, kind="stable").astype(np.int32)
    head = np.argpartition(-values, count)[:count]
    return head[np.argsort(-values[head], kind="stable")].astype(np.int32)


def _all(logits: Outputs) -> npt.NDArray[np.int32]:
    return np.arange(len(logits), dtype=np.int32)
