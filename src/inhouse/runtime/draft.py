"""An answer in the making: what the steps that make it have learned so far."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from inhouse.core.events import ClientCall, Ended, Timing
from inhouse.core.passages import Citation
from inhouse.core.proposals import Proposal
from inhouse.runtime.engines.base import Completion, Engine, Usage
from inhouse.runtime.engines.written import written
from inhouse.runtime.extensions.calling import Attached, Outcome
from inhouse.runtime.request import ReplyRequest

Kind = Literal["grounded", "extractive", "pinned", "tool", "chat", "abstained", "guarded"]


@dataclass
class Draft:
    """Mutable, and never seen outside of one reply."""

    request: ReplyRequest
    question: str
    """What is left to answer when the friendly words are taken off."""
    language: str
    before: tuple[str, str] | None = None
    """The exchange that the question follows up, where it can't be understood without."""
    kind: Kind = "chat"
    own: bool = False
    """Whether this is the owner's own answer to the question, whole."""
    text: str = ""
    citations: tuple[Citation, ...] = ()
    verdict: Literal["yes", "no", "maybe"] | None = None
    offered: Sequence[Attached] | None = None
    """The tools that there are for this request, once somebody has looked."""
    calls: list[Outcome] = field(default_factory=list)
    """Every tool that was called, in order."""
    client_calls: tuple[ClientCall, ...] = ()
    """What the asker is to call before this can be answered."""
    proposal: Proposal | None = None
    """What would be done, if the person agrees."""
    plan: list[dict[str, Any]] = field(default_factory=list)
    """The tasks that the question came apart into, with what became of each; empty where it is one thing."""
    finish: Literal["stop", "length", "guard"] = "stop"
    retrieval_ms: float = 0.0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    _started: float = field(default_factory=time.perf_counter)
    _first_token_ms: float | None = None

    @property
    def elapsed_ms(self) -> float:
        """Milliseconds since the question came in."""
        return (time.perf_counter() - self._started) * 1000

    def say(self, text: str) -> None:
        """The fan was shown some more."""
        if self._first_token_ms is None:
            self._first_token_ms = self.elapsed_ms
        self.text += text

    def charge(self, usage: Usage) -> None:
        """The engine was asked once more."""
        self.prompt_tokens += usage.prompt_tokens
        self.completion_tokens += usage.completion_tokens
        if usage.finish == "length":
            self.finish = "length"

    async def written(self, engine: Engine, completion: Completion) -> str:
        """All that the engine writes, charged for. Nothing of it is shown: that is for the caller to decide."""
        text, usage = await written(engine, completion)
        if usage is not None:
            self.charge(usage)
        return text

    def part(self, question: str) -> Draft:
        """A draft for a part of the answer: its own question, words and costs."""
        return Draft(self.request, question, self.language)

    def absorb(self, part: Draft) -> None:
        """Add what a part cost."""
        self.prompt_tokens += part.prompt_tokens
        self.completion_tokens += part.completion_tokens
        self.retrieval_ms = max(self.retrieval_ms, part.retrieval_ms)

    def ended(self) -> Ended:
        """The event that closes the answer."""
        return Ended(
            answer=self.text,
            citations=self.citations,
            abstained=self.kind == "abstained",
            kind=self.kind,
            own=self.own,
            verdict=self.verdict if self.kind == "grounded" else None,
            finish=self.finish,
            tools=tuple(call.model_dump(mode="json", exclude={"result": {"data"}}) for call in self.calls),
            client_calls=self.client_calls,
            proposal=self.proposal if self.finish != "guard" else None,
            plan=tuple(self.plan),
            timing=Timing(
                first_token_ms=self._first_token_ms,
                total_ms=self.elapsed_ms,
                retrieval_ms=self.retrieval_ms,
                prompt_tokens=self.prompt_tokens,
                completion_tokens=self.completion_tokens,
            ),
        )
