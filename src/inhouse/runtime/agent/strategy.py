"""What the loop needs of whoever decides: which works come next, and what becomes of what they brought."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from inhouse.content.search import Found
from inhouse.runtime.agent.calls import Prepared
from inhouse.runtime.extensions.calling import Outcome
from inhouse.runtime.request import Exchange

Over = Literal["", "steps", "calls", "time", "tokens"]
"""Which bound ended the loop; empty where it came to its end."""


@dataclass(frozen=True)
class Use(Prepared):
    """A tool to be asked. ``task`` numbers what it is for."""

    task: int


@dataclass(frozen=True)
class Look:
    """Something to be looked for among the AI's passages."""

    task: int
    question: str
    history: tuple[Exchange, ...] = ()


Work = Use | Look


@dataclass(frozen=True)
class Done:
    """What a work brought: an outcome for a call, passages for a look."""

    work: Work
    outcome: Outcome | None = None
    found: Found | None = None


class Strategy(Protocol):
    """Decides. A plan made by rules is one, a model with native tool calling is another."""

    def plan(self) -> list[dict[str, Any]]:
        """The plan as people see it: number, text, state, line. Empty where there is none to show."""
        ...

    async def next(self) -> Sequence[Work]:
        """The works that can begin now and don't wait for each other; none where there is nothing left to do."""
        ...

    async def take(self, done: Done) -> None:
        """Learn what a work brought. Several may be taken at the same time."""
        ...

    def give_up(self, work: Work, line: str) -> None:
        """A work broke: ``line`` says why."""
        ...

    def spent(self) -> int:
        """Tokens so far."""
        ...
