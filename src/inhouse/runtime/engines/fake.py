"""An engine without a model: scripted answers, the same every time, and a record of what was asked."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Callable, Iterable

from inhouse.runtime.engines.base import (
    Completion,
    Finish,
    FunctionCall,
    Health,
    Piece,
    Score,
    ScoreRequest,
    Usage,
)

#: A text to answer with, calls to ask for, an error to raise, or a function of the request that returns one of these.
Line = str | tuple[FunctionCall, ...] | Exception
Script = Line | Callable[[Completion], Line]


class FakeEngine:
    """Answers from a script and ends on its last line for ever; without one it repeats the last message.

    ``requests`` holds every completion asked for, ``scored`` every score, ``stopped`` counts the streams that the
    caller closed before they ended. ``delay`` seconds pass before each piece, so that a test can step in between.
    ``calls_tools`` is what it says of itself; only then may a script hold calls.
    """

    def __init__(
        self,
        answers: Iterable[Script] = (),
        *,
        delay: float = 0.0,
        score: float = -2.0,
        calls_tools: bool = False,
    ) -> None:
        self.calls_tools = calls_tools
        self._answers = list(answers)
        self._delay = delay
        self._score = score
        self.requests: list[Completion] = []
        self.scored: list[ScoreRequest] = []
        self.stopped = 0
        self.closed = False

    async def complete(self, request: Completion) -> AsyncGenerator[Piece | Usage, None]:
        """Stream the next scripted answer a word at a time, within ``max_tokens`` and ``stop``."""
        self.requests.append(request)
        said = self._next(request)
        calls = () if isinstance(said, str) else said
        text = _cut(said, request) if isinstance(said, str) else ""
        words = re.findall(r"\s*\S+|\s+$", text)
        try:
            for word in words[: request.max_tokens]:
                await asyncio.sleep(self._delay)
                yield Piece(word, logprob=-0.1)
        except GeneratorExit:
            self.stopped += 1
            raise
        finish: Finish = "length" if len(words) > request.max_tokens else "stop"
        if calls:
            yield Piece("", calls=calls)
            finish = "tool_calls"
        yield Usage(finish, len(_asked(request).split()), min(len(words), request.max_tokens))

    async def score(self, request: ScoreRequest) -> Score:
        """The same log-probability for every word, as many tokens as words."""
        self.scored.append(request)
        words = len(request.continuation.split())
        return Score(self._score * words, words)

    async def health(self) -> Health:
        """Always ready until closed."""
        return Health(ready=not self.closed, detail={"engine": "fake", "requests": len(self.requests)})

    async def aclose(self) -> None:
        """Remember that it was closed."""
        self.closed = True

    def _next(self, request: Completion) -> str | tuple[FunctionCall, ...]:
        turn = len(self.requests) - 1
        answer = self._answers[min(turn, len(self._answers) - 1)] if self._answers else _asked(request)
        said = answer(request) if callable(answer) else answer
        if isinstance(said, Exception):
            raise said
        return said


def _asked(request: Completion) -> str:
    if request.prompt is not None:
        return request.prompt
    return request.messages[-1].content if request.messages else ""


def _cut(text: str, request: Completion) -> str:
    ends = [at for stop in request.stop if stop and (at := text.find(stop)) >= 0]
    return text[: min(ends, default=len(text))]
