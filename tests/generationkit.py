"""A family of generations made up in a database, with reports as a real measuring would fill them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import update

from inhouse.lab.comparing.intervals import Interval
from inhouse.lab.internalising import report as reports
from inhouse.lab.internalising.report import (
    Arm,
    ArmKind,
    Built,
    Data,
    Guard,
    GuardKind,
    Learnt,
    Primary,
    Report,
    judge,
)
from inhouse.releases import intervals
from inhouse.releases.tables import releases
from inhouse.runtime.profile import Method, Profile, write_current
from inhouse.store.database import Database, Tx
from inhouse.tuning import generations, models
from inhouse.tuning.generations import Generation

BASE, SHIPPED, LOST, NEWEST = (
    models.generation_id(models.BASE.sha256),
    "gen_0126dcf91564909a",
    "gen_5a1e77c2b90d4f11",
    "gen_9c40e8812fd36ab7",
)
TOOLS = ("get_weather", "play_music", "book_restaurant", "add_to_playlist", "rate_book")


def share(hits: int, n: int) -> Interval:
    """A share with Wilson's interval."""
    found = intervals.of_share(hits, n)
    assert found is not None
    return Interval(value=hits / n, low=found[0], high=found[1], n=n)


def figure(value: float, n: int, spread: float = 0.04) -> Interval:
    """Tokens or milliseconds."""
    return Interval(value=value, low=value * (1 - spread), high=value * (1 + spread), n=n)


def measured(passed: bool = True) -> Report:
    """Seven arms and five guards; one of the guards is lost where it is not ``passed``."""
    japanese = (1.906, -0.012, 0.004) if passed else (1.953, -0.081, -0.022)
    primary = (
        _primary("right tool", 0.985, 0.957, 0.014, 0.043),
        _primary("exact", 0.741, 0.433, 0.27, 0.35),
    )
    guards = (
        _guard(GuardKind.GROUNDED, "XQuAD, QED, written; token F1", 240, 0.571, 0.566, -0.021, 0.011, 0.03),
        _guard(
            GuardKind.VOICE, "the Dictionary, bits per byte", 60, 1.214, 1.221, -0.019, 0.004, 0.05, False
        ),
        _guard(GuardKind.JAPANESE, "JSQuAD, bits per byte", 60, 1.902, *japanese, 0.05, False),
        _guard(GuardKind.REFUSALS, "XSTest", 120, 0.617, 0.608, -0.042, 0.025, 0.05),
        _guard(GuardKind.OTHER_TOOLS, "BFCL", 60, 0.55, 0.567, -0.05, 0.083, 0.05),
    )
    return Report(
        tools=tuple(Built(tool=name, extension="house") for name in TOOLS),
        arms=(
            Arm(kind=ArmKind.FLOOR, n=300, right_tool=share(3, 210), exact=share(0, 210)),
            _arm(ArmKind.OUTSIDE, (670, 303, 700), (19, 300), 171, 412, 730),
            _arm(ArmKind.DESCRIBED, (24, 6, 210), (11, 100), 648, 260, 2310),
            _arm(ArmKind.PROMPT, (61, 21, 210), (23, 100), 871, 301, 3120),
            _arm(ArmKind.BUILT_IN, (689, 519, 700), (5, 300), 34, 141, 176),
            _arm(ArmKind.STILL, (200, 96, 210), (6, 100), 171, 420, 741),
            Arm(kind=ArmKind.OFF, n=700, not_there=share(6, 700), prompt_tokens=figure(40, 700)),
            Arm(kind=ArmKind.RENAMED, n=700, right_tool=share(661, 700), not_there=share(9, 700)),
        ),
        primary=primary,
        guards=guards,
        curve=tuple(
            Learnt(uses=uses, right_tool=share(right, 210), exact=share(exact, 210))
            for uses, right, exact in ((100, 148, 38), (300, 189, 87), (1000, 204, 134), (5400, 207, 156))
        ),
        data=Data(
            sha256="4be1" * 16,
            uses=5400,
            sources={
                "an example of the tool": 4200,
                "a shared question": 300,
                "a turn without a tool, shipped": 900,
            },
            left_out={"an evaluation request": 41, "said before": 212},
            licences={"a turn without a tool, shipped": "Apache-2.0"},
            rehearsed=1800,
        ),
        margins_sha256="77fe" * 16,
        verdict=judge(primary, guards),
        file_bytes=144_811_520,
        parent_bytes=144_811_200,
        delta_bytes=9_823_608,
        seconds=4980,
    )


def family(db: Database, folder: Path) -> None:
    """A base, what ships (current), and two children: one that passed and one that did not."""
    with db.write() as tx:
        _add(tx, BASE, models.BASE.name, None, file_hash=models.BASE.sha256, quantisation="Q4_1")
        shipped = models.shipped()
        values = {"recipe": shipped.recipe, "data_hashes": shipped.data, "scores": shipped.scores}
        _add(tx, SHIPPED, shipped.name, BASE, **values)
        for name, passed, child in ((LOST, False, "inhouse-3-tools"), (NEWEST, True, "inhouse-3")):
            made = {
                "recipe": {"name": "tools", "rank": 16, "lr": 8e-4},
                "data_hashes": {"dataset": "4be1" * 16},
            }
            _add(tx, name, child, SHIPPED, scores=reports.stored(measured(passed)), **made)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{SHIPPED}.gguf").write_bytes(b"weights" * 100_000)
    write_current(folder, SHIPPED, f"{SHIPPED}.gguf", Profile(method=Method.TRAINED), "d" * 64)


def move(db: Database, ai_id: str, generation: str) -> None:
    """Every release of an AI was made on this generation."""
    with db.write() as tx:
        tx.execute(update(releases).where(releases.c.ai_id == ai_id).values(generation_id=generation))


def _add(tx: Tx, generation_id: str, name: str, parent: str | None, **change: Any) -> Generation:
    values: dict[str, Any] = {
        "recipe": {},
        "data_hashes": {},
        "scores": {},
        "file_hash": generation_id.removeprefix("gen_") * 4,
        "quantisation": "Q8_0",
    }
    return generations.add(tx, generation_id, name=name, parent=parent, **values | change)


def _primary(what: Any, new: float, old: float, low: float, high: float) -> Primary:
    return Primary(
        figure=what, against=ArmKind.OUTSIDE, n=700, new=new, old=old, low=low, high=high, margin=0.02
    )


def _guard(
    kind: GuardKind,
    measure: str,
    n: int,
    parent: float,
    child: float,
    low: float,
    high: float,
    margin: float,
    more: bool = True,
) -> Guard:
    return Guard(
        kind=kind,
        measure=measure,
        n=n,
        parent=parent,
        child=child,
        low=low,
        high=high,
        margin=margin,
        more=more,
    )


def _arm(
    kind: ArmKind,
    meant: tuple[int, int, int],
    nothing: tuple[int, int],
    tokens: float,
    first: float,
    cold: float,
) -> Arm:
    right, exact, n = meant
    return Arm(
        kind=kind,
        n=n + nothing[1],
        right_tool=share(right, n),
        exact=share(exact, n),
        false_calls=share(*nothing),
        not_there=share(0, n),
        prompt_tokens=figure(tokens, n),
        first_ms=figure(first, n),
        cold_ms=figure(cold, 28),
    )
