"""The small model's answer is read to its end before anybody sees a word of it: then it is told, or the giant is asked."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractContextManager, aclosing
from dataclasses import replace

from inhouse.core.errors import InhouseError
from inhouse.core.events import Ended, Event, Replaced, Step, Timing, Token
from inhouse.runtime.cascade import signs
from inhouse.runtime.cascade.cascade import Cascade
from inhouse.runtime.cascade.listening import Listening
from inhouse.runtime.request import Answerer, ReplyRequest

_log = logging.getLogger(__name__)

#: The step that says that the giant is asked, in a turn's trace.
STEP = "giant"


class SmallFirst:
    """Answers with two models.

    ``ear`` is the engine that ``small`` answers on; ``giant`` lends what answers on the other model, and may raise. Where that
    fails, the small model's answer is told: it is what fans had before.
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
        told: list[Event] = []
        first: Ended | None = None
        async with aclosing(self._small.reply(request)) as events:
            async for event in events:
                if isinstance(event, Ended):
                    first = event
                elif isinstance(event, Step):
                    yield event
                else:
                    told.append(event)
        if first is None:
            return
        seen = signs.of_turn(request.question, bool(request.history), first, self._ear.take())
        if not self._cascade.asks_giant(seen):
            for event in told:
                yield event
            yield _late(first)
            return
        async with aclosing(self._second(request, first)) as events:
            async for event in events:
                yield event

    async def _second(self, request: ReplyRequest, first: Ended) -> AsyncGenerator[Event, None]:
        """The giant's answer, or the small model's in its place where the giant fails."""
        detail = {"model": self._cascade.giant}
        yield Step(name=STEP, state="begun", detail=detail)
        asked = replace(request, generation=self._cascade.giant, adapter=None)
        is_shown = False
        try:
            with self._giant() as giant:
                async with aclosing(giant.reply(asked)) as events:
                    async for event in events:
                        if isinstance(event, Ended):
                            yield Step(name=STEP, state="done", detail=detail)
                            yield _both(first, event)
                            return
                        is_shown = is_shown or not isinstance(event, Step)
                        yield event
        except InhouseError as error:
            _log.warning("%s did not answer, so the small model's answer stands: %s", detail["model"], error)
        yield Step(name=STEP, state="failed", detail=detail)
        yield Replaced(text=first.answer, reason="giant") if is_shown else Token(text=first.answer)
        yield _late(first)


def _late(ended: Ended) -> Ended:
    """Its first word was shown when its last one was there."""
    timing = ended.timing
    return ended.model_copy(update={"timing": timing.model_copy(update={"first_token_ms": timing.total_ms})})


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
