"""The arms of a generation's table: the same requests asked of the parent and of the new generation, in every way that matters.

What each came to is turned into the figures of a ``Report`` here, for an installation's own tools and for the benchmark alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from inhouse.lab.comparing.intervals import Interval, of_difference, of_mean
from inhouse.lab.internalising import report
from inhouse.lab.internalising.report import ArmKind, Learnt, Primary
from inhouse.lab.internalising.ways import BuiltIn, Called, Chosen, Described, Request, Salted, Way
from inhouse.runtime.engines.base import Engine
from inhouse.runtime.extensions.base import Tool
from inhouse.runtime.extensions.calling import Attached
from inhouse.runtime.request import Retriever

#: Of the slower ways, and of cold starts, fewer are asked.
_SLOW, _COLD = 210, 28
_RESAMPLES = 2000
Calls = Mapping[ArmKind, Sequence[Called]]


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

    @property
    def cold(self) -> list[Request]:
        """An even part of those that mean a tool, asked with nothing in the engine's cache."""
        return list(self.meant[:: max(1, len(self.meant) // _COLD)])


@dataclass(frozen=True)
class Taught:
    """A tool whose use is to move in, as a request sees it, with the name that it goes by in the arm that renames it."""

    attached: Attached
    other_name: str

    @property
    def tool(self) -> Tool:
        """The tool itself."""
        return self.attached.tool


@dataclass(frozen=True)
class Arm:
    """A way with what it is asked; ``cold`` is the same way with nothing in the engine's cache, asked ``asked_cold``."""

    kind: ArmKind
    way: Way
    asked: Sequence[Request]
    cold: Way | None = None
    asked_cold: Sequence[Request] = ()


def of_parent(engine: Engine, retriever: Retriever, taught: Sequence[Taught], asked: Asked) -> list[Arm]:
    """The arms of the old model."""
    tools, salted = [one.tool for one in taught], Salted(engine)
    outside = Chosen(engine, retriever, [one.attached for one in taught])
    told, prompted = Described(engine, tools), Described(engine, tools, examples=True)
    cold = Described(salted, tools).ask, Described(salted, tools, examples=True).ask
    return [
        Arm(ArmKind.FLOOR, BuiltIn(engine, tools).ask, asked.few),
        Arm(ArmKind.OUTSIDE, outside.ask, asked.every),
        Arm(ArmKind.DESCRIBED, told.ask, asked.few, cold[0], asked.cold),
        Arm(ArmKind.PROMPT, prompted.ask, asked.few, cold[1], asked.cold),
    ]


def of_child(engine: Engine, retriever: Retriever, taught: Sequence[Taught], asked: Asked) -> list[Arm]:
    """The arms of the new generation."""
    tools, names = [one.tool for one in taught], {one.tool.name: one.other_name for one in taught}
    outside = Chosen(engine, retriever, [one.attached for one in taught])
    off = BuiltIn(engine, tools, off=lambda one: [one.tool])
    renamed = BuiltIn(engine, tools, renamed=lambda one: {one.tool: names[one.tool]})
    return [
        Arm(
            ArmKind.BUILT_IN,
            BuiltIn(engine, tools).ask,
            asked.every,
            BuiltIn(Salted(engine), tools).ask,
            asked.cold,
        ),
        Arm(ArmKind.STILL, outside.ask, asked.few),
        Arm(ArmKind.OFF, off.ask, asked.meant),
        Arm(ArmKind.RENAMED, renamed.ask, asked.meant),
    ]


def of_curve(engine: Engine, taught: Sequence[Taught], asked: Asked) -> Arm:
    """What is asked of a generation that was taught fewer uses."""
    return Arm(ArmKind.BUILT_IN, BuiltIn(engine, [one.tool for one in taught]).ask, asked.few)


def figures(
    kind: ArmKind, called: Sequence[Called], cold: Sequence[Called], taught: Sequence[Taught]
) -> report.Arm:
    """What an arm came to."""
    counted = [_as_asked(kind, one, taught) for one in called]
    meant = [one for one in counted if one.request.tool]
    nothing = [one for one in counted if not one.request.tool]
    asked = [one for one in called if one.first_ms]
    return report.Arm(
        kind=kind,
        n=len(called),
        right_tool=_share([one.right_tool for one in meant]),
        exact=_share([one.exact for one in meant]),
        false_calls=_share([bool(one.tool) for one in nothing]),
        not_there=_share([one.tool not in _there(kind, one.request, taught) for one in called]),
        prompt_tokens=of_mean([one.prompt_tokens for one in called]) if called else None,
        first_ms=_median([one.first_ms for one in asked]),
        cold_ms=_median([one.first_ms for one in cold if one.first_ms]),
    )


def learnt(uses: int, called: Sequence[Called]) -> Learnt:
    """What so many examples taught."""
    meant = [one for one in called if one.request.tool]
    return Learnt(
        uses=uses,
        right_tool=of_mean([float(one.right_tool) for one in meant]),
        exact=of_mean([float(one.exact) for one in meant]),
        false_calls=_share([bool(one.tool) for one in called if not one.request.tool]),
    )


def primary(calls: Calls, margin: float) -> tuple[Primary, ...]:
    """The new generation with nothing described against what fans have, and against the best prompt, on what both were asked."""
    new, old = calls[ArmKind.BUILT_IN], calls[ArmKind.OUTSIDE]
    return (
        _primary("right tool", ArmKind.OUTSIDE, new, old, margin),
        _primary("exact", ArmKind.OUTSIDE, new, old, margin),
        _primary("exact", ArmKind.PROMPT, new, calls[ArmKind.PROMPT], margin),
    )


def _primary(
    figure: report.Figure, against: ArmKind, new: Sequence[Called], old: Sequence[Called], margin: float
) -> Primary:
    there = {one.request.text: one for one in new}
    pairs = [(there[one.request.text], one) for one in old if one.request.tool]
    mine = [_counts(figure, one) for one, _ in pairs]
    theirs = [_counts(figure, other) for _, other in pairs]
    gain = of_difference(mine, theirs)
    return Primary(
        figure=figure,
        against=against,
        n=gain.n,
        low=gain.low,
        high=gain.high,
        margin=margin,
        new=sum(mine) / len(mine),
        old=sum(theirs) / len(theirs),
    )


def _counts(figure: report.Figure, one: Called) -> float:
    return float(one.exact if figure == "exact" else one.right_tool)


def _as_asked(kind: ArmKind, called: Called, taught: Sequence[Taught]) -> Called:
    """With what is right in this arm: nothing where the tool that is meant is off, its other name where it has one."""
    meant = called.request.tool
    if not meant or kind not in (ArmKind.OFF, ArmKind.RENAMED):
        return called
    here = "" if kind is ArmKind.OFF else next(one.other_name for one in taught if one.tool.name == meant)
    return replace(called, request=replace(called.request, tool=here))


def _there(kind: ArmKind, asked: Request, taught: Sequence[Taught]) -> set[str]:
    """What may be called in this arm for this request; nothing always may."""
    names = {one.tool.name: one.other_name for one in taught}
    there = {"", *names}
    if asked.tool and kind in (ArmKind.OFF, ArmKind.RENAMED):
        there.discard(asked.tool)
    if asked.tool and kind is ArmKind.RENAMED:
        there.add(names[asked.tool])
    return there


def _share(hits: Sequence[bool]) -> Interval | None:
    return of_mean([float(hit) for hit in hits]) if hits else None


def _median(values: Sequence[float]) -> Interval | None:
    """The median with its bootstrap interval."""
    if not values:
        return None
    numbers = np.asarray(values, dtype=float)
    picks = np.random.default_rng(0).integers(0, len(numbers), (_RESAMPLES, len(numbers)))
    low, high = np.quantile(np.median(numbers[picks], axis=1), [0.025, 0.975])
    return Interval(value=float(np.median(numbers)), low=float(low), high=float(high), n=len(numbers))
