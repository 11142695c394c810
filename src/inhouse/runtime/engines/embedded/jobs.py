"""What the scheduler computes: each job says which tokens it needs computed and takes the logits that it asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from inhouse.runtime.engines.base import Adapter, Finish, Piece, Priority, Score, Usage
from inhouse.runtime.engines.embedded.model import Outputs
from inhouse.runtime.engines.embedded.sampling import Sampler, log_total, top_tokens
from inhouse.runtime.engines.embedded.text import TextStream

#: Takes what a job yields: pieces, then the usage; or a score; or an error that ends it.
Sink = Callable[[Any], None]


class Vocabulary(Protocol):
    """What a job needs to know of the model's tokens."""

    def piece(self, token: int) -> bytes:
        """The bytes that a token stands for."""
        ...

    def is_end(self, token: int) -> bool:
        """Whether the model ends its answer with this token."""
        ...


@dataclass(eq=False)
class Job:
    """Tokens to compute under one adapter; logits are wanted from position ``first_output`` on."""

    tokens: list[int]
    sink: Sink
    adapter: Adapter | None = None
    priority: Priority = Priority.FAN
    hidden: bool = field(init=False, default=False)
    """Whether it takes hidden states in place of logits: such jobs are computed in batches of their own."""
    first_output: int = field(init=False)
    cached: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self.first_output = len(self.tokens) - 1

    @property
    def room(self) -> int:
        """How many tokens its sequence may come to hold."""
        return len(self.tokens)

    def consume(self, outputs: Outputs) -> bool:
        """Take the next rows. True when the job is done."""
        raise NotImplementedError

    def close(self) -> None:
        """Let go of what it holds; called once, however it ends."""


@dataclass(eq=False)
class Generation(Job):
    """Answers a prompt token by token."""

    vocabulary: Vocabulary = field(kw_only=True)
    sampler: Sampler = field(kw_only=True)
    max_tokens: int = field(kw_only=True)
    stops: Sequence[str] = field(kw_only=True, default=())
    top: int = field(kw_only=True, default=0)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._prompt = len(self.tokens)
        self._text = TextStream(self.stops)

    @property
    def room(self) -> int:
        """The prompt and the longest answer."""
        return self._prompt + self.max_tokens

    def consume(self, logits: Outputs) -> bool:
        """Choose the next token and give out its text."""
        row = logits[-1]
        token = self.sampler.pick(row)
        if token is None or self.vocabulary.is_end(token):
            return self._end("stop")
        self.sampler.accept(token)
        self.tokens.append(token)
        self._emit(self._text.feed(self.vocabulary.piece(token)), token, row)
        if self._text.stopped:
            return self._end("stop")
        return len(self.tokens) - self._prompt >= self.max_tokens and self._end("length")

    def close(self) -> None:
        """Free the grammar."""
        self.sampler.close()

    def _emit(self, text: str, token: int, row: Outputs) -> None:
        if self.top:
            total = log_total(row)
            top = tuple((self._name(other), float(row[other]) - total) for other in top_tokens(row, self.top))
            self.sink(Piece(text, float(row[token]) - total, top))
        elif text:
            self.sink(Piece(text))

    def _end(self, finish: Finish) -> bool:
        if rest := self._text.finish():
            self.sink(Piece(rest))
        self.sink(Usage(finish, self._prompt, len(self.tokens) - self._prompt, self.cached))
        return True

    def _name(self, token: int) -> str:
        return self.vocabulary.piece(token).decode(errors="replace")


class Scoring(Job):
    """Sums the log-probability of given tokens after others."""

    def __init__(self, prompt: list[int], continuation: list[int], sink: Sink, **options: Any) -> None:
        # The last token is only looked up in the logits before it, never computed.
        super().__init__(prompt + continuation[:-1], sink, **options)
        self.first_output = len(prompt) - 1
        self._wanted = continuation
        self._done = 0
        self._sum = 0.0

    def consume(self, logits: Outputs) -> bool:
        """Look up the tokens that came."""
        for row in logits:
            self._sum += float(row[self._wanted[self._done]]) - log_total(row)
            self._done += 1
        if self._done < len(self._wanted):
            return False
        self.sink(Score(self._sum, self._done))
        return True


class Looking(Job):
    """Gives out the raw logits after a prompt: for tests."""

    def consume(self, logits: Outputs) -> bool:
        """Hand over a copy: the row is reused by the next batch."""
        self.sink(logits[-1].copy())
        return True


class Embedding(Job):
    """Gives out the mean of a text's last hidden states, of length 1: a vector of what it means to this model."""

    def __init__(self, tokens: list[int], sink: Sink, **options: Any) -> None:
        super().__init__(tokens, sink, **options)
        self.hidden, self.first_output = True, 0
        self._sum: Outputs | None = None
        self._done = 0

    def consume(self, outputs: Outputs) -> bool:
        """Add the rows that came."""
        added = outputs.sum(axis=0)
        self._sum = added if self._sum is None else self._sum + added
        self._done += len(outputs)
        if self._done < len(self.tokens):
            return False
        self.sink(self._sum / max(float(np.linalg.norm(self._sum)), 1e-12))
        return True
