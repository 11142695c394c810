"""``inhouse bench internalise``: seven tools described outside, then built in, judged on the very file that would be served.

SNIPS's training files teach, its validation files report. Turns that need no tool: rows in even places teach, those in odd places
report. What was made and measured is kept under the installation's home, so that a broken-off run goes on where it was, and ``--quick``
measures what is there. See ``docs/design/internalise.md``.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from anyio.from_thread import start_blocking_portal

from inhouse.bench import internalise_guards, tools_data
from inhouse.bench.report import Cell, Estimate, Report, Say, Table, Target, at_least, at_most
from inhouse.bench.workplace import Workplace, workplace
from inhouse.core.errors import UsageError
from inhouse.core.settings import Settings
from inhouse.lab import curriculum
from inhouse.lab.comparing.intervals import Interval
from inhouse.lab.internalising import arms, building, dataset, guards, ways
from inhouse.lab.internalising.arms import Arm, Asked, Taught
from inhouse.lab.internalising.dataset import Dataset, Sourced
from inhouse.lab.internalising.measuring import Measuring, Tell
from inhouse.lab.internalising.report import Arm as Figures
from inhouse.lab.internalising.report import ArmKind, Learnt, Primary
from inhouse.lab.internalising.report import Guard as Held
from inhouse.lab.internalising.ways import Called
from inhouse.lab.making import Making
from inhouse.lab.skills.grounded import Embed
from inhouse.lab.skills.tools import Use
from inhouse.releases.gate import Bridge
from inhouse.runtime.agent.builtin import Call
from inhouse.runtime.engines.base import Engine
from inhouse.runtime.engines.factory import make_engine
from inhouse.runtime.profile import installed
from inhouse.tuning import recipes
from inhouse.tuning.files import sha256
from inhouse.tuning.recipes import Recipe

#: How many uses the generations of the learning curve are taught; the last one, all of them, is the one that counts.
CURVE = (100, 300, 1000)
_MEANT, _NOTHING = 700, 300
_QUICK = (28, 12)
_NOTHING_TAUGHT, _ASKED_TAUGHT = 700, 200
#: How much worse than the ways outside it may be, in points of 1.
_MARGIN = 0.02
#: What the tools go by where they are renamed: no name and no word that was taught.
_RENAMED = {
    "add_to_playlist": "append_queue",
    "book_restaurant": "eatery_request",
    "get_weather": "meteo",
    "play_music": "hifi_spin",
    "rate_book": "verdict",
    "search_creative_work": "oeuvre_finder",
    "search_screening_event": "screenings",
}
#: How an arm is named in the table.
_WORDS: Mapping[ArmKind, str] = {
    ArmKind.FLOOR: "old: nothing described, the floor",
    ArmKind.OUTSIDE: "old: described outside, what fans have",
    ArmKind.DESCRIBED: "old: all described",
    ArmKind.PROMPT: "old: best prompt",
    ArmKind.BUILT_IN: "new: nothing described",
    ArmKind.STILL: "new: described outside",
    ArmKind.OFF: "new: the tool off",
    ArmKind.RENAMED: "new: the tool renamed",
}


@dataclass(frozen=True)
class Outcome:
    """Everything that was measured."""

    arms: Mapping[ArmKind, Figures]
    primary: Sequence[Primary]
    curve: Sequence[Learnt]
    guards: Sequence[Held]
    margins: str


@dataclass(frozen=True)
class House:
    """Where a run works: what it makes and keeps, and the way into its event loop."""

    settings: Settings
    folder: Path
    place: Workplace
    bridge: Bridge
    say: Say

    def measuring(self, model: Path) -> Measuring:
        """Of one model file: what was kept of another one is never taken for it."""
        kept = self.folder / "measured" / sha256(model)[:16]
        return Measuring(kept, self.bridge, quarters(self.say))

    @contextmanager
    def engine(self, model: Path) -> Iterator[Engine]:
        """A model at work in a child process of its own."""
        made = make_engine(self.settings.model_copy(update={"home": self.place.folder}), model)
        try:
            yield made
        finally:
            self.bridge(made.aclose)


@contextmanager
def opened(name: str, say: Say) -> Iterator[House]:
    """A place to work in for the benchmark of this name. A run that broke off goes on with what it measured."""
    settings = Settings()
    folder = settings.home / "lab" / name
    with workplace() as place, start_blocking_portal() as portal:
        yield House(settings, folder, place, portal.call, say)
    # What was measured is in the report now: the next run is to measure, and not to read.
    shutil.rmtree(folder / "measured", ignore_errors=True)


def run(quick: bool, data: Path, say: Say) -> Report:
    """Make the generations (or find them), and measure every arm."""
    started = time.perf_counter()
    size = _QUICK if quick else (_MEANT, _NOTHING)
    asked = Asked(tools_data.snips(data, "report", size[0]), tools_data.without_tool(data, "report", size[1]))
    with opened("internalise-snips", say) as house:
        if quick:
            models = stored(house.folder)
        else:
            models = make_all(house, taught(data), CURVE, recipes.recipe("tools"), data)
        outcome = _measure(house, models, asked, data, quick)
    return _report(outcome, asked, quick, time.perf_counter() - started)


def taught(data: Path) -> Dataset:
    """What is taught: every training request of SNIPS, and turns that need no tool."""
    found = [
        Sourced(Use(text, Call(tool, slots)), f"SNIPS, training file of {tool}")
        for text, tool, slots in tools_data.snips_taught(data)
    ]
    nothing = tools_data.without_tool(data, "tune", _NOTHING_TAUGHT)
    found += [Sourced(Use(one.text), "a turn without a tool") for one in nothing]
    asked = curriculum.qed(data, "train")[:_ASKED_TAUGHT]
    found += [Sourced(Use(one.question), "a question of QED") for one in asked]
    reported = [
        *tools_data.snips(data, "report", _MEANT),
        *tools_data.without_tool(data, "report", _NOTHING),
    ]
    return dataset.build(found, [one.text for one in reported])


def make_all(
    house: House, whole: Dataset, curve: Sequence[int], recipe: Recipe, data: Path
) -> dict[int, Path]:
    """The generations of the learning curve by the number of their uses, all of them last."""
    lines = _rehearsal(house, data)
    made = {}
    for count in (*curve, len(whole.uses)):
        making = Making(
            name=f"{house.folder.name}-{count}",
            parent=installed(house.settings).file,
            rows=house.folder / str(count) / "rows.jsonl",
            folder=house.folder / str(count),
            cache=house.settings.models_folder / "torch",
            recipe=recipe,
            threads=house.settings.threads,
        )

        def told(words: str, count: int = count) -> None:
            house.say(f"{count} uses: {words}")

        some = lines[: len(lines) * count // len(whole.uses)]
        made[count] = building.build(making, whole.first(count), some, told)
    return made


def stored(folder: Path) -> dict[int, Path]:
    """The newest thing that an earlier run made."""
    made = {int(file.parent.name): file for file in folder.glob("*/*.gguf")}
    if not made:
        raise UsageError(reason="There is no stored generation yet: run the benchmark without --quick once.")
    return {max(made): made[max(made)]}


def quarters(say: Say) -> Tell:
    """Say how a piece of work goes on, a few times only."""
    last: list[tuple[str, int]] = [("", -1)]

    def tell(done: float, words: str) -> None:
        now = (words.partition(":")[0], int(done * 4))
        if now != last[0]:
            last[0] = now
            say(words)

    return tell


def _rehearsal(house: House, data: Path) -> list[str]:
    """What the parent knows already, chosen once."""
    file = house.folder / curriculum.REHEARSAL
    if not file.exists():
        house.say("choosing what is rehearsed")
        house.folder.mkdir(parents=True, exist_ok=True)
        embed = Embed(house.place.embedder.queries, house.place.embedder.passages)
        curriculum.write(curriculum.rehearsed(curriculum.rehearsal(data, embed)), file)
    return file.read_text("utf-8").splitlines()


def _measure(house: House, models: Mapping[int, Path], asked: Asked, data: Path, quick: bool) -> Outcome:
    tools = [Taught(one, _RENAMED[one.tool.name]) for one in ways.attached(tools_data.snips_tools(data))]
    now = installed(house.settings)
    above = now.profile.abstain_above
    held = internalise_guards.guards(house.place, house.folder, data, above, quick, house.say)
    margins = guards.laid_down(held, _MARGIN)
    house.say(f"margins are laid down: {margins[:16]}")
    *earlier, (_, newest) = models.items()
    parent = now.file

    def of_parent(engine: Engine) -> list[Arm]:
        return arms.of_parent(engine, house.place.retriever, tools, asked)

    def of_child(engine: Engine) -> list[Arm]:
        return arms.of_child(engine, house.place.retriever, tools, asked)

    old, before = _asked(house, parent, of_parent, held)
    new, after = _asked(house, newest, of_child, held)
    curve = [arms.learnt(count, _learnt(house, model, tools, asked)) for count, model in earlier]
    calls = {kind: warm for kind, (warm, _) in (old | new).items()}
    kept = [guards.compare(*one) for one in zip(held, before, after, strict=True)]
    return Outcome(
        arms={kind: arms.figures(kind, *found, tools) for kind, found in (old | new).items()},
        primary=arms.primary(calls, _MARGIN),
        curve=[*curve, arms.learnt(max(models), calls[ArmKind.BUILT_IN])],
        guards=[*kept, guards.no_tool(calls[ArmKind.OUTSIDE], calls[ArmKind.BUILT_IN])],
        margins=margins,
    )


def _asked(
    house: House,
    model: Path,
    arms_of: Callable[[Engine], Sequence[Arm]],
    held: Sequence[guards.Guard],
) -> tuple[dict[ArmKind, tuple[list[Called], list[Called]]], list[list[float]]]:
    """Every arm and every guard of one model file."""
    measuring = house.measuring(model)
    with house.engine(model) as engine:
        found = {arm.kind: measuring.arm(arm) for arm in arms_of(engine)}
        return found, [measuring.marks(guard, engine) for guard in held]


def _learnt(house: House, model: Path, tools: Sequence[Taught], asked: Asked) -> list[Called]:
    with house.engine(model) as engine:
        return house.measuring(model).arm(arms.of_curve(engine, tools, asked))[0]


def _report(outcome: Outcome, asked: Asked, quick: bool, seconds: float) -> Report:
    return Report(
        name="internalise",
        quick=quick,
        tables=[
            Table("Arms", [_row(arm) for arm in outcome.arms.values()]),
            Table("Learning curve", [_point(point) for point in outcome.curve]),
            Table("Guards", [_guard(one) for one in outcome.guards]),
        ],
        targets=list(_targets(outcome)),
        notes=[
            f"{len(asked.meant)} requests that mean a tool, {len(asked.nothing)} that mean none.",
            f"Margins, laid down before anything was measured: {outcome.margins}",
        ],
        seconds=seconds,
    )


def _row(arm: Figures) -> dict[str, Cell]:
    return {
        "arm": _WORDS[arm.kind],
        "right tool": estimate(arm.right_tool),
        "exact": estimate(arm.exact),
        "false calls": estimate(arm.false_calls),
        "calls what isn't there": estimate(arm.not_there),
        "prompt tokens, over all": estimate(arm.prompt_tokens),
        "first ms": estimate(arm.first_ms),
        "cold ms": estimate(arm.cold_ms),
    }


def _point(point: Learnt) -> dict[str, Cell]:
    return {
        "uses": point.uses,
        "right tool": estimate(point.right_tool),
        "exact": estimate(point.exact),
        "false calls": estimate(point.false_calls),
    }


def _guard(one: Held) -> dict[str, Cell]:
    return {
        "guard": f"{one.kind}: {one.measure} ({'more' if one.more else 'less'} is better)",
        "n": one.n,
        "old": one.parent,
        "new": one.child,
        "gain": f"{one.low:+.3f} to {one.high:+.3f}",
        "margin": -one.margin,
    }


def estimate(found: Interval | None) -> Cell:
    """An interval as a benchmark's table shows it."""
    return Estimate(found.value, found.n, found.low, found.high) if found is not None else ""


def _targets(outcome: Outcome) -> Iterator[Target]:
    new, told = outcome.arms[ArmKind.BUILT_IN], outcome.arms[ArmKind.DESCRIBED]
    outside = outcome.arms[ArmKind.OUTSIDE]
    yield at_least("nothing described: right tool", _value(new.right_tool), 0.97)
    yield at_least("nothing described: every argument exact", _value(new.exact), 0.70)
    yield at_most("nothing described: false calls", _value(new.false_calls), 0.03)
    tokens = _value(new.prompt_tokens)
    yield at_most("prompt tokens of all described", _share(tokens, _value(told.prompt_tokens)), 0.25)
    yield at_most("first token of all described, cold", _value(new.cold_ms) / _value(told.cold_ms), 0.25)
    beside = _share(tokens, _value(outside.prompt_tokens))
    yield at_most("prompt tokens of the best outside way, over all requests", beside, 0.999)
    for one in outcome.primary:
        yield at_least(f"{one.figure} against {_WORDS[one.against]}, lower bound", one.low, -one.margin)
    for kind in (ArmKind.OFF, ArmKind.RENAMED):
        gone = _value(outcome.arms[kind].not_there)
        yield at_most(f"{_WORDS[kind]}: calls what isn't there", gone, 0.02)
    for guard in outcome.guards:
        yield at_least(f"{guard.kind}, {guard.measure}: gain, lower bound", guard.low, -guard.margin)


def _share(part: float, whole: float) -> float:
    """Where no model was asked at all there is nothing to be a share of."""
    return part / whole if whole else float(np.nan)


def _value(found: Interval | None) -> float:
    return found.value if found is not None else float(np.nan)
