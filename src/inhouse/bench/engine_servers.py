"""What the engine's benchmark measures: our engine and the stock server, asked in the same way."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path

import httpx

from inhouse.runtime.engines.base import Adapter, Completion, Engine, Piece, Usage
from inhouse.runtime.engines.embedded.engine import EmbeddedEngine
from inhouse.runtime.engines.wire import Client, completion_body

#: Tokens a sequence, and sequences of both.
CONTEXT, SEQUENCES = 1024, 8
_WORDS = [
    "bread",
    "oven",
    "flour",
    "market",
    "river",
    "lamp",
    "wool",
    "copper",
    "garden",
    "letter",
    "winter",
    "paper",
    "stone",
    "boat",
    "cloud",
    "kettle",
]


@dataclass(frozen=True)
class Timed:
    """One answer: seconds to its first piece and to its end, and its tokens."""

    first: float
    total: float
    tokens: int


class Stock:
    """The stock server behind the same client. Every request names its adapter's scale, else it keeps the last one's."""

    def __init__(self, model: Path, threads: int, adapters: Sequence[Adapter]) -> None:
        self._numbers = {adapter.hash: number for number, adapter in enumerate(adapters)}
        paths = [str(adapter.path) for adapter in adapters]
        settings = [str(model), str(threads), str(SEQUENCES), str(CONTEXT)]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "inhouse.bench.stock_server", *settings, *paths],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._process.stdout is not None
        address = next(line for line in self._process.stdout if line.startswith("http")).strip()
        self._client = Client(httpx.AsyncClient(base_url=f"{address}/v1/", timeout=300.0), "The stock server")

    async def complete(self, request: Completion) -> AsyncGenerator[Piece | Usage, None]:
        """Stream an answer."""
        wanted = request.adapter.hash if request.adapter else None
        lora = [{"id": number, "scale": float(name == wanted)} for name, number in self._numbers.items()]
        body = completion_body(replace(request, adapter=None), "") | {"lora": lora, "cache_prompt": False}
        async with aclosing(self._client.stream("completions", body)) as parts:
            async for part in parts:
                yield part

    async def aclose(self) -> None:
        """End the server."""
        await self._client.aclose()
        self._process.kill()
        self._process.wait()


Server = EmbeddedEngine | Stock


async def timed(engine: Server | Engine, request: Completion) -> Timed:
    """Ask once."""
    begin, first, tokens = time.perf_counter(), 0.0, 0
    async with aclosing(engine.complete(request)) as parts:
        async for part in parts:
            if isinstance(part, Piece):
                first = first or time.perf_counter() - begin
            elif isinstance(part, Usage):
                tokens = part.completion_tokens
    return Timed(first, time.perf_counter() - begin, tokens)


def prompt(chance: random.Random, words: int) -> str:
    """A prompt that nobody asked before: about a token a word."""
    return " ".join(chance.choice(_WORDS) for _ in range(words))
