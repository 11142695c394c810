"""What the runtime asks of a model, whoever serves it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path
from typing import Any, Literal, Protocol

Finish = Literal["stop", "length", "stopped", "tool_calls"]
"""Why a completion ended: by itself or at a stop string, at ``max_tokens``, because somebody stopped it, or with calls."""


class Priority(IntEnum):
    """Who goes first when the engine is full: the lower number."""

    FAN = 0
    GATE = 1
    BENCH = 2


@dataclass(frozen=True)
class Adapter:
    """An AI's LoRA. ``hash`` names its content; ``path`` is its GGUF file (embedded engine only)."""

    hash: str
    path: Path


@dataclass(frozen=True)
class Function:
    """A tool as a model with native tool calls is told of it. ``parameters`` is the JSON schema of an object."""

    name: str
    description: str
    parameters: dict[str, Any]


@dataclass(frozen=True)
class FunctionCall:
    """A call that a model asks for. ``arguments`` is what it wrote, unchecked: JSON text of an object if all is well."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True)
class Message:
    """One message of a chat. Calls and their results are for engines that call tools natively."""

    role: Literal["system", "user", "assistant", "tool"]
    content: str
    calls: tuple[FunctionCall, ...] = ()
    """What an assistant's message asked for."""
    call_id: str | None = None
    """Which call a tool's message is the result of."""


@dataclass(frozen=True)
class Completion:
    """A request. ``messages`` go through the model's own chat template, ``prompt`` goes in as it is: give one."""

    messages: Sequence[Message] = ()
    prompt: str | None = None
    adapter: Adapter | None = None
    max_tokens: int = 256
    temperature: float = 0.0
    """0 is greedy."""
    top_p: float = 1.0
    seed: int = 0
    stop: Sequence[str] = ()
    grammar: str | None = None
    """GBNF. An engine that has no grammars raises ``Unavailable``."""
    json_schema: dict[str, Any] | None = None
    top_logprobs: int = 0
    """How many of the likeliest tokens each piece names, with natural-log probabilities before sampling filters."""
    tools: Sequence[Function] = ()
    """What the model may call. An engine that doesn't call natively raises ``Unavailable``."""
    must_call: bool = False
    """Whether one of them has to be called, rather than where the model sees fit."""
    parallel_calls: bool = True
    """Whether it may ask for several calls at once."""
    priority: Priority = Priority.FAN


@dataclass(frozen=True)
class Piece:
    """Some more text. ``logprob`` belongs to the token that was taken (natural log)."""

    text: str
    logprob: float | None = None
    top: tuple[tuple[str, float], ...] = ()
    calls: tuple[FunctionCall, ...] = ()
    """All calls of a completion, whole, in one piece without text at its end; only where ``tools`` were given."""


@dataclass(frozen=True)
class Usage:
    """What a completion cost; the last thing that its stream yields."""

    finish: Finish
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int = 0


@dataclass(frozen=True)
class ScoreRequest:
    """How likely is ``continuation`` after ``prompt`` (or after ``messages`` in the model's chat template)?"""

    continuation: str
    messages: Sequence[Message] = ()
    prompt: str | None = None
    adapter: Adapter | None = None
    priority: Priority = Priority.GATE


@dataclass(frozen=True)
class Score:
    """Summed natural-log probability of a continuation, and the number of tokens it was summed over.

    Bits per byte are ``-logprob / math.log(2) / len(continuation.encode())``.
    """

    logprob: float
    tokens: int


@dataclass(frozen=True)
class Health:
    """Whether the engine answers, and what an operator would want to know."""

    ready: bool
    detail: dict[str, Any] = field(default_factory=dict)
    quiet_seconds: float | None = None
    """How long it has had nothing to do, whoever asks it; ``None`` where that isn't known."""


class Engine(Protocol):
    """A model that streams. Closing the iterator (``aclose``) stops the work."""

    @property
    def calls_tools(self) -> bool:
        """Whether it is to be told of ``Completion.tools`` and calls them natively."""
        ...

    def complete(self, request: Completion) -> AsyncGenerator[Piece | Usage, None]:
        """Stream pieces, then one ``Usage``. Raises ``Busy`` when the queue is full, ``Unavailable`` when it is down."""
        ...

    async def score(self, request: ScoreRequest) -> Score:
        """Score a text that is given. An engine that cannot (most remote ones) raises ``Unavailable``."""
        ...

    async def health(self) -> Health:
        """Ask the engine how it is."""
        ...

    async def aclose(self) -> None:
        """Let go of connections and child processes."""
        ...
