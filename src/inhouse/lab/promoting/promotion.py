"""Values of a promotion: the try to move an installation to another generation, and each AI's own move in it."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from inhouse.core import ids
from inhouse.core.errors import Conflict, InhouseError
from inhouse.lab.experiments.metrics import Metric

State = Literal["refused", "checking", "canary", "live", "rolled back"]
#: ``waiting`` and ``checking``: not known yet. ``passed``, ``canary`` and ``live`` follow the promotion. ``left``: it stays on
#: the old generation. ``skipped``: it is asked again later. ``there``: it was on the generation already. ``departed``: it
#: released something else since, and is left alone.
MoveState = Literal[
    "waiting",
    "checking",
    "passed",
    "left",
    "skipped",
    "there",
    "canary",
    "live",
    "rolled back",
    "departed",
]
#: What became of the adapter: there was none, it is the same one, or it was trained anew on the new generation.
Way = Literal["straight", "kept", "retrained"]

#: States of a promotion in which its moves still come in.
OPEN: tuple[State, ...] = ("checking", "canary", "live")
#: States of a move that a job still has to look at.
UNSETTLED: tuple[MoveState, ...] = ("waiting", "checking")
#: States of a move whose new release passed its gate and may serve fans.
MOVABLE: tuple[MoveState, ...] = ("passed", "canary", "live")
#: States of a move whose AI did not come along, and can be asked again.
BEHIND: tuple[MoveState, ...] = ("left", "skipped", "departed")


class NotPromotable(InhouseError):
    """{generation} can't be promoted: {reason}"""

    status = 409


class Underway(Conflict):
    """{generation} is being promoted already. Finish that, or roll it back, first."""


class LiveAlready(Conflict):
    """{generation} is live already. An AI that stayed behind comes along once its own gate is passed."""


class NotPromoted(InhouseError):
    """{generation} is not being promoted. Start with: inhouse lab promote {generation}"""

    status = 409


class StillChecking(InhouseError):
    """{n} AIs are still being checked. Wait for them; inhouse lab promotion says how far they are."""

    status = 409


class NothingPassed(InhouseError):
    """No AI passed its gate on {generation}, so there is nobody to move. Each one's reason is with it."""

    status = 409


class LaterOneLive(InhouseError):
    """Roll {later} back first: it was promoted after this one."""

    status = 409


class LaterOneUnderway(LaterOneLive):
    """Roll {later} back first: it is being promoted from this one."""


class OtherBase(Conflict):
    """New releases start on {now} by now, and {generation} was checked beside {before}. Roll it back and start again."""


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True)


class Rules(_Value):
    """What is settled before anything is measured."""

    train_seconds: float = Field(600, ge=10, le=24 * 3600)
    """How long an adapter may be trained anew."""
    held_out: int = Field(60, ge=5, le=1000)
    """How many of the held-out rows an adapter's voice is measured by, on both generations."""
    margins: dict[Metric, float] = {
        Metric.ANSWERED: 0.05,
        Metric.FAILED: 0.02,
        Metric.DISLIKED: 0.05,
        Metric.SECONDS: 2.0,
        Metric.TOKENS: 300.0,
    }
    """By how much each metric may get worse in the canary, in its own unit."""

    def hash(self, promotion_id: str, generation_id: str, scores: Any) -> str:
        """SHA-256 over what is settled: the rules, and the verdict that the generation came with."""
        settled = {
            "promotion": promotion_id,
            "generation": generation_id,
            "scores": scores,
            "rules": self.model_dump(mode="json"),
        }
        return ids.digest(json.dumps(settled, sort_keys=True, ensure_ascii=False))


class Promotion(_Value):
    """One try to move the installation."""

    id: str
    generation_id: str
    from_generation: str
    """What was current when it began."""
    state: State
    share: float | None
    """Of each AI's fans, while it is a canary."""
    rules: Rules
    hash: str
    reason: str
    """Why it was refused."""
    created_at: datetime
    created_by: str | None
    canary_at: datetime | None
    live_at: datetime | None
    ended_at: datetime | None

    @property
    def is_open(self) -> bool:
        """Whether AIs may still come along."""
        return self.state in OPEN


class Move(_Value):
    """One AI in a promotion."""

    promotion_id: str
    ai_id: str
    state: MoveState
    way: Way | None
    reason: str
    """In a sentence, why it stands as it does."""
    old_release_id: str | None
    """What fans had when its new release was made: where a roll-back goes."""
    new_release_id: str | None
    found: dict[str, Any]
    job_id: str | None
    seconds: float
    """How long the check took, training included."""
    changed_at: datetime


class Standing(_Value):
    """A promotion with all its moves."""

    promotion: Promotion
    moves: tuple[Move, ...]

    @property
    def unsettled(self) -> int:
        """How many AIs are still to be checked."""
        return sum(move.state in UNSETTLED for move in self.moves)

    @property
    def progress(self) -> float:
        """Share of the AIs that were checked."""
        return 1 - self.unsettled / len(self.moves) if self.moves else 1.0

    @property
    def counts(self) -> dict[str, int]:
        """How many AIs stand how, and by which way those that passed came along."""
        found: dict[str, int] = {}
        for move in self.moves:
            name = move.way if move.state in MOVABLE and move.way else move.state
            found[name] = found.get(name, 0) + 1
        return found
