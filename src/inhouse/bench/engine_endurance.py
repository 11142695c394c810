"""What ``bench engine`` asks of one engine over a long time: releases that change, requests that are given up, many AIs
on few sequences."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from inhouse.bench.engine_servers import prompt
from inhouse.bench.made_adapters import random_adapter
from inhouse.bench.report import Cell, Target, at_most
from inhouse.core.errors import InhouseError
from inhouse.runtime.engines.base import Adapter, Completion
from inhouse.runtime.engines.embedded.engine import EmbeddedEngine
from inhouse.runtime.engines.written import written

Found = tuple[dict[str, Cell], list[Target]]

#: Releases that are live at once, and streams under way at any time.
_LIVE, _STREAMS = 4, 8
#: Sizes of batches that a doubtful answer is asked again in.
_CROWDS = (2, 3, 4, 5, 6, 8)
#: Requests under way at any time, the share of them that is given up, and the seconds until it is.
_CROWD, _GIVEN_UP, _SOON = 64, 0.8, 0.05
#: Growth of the process, from the first quarter of the requests to the last, that is taken for noise.
_GROWTH_MB = 16
#: Of an adapter's own repeats, by so much more may logits differ after a hand-over.
_NOISE = 2.0


@dataclass(frozen=True)
class Said:
    """One whole answer: asked under which adapter."""

    question: str
    adapter: Adapter
    answer: str


async def releases(
    engine: EmbeddedEngine, folder: Path, model: Path, chance: random.Random, count: int
) -> Found:
    """Change what is live while fans ask: every stream must end whole, and speak as the release it began with.

    Afterwards each question is asked again, alone, under the answer's own release and under three others. Where it begins
    more like another's than like its own it is asked again in batches of other sizes, which round differently; an answer
    that is like none of those counts as mixed.
    """
    versions = [random_adapter(model, folder, 500 + seed) for seed in range(count + _LIVE)]
    live = versions[:_LIVE]
    said: list[Said] = []
    dropped = 0
    ended = asyncio.Event()

    async def fan(number: int) -> None:
        nonlocal dropped
        while not ended.is_set():
            adapter, question = live[number % _LIVE], prompt(chance, 12)
            try:
                said.append(Said(question, adapter, await _whole(engine, question, adapter)))
            except InhouseError:
                dropped += 1

    fans = [asyncio.create_task(fan(number)) for number in range(_STREAMS)]
    for number in range(count):
        await asyncio.sleep(0.2)
        live[number % _LIVE] = versions[number + _LIVE]
    ended.set()
    await asyncio.gather(*fans)
    mixed = 0
    for one in said:
        others = chance.sample([v for v in versions if v.hash != one.adapter.hash], 3)
        again = [await _whole(engine, one.question, adapter) for adapter in (one.adapter, *others)]
        own, *rest = [_alike(one.answer, answer) for answer in again]
        mixed += own < max(rest) and await _nearest(engine, one) < max(rest)
    row: dict[str, Cell] = {"what": f"{count} release changes under load", "answers": len(said)}
    return row | {"dropped": dropped, "mixed": mixed}, [
        at_most(f"{count} release changes, streams dropped", float(dropped), 0),
        at_most(f"{count} release changes, streams mixed", float(mixed), 0),
    ]


async def _nearest(engine: EmbeddedEngine, one: Said) -> int:
    """How alike an answer is to its own release's, asked beside so many others of that release."""
    crowds = [
        await asyncio.gather(*(_whole(engine, one.question, one.adapter) for _ in range(size)))
        for size in _CROWDS
    ]
    return max(_alike(one.answer, answer) for answers in crowds for answer in answers)


async def given_up(
    engine: EmbeddedEngine, adapters: Sequence[Adapter], chance: random.Random, count: int
) -> Found:
    """Send many requests and give most of them up at a random moment: nothing may be left of them."""
    left = count
    memory: list[float] = []

    async def fan() -> None:
        nonlocal left
        while left > 0:
            left -= 1
            work = asyncio.create_task(_whole(engine, prompt(chance, 8), chance.choice(adapters), tokens=4))
            if chance.random() < _GIVEN_UP:
                await asyncio.sleep(chance.uniform(0, _SOON))
                work.cancel()
            await asyncio.gather(work, return_exceptions=True)
            if left % (count // 8) == 0:
                memory.append((await engine.health()).detail["resident_bytes"] / 2**20)

    await asyncio.gather(*(fan() for _ in range(_CROWD)))
    await asyncio.sleep(0.5)
    detail = (await engine.health()).detail
    held = detail["busy_sequences"] + detail["active"] + detail["waiting"]
    growth = max(memory[-2:]) - memory[1]
    row: dict[str, Cell] = {"what": f"{count} requests, {_GIVEN_UP:.0%} given up", "MB more": growth}
    return row | {"resident MB": memory[-1], "sequences held": held}, [
        at_most(f"{count} requests with random cancels, sequences held", float(held), 0),
        at_most(f"{count} requests with random cancels, MB of growth", growth, _GROWTH_MB),
    ]


async def hand_overs(
    model: Path, folder: Path, threads: int, adapters: Sequence[Adapter], chance: random.Random, count: int
) -> Found:
    """Six AIs with the same prompt on few sequences: what each computes must be its own, whoever was there before."""
    tenants: list[Adapter | None] = [*adapters[:4], None, None]
    question = (
        "The shop opens at nine. Our bread is baked each morning by the same two people, and it closes when"
    )
    engine = EmbeddedEngine(model, folder / "few", threads, 256, 1)
    try:
        own = []
        noise = 0.0
        for tenant in tenants:
            first, *repeats = [np.array(await engine.logits(question, tenant)) for _ in range(4)]
            own.append(first)
            noise = max(noise, *(float(np.abs(first - one).max()) for one in repeats))
        worst, last, done = 0.0, -1, 0
        while done < count:
            at = chance.randrange(len(tenants))
            done += at != last
            found = np.array(await engine.logits(question, tenants[at]))
            worst, last = max(worst, float(np.abs(found - own[at]).max())), at
        apart = min(float(np.abs(a - b).max()) for a, b in itertools.pairwise(own[:5]))
    finally:
        await engine.aclose()
    row: dict[str, Cell] = {
        "what": f"{count} hand-overs of 2 sequences among 6 AIs, largest difference of a logit"
    }
    return row | {"logit": worst, "own repeats": noise, "two AIs": apart}, [
        at_most("hand-overs, difference over that of own repeats", worst / max(noise, 1e-3), _NOISE)
    ]


async def _whole(engine: EmbeddedEngine, question: str, adapter: Adapter, tokens: int = 16) -> str:
    request = Completion(prompt=question, adapter=adapter, max_tokens=tokens)
    answer, usage = await written(engine, request)
    assert usage is not None, "a stream that ends without its usage raises"
    return answer


def _alike(one: str, other: str) -> int:
    """How many characters both begin with."""
    return next(
        (at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )
