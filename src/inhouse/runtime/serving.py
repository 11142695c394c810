"""Serving generations side by side: each request is answered on the one that its release names.

An engine is opened when its generation is first asked for, and closed when nobody has asked for it for a while. See
``docs/design/generations.md``.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial

from inhouse.core.errors import InhouseError
from inhouse.core.events import Event
from inhouse.runtime.cascade.cascade import Cascade
from inhouse.runtime.cascade.listening import Listening
from inhouse.runtime.cascade.small_first import SmallFirst
from inhouse.runtime.engines.base import Engine, Health
from inhouse.runtime.profile import Installed, Profile
from inhouse.runtime.request import Answerer, ReplyRequest

_log = logging.getLogger(__name__)


class GiantGone(InhouseError):
    """The model {name} is not here any more."""

    status = 503


#: Seconds until an engine that nobody asked is closed: a child holds some hundred MB, and starting one takes a second.
_QUIET = 600.0


@dataclass
class Served:
    """A model with its engine, and who is asking it now. Only ``Engines`` makes and counts these."""

    model: Installed
    engine: Engine
    askers: int = 0
    left_at: float = 0.0
    """When the last asker went, by the event loop's clock."""

    def fits(self, generation: str | None) -> bool:
        """Whether adapters of that generation belong on it; a model server looks after its own."""
        return not self.model.generation or self.model.generation == generation


@dataclass(frozen=True)
class Sign:
    """How one of the generations in use is."""

    generation: str
    is_current: bool
    health: Health


class Engines:
    """The engines of one event loop, one for each generation in use.

    ``find`` says which model answers for a generation, and for ``None`` which is current; ``start`` makes its engine. What
    they raise is raised to whoever asked, and the next one tries again.
    """

    def __init__(
        self,
        find: Callable[[str | None], Installed],
        start: Callable[[Installed], Engine],
        quiet: float = _QUIET,
    ) -> None:
        self._find = find
        self._start = start
        self._quiet = quiet
        self._served: dict[str, Served] = {}
        self._missed: set[str] = set()
        self._tidying: asyncio.Task[None] | None = None
        self._closing: set[asyncio.Task[None]] = set()

    @contextmanager
    def lent(self, generation: str | None) -> Iterator[Served]:
        """The engine for a generation; it stays open while it is lent. Nothing here waits: the question is with the engine
        at once."""
        served = self._open(generation)
        served.askers += 1
        try:
            yield served
        finally:
            served.askers -= 1
            served.left_at = asyncio.get_running_loop().time()

    async def health(self) -> list[Sign]:
        """How the current generation is, first, and every other one in use."""
        current = self._open(None)
        others = [one for one in self._served.values() if one is not current]
        return [
            Sign(one.model.generation, one is current, await one.engine.health())
            for one in (current, *others)
        ]

    async def aclose(self) -> None:
        """Close all of them, whoever is asking."""
        if self._tidying is not None:
            self._tidying.cancel()
            with suppress(asyncio.CancelledError):
                await self._tidying
            self._tidying = None
        for name in list(self._served):
            self._close(name)
        for failure in await asyncio.gather(*self._closing, return_exceptions=True):
            if failure is not None:
                raise failure

    def _open(self, generation: str | None) -> Served:
        if generation is not None and generation in self._served:
            return self._served[generation]
        model = self._find(generation)
        if generation and model.generation and model.generation != generation:
            self._miss(generation, model)
        if model.generation not in self._served:
            now = asyncio.get_running_loop().time()
            self._served[model.generation] = Served(model, self._start(model), left_at=now)
            if self._tidying is None or self._tidying.done():
                self._tidying = asyncio.create_task(self._tidy())
        return self._served[model.generation]

    def _miss(self, generation: str, model: Installed) -> None:
        if generation not in self._missed:
            self._missed.add(generation)
            _log.warning(
                "The model %s is not here: what names it is answered by %s, without its adapters. "
                "Put its files back, or release again.",
                generation,
                model.generation,
            )

    async def _tidy(self) -> None:
        """Close what nobody asks any more, for as long as this event loop runs."""
        while True:
            await asyncio.sleep(self._quiet / 4)
            for name, served in list(self._served.items()):
                with suppress(InhouseError):  # nobody knows what is current: at the next round
                    if await self._is_done_with(served):
                        self._close(name)

    def _close(self, name: str) -> None:
        """Take it away at once; what is asked from now on opens it anew."""
        task = asyncio.create_task(self._served.pop(name).engine.aclose())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def _is_done_with(self, served: Served) -> bool:
        """Never what is current: the next fan of a new release would wait for it."""
        if self._is_asked(served) or served.model.generation == self._find(None).generation:
            return False
        # Another process may be asking the same child, which goes when the engine that started it is closed.
        quiet = (await served.engine.health()).quiet_seconds
        return not self._is_asked(served) and (quiet is None or quiet >= self._quiet)

    def _is_asked(self, served: Served) -> bool:
        return served.askers > 0 or asyncio.get_running_loop().time() - served.left_at < self._quiet


class Serving:
    """Answers every request on its own generation. ``replier`` makes what answers out of an engine and a profile."""

    def __init__(self, engines: Engines, replier: Callable[[Engine, Profile], Answerer]) -> None:
        self._engines = engines
        self._replier = replier

    async def reply(self, request: ReplyRequest) -> AsyncGenerator[Event, None]:
        """Stream the events of one answer. An adapter goes only with the generation that it was trained on."""
        with self._engines.lent(request.generation) as served:
            if request.adapter is not None and not served.fits(request.generation):
                request = replace(request, adapter=None)
            async with aclosing(self._answerer(served, request.answering.cascade).reply(request)) as events:
                async for event in events:
                    yield event

    def _answerer(self, served: Served, cascade: Cascade | None) -> Answerer:
        if cascade is None or cascade.generation != served.model.generation:
            return self._replier(served.engine, served.model.profile)
        ear = Listening(served.engine, asks=True)
        small = self._replier(ear, served.model.profile)
        return SmallFirst(cascade, small, ear, partial(self._giant, cascade.giant))

    @contextmanager
    def _giant(self, name: str) -> Iterator[Answerer]:
        with self._engines.lent(name) as served:
            if not served.fits(name):
                raise GiantGone(name=name)
            yield self._replier(served.engine, served.model.profile)
