"""``inhouse bench internalise``: seven tools described outside, then built in, judged on the very file that would be served.

SNIPS's training files teach, its validation files report. Turns that need no tool: rows in even places teach, those in odd places
report. What was made is kept under the installation's home, so that a broken-off run goes on, and ``--quick`` measures what is there.
See ``docs/design/internalise.md``.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from inhouse.bench import internalise_guards, tools_data
from inhouse.bench.report import Cell, Report, Say, Table, Target, at_least, at_most, mean, quantile, share
from inhouse.bench.workplace import Workplace, workplace
from inhouse.core.errors import UsageError
from inhouse.core.settings import Settings
from inhouse.lab import curriculum
from inhouse.lab.internalising import building, dataset
from inhouse.lab.internalising.dataset import Dataset, Sourced
from inhouse.lab.internalising.guards import Kept, compare
from inhouse.lab.internalising.ways import BuiltIn, Called, Chosen, Described, Request, Salted, Way
from inhouse.lab.making import Making
from inhouse.lab.readings import qed
from inhouse.lab.skills.grounded import Embed
from inhouse.lab.skills.tools import Use
from inhouse.runtime.agent.builtin import Call
from inhouse.runtime.agent.choosing import Chooser
from inhouse.runtime.engines.base import Engine
from inhouse.runtime.engines.factory import make_engine
from inhouse.runtime.extensions.base import Tool
from inhouse.runtime.profile import installed
from inhouse.tuning import recipes

#: How many uses the generations of the learning curve are taught; the last one, all of them, is the one that counts.
_CURVE = (100, 300, 1000)
_MEANT, _NOTHING = 700, 300
_QUICK = (28, 12)
#: Of the slower ways, and of cold starts: fewer.
_SLOW, _COLD = 210, 28
_NOTHING_TAUGHT, _ASKED_TAUGHT = 700, 200
#: What the tools go by where they are renamed: no name and no word that was taught.
_RENAMED = {
    "add_to_playlist": "library_put",
    "book_restaurant": "table_reserve",
    "get_weather": "forecast",
    "play_music": "player_on",
    "rate_book": "stars",
    "search_creative_work": "catalogue",
    "search_screening_event": "cinema_times",
}
_NEW, _OUTSIDE, _PROMPT = (
    "new: nothing described",
    "old: described outside, what fans have",
    "old: best prompt",
)
_OFF, _OTHER_NAME = "new: the tool off", "new: the tool renamed"


@dataclass(frozen=True)
class Asked:
    """What every arm is asked."""

    meant: Sequence[Request]
    nothing: Sequence[Request]

    @property
    def every(self) -> list[Request]:
        """All of it."""
        return [*self.meant, *self.nothing]

    @property
    def few(self) -> list[Request]:
        """An even part, for the slower ways."""
        return [
            *self.meant[:: max(1, len(self.meant) // _SLOW)],
            *self.nothing[:: max(1, 2 * len(self.nothing) // _SLOW)],
        ]


@dataclass(frozen=True)
class Arm:
    """A way with what it is asked; ``cold`` is the same way with nothing in the engine's cache."""

    way: Way
    asked: Sequence[Request]
    cold: Way | None = None


def run(quick: bool, data: Path, say: Say) -> Report:
    """Make the generations (or find them), and measure every arm."""
    started, settings = time.perf_counter(), Settings()
    folder = settings.home / "lab" / "internalise-snips"
    size = _QUICK if quick else (_MEANT, _NOTHING)
    asked = Asked(tools_data.snips(data, "report", size[0]), tools_data.without_tool(data, "report", size[1]))
    with workplace() as place:
        models = _stored(folder) if quick else _make_all(settings, folder, data, taught(data), place, say)
        outcome = asyncio.run(_measure(place, settings, models, asked, data, quick, say))
    return _report(outcome, asked, quick, time.perf_counter() - started)


def taught(data: Path) -> Dataset:
    """What is taught: every training request of SNIPS, and turns that need no tool."""
    found = [
        Sourced(Use(text, Call(tool, slots)), f"SNIPS, training file of {tool}")
        for text, tool, slots in tools_data.snips_taught(data)
    ]
    nothing = tools_data.without_tool(data, "tune", _NOTHING_TAUGHT)
    found += [Sourced(Use(one.text), "a turn without a tool") for one in nothing]
    found += [Sourced(Use(one.question), "a question of QED") for one in qed(data)[:_ASKED_TAUGHT]]
    reported = [
        *tools_data.snips(data, "report", _MEANT),
        *tools_data.without_tool(data, "report", _NOTHING),
    ]
    return dataset.build(found, [one.text for one in reported])


def _make_all(
    settings: Settings, folder: Path, data: Path, whole: Dataset, place: Workplace, say: Say
) -> dict[str, Path]:
    """The generations of the learning curve by the number of their uses, all of them last."""
    rehearsal = folder / "rehearsal.jsonl"
    if not rehearsal.exists():
        say("choosing what is rehearsed")
        folder.mkdir(parents=True, exist_ok=True)
        embed = Embed(place.embedder.queries, place.embedder.passages)
        curriculum.write(curriculum.rehearsal(data, embed), rehearsal)
    lines = rehearsal.read_text("utf-8").splitlines()
    made = {}
    for count in (*_CURVE, len(whole.uses)):
        making = Making(
            name=f"snips-{count}",
            parent=installed(settings).file,
            rows=folder / str(count) / "rows.jsonl",
            folder=folder / str(count),
            cache=settings.models_folder / "torch",
            recipe=recipes.recipe("tools"),
            threads=settings.threads,
        )

        def told(words: str, count: int = count) -> None:
            say(f"{count} uses: {words}")

        some = lines[:: max(1, len(whole.uses) // count)]
        made[str(count)] = building.build(making, whole.first(count), some, told)
    return made


def _stored(folder: Path) -> dict[str, Path]:
    """What an earlier run made."""
    made = sorted(folder.glob("*/snips-*.gguf"), key=lambda file: int(file.parent.name))
    if not made:
        raise UsageError(
            reason="There is no stored generation yet: run inhouse bench internalise without --quick once."
        )
    return {made[-1].parent.name: made[-1]}


@dataclass(frozen=True)
class Outcome:
    """Everything that was measured."""

    arms: Mapping[str, Sequence[Called]]
    cold: Mapping[str, Sequence[Called]]
    curve: Mapping[str, Sequence[Called]]
    guards: Sequence[Kept]


async def _measure(
    place: Workplace,
    settings: Settings,
    models: Mapping[str, Path],
    asked: Asked,
    data: Path,
    quick: bool,
    say: Say,
) -> Outcome:
    tools = tools_data.snips_tools(data)
    guards = internalise_guards.guards(place, data, quick, say)
    arms: dict[str, Sequence[Called]] = {}
    cold: dict[str, Sequence[Called]] = {}
    *earlier, (_, newest) = models.items()
    async with _engine(settings, place, installed(settings).file) as engine:
        await _ask(_outside(place, engine, tools, asked), asked, arms, cold, say)
        before = [await guard.ask(engine) for guard in guards]
    async with _engine(settings, place, newest) as engine:
        await _ask(_built_in(place, engine, tools, asked), asked, arms, cold, say)
        after = [await guard.ask(engine) for guard in guards]
    curve: dict[str, Sequence[Called]] = {}
    for count, model in earlier:
        say(f"learning curve: {count} uses")
        async with _engine(settings, place, model) as engine:
            curve[count] = [await BuiltIn(engine, tools).ask(one) for one in asked.few]
    kept = [compare(*one) for one in zip(guards, before, after, strict=True)]
    return Outcome(arms, cold, curve, kept)


@asynccontextmanager
async def _engine(settings: Settings, place: Workplace, model: Path) -> AsyncIterator[Engine]:
    engine = make_engine(settings.model_copy(update={"home": place.folder}), model)
    try:
        yield engine
    finally:
        await engine.aclose()


def _outside(place: Workplace, engine: Engine, tools: Sequence[Tool], asked: Asked) -> dict[str, Arm]:
    """The arms of the old model."""
    chosen = Chosen(engine, Chooser(place.retriever), tools_data.attached(tools))
    prompt = Described(engine, tools, examples=True)
    return {
        "old: nothing described, the floor": Arm(BuiltIn(engine, tools).ask, asked.few),
        _OUTSIDE: Arm(chosen.ask, asked.every),
        "old: all described": Arm(
            Described(engine, tools).ask, asked.few, Described(Salted(engine), tools).ask
        ),
        _PROMPT: Arm(prompt.ask, asked.few, Described(Salted(engine), tools, examples=True).ask),
    }


def _built_in(place: Workplace, engine: Engine, tools: Sequence[Tool], asked: Asked) -> dict[str, Arm]:
    """The arms of the new generation."""
    chosen = Chosen(engine, Chooser(place.retriever), tools_data.attached(tools))
    off = BuiltIn(engine, tools, off=lambda one: [one.tool])
    renamed = BuiltIn(engine, tools, renamed=lambda one: {one.tool: _RENAMED[one.tool]})
    return {
        _NEW: Arm(BuiltIn(engine, tools).ask, asked.every, BuiltIn(Salted(engine), tools).ask),
        "new: described outside": Arm(chosen.ask, asked.few),
        _OFF: Arm(off.ask, asked.meant),
        _OTHER_NAME: Arm(renamed.ask, asked.meant),
    }


async def _ask(
    arms: Mapping[str, Arm],
    asked: Asked,
    warm: dict[str, Sequence[Called]],
    cold: dict[str, Sequence[Called]],
    say: Say,
) -> None:
    """Ask each arm what it is to be asked; then some of it cold."""
    for name, arm in arms.items():
        say(f"{name}: {len(arm.asked)} requests")
        warm[name] = [await arm.way(one) for one in arm.asked]
        if arm.cold is not None:
            some = asked.meant[:: max(1, len(asked.meant) // _COLD)]
            cold[name] = [await arm.cold(one) for one in some]


def _report(outcome: Outcome, asked: Asked, quick: bool, seconds: float) -> Report:
    whole = str(len(outcome.arms[_NEW]))
    curve = {**outcome.curve, "all": outcome.arms[_NEW]}
    return Report(
        name="internalise",
        quick=quick,
        tables=[
            Table(
                "Arms",
                [_row(name, called, outcome.cold.get(name, ())) for name, called in outcome.arms.items()],
            ),
            Table("Learning curve", [_row(f"{count} uses", called, ()) for count, called in curve.items()]),
            Table("Guards", [_guard(kept) for kept in outcome.guards]),
        ],
        targets=[*_targets(outcome), *(_held(kept) for kept in outcome.guards)],
        notes=[
            f"{len(asked.meant)} requests that mean a tool, {len(asked.nothing)} that mean none; {whole} asked of the new one."
        ],
        seconds=seconds,
    )


def _row(way: str, called: Sequence[Called], cold: Sequence[Called]) -> dict[str, Cell]:
    meant = [one for one in called if one.request.tool]
    nothing = [one for one in called if not one.request.tool]
    asked = [one for one in called if one.first_ms]
    return {
        "arm": way,
        "right tool": share([one.right_tool for one in meant]),
        "exact": share([one.exact for one in meant]),
        "false calls": share([bool(one.tool) for one in nothing]) if nothing else "",
        "calls what isn't there": share([one.tool not in ("", *_there(way, one)) for one in called]),
        "prompt tokens": mean([one.prompt_tokens for one in asked]) if asked else "",
        "first ms": _p50(asked),
        "cold ms": _p50(cold),
    }


def _there(way: str, called: Called) -> Sequence[str]:
    """The names that may be called in this arm."""
    meant = called.request.tool
    if way == _OFF:
        return [name for name in _RENAMED if name != meant]
    if way == _OTHER_NAME:
        return [_RENAMED[name] if name == meant else name for name in _RENAMED]
    return list(_RENAMED)


def _p50(called: Sequence[Called]) -> Cell:
    took = [one.first_ms for one in called if one.first_ms]
    return quantile(took, 0.5) if took else ""


def _guard(kept: Kept) -> dict[str, Cell]:
    better = "more" if kept.guard.more else "less"
    return {
        "guard": f"{kept.guard.name} ({better} is better)",
        "n": kept.n,
        "old": kept.parent,
        "new": kept.child,
        "gain": f"{kept.low:+.3f} to {kept.high:+.3f}",
        "margin": -kept.guard.margin,
    }


def _held(kept: Kept) -> Target:
    return at_least(f"{kept.guard.name}: gain, lower bound", kept.low, -kept.guard.margin)


def _targets(outcome: Outcome) -> Iterator[Target]:
    new, prompt = outcome.arms[_NEW], outcome.arms["old: all described"]
    meant = [one for one in new if one.request.tool]
    yield at_least("nothing described: right tool", _share(one.right_tool for one in meant), 0.97)
    yield at_least("nothing described: every argument exact", _share(one.exact for one in meant), 0.70)
    yield at_most(
        "nothing described: false calls", _share(bool(one.tool) for one in new if not one.request.tool), 0.03
    )
    yield at_most("prompt tokens of all described", _tokens(new) / _tokens(prompt), 0.25)
    yield at_most(
        "first token of all described, cold",
        _median(outcome.cold[_NEW]) / _median(outcome.cold["old: all described"]),
        0.25,
    )
    yield at_most(
        "prompt tokens of the best outside way", _tokens(new) / _tokens(outcome.arms[_OUTSIDE]), 0.999
    )
    for what in ("right_tool", "exact"):
        yield at_least(
            f"{what.replace('_', ' ')} against the best outside way, lower bound",
            _lower(new, outcome.arms[_OUTSIDE], what),
            -0.02,
        )
    for name in (_OFF, _OTHER_NAME):
        gone = [one.tool not in ("", *_there(name, one)) for one in outcome.arms[name]]
        yield at_most(f"{name}: calls what isn't there", _share(gone), 0.02)


def _share(hits: Iterator[bool] | Sequence[bool]) -> float:
    return float(np.mean(list(hits)))


def _tokens(called: Sequence[Called]) -> float:
    return float(np.mean([one.prompt_tokens for one in called if one.first_ms]))


def _median(called: Sequence[Called]) -> float:
    return float(np.median([one.first_ms for one in called if one.first_ms]))


def _lower(new: Sequence[Called], old: Sequence[Called], what: str) -> float:
    """The lower end of the interval of the paired difference."""
    pairs = [
        float(getattr(one, what)) - float(getattr(other, what))
        for one, other in zip(new, old, strict=True)
        if one.request.tool
    ]
    return mean(pairs).low
