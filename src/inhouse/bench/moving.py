"""``inhouse bench moving``: the base moves under many AIs while fans chat. See ``docs/design/bench-moving.md``.

A real server with its worker and engines in a folder of its own, real adapters, and two moves: to a child that is as good for
every adapter, which is rolled back again, and to one that spoils them. The fans keep a journal.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from inhouse.bench import children, moving_house
from inhouse.bench.faults_house import House, opened, until
from inhouse.bench.moving_fans import Chatter, Timed, faults
from inhouse.bench.moving_house import MemoryWatch
from inhouse.bench.report import Cell, Report, Say, Table, at_least, at_most, quantile
from inhouse.lab.promoting import shelf
from inhouse.lab.promoting.promotion import Standing

_BEGINS, _CHECKED = 90.0, 4 * 3600.0


@dataclass(frozen=True)
class _Size:
    ais: int
    chatters: int
    chat_seconds: float
    """Of each stage in which nothing moves."""


_FULL, _QUICK = _Size(20, 4, 60.0), _Size(3, 2, 15.0)


@dataclass
class _Moved:
    """One move of the base."""

    what: str
    standing: Standing
    seconds: dict[str, float] = field(default_factory=dict)


def run(quick: bool, data: Path, say: Say) -> Report:
    """Move the base twice under chatting fans; ``data`` is not needed."""
    began = time.perf_counter()
    size = _QUICK if quick else _FULL
    with opened("moving", children.own_models) as house:
        bench = _Bench(house, size, say)
        moved = bench.run()
        wrong = faults(bench.journal, house.db)
    return _report(quick, size, bench, moved, wrong, time.perf_counter() - began)


class _Bench:
    """One run."""

    def __init__(self, house: House, size: _Size, say: Say) -> None:
        self.house, self.size, self.say = house, size, say
        self.journal: list[Timed] = []
        self.memory: list[float] = []
        self.adapters = 0

    def run(self) -> list[_Moved]:
        """Both moves; what fans saw is in the journal."""
        ais = [moving_house.furnish(self.house, number, self.say) for number in range(self.size.ais)]
        self.adapters = sum(ai.adapter for ai in ais)
        same = children.requantised(self.house.db, self.house.settings, "F16", self.say)
        spoiling = children.shuffled(self.house.db, self.house.settings, self.say)
        self.house.start()
        chatters = [
            Chatter(self.house.address, ais, f"fan{n}", self.journal) for n in range(self.size.chatters)
        ]
        threads: list[Chatter | MemoryWatch] = [*chatters, MemoryWatch(self.house, self.memory)]
        for thread in threads:
            thread.start()
        try:
            self._chat("nothing moves yet")
            return [
                self._move("another number of bits", same, back=True),
                self._move("heads in another order", spoiling, back=False),
            ]
        finally:
            for thread in threads:
                thread.stop()

    def _move(self, what: str, generation: str, *, back: bool) -> _Moved:
        """From the check of every AI to all fans, and with ``back`` back again."""
        seconds: dict[str, float] = {}
        began = time.perf_counter()
        command = self.house.command_aside("lab", "promote", generation)
        checked = self._checked(what, generation)
        command.wait()
        seconds["checking"] = time.perf_counter() - began
        steps = [
            ("canary", ("promote", generation, "--canary", "0.3")),
            ("all", ("promote", generation, "--all")),
        ]
        if back:
            steps.append(("roll-back", ("rollback", generation)))
        for name, words in steps:
            began = time.perf_counter()
            self.house.command("lab", *words)
            seconds[name] = time.perf_counter() - began
            self._chat(f"{what}: {name}")
        return _Moved(what, checked, seconds)

    def _checked(self, what: str, generation: str) -> Standing:
        """Wait for the checks of all AIs."""
        told: list[object] = []

        def done() -> Standing | None:
            standing = self._standing(generation)
            if standing is None:
                return None
            if told[-1:] != [standing.counts]:
                told.append(standing.counts)
                self.say(f"{what}: {standing.counts}")
            return standing if standing.unsettled == 0 else None

        until("the promotion's begin", lambda: self._standing(generation), _BEGINS)
        found: Standing = until("the checks' end", done, _CHECKED, every=1.0)
        return found

    def _standing(self, generation: str) -> Standing | None:
        with self.house.db.read() as tx:
            found = shelf.listing(tx, generation)
            if not found:
                return None
            return Standing(promotion=found[0], moves=tuple(shelf.moves_of(tx, found[0].id)))

    def _chat(self, stage: str) -> None:
        self.say(f"{stage}: fans chat")
        time.sleep(self.size.chat_seconds)


def _report(
    quick: bool, size: _Size, bench: _Bench, moved: Sequence[_Moved], wrong: Sequence[str], took: float
) -> Report:
    journal = bench.journal
    dropped = [one for one in journal if not one.ended]
    behind = sum(move.state in ("left", "skipped") for one in moved for move in one.standing.moves)
    kept, anew = (one.standing.counts for one in moved)
    longest = max((move.seconds for one in moved for move in one.standing.moves), default=0.0)
    targets = [
        at_most("turns dropped", float(len(dropped)), 0),
        at_most("turns on a wrong release or generation", float(len(wrong)), 0),
        at_most("AIs that stayed behind, over both moves", float(behind), 0),
        at_least("adapters kept where the child is the same", float(kept.get("kept", 0)), bench.adapters),
        at_least(
            "adapters trained anew where it spoils them", float(anew.get("retrained", 0)), bench.adapters
        ),
    ]
    notes = [
        f"{size.ais} AIs, {bench.adapters} with an adapter; trainings of at most 60 s each",
        f"{len(journal)} turns; peak memory of server, worker and engines {max(bench.memory, default=0):.0f} MB",
        f"the longest check of one AI took {longest:.0f} s",
        *(f"dropped: {one.question}: {one.error}" for one in dropped[:10]),
        *wrong[:10],
    ]
    tables = (
        Table("Moves of the base", [_row(one) for one in moved]),
        Table(
            "Turns",
            [
                {
                    "turns": len(journal),
                    "p50 s": quantile(_seconds(journal), 0.5),
                    "p95 s": quantile(_seconds(journal), 0.95),
                }
            ],
        ),
    )
    return Report("moving", quick, tables, targets, notes, took)


def _row(moved: _Moved) -> dict[str, Cell]:
    counts = moved.standing.counts
    return {
        "move": moved.what,
        "straight": counts.get("straight", 0),
        "kept": counts.get("kept", 0),
        "retrained": counts.get("retrained", 0),
        "left or skipped": counts.get("left", 0) + counts.get("skipped", 0),
        "seconds": ", ".join(f"{name} {seconds:.1f}" for name, seconds in moved.seconds.items()),
    }


def _seconds(journal: Sequence[Timed]) -> list[float]:
    return [one.seconds for one in journal if one.ended] or [0.0]
