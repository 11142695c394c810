"""What measuring a new generation beside its parent found: one immutable value, kept with the generation's row.

The job that makes a generation fills it, promotion reads its verdict, pages and the model card show it. Every figure has its
sample size and 95% interval.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from inhouse.lab.comparing.intervals import Interval

#: Where a generation's ``scores`` keep it.
KEY = "internalising"


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True)


class ArmKind(StrEnum):
    """A way to a tool's call. The order is that of the table."""

    FLOOR = "floor"
    """Old model, nothing described."""
    OUTSIDE = "outside"
    """Old model, the extension described outside: what fans have today."""
    DESCRIBED = "described"
    """Old model, every tool described in the prompt."""
    PROMPT = "prompt"
    """Old model, the best prompt: cheaper than training."""
    BUILT_IN = "built in"
    """New generation, nothing described, no grammar."""
    STILL = "still promptable"
    """New generation, the extension described outside."""
    OFF = "off"
    """New generation, the tool that is meant switched off."""
    RENAMED = "renamed"
    """New generation, the tool goes by another name."""


class GuardKind(StrEnum):
    """What building in must not cost."""

    VOICE = "voice"
    GROUNDED = "grounded"
    ABSTENTION = "abstention"
    REFUSALS = "refusals"
    OTHER_TOOLS = "other tools"
    NO_TOOL = "no tool"
    JAPANESE = "japanese"


Figure = Literal["right tool", "exact", "false calls"]


class Arm(_Value):
    """How one way did. ``None``: not asked for, or nothing to count."""

    kind: ArmKind
    n: int
    """Requests asked, those that mean no tool among them."""
    right_tool: Interval | None = None
    exact: Interval | None = None
    """Right tool and every argument right."""
    false_calls: Interval | None = None
    """A call where none was meant."""
    not_there: Interval | None = None
    """A call of a name that this arm does not have."""
    prompt_tokens: Interval | None = None
    """Of all requests, those among them that no model was asked for: they cost none."""
    first_ms: Interval | None = None
    """Median to the first token, with what repeats in the cache."""
    cold_ms: Interval | None = None
    """The same with nothing in the cache."""

    @property
    def is_new(self) -> bool:
        """Whether the new generation was asked, and not its parent."""
        return self.kind in (ArmKind.BUILT_IN, ArmKind.STILL, ArmKind.OFF, ArmKind.RENAMED)


class _Margin(_Value):
    """A gain in the direction of better, with its 95% interval, and how much may be lost."""

    n: int
    low: float
    high: float
    margin: float
    """How much worse it may be; set before anything was measured. Not negative."""

    @property
    def held(self) -> bool:
        """Whether it is surely not worse by more than the margin."""
        return self.low >= -self.margin


class Guard(_Margin):
    """Something that had to stay as good: parent and child on the same cases."""

    kind: GuardKind
    measure: str
    """Which data and which unit, such as ``JSQuAD, bits per byte``."""
    parent: float
    child: float
    more: bool = True
    """Whether more is better."""


class Primary(_Margin):
    """The new generation with nothing described against the best way outside, on the same requests."""

    figure: Figure
    against: ArmKind
    new: float
    old: float


class Learnt(_Value):
    """A point of the learning curve: what so many examples teach."""

    uses: int
    right_tool: Interval
    exact: Interval
    false_calls: Interval | None = None


class Data(_Value):
    """What it was trained on."""

    sha256: str
    uses: int
    sources: Mapping[str, int]
    """How many came from each kind of place."""
    left_out: Mapping[str, int] = {}
    """How many were not taken, by reason."""
    licences: Mapping[str, str] = {}
    """By kind of place, where it has one of its own."""
    rehearsed: int = 0
    """Rows of what the parent knew already."""


class Built(_Value):
    """A tool whose use moved in."""

    tool: str
    extension: str
    """The name of the extension that carries the call out."""
    version: str = ""
    """The hash of the version that was taught."""


class Verdict(_Value):
    """Whether it may go on to a canary. ``reason`` is a sentence in English."""

    passed: bool
    reason: str


class Report(_Value):
    """Everything that was measured of one generation, on the very file that is served."""

    tools: tuple[Built, ...]
    arms: tuple[Arm, ...]
    primary: tuple[Primary, ...]
    guards: tuple[Guard, ...]
    curve: tuple[Learnt, ...] = ()
    data: Data
    margins_sha256: str
    """Of the margins as they were laid down beforehand."""
    verdict: Verdict
    file_bytes: int
    parent_bytes: int
    delta_bytes: int
    seconds: float
    """Training and merging."""

    def arm(self, kind: ArmKind) -> Arm | None:
        """The arm of this kind, where it was asked."""
        return next((arm for arm in self.arms if arm.kind == kind), None)

    @property
    def lost(self) -> tuple[Primary | Guard, ...]:
        """What did not hold its margin: empty where the verdict is passed."""
        every: tuple[Primary | Guard, ...] = (*self.primary, *self.guards)
        return tuple(one for one in every if not one.held)


def judge(primary: Sequence[Primary], guards: Sequence[Guard]) -> Verdict:
    """Passed where the primary figures and every guard hold their margins; else "not better", with what did not."""
    if not primary or not guards:
        return Verdict(passed=False, reason="Not better: not everything was measured.")
    lost = [f"{one.figure} against the {one.against} arm" for one in primary if not one.held]
    lost += [f"{one.kind} ({one.measure})" for one in guards if not one.held]
    if lost:
        return Verdict(passed=False, reason=f"Not better: beyond its margin is {', '.join(lost)}.")
    return Verdict(passed=True, reason="Not worse than the best way outside, and every guard held.")


def stored(report: Report) -> dict[str, Any]:
    """As a generation's ``scores`` keep it."""
    return {KEY: report.model_dump(mode="json")}


def of(scores: Mapping[str, Any]) -> Report | None:
    """The report in a generation's ``scores``; ``None`` where it was made in another way."""
    found = scores.get(KEY)
    return Report.model_validate(found) if found is not None else None
