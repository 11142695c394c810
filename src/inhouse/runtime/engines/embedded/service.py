"""The child's work: model, scheduler and requests in one thread of one event loop.

Computing a batch blocks the loop for some tens of milliseconds. Nothing is lost by it: what arrives meanwhile could not
have been computed earlier, and neither locks nor threads take time from the two cores.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import psutil

from inhouse.core.errors import InhouseError, UsageError
from inhouse.core.governor import Governor
from inhouse.core.ids import digest
from inhouse.runtime.engines.base import Score
from inhouse.runtime.engines.embedded.adapters import Adapters
from inhouse.runtime.engines.embedded.jobs import Embedding, Generation, Job, Looking, Scoring, Sink
from inhouse.runtime.engines.embedded.model import Grammar, NativeModel, Shape
from inhouse.runtime.engines.embedded.prefixes import Prefixes
from inhouse.runtime.engines.embedded.protocol import (
    Asked,
    CompletionBody,
    Config,
    EmbeddingsBody,
    ScoreBody,
)
from inhouse.runtime.engines.embedded.sampling import Sampler
from inhouse.runtime.engines.embedded.scheduler import Limits, Scheduler
from inhouse.runtime.engines.embedded.slots import Slots
from inhouse.runtime.engines.embedded.templates import ChatTemplate

#: Turns of the event loop between two batches: enough for what arrived to become a job.
_BREATH = 4


class Service:
    """Owns everything. ``run`` computes until it is cancelled."""

    def __init__(self, config: Config) -> None:
        limits = Limits(config.context, config.sequences)
        shape = Shape(config.context, limits.active, max(limits.chunk, limits.active))
        self.model = NativeModel(config.model, shape, config.threads)
        self._template = ChatTemplate(
            self.model.chat_template(), self.model.edge_tokens(), self.model.special_texts()
        )
        self._adapters = Adapters(self.model, config.adapter_budget)
        self._prefixes = Prefixes(config.prefix_budget)
        slots = Slots(self.model, shape.sequences, self._prefixes)
        self._scheduler = Scheduler(self.model, self._adapters, slots, digest(str(config.model)), limits)
        self._governor = Governor(config.threads)
        self._threads = config.threads
        self._wake = asyncio.Event()
        self._quiet_since = time.monotonic()

    async def run(self) -> None:
        """Compute batch after batch; sleep while there is nothing to do."""
        while True:
            if not self._scheduler.work:
                self._wake.clear()
                self._quiet_since = time.monotonic()
                await self._wake.wait()
                self._governor.begin()
            self._govern()
            self._scheduler.step()
            for _ in range(_BREATH):
                await asyncio.sleep(0)

    def begin(self, body: CompletionBody) -> tuple[Job, asyncio.Queue[Any]]:
        """Queue a completion. Raises what is wrong with it before anything is streamed."""
        queue: asyncio.Queue[Any] = asyncio.Queue()
        job = self._generation(body, queue.put_nowait)
        try:
            self._submit(job)
        except InhouseError:
            job.close()
            raise
        return job, queue

    def stop(self, job: Job) -> None:
        """Nobody listens any more."""
        self._scheduler.cancel(job)

    async def score(self, body: ScoreBody) -> Score:
        """Score a continuation."""
        prompt, continuation = self._tokens(body), self.model.tokenize(body.continuation)
        if not continuation:
            raise UsageError(reason="There is nothing to score: the continuation is empty.")
        score: Score = await self._answer(
            lambda sink: Scoring(prompt, continuation, sink, adapter=body.lora(), priority=body.priority)
        )
        return score

    async def logits(self, body: Asked) -> list[float]:
        """The raw logits after a prompt."""
        tokens = self._tokens(body)
        row = await self._answer(lambda sink: Looking(tokens, sink, body.lora(), body.priority))
        values: list[float] = row.tolist()
        return values

    async def embed(self, body: EmbeddingsBody) -> list[list[float]]:
        """A vector for each text."""
        texts = [self.model.tokenize(text) for text in body.input]

        async def one(tokens: list[int]) -> list[float]:
            row = await self._answer(lambda sink: Embedding(tokens, sink, priority=body.priority))
            vector: list[float] = row.tolist()
            return vector

        return await asyncio.gather(*map(one, texts))

    def health(self) -> dict[str, Any]:
        """What an operator would want to know."""
        return {
            **self._scheduler.load,
            "quiet_seconds": 0.0 if self._scheduler.work else round(time.monotonic() - self._quiet_since, 1),
            "adapters": len(self._adapters),
            "adapter_bytes": self._adapters.size,
            "adapter_loads": self._adapters.loads,
            "adapter_hits": self._adapters.hits,
            "prefixes": len(self._prefixes),
            "prefix_bytes": self._prefixes.size,
            "threads": self._threads,
            "resident_bytes": psutil.Process().memory_info().rss,
        }

    async def _answer(self, make: Callable[[Sink], Job]) -> Any:
        queue: asyncio.Queue[Any] = asyncio.Queue()
        job = make(queue.put_nowait)
        self._submit(job)
        try:
            result = await queue.get()
        finally:
            self._scheduler.cancel(job)
        if isinstance(result, Exception):
            raise result
        return result

    def _submit(self, job: Job) -> None:
        self._scheduler.submit(job)
        self._wake.set()

    def _generation(self, body: CompletionBody, sink: Sink) -> Generation:
        tokens = self._tokens(body)
        return Generation(
            tokens,
            sink,
            body.lora(),
            body.priority,
            vocabulary=self.model,
            sampler=Sampler(body.temperature, body.top_p, body.seed, self._grammar(body)),
            max_tokens=body.max_tokens,
            stops=body.stop,
            top=body.top,
        )

    def _grammar(self, body: CompletionBody) -> Grammar | None:
        if body.response_format and body.response_format.json_schema:
            return self.model.schema(body.response_format.json_schema.schema_)
        return self.model.grammar(body.grammar) if body.grammar is not None else None

    def _tokens(self, body: Asked) -> list[int]:
        text = body.prompt if body.prompt is not None else self._template.render(body.said())
        return self.model.tokenize(text)

    def _govern(self) -> None:
        wanted = self._governor.look()
        if wanted != self._threads:
            self.model.set_threads(wanted)
            self._threads = wanted
