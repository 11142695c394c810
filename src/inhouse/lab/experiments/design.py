"""Values of an experiment: what is registered before the first fan, and what became of it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from inhouse.core import ids
from inhouse.core.errors import InhouseError, UsageError
from inhouse.lab.experiments.metrics import MEASURES, OFFLINE, Metric
from inhouse.releases.release import Candidate, Release, Share
from inhouse.runtime.answering import Answering

State = Literal["draft", "running", "decided", "void", "stopped"]
Mode = Literal["online", "replay"]
Unit = Literal["fan", "first_turn"]
Asks = Literal["cases", "shared", "both"]

MOST_AIS = 100
MOST_UNITS = 200_000
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]


class NotADraft(InhouseError):
    """This experiment has been started already: what was registered can't be changed any more."""

    status = 409


class NotRunning(InhouseError):
    """This experiment is not running."""

    status = 409


class Taken(InhouseError):
    """{name} takes part in another experiment that is running. Stop that one first."""

    status = 409


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Way(_Value):
    """The two releases that are compared at one AI. ``first`` is what fans have today; ``second`` is hoped to be better."""

    ai_id: str
    first: str
    second: str
    without: str = ""
    """Offline: an extension that the first way goes without, so that both may be the same release."""
    answering: Answering | None = None
    """Offline: how the second way answers, other than its release does; likewise."""

    @property
    def changes_a_release(self) -> bool:
        """Whether one of the two is a release otherwise than it stands."""
        return bool(self.without) or self.answering is not None

    def made_of(self, first: Release, second: Release) -> tuple[Candidate, Candidate]:
        """What is compared, where these are its two releases."""
        answering = second.answering if self.answering is None else self.answering
        return first.candidate.without(self.without), second.candidate.answered_by(answering)


class GuardRail(_Value):
    """A metric that must not get worse by more than ``margin``, in the metric's own unit."""

    metric: Metric
    margin: float = Field(gt=0)


class Design(_Value):
    """What is registered. Nothing of it can be changed once the experiment runs."""

    name: Words
    mode: Mode = "online"
    asks: Asks = "cases"
    """Offline: an AI's cases, the questions that its fans agreed to share, or both."""
    ways: tuple[Way, ...] = Field(min_length=1, max_length=MOST_AIS)
    primary: Metric
    effect: float = Field(gt=0)
    """The smallest difference that matters, in the metric's own unit. The second way is hoped to be the better one."""
    guards: tuple[GuardRail, ...] = Field((), max_length=5)
    unit: Unit = "fan"
    """All turns of a fan within the window, or the first one only. Either way a fan counts once."""
    window_hours: float = Field(24.0, ge=0.25, le=24 * 28)
    """How long after a fan's first turn what is said and done still counts."""
    share: float = Field(0.5, ge=0.05, le=0.5)
    """Of the fans, those that get the second way."""
    alpha: float = Field(0.05, gt=0, le=0.2)
    most_units: int = Field(20_000, ge=100, le=MOST_UNITS)
    most_days: int = Field(60, ge=1, le=365)
    family: Annotated[str, StringConstraints(strip_whitespace=True, max_length=60)] = ""
    """Experiments of one family share one false discovery rate of ``alpha``; empty: this one stands alone."""
    planned: int | None = Field(None, ge=1, le=1000)
    """How many experiments the family will have, where that is known beforehand."""
    adopt: bool = False
    """Whether the second way goes live for all fans where it is found better."""

    @model_validator(mode="after")
    def _fits(self) -> Design:
        if len({way.ai_id for way in self.ways}) != len(self.ways):
            raise UsageError(reason="Name each AI once.")
        if any(way.first == way.second and not way.changes_a_release for way in self.ways):
            raise UsageError(reason="Compare two different releases.")
        if self.mode == "online" and any(way.changes_a_release for way in self.ways):
            raise UsageError(reason="Fans get releases: make one that is as you want it, or replay.")
        metrics = (self.primary, *(guard.metric for guard in self.guards))
        if len(set(metrics)) != len(metrics):
            raise UsageError(reason="Name each metric once.")
        if self.mode == "online" and Metric.RIGHT in metrics:
            raise UsageError(reason="Whether an answer is right is only known of cases: replay them.")
        if self.mode == "online" and self.asks_fans:
            raise UsageError(reason="Online, fans ask: what they shared is asked again by a replay.")
        if not self.asks_cases and Metric.RIGHT in metrics:
            raise UsageError(
                reason="Nobody said what a right answer to a shared question holds: ask cases too, or measure something else."
            )
        if self.mode == "replay" and not set(metrics) <= set(OFFLINE):
            raise UsageError(reason=f"Offline there are only: {', '.join(OFFLINE)}.")
        if MEASURES[self.primary].is_share and self.effect >= 1:
            raise UsageError(
                reason="The smallest difference that matters is a share: .05 stands for 5 points."
            )
        return self

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """The primary one first."""
        return (self.primary, *(guard.metric for guard in self.guards))

    @property
    def asks_cases(self) -> bool:
        return self.asks != "shared"

    @property
    def asks_fans(self) -> bool:
        """Whether what fans shared is asked again."""
        return self.asks != "cases"

    @property
    def ai_ids(self) -> list[str]:
        return [way.ai_id for way in self.ways]

    def shares(self, way: Way) -> tuple[Share, Share]:
        """How an AI's routing row divides its fans."""
        return (
            Share(release_id=way.first, share=1 - self.share),
            Share(release_id=way.second, share=self.share),
        )

    def hash(self, experiment_id: str) -> str:
        """SHA-256 over all that is registered; the experiment's id is what draws the assignment."""
        # What was registered before there was a choice hashes as it did.
        design = self.model_dump(mode="json", exclude={"asks"} if self.asks == "cases" else None)
        for way in design["ways"]:
            if way["answering"] is None:
                del way["answering"]
            elif way["answering"]["cascade"] is None:
                del way["answering"]["cascade"]
        document = {"id": experiment_id, "design": design}
        return ids.digest(json.dumps(document, sort_keys=True, ensure_ascii=False))


class Estimate(_Value):
    """One metric so far. ``effect``, ``low`` and ``high`` are the second way's gain (above 0 is better), in the metric's
    own unit; the two means are as they are."""

    metric: Metric
    n: tuple[int, int]
    """Units of the first and of the second way; of pairs the same number twice."""
    means: tuple[float, float]
    effect: float
    low: float | None
    """The interval holds at all looks together; ``None`` while it has no end on this side."""
    high: float | None
    better: float
    """Natural log of the evidence that the second way is better: above ``-log(alpha)`` it is enough."""
    worse: float

    @property
    def evidence(self) -> float:
        """Natural log of the e-value against "no difference"."""
        top, other = max(self.better, self.worse), min(self.better, self.worse)
        return top + math.log1p(math.exp(other - top))


class Figures(_Value):
    """All that was seen by one look."""

    units: int
    shared: int = 0
    """Of them, questions that fans shared; the others of a replay are cases."""
    counts: dict[str, tuple[int, int]]
    """Units of the first and of the second way, by AI."""
    strays: int
    """Units whose first turn was not on the way that was drawn for them."""
    estimates: tuple[Estimate, ...]
    """The primary metric's first."""
    broken: bool
    """Whether the sample ratio speaks against the assignment."""


#: The first five are decisions; the rest say why there is none.
Outcome = Literal[
    "better",
    "worse",
    "as good",
    "not better",
    "harmful",
    "open",
    "ratio",
    "strays",
    "changed",
    "left",
    "stopped",
]
#: The state that each outcome leads to.
ENDS: Mapping[Outcome, State] = MappingProxyType(
    {
        "better": "decided",
        "worse": "decided",
        "as good": "decided",
        "not better": "decided",
        "harmful": "decided",
        "open": "decided",
        "ratio": "void",
        "strays": "void",
        "changed": "void",
        "left": "stopped",
        "stopped": "stopped",
    }
)


class Verdict(_Value):
    """How an experiment ended. ``metric`` is the guard-rail that was broken, where one was."""

    outcome: Outcome
    metric: Metric | None = None


class Look(_Value):
    """One look at a running experiment; numbers count from 1."""

    number: int
    at: datetime
    figures: Figures


class Experiment(_Value):
    """An experiment as it stands."""

    id: str
    number: int
    """Counts over the installation."""
    design: Design
    hash: str | None
    """Of the design, from the moment that it was started."""
    state: State
    verdict: Verdict | None
    created_at: datetime
    created_by: str | None
    started_at: datetime | None
    ended_at: datetime | None
    seen_until: datetime | None
    """Fans whose first turn was later are still to be looked at."""
    looks: tuple[Look, ...] = ()
