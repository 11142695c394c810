"""What a reply is made from: values only, so that the same call serves a fan, the gate and a benchmark."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from inhouse.brief.brief import Brief
from inhouse.core.events import Event
from inhouse.core.passages import Passage
from inhouse.runtime.engines.base import Adapter, Priority
from collections.abc import AsyncIterator, Sequence


@dataclass(frozen=True)
class Exchange:
    """An earlier question of this conversation with the answer that the fan saw."""

    question: str
    answer: str


@dataclass(frozen=True)
class PinnedAnswer:
    """An owner's own answer to a question: it is given word for word."""

    question: str
    answer: str


@dataclass(frozen=True)
class ReplyRequest:
    """One question to one AI, with everything that its release fixes."""

    ai_id: str
    name: str
    kind: str
    brief: Brief
    question: str
    adapter: Adapter | None = None
    history: Sequence[Exchange] = ()
    pinned: Sequence[PinnedAnswer] = ()
    language: str | None = None
    """Two letters; ``None`` to follow the question's language."""
    max_tokens: int = 256
    priority: Priority = Priority.FAN


class Answerer(Protocol):
    """Whatever answers: `inhouse.runtime.reply.Replier`, or a scripted one in tests."""

    def reply(self, request: ReplyRequest) -> AsyncIterator[Event]:
        """Stream the events of one answer, ending with ``Ended``; engine trouble is raised as an ``InhouseError``."""
        ...


class Retriever(Protocol):
    """Finds passages of one AI."""

    async def find(self, ai_id: str, question: str, history: Sequence[Exchange], k: int) -> Retrieved:
        """The ``k`` best passages, best first, with the signals that say whether they support an answer at all."""
        ...


@dataclass(frozen=True)
class Retrieved:
    """Passages, and how well they fit."""

    query: str
    """What was searched for: the question with what it refers to."""
    passages: Sequence[Passage]
    cosine: float
    """Best cosine between question and passage, 0 where there are no vectors."""
    coverage: float
    """Share (0 to 1) of the question's rare words that the best passages hold."""
