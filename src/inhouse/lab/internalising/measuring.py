"""Asking arms and guards, and keeping what each came to: a measuring that was killed goes on after the last one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from inhouse.core import ids
from inhouse.lab.internalising.arms import Arm
from inhouse.lab.internalising.guards import Guard
from inhouse.lab.internalising.ways import Called, Request, Way
from inhouse.releases.gate import Bridge
from inhouse.runtime.engines.base import Engine
from inhouse.tuning.files import read_json, write_json

#: Requests between two words of progress, which is where a stop reaches it.
_SLICE = 10

Tell = Callable[[float, str], None]
"""How much of this piece is done, 0 to 1, and in words."""


class Measuring:
    """Measures one model file. ``folder`` is that file's own: what is kept there is not asked again."""

    def __init__(self, folder: Path, bridge: Bridge, tell: Tell) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._bridge, self._tell = folder, bridge, tell

    def arm(self, arm: Arm) -> tuple[list[Called], list[Called]]:
        """What an arm came to, and what it came to cold."""
        warm = self._called(arm.kind, arm.way, arm.asked)
        return warm, self._called(f"{arm.kind}, cold", arm.cold, arm.asked_cold)

    def marks(self, guard: Guard, engine: Engine) -> list[float]:
        """One figure for each case of a guard."""
        kept = self._folder / f"{_name(guard.kind, guard.measure, *guard.cases)}.json"
        self._tell(0.0, f"guard: {guard.kind}")
        if not kept.exists():
            write_json(kept, list(self._bridge(partial(guard.ask, engine))))
        found: list[float] = read_json(kept)
        return found

    def _called(self, name: str, way: Way | None, asked: Sequence[Request]) -> list[Called]:
        if way is None or not asked:
            return []
        kept = self._folder / f"{_name(*(one.text for one in asked), name)}.json"
        if not kept.exists():
            write_json(kept, self._ask(name, way, asked))
        return [Called(one, *found) for one, found in zip(asked, read_json(kept), strict=True)]

    def _ask(self, name: str, way: Way, asked: Sequence[Request]) -> list[list[Any]]:
        found: list[list[Any]] = []
        for start in range(0, len(asked), _SLICE):
            self._tell(start / len(asked), f"{name}: {start} of {len(asked)}")
            for one in self._bridge(partial(_all, way, asked[start : start + _SLICE])):
                found.append([one.tool, one.arguments, one.prompt_tokens, one.first_ms])
        return found


async def _all(way: Way, asked: Sequence[Request]) -> list[Called]:
    """One after the other: what is timed must not wait for another."""
    return [await way(one) for one in asked]


def _name(*words: str) -> str:
    return ids.digest("\n".join(words))[:24]
