"""``inhouse bench ledger``: are facts that change kept out of the weights, whatever a tool says of itself?

Four real tools are repeated by the product's own job while dates pass: a search over RetrievalQA's contexts, which change; a
program that declares itself static and drifts; a price list that its owner replaces; the calculator. Then the rule alone is put
to kinds of tools that are only imagined, over many more seeds.
"""

from __future__ import annotations

import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

from anyio.from_thread import BlockingPortal, start_blocking_portal

from inhouse.bench import ledger_courses, ledger_world, search_data
from inhouse.bench.ledger_courses import KINDS, Course, Kind
from inhouse.bench.ledger_world import BEGINS, FIGURES, OPERATOR, BenchDesk, World
from inhouse.bench.report import Cell, Report, Say, Table, Target, at_least, at_most, quantile, share
from inhouse.bench.servers import search_server
from inhouse.bench.workplace import Workplace, workplace
from inhouse.lab.ledger import repeats
from inhouse.lab.ledger.fitness import fitness
from inhouse.lab.ledger.identity import tool_key
from inhouse.lab.ledger.probes import MOST_CALLS
from inhouse.lab.ledger.repeating import Repeating
from inhouse.lab.ledger.stability import NOTHING, Stability
from inhouse.releases.extensions import Extensions
from inhouse.runtime.extensions.base import Tool
from inhouse.runtime.extensions.factory import Plugs
from inhouse.store.signing import Signer

_SEEDS, _SEEDS_QUICK = 4, 1
_IMAGINED, _IMAGINED_QUICK = 1000, 200
#: RetrievalQA's questions whose contexts the search holds; of each seed as many as are watched are asked.
_QUESTIONS = 60
#: A job finds something due as often as this; a little more than three days, as in the product.
_STEPS = (*[timedelta(hours=20)] * 5, *[timedelta(hours=76)] * 70)
_TOOLS = {
    ("search", "search"): "RetrievalQA's search: contexts change",
    ("facts", "look_up"): "declares itself static, and drifts",
    ("prices", "look_up"): "a price list, replaced by its owner",
    ("calculator", "dates"): "the calculator's dates: they go by today",
    ("calculator", "calculate"): "the calculator's sums and units",
}
_HOLDS = ("calculator", "calculate")
_EXTENSIONS = ("search", "facts", "prices", "calculator")
_ACCEPTED_DAYS = 240.0

#: An extension and one of its tools.
Name = tuple[str, str]


@dataclass(frozen=True)
class Watched:
    """What the ledger said of one tool of one seed while it was repeated."""

    tool: Name
    last: Stability
    ever_stable: bool
    changes_on: float | None
    """Days until it was first said to change."""


def run(quick: bool, data: Path, say: Say) -> Report:
    """Repeat real calls, then imagine more."""
    started = time.perf_counter()
    asked = [one for one in search_data.retrievalqa(data) if len(one.contexts) > 1][:_QUESTIONS]
    with workplace() as place:
        world = World(_addresses(asked), place.folder / "figures.json")
        items = search_data.contexts(asked)
        with search_server(items, 10, world.shows) as address, start_blocking_portal() as portal:
            watched, refused = _repeat(place, world, address, portal, _SEEDS_QUICK if quick else _SEEDS, say)
    seeds = _IMAGINED_QUICK if quick else _IMAGINED
    courses = {}
    for kind in KINDS:
        say(f"imagined tools: {kind.name}, {seeds} seeds")
        courses[kind] = [ledger_courses.course(kind, seed) for seed in range(seeds)]
    return Report(
        name="ledger",
        quick=quick,
        tables=[_real(watched), _imagined(courses)],
        targets=_targets(watched, refused, courses),
        notes=[*(f"{_TOOLS[name]}: {why or 'its facts may be built in'}" for name, why in refused.items())],
        seconds=time.perf_counter() - started,
    )


def _addresses(asked: Sequence[search_data.Fresh]) -> Mapping[str, Sequence[str]]:
    """Where each question's contexts lie."""
    return {
        one.question: [f"{search_data.address(n)}{at}" for at in range(len(one.contexts))]
        for n, one in enumerate(asked)
    }


def _repeat(
    place: Workplace, world: World, address: str, portal: BlockingPortal, seeds: int, say: Say
) -> tuple[list[Watched], dict[Name, str | None]]:
    """Every tool of every seed through the product's own job; and what the ledger says of the facts of each at the end."""
    desk = BenchDesk(place.db, Extensions(place.db, Signer(place.folder), _plugs()), _plugs())
    found, tools = list[Watched](), dict[Name, Tool]()
    try:
        for seed in range(seeds):
            world.begin(seed)
            for name in _EXTENSIONS:
                say(f"seed {seed + 1} of {seeds}: {name}")
                ai_id = ledger_world.new_ai(place.db, f"{name}-{seed}")
                found += _watch(place, world, desk, portal, ai_id, name, address)
                with place.db.read() as tx:
                    [version] = ledger_world.current(tx, ai_id)
                tools |= {(name, tool.name): tool for tool in version.tools}
        with place.db.read() as tx:
            return found, {name: fitness(tx, tools[name]) for name in _TOOLS}
    finally:
        portal.call(desk.aclose)


def _watch(
    place: Workplace,
    world: World,
    desk: BenchDesk,
    portal: BlockingPortal,
    ai_id: str,
    name: str,
    address: str,
) -> list[Watched]:
    """One extension of one AI, while dates pass: what the ledger says of each of its tools, at every look."""
    world.turn_to(BEGINS)
    _attach(place, world, desk.attached, ai_id, name, address)
    with place.db.read() as tx:
        [version] = ledger_world.current(tx, ai_id)
    keys = {tool.name: tool_key(tool) for tool in version.tools}
    repeating = Repeating(place.db, ledger_world.current, desk, 1000, portal.call, lambda: world.now)
    edition, looks = world.prices(), []
    for step in _STEPS:
        world.turn_to(world.now + step)
        if name == "prices" and world.prices() != edition:
            edition = world.prices()
            _attach(place, world, desk.attached, ai_id, name, address)
        repeating.repeat(ai_id)
        with place.db.read() as tx:
            looks.append((world.now, repeats.of_ai(tx, ai_id, name)))
    return [
        _seen((name, tool), [(at, found.get(key, NOTHING)) for at, found in looks])
        for tool, key in keys.items()
        if (name, tool) in _TOOLS
    ]


def _seen(name: Name, looks: Sequence[tuple[datetime, Stability]]) -> Watched:
    changing = [at for at, found in looks if found.verdict == "changes"]
    return Watched(
        tool=name,
        last=looks[-1][1],
        ever_stable=any(found.verdict == "stable" for _, found in looks),
        changes_on=(changing[0] - BEGINS) / timedelta(days=1) if changing else None,
    )


def _attach(
    place: Workplace, world: World, attached: Extensions, ai_id: str, name: str, address: str
) -> None:
    """Set a tool up, as its owner or operator does."""
    match name:
        case "search":
            attached.set_up(OPERATOR, ai_id, "searxng", name, {"url": address})
            chosen = random.Random(world.seed).sample(list(world.questions), MOST_CALLS)
            calls = [{"query": question[:200]} for question in chosen]
            ledger_world.asked_before(place.db, ai_id, name, "search", calls)
        case "facts":
            attached.set_up(OPERATOR, ai_id, "mcp-program", name, ledger_world.drifting(world.file))
            ledger_world.asked_before(place.db, ai_id, name, "look_up", [{"name": one} for one in FIGURES])
        case "prices":
            attached.set_up(OPERATOR, ai_id, "table", name, {"title": "wares", "csv": world.prices()})
        case _:
            attached.set_up(OPERATOR, ai_id, "calculator", name, {})


def _plugs() -> Plugs:
    """None of these tools asks the installation for anything."""
    return Plugs(*[cast(Any, None)] * 4)


def _real(watched: Sequence[Watched]) -> Table:
    rows: list[dict[str, Cell]] = []
    for name, title in _TOOLS.items():
        mine = [one for one in watched if one.tool == name]
        caught = [one.changes_on for one in mine if one.changes_on is not None]
        rows.append(
            {
                "tool, repeated by the job": title,
                "said to change": share([one.changes_on is not None for one in mine]),
                "days until then": quantile(caught, 0.5) if caught else "–",
                "ever called stable": share([one.ever_stable for one in mine]),
                "repeats a seed": sum(one.last.answers for one in mine) / len(mine),
                "watched days": sum(one.last.days for one in mine) / len(mine),
            }
        )
    return Table("Real calls, dates made to pass", rows)


def _imagined(courses: Mapping[Kind, Sequence[Course]]) -> Table:
    rows: list[dict[str, Cell]] = []
    for kind, found in courses.items():
        stable = [one.stable_on for one in found if one.stable_on is not None]
        changes = [one.changes_on for one in found if one.changes_on is not None]
        rows.append(
            {
                "imagined tool": kind.name,
                "said to change": share([one.changes_on is not None for one in found]),
                "day, median": _median(changes),
                "ever called stable": share([one.stable_on is not None for one in found]),
                "day, median ": _median(stable),
            }
        )
    return Table(
        f"The rule alone: {MOST_CALLS} calls, looked at for {ledger_courses.WATCHED_DAYS} days", rows
    )


def _median(days: Sequence[float]) -> Cell:
    return quantile(days, 0.5) if days else "–"


def _targets(
    watched: Sequence[Watched], refused: Mapping[Name, str | None], courses: Mapping[Kind, Sequence[Course]]
) -> list[Target]:
    def stable(name: Name) -> float:
        mine = [one.ever_stable for one in watched if one.tool == name]
        return sum(mine) / len(mine)

    def of(kind: Kind, held: bool) -> float:
        days = [one.stable_on if held else one.changes_on for one in courses[kind]]
        return sum(day is not None and (not held or day <= _ACCEPTED_DAYS) for day in days) / len(days)

    holds, slips, border = KINDS[0], KINDS[1], KINDS[3]
    often = [kind for kind in KINDS if kind.always or kind.hourly or kind.each or kind.together >= 1 / 28]
    refusals = [
        Target(
            f"{title}: refused and never called stable",
            refused[name] is not None and stable(name) == 0,
            refused[name] or "accepted",
        )
        for name, title in _TOOLS.items()
        if name != _HOLDS
    ]
    return [
        *refusals,
        Target(
            f"{_TOOLS[_HOLDS]}: accepted",
            refused[_HOLDS] is None and stable(_HOLDS) == 1,
            refused[_HOLDS] or f"in {stable(_HOLDS):.0%} of the seeds",
        ),
        at_most("false alarms: a tool that holds is said to change", of(holds, held=False), 0.01),
        at_most("false alarms with slips", of(slips, held=False), 0.05),
        at_least(
            f"a tool that holds is accepted within {_ACCEPTED_DAYS:.0f} days", of(holds, held=True), 0.99
        ),
        at_most(
            "at the border (one change in 60 days) ever called stable, looked at all year",
            _ever(courses[border]),
            0.05,
        ),
        *(at_most(f"{kind.name}: ever called stable", _ever(courses[kind]), 0.01) for kind in often),
    ]


def _ever(found: Sequence[Course]) -> float:
    return sum(one.stable_on is not None for one in found) / len(found)
