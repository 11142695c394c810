"""``inhouse bench overhead``: what Inhouse's turn path costs over the bare engine, paired and interleaved in one run.

The turn path is the product's own (stored turn, routing, guard, grounding, stored end) with two parts made still: the
search hands over a passage that is there already, and a tap before the engine puts a prompt of the wanted length in
place, so that both sides send the same. Real search and the guard's hold-back are measured and printed apart.
See ``docs/design/bench-overhead.md``.
"""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np

from inhouse.bench.engine_servers import prompt as words
from inhouse.bench.engine_servers import timed
from inhouse.bench.overhead_path import TOKENS, Asked, TurnPath, completion, turn_path
from inhouse.bench.report import Cell, Report, Say, Table, Target, at_least, at_most, mean, quantile
from inhouse.bench.workplace import workplace
from inhouse.conversations.fans import Fan
from inhouse.core.settings import Settings
from inhouse.runtime.engines.embedded.engine import EmbeddedEngine
from inhouse.runtime.profile import installed

_SEQUENCES, _CONTEXT = 8, 2048
_SEED = 23
_MOST_LATER, _LEAST_RATE = 1.05, 0.95
_QUERIES = 40


@dataclass(frozen=True)
class Side:
    """What one side did in one round: mean seconds to the engine's first token, and tokens a second over all fans."""

    first: float
    rate: float
    held: float = 0.0
    """Seconds from the engine's first token to the first that a fan saw."""
    prompt_tokens: float = 0.0
    answer_tokens: float = 0.0


@dataclass(frozen=True)
class Pair:
    """One round: the same load through Inhouse and straight to the engine, one after the other."""

    through: Side
    straight: Side


def run(quick: bool, data: Path, say: Say) -> Report:
    """Measure every load; ``data`` is not needed."""
    return asyncio.run(_run(quick, say))


async def _run(quick: bool, say: Say) -> Report:
    began, settings = time.perf_counter(), Settings()
    with tempfile.TemporaryDirectory(prefix="inhouse-bench-") as name:
        model = installed(settings).file
        engine = EmbeddedEngine(model, Path(name), settings.threads, _CONTEXT, _SEQUENCES)
        try:
            async with turn_path(Path(name), settings, engine) as path:
                loads, targets = await _loads(path, engine, quick, say)
        finally:
            await engine.aclose()
    say("real search")
    apart = _search(10 if quick else _QUERIES)
    tables = (Table("Through Inhouse against straight to the engine", loads), Table("Printed apart", apart))
    notes = (
        f"seed {_SEED}; {settings.threads} threads; answers of at most {TOKENS} tokens, the same prompts on both sides",
    )
    return Report("overhead", quick, tables, targets, notes, time.perf_counter() - began)


async def _loads(
    path: TurnPath, engine: EmbeddedEngine, quick: bool, say: Say
) -> tuple[list[dict[str, Cell]], list[Target]]:
    chance = random.Random(_SEED)
    sizes = (64,) if quick else (64, 256, 1000)
    rows: list[dict[str, Cell]] = []
    targets: list[Target] = []
    await _round(path, engine, chance, 64, 1)  # the first round warms up
    for fans, size in product((1, _SEQUENCES), sizes):
        say(f"{fans} fans, {size} tokens")
        rounds = [await _round(path, engine, chance, size, fans) for _ in range(rounds_of(fans, quick))]
        for state, pairs in zip(("cold", "warm"), zip(*rounds, strict=True), strict=True):
            name = f"{fans} fan{'s' if fans > 1 else ''}, {size} tokens, {state}"
            rows.append(row(name, pairs))
            targets += targets_of(name, pairs)
    return rows, targets


def rounds_of(fans: int, quick: bool) -> int:
    """How often a load is repeated: one fan's is short and noisy."""
    return (2 if fans == 1 else 1) if quick else (20 if fans == 1 else 5)


async def _round(
    path: TurnPath, engine: EmbeddedEngine, chance: random.Random, size: int, fans: int
) -> tuple[Pair, Pair]:
    """A cold pair on prompts that nobody sent before, and a warm pair: both sides send what was sent just before.

    Cold twins differ between the sides, else the second would find the first's. There are as many sequences as fans,
    so twins could evict each other: the warm pair is one set of prompts, made warm again before it is measured.
    """
    twins = [make_twins(chance, size) for _ in range(fans)]
    ours, theirs = [one[0] for one in twins], [one[1] for one in twins]
    cold = await _pair(path, engine, chance, ours, theirs)
    await _straight(engine, ours)
    return cold, await _pair(path, engine, chance, ours, ours)


async def _pair(
    path: TurnPath, engine: EmbeddedEngine, chance: random.Random, ours: Sequence[str], theirs: Sequence[str]
) -> Pair:
    """Both sides, in an order drawn by chance."""

    async def side_of(is_ours: bool) -> Side:
        # An engine is slower after a pause (docs/lab-log.md): the same one comes before both.
        fans = [path.welcome() for _ in ours]
        return await (_through(path, fans, ours) if is_ours else _straight(engine, theirs))

    ours_first = chance.randrange(2) == 1
    sides = {is_ours: await side_of(is_ours) for is_ours in (ours_first, not ours_first)}
    return Pair(through=sides[True], straight=sides[False])


def make_twins(chance: random.Random, size: int) -> tuple[str, str]:
    """Two prompts of about ``size`` tokens that differ in their first word: as long and as new to the engine's cache.

    They repeat one list, which the model goes on with to the last token: a short answer's rate would be its fixed costs.
    """
    rhyme = ", ".join(words(chance, 9).split())
    body = ", ".join([rhyme] * (size // 18 + 1)) + ","
    first, second = chance.sample(["Monday", "Friday", "Sunday", "April", "June"], 2)
    return f"{first}: {body}", f"{second}: {body}"


async def _through(path: TurnPath, fans: Sequence[Fan], prompts: Sequence[str]) -> Side:
    begin = time.perf_counter()
    asked = await asyncio.gather(*map(path.ask, fans, prompts))
    return side(asked, time.perf_counter() - begin)


def side(asked: Sequence[Asked], seconds: float) -> Side:
    """What a load through Inhouse comes to."""
    return Side(
        first=float(np.mean([one.first for one in asked])),
        rate=sum(one.tokens for one in asked) / seconds,
        held=float(np.mean([one.shown - one.first for one in asked])),
        prompt_tokens=float(np.mean([one.prompt_tokens for one in asked])),
        answer_tokens=float(np.mean([one.tokens for one in asked])),
    )


async def _straight(engine: EmbeddedEngine, prompts: Sequence[str]) -> Side:
    begin = time.perf_counter()
    done = await asyncio.gather(*(timed(engine, completion(prompt)) for prompt in prompts))
    rate = sum(one.tokens for one in done) / (time.perf_counter() - begin)
    return Side(float(np.mean([one.first for one in done])), rate)


def row(name: str, pairs: Sequence[Pair]) -> dict[str, Cell]:
    """One load as the table shows it."""
    return {
        "load": name,
        "prompt": round(pairs[0].through.prompt_tokens),
        "answer": round(float(np.mean([pair.through.answer_tokens for pair in pairs]))),
        "first ms": 1000 * float(np.mean([pair.through.first for pair in pairs])),
        "straight ms": 1000 * float(np.mean([pair.straight.first for pair in pairs])),
        "first ratio": mean([pair.through.first / pair.straight.first for pair in pairs]),
        "tok/s": float(np.mean([pair.through.rate for pair in pairs])),
        "straight tok/s": float(np.mean([pair.straight.rate for pair in pairs])),
        "rate ratio": mean([pair.through.rate / pair.straight.rate for pair in pairs]),
        "held back ms": 1000 * float(np.mean([pair.through.held for pair in pairs])),
    }


def targets_of(name: str, pairs: Sequence[Pair]) -> list[Target]:
    """Medians over the rounds: one that another process disturbed says nothing about Inhouse."""
    later = float(np.median([pair.through.first / pair.straight.first for pair in pairs]))
    rate = float(np.median([pair.through.rate / pair.straight.rate for pair in pairs]))
    return [
        at_most(f"{name}, first token of straight", later, _MOST_LATER),
        at_least(f"{name}, throughput of straight", rate, _LEAST_RATE),
    ]


def _search(queries: int) -> list[dict[str, Cell]]:
    """Seconds of real search over 200 short pages, which comes before the engine is asked."""
    chance = random.Random(_SEED)
    pages = [(words(chance, 2), words(chance, 60)) for _ in range(200)]
    with workplace() as place:
        place.index("ai_bench", pages)
        place.search.find("ai_bench", "bread")  # starts the embedding process
        took = []
        for _ in range(queries):
            begin = time.perf_counter()
            place.search.find("ai_bench", words(chance, 8))
            took.append(1000 * (time.perf_counter() - begin))
    return [{"what": "search, 200 pages, ms", "p50": quantile(took, 0.5), "p95": quantile(took, 0.95)}]
