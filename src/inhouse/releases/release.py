"""Values of releasing: a release, the gate that it passed, and the route that a turn begins with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict

from inhouse.accounts.ais import Ai
from inhouse.brief.brief import Brief
from inhouse.content.given import Given
from inhouse.core.errors import InhouseError
from inhouse.releases import entries
from inhouse.runtime.answering import BY_GENERATION, Answering
from inhouse.runtime.clients import ClientTools
from inhouse.runtime.engines.base import Adapter, Priority
from inhouse.runtime.request import Exchange, PinnedAnswer, ReplyRequest

#: Tokens of an answer, where nobody asks for fewer.
MOST_TOKENS = 256


class NotLive(InhouseError):
    """{name} is not open yet: nothing has been released. Release it first."""

    status = 409


class GateFailed(InhouseError):
    """Release {number} did not pass its gate ({verdict}). The live release stays."""

    status = 409


class Tainted(InhouseError):
    """Release {number} rests on an adapter that was trained on content since revoked or erased. Train again and
    release the result."""

    status = 409


class NothingToRollBackTo(InhouseError):
    """There is no earlier release that may go live. Release a new one instead."""

    status = 409


class AnswersSoAlready(InhouseError):
    """That is how it answers already."""


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True)


class Check(_Value):
    """One thing that a gate looked at. ``old`` is the live release's figure, ``None`` where there is none."""

    name: Literal["voice", "picks", "cases", "guard"]
    passed: bool
    old: float | None
    new: float | None
    n: int
    """How many items both figures rest on; 0 where there was nothing to look at."""
    interval: tuple[float, float] | None
    """95% interval of ``of``."""
    of: Literal["new", "new - old", "adapter - none"] = "new"
    unit: Literal["share", "bits per byte"] = "share"
    note: str = ""
    failures: tuple[str, ...] = ()
    """The questions that failed, at most 20."""


class Gate(_Value):
    """What a gate found, as it is kept with the release."""

    passed: bool
    verdict: Literal["first", "better", "as good", "not better"]
    reason: str
    """The verdict in a sentence."""
    checks: tuple[Check, ...] = ()
    old_release_id: str | None = None


class Candidate(_Value):
    """What a release is made of: frozen when it is proposed."""

    generation_id: str | None = None
    adapter_hash: str | None = None
    brief_version: int
    index_revision: int
    extensions: tuple[str, ...] = ()
    answering: Answering = BY_GENERATION

    def without(self, extension: str) -> Self:
        """The same less one of its extensions, by name."""
        kept = tuple(entry for entry in self.extensions if entries.name(entry) != extension)
        return self.model_copy(update={"extensions": kept})

    def answered_by(self, answering: Answering) -> Self:
        """The same, answering so."""
        return self.model_copy(update={"answering": answering})


class Release(Candidate):
    """An immutable release of one AI; ``number`` counts from 1."""

    id: str
    ai_id: str
    number: int
    gate: Gate
    created_at: datetime
    created_by: str | None

    @property
    def candidate(self) -> Candidate:
        """What it is made of."""
        return Candidate(**self.model_dump(include=set(Candidate.model_fields)))


class Share(_Value):
    """Which part (above 0, at most 1) of the fans a release serves."""

    release_id: str
    share: float


class Routing(_Value):
    """The one row that says what is live."""

    ai_id: str
    shares: tuple[Share, ...]
    experiment_id: str | None = None
    """The experiment that the shares are for; it draws which fan gets which."""
    changed_at: datetime
    changed_by: str | None

    @property
    def is_split(self) -> bool:
        """Whether fans get different releases."""
        return len(self.shares) > 1

    def is_all(self, release_id: str) -> bool:
        """Whether all fans get this release."""
        return [share.release_id for share in self.shares] == [release_id]

    def is_for(self, experiment_id: str) -> bool:
        """Whether the fans are split for this experiment, or this promotion."""
        return self.experiment_id == experiment_id


@dataclass(frozen=True)
class Route:
    """All that a turn begins with; nothing that changes later changes a turn that has its route."""

    ai: Ai
    release_id: str | None
    """``None`` for a candidate that has no release yet."""
    release_number: int | None
    generation_id: str | None
    adapter: Adapter | None
    brief: Brief
    pinned: Sequence[PinnedAnswer]
    extensions: Sequence[str]
    amendment: int
    """Highest number of the amendments in force, 0 for none."""
    index_revision: int
    answering: Answering

    @property
    def alone(self) -> Self:
        """The same without the giant behind it."""
        return replace(self, answering=self.answering.behind(None))

    def request(
        self,
        question: str,
        *,
        history: Sequence[Exchange] = (),
        language: str | None = None,
        max_tokens: int = MOST_TOKENS,
        priority: Priority = Priority.FAN,
        fan_id: str | None = None,
        client: ClientTools | None = None,
        may_act: bool = False,
        documents: Sequence[Given] = (),
    ) -> ReplyRequest:
        """A question to this AI, with everything that the release fixes."""
        return ReplyRequest(
            ai_id=self.ai.id,
            name=self.ai.name,
            kind=self.ai.kind,
            brief=self.brief,
            question=question,
            generation=self.generation_id,
            adapter=self.adapter,
            history=history,
            pinned=self.pinned,
            index_revision=self.index_revision,
            extensions=self.extensions,
            answering=self.answering,
            documents=documents,
            fan_id=fan_id,
            client=client,
            may_act=may_act,
            language=language,
            max_tokens=max_tokens,
            priority=priority,
        )
