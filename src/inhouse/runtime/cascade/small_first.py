"""The small model's answer is read to its end before anybody sees a word of it: then it is told, or the giant is asked."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractContextManager, aclosing
from dataclasses import replace

from inhouse.core.errors import InhouseError
from inhouse.core.events import Ended, Event, Replaced, Step, Timing, Token
from inhouse.runtime.cascade import signs
from inhouse.runtime.cascade.cascade import Cascade
from inhouse.runtime.cascade.listening import Listening
from inhouse.runtime.engines.base import Priority
from inhouse.runtime.request import Answerer, ReplyRequest

_log = logging.getLogger(__name__)

#: The step that says that the giant is asked, in a turn's trace.
STEP = "giant"
#: Seconds until a giant's first words, and until its last: the fan waits, and an answer is there already.
_FIRST_WORDS, _WHOLE = 30.0, 120.0


class GiantLate(InhouseError):
    """The bigger model took too long."""

    status = 503


class SmallFirst:
    """Answers with two models.

    ``ear`` is the engine that ``small`` answers on; ``giant`` lends what answers on the other model, and may raise. Where that
    fails, a fan is told the small model's answer: it is what they had before. Whoever measures is told of the failure.
    """

    def __init__(
        self,
        cascade: Cascade,
        small: Answerer,
        ear: Listening,
        giant: Callable[[], AbstractContextManager[Answerer]],
    ) -> None:
        self._cascade = cascade
        self._small = small
        self._ear = ear
        self._giant = giant

    async def reply(self, request: ReplyRequest) -> AsyncGenerator[Event, None]:
        """Stream the events of one answer. Steps are told as they happen, words when it is settled whose they are."""
        first: Ended | None = None
        async with aclosing(self._small.reply(request)) as events:
            async for event in events:
                if isinstance(event, Ended):
                    first = event
                elif isinstance(event, Step):
                    yield event
        if first is None:
            return
        if self._goes_on(request, first):
            async with aclosing(self._second(request, first)) as events:
                async for event in events:
                    yield event
            return
        if first.answer:
            yield Token(text=first.answer)
        yield _late(first, 0.0)

    def _goes_on(self, request: ReplyRequest, first: Ended) -> bool:
        """What a fan gave to be read is read by no second model: no case tells how well that goes."""
        seen = signs.of_turn(request.question, bool(request.history), first, self._ear.take())
        return not request.documents and self._cascade.asks_giant(seen)

    async def _second(self, request: ReplyRequest, first: Ended) -> AsyncGenerator[Event, None]:
        """The giant's answer, or the small model's in its place where the giant fails."""
        detail = {"model": self._cascade.giant}
        yield Step(name=STEP, state="begun", detail=detail)
        asked = replace(request, generation=self._cascade.giant, adapter=None)
        began, is_shown = time.perf_counter(), False
        try:
            with self._giant() as giant:
                async with aclosing(_in_time(giant.reply(asked))) as events:
                    async for event in events:
                        if isinstance(event, Ended):
                            yield Step(name=STEP, state="done", detail=detail)
                            yield _both(first, event)
                            return
                        is_shown = is_shown or not isinstance(event, Step)
                        yield event
        except InhouseError as error:
            if request.priority is not Priority.FAN:
                raise
            _log.warning("%s did not answer, so the small model's answer stands: %s", detail["model"], error)
        yield Step(name=STEP, state="failed", detail=detail)
        yield Replaced(text=first.answer, reason="giant") if is_shown else Token(text=first.answer)
        yield _late(first, 1000 * (time.perf_counter() - began))


async def _in_time(events: AsyncGenerator[Event, None]) -> AsyncGenerator[Event, None]:
    """The same events; ``GiantLate`` where the first words, or the end, take too long."""
    now = asyncio.get_running_loop().time()
    limit, end = now + _FIRST_WORDS, now + _WHOLE
    async with aclosing(events):
        while True:
            try:
                async with asyncio.timeout_at(limit):
                    event = await anext(events)
            except StopAsyncIteration:
                return
            except TimeoutError:
                raise GiantLate() from None
            if isinstance(event, Token):
                limit = end
            yield event


def _late(ended: Ended, waited_ms: float) -> Ended:
    """Its first word was shown when its last one was there, and a giant had been waited for in vain."""
    whole = ended.timing.total_ms + waited_ms
    timing = ended.timing.model_copy(update={"first_token_ms": whole, "total_ms": whole})
    return ended.model_copy(update={"timing": timing})


def _both(first: Ended, second: Ended) -> Ended:
    """The giant's answer, with what both took."""
    small, giant = first.timing, second.timing
    shown = giant.total_ms if giant.first_token_ms is None else giant.first_token_ms
    timing = Timing(
        first_token_ms=small.total_ms + shown,
        total_ms=small.total_ms + giant.total_ms,
        retrieval_ms=small.retrieval_ms + giant.retrieval_ms,
        prompt_tokens=small.prompt_tokens + giant.prompt_tokens,
        completion_tokens=small.completion_tokens + giant.completion_tokens,
    )
    return second.model_copy(update={"timing": timing})
