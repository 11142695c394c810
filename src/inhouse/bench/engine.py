"""``inhouse bench engine``: the embedded engine against the stock server of the same wheel, paired in one run.

Each round measures both, in turn, on the same requests. What is asked of the engine alone follows; that the check of
isolation would find a key without the adapter is proven by a test.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from inhouse.bench.engine_endurance import given_up, hand_overs, releases
from inhouse.bench.engine_servers import CONTEXT, SEQUENCES, Server, Stock, Timed, prompt, timed
from inhouse.bench.made_adapters import random_adapter
from inhouse.bench.report import Cell, Report, Say, Table, Target, at_least, at_most, mean, quantile
from inhouse.core.errors import InhouseError, Unavailable, UsageError
from inhouse.core.settings import Settings
from inhouse.runtime.engines.base import Adapter, Completion
from inhouse.runtime.engines.embedded.engine import EmbeddedEngine

#: Seconds in which the threads of who was measured before come to rest.
_REST = 0.1
_BUSY = "import numpy as np\na = np.random.rand(700, 700)\nwhile True: a @ a"


def run(quick: bool, data: Path, say: Say) -> Report:
    """Measure everything; ``data`` is not needed."""
    return asyncio.run(_Bench(quick, say).run())


class _Bench:
    """Collects rows and targets."""

    def __init__(self, quick: bool, say: Say) -> None:
        self.quick, self.say = quick, say
        self.settings = Settings()
        self.model = _model(self.settings)
        self.chance = random.Random(11)
        self.rounds, self.length = (2, 24) if quick else (8, 64)
        self.against: list[dict[str, Cell]] = []
        self.alone: list[dict[str, Cell]] = []
        self.targets: list[Target] = []

    async def run(self) -> Report:
        """All parts, one after the other."""
        began = time.perf_counter()
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            adapters = [random_adapter(self.model, folder, seed) for seed in range(8)]
            ours = EmbeddedEngine(
                self.model, folder / "run", self.settings.threads, CONTEXT, SEQUENCES, 24 * 2**20
            )
            try:
                await ours.start()
                await self.compare(ours, adapters)
                for part in (self.quiet, self.prefix, self.training, self.publish, self.many):
                    self.say(part.__name__)
                    await part(ours, adapters, folder)
                await self.endure(ours, adapters, folder)
                self.say("kills")
                await self.kills(ours, adapters)
            finally:
                await ours.aclose()
        tables = (Table("Against the stock server", self.against), Table("The engine alone", self.alone))
        notes = (f"{self.settings.threads} threads, load before the run {os.getloadavg()[0]:.1f}",)
        return Report("engine", self.quick, tables, self.targets, notes, time.perf_counter() - began)

    async def compare(self, ours: EmbeddedEngine, adapters: list[Adapter]) -> None:
        """One stream, eight of one adapter, eight of eight."""
        stock = Stock(self.model, self.settings.threads, adapters)
        loads: dict[str, tuple[list[Adapter | None], float]] = {
            "1 stream, base": ([None], 0.97),
            "8 streams, same adapter": ([adapters[0]] * 8, 0.97),
            "8 streams, 8 adapters": (list(adapters), 1.1),
        }
        try:
            for name, (who, bar) in loads.items():
                self.say(name)
                pairs = [
                    (await self._load(ours, who), await self._load(stock, who))
                    for _ in range(self.rounds + 1)
                ]
                self._judge(name, pairs[1:], bar, mixed=len(set(who)) > 1)  # the first round warms up
        finally:
            await stock.aclose()

    def _judge(
        self, name: str, pairs: Sequence[tuple[list[Timed], list[Timed]]], bar: float, mixed: bool
    ) -> None:
        rates = np.array([[_rate(one) for one in pair] for pair in pairs])
        worst = np.array([[max(one.first for one in side) for side in pair] for pair in pairs])
        row: dict[str, Cell] = {"load": name, "tok/s": mean(rates[:, 0]), "stock tok/s": mean(rates[:, 1])}
        row |= {"ratio": mean(rates[:, 0] / rates[:, 1])}
        self.against.append(row | {"worst first s": mean(worst[:, 0]), "stock first s": mean(worst[:, 1])})
        self.targets.append(at_least(f"{name}, of stock", float(np.mean(rates[:, 0] / rates[:, 1])), bar))
        if mixed:
            self.targets.append(
                at_most(f"{name}, worst first token in seconds", float(worst[:, 0].mean()), 1.0)
            )
            share = float(worst[:, 0].mean() / worst[:, 1].mean())
            self.targets.append(at_most(f"{name}, worst first token of stock", share, 0.2))

    async def _load(self, engine: Server, who: Sequence[Adapter | None]) -> list[Timed]:
        await asyncio.sleep(_REST)
        requests = [
            Completion(prompt=prompt(self.chance, 20), adapter=one, max_tokens=self.length) for one in who
        ]
        return list(await asyncio.gather(*(timed(engine, request) for request in requests)))

    async def quiet(self, ours: EmbeddedEngine, adapters: list[Adapter], folder: Path) -> None:
        """One AI at full load; another asks now and then."""
        idle = await self._firsts(ours, adapters[1])
        stop = asyncio.Event()

        async def hot() -> None:
            while not stop.is_set():
                await timed(
                    ours, Completion(prompt=prompt(self.chance, 20), adapter=adapters[0], max_tokens=64)
                )

        crowd = [asyncio.create_task(hot()) for _ in range(12)]
        busy = await self._firsts(ours, adapters[1])
        stop.set()
        await asyncio.gather(*crowd)
        self._twice("a quiet AI beside a busy one", idle, busy)

    async def training(self, ours: EmbeddedEngine, adapters: list[Adapter], folder: Path) -> None:
        """Two computing processes of low priority, as training is started."""
        idle = await self._firsts(ours, adapters[1])
        others = [subprocess.Popen(["nice", "-n", "15", sys.executable, "-c", _BUSY]) for _ in range(2)]
        try:
            await asyncio.sleep(1)
            busy = await self._firsts(ours, adapters[1])
        finally:
            for other in others:
                other.kill()
                other.wait()
        self._twice("chat beside training", idle, busy)

    async def _firsts(self, ours: EmbeddedEngine, adapter: Adapter) -> list[float]:
        firsts = []
        for _ in range(6 if self.quick else 40):
            await asyncio.sleep(0.2)
            request = Completion(prompt=prompt(self.chance, 30), adapter=adapter, max_tokens=2)
            firsts.append((await timed(ours, request)).first)
        return firsts

    def _twice(self, what: str, idle: list[float], busy: list[float]) -> None:
        self.alone.append(
            {"what": f"{what}, p95 first token", "s": quantile(busy, 0.95), "idle s": quantile(idle, 0.95)}
        )
        ratio = float(np.quantile(busy, 0.95) / np.quantile(idle, 0.95))
        self.targets.append(at_most(f"{what}, p95 first token against idle", ratio, 2.0))

    async def prefix(self, ours: EmbeddedEngine, adapters: list[Adapter], folder: Path) -> None:
        """A brief of 300 tokens that comes again with another question."""
        cold: list[float] = []
        warm: list[float] = []
        for _ in range(self.rounds):
            brief = prompt(self.chance, 290)
            for found in (cold, warm):
                request = Completion(
                    prompt=f"{brief} {prompt(self.chance, 10)}", adapter=adapters[2], max_tokens=2
                )
                found.append((await timed(ours, request)).first)
        self.alone.append({"what": "repeated brief, first token", "s": mean(warm), "cold s": mean(cold)})
        self.targets.append(
            at_most("repeated brief, warm first token of cold", float(np.mean(warm) / np.mean(cold)), 0.25)
        )

    async def publish(self, ours: EmbeddedEngine, adapters: list[Adapter], folder: Path) -> None:
        """From publishing an adapter to its first token, over a resident one's."""
        for rank, size, bar in ((8, "1 MB", 20.0), (84, "10 MB", 40.0)):
            over = []
            for seed in range(self.rounds):
                fresh = random_adapter(self.model, folder, 100 + seed, rank)
                new, resident = [await self._first_of(ours, fresh) for _ in range(2)]
                over.append(1000 * (new - resident))
            self.alone.append(
                {"what": f"a new adapter of {size}, first token over a resident one", "ms": mean(over)}
            )
            self.targets.append(
                at_most(f"a new adapter of {size}, milliseconds", float(np.median(over)), bar)
            )

    async def _first_of(self, ours: EmbeddedEngine, adapter: Adapter) -> float:
        return (
            await timed(ours, Completion(prompt=prompt(self.chance, 8), adapter=adapter, max_tokens=1))
        ).first

    async def many(self, ours: EmbeddedEngine, adapters: list[Adapter], folder: Path) -> None:
        """AIs in Zipf order, p(k) = k^-1 / sum of j^-1: more of them than the budget holds."""
        count, asks = (100, 40) if self.quick else (1000, 400)
        weights = 1 / np.arange(1, count + 1)
        order = np.random.default_rng(5).choice(count, asks, p=weights / weights.sum())
        named = [Adapter(f"ai-{number}", adapters[number % 8].path) for number in range(count)]
        resident = await self._through(ours, [adapters[number % 8] for number in order])
        before = (await ours.health()).detail
        rate = await self._through(ours, [named[number] for number in order])
        after = (await ours.health()).detail
        loads, hits = (after[key] - before[key] for key in ("adapter_loads", "adapter_hits"))
        row: dict[str, Cell] = {
            "what": f"{count} AIs in Zipf order, tok/s",
            "tok/s": rate,
            "all resident tok/s": resident,
        }
        self.alone.append(
            row | {"hit rate": hits / (hits + loads), "resident MB": after["resident_bytes"] / 2**20}
        )
        self.targets.append(
            at_least(f"{count} AIs in Zipf order, of the resident rate", rate / resident, 0.8)
        )
        self.targets.append(
            at_most("adapter bytes over budget", float(after["adapter_bytes"] > 24 * 2**20), 0)
        )

    async def _through(self, ours: EmbeddedEngine, who: Sequence[Adapter]) -> float:
        queue, done = list(who), []

        async def fan() -> None:
            while queue:
                request = Completion(prompt=prompt(self.chance, 20), adapter=queue.pop(), max_tokens=16)
                done.append(await timed(ours, request))

        begin = time.perf_counter()
        await asyncio.gather(*(fan() for _ in range(8)))
        return sum(one.tokens for one in done) / (time.perf_counter() - begin)

    async def endure(self, ours: EmbeddedEngine, adapters: list[Adapter], folder: Path) -> None:
        """What takes its time: release changes, requests that are given up, hand-overs between AIs."""
        threads, (changes, asks) = self.settings.threads, (10, 800) if self.quick else (100, 24_000)
        for name, part in {
            "release changes": releases(ours, folder, self.model, self.chance, changes),
            "requests given up": given_up(ours, adapters, self.chance, asks),
            "hand-overs": hand_overs(self.model, folder, threads, adapters, self.chance, changes),
        }.items():
            self.say(name)
            row, targets = await part
            self.alone.append(row)
            self.targets += targets

    async def kills(self, ours: EmbeddedEngine, adapters: list[Adapter]) -> None:
        """Kill the child under load: how soon it answers again, and whether every request ends or may be retried."""
        back, lost = [], 0
        for _ in range(3 if self.quick else 50):
            streams = [asyncio.create_task(self._ends(ours, one)) for one in adapters]
            await asyncio.sleep(self.chance.uniform(0.0, 0.5))
            os.kill((await ours.health()).detail["pid"], signal.SIGKILL)
            begin = time.perf_counter()
            while not (await ours.health()).ready:
                await asyncio.sleep(0.02)
            back.append(time.perf_counter() - begin)
            lost += sum(not ended for ended in await asyncio.gather(*streams))
        self.alone.append({"what": "back after kill -9 under load", "s": quantile(back, 0.95)})
        self.targets.append(at_most("back after kill -9, p95 seconds", float(np.quantile(back, 0.95)), 2.0))
        self.targets.append(at_most("requests neither ended nor retriable", float(lost), 0))

    async def _ends(self, ours: EmbeddedEngine, adapter: Adapter) -> bool:
        try:
            await timed(ours, Completion(prompt=prompt(self.chance, 20), adapter=adapter, max_tokens=32))
        except Unavailable:
            return True
        except InhouseError:
            return False
        return True


def _rate(answers: Sequence[Timed]) -> float:
    return sum(one.tokens for one in answers) / max(one.total for one in answers)


def _model(settings: Settings) -> Path:
    files = sorted(settings.models_folder.glob("*.gguf"))
    if not files:
        raise UsageError(reason=f"There is no model file in {settings.models_folder}: run make setup.")
    return files[0]
