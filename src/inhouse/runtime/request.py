"""What a reply is made from: values only, so that the same call serves a fan, the gate and a benchmark."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Protocol

from inhouse.brief.brief import Brief
from inhouse.content.given import Given
from inhouse.content.index import View
from inhouse.content.search import Found
from inhouse.core import clock, ids
from inhouse.core.events import Ended, Event
from inhouse.runtime.answering import BY_GENERATION, Answering
from inhouse.runtime.clients import ClientTools
from inhouse.runtime.engines.base import Adapter, Priority
from inhouse.runtime.extensions.base import Context
from inhouse.runtime.extensions.calling import Attached


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
    generation: str | None = None
    """The generation that its release names; ``None`` for whichever is current."""
    adapter: Adapter | None = None
    history: Sequence[Exchange] = ()
    pinned: Sequence[PinnedAnswer] = ()
    index_revision: int | None = None
    """The index revision that is searched; ``None`` for today's."""
    extensions: Sequence[str] = ()
    """The extensions that this AI may use now, each as ``name@version``."""
    answering: Answering = BY_GENERATION
    documents: Sequence[Given] = ()
    """What the asker gave to be read."""
    fan_id: str | None = None
    """Whose quota a tool's call is charged to; ``None`` for nobody's (a gate, a benchmark)."""
    client: ClientTools | None = None
    """The tools of the program that asks, and what those brought that it has called for this question."""
    may_act: bool = False
    """Whether somebody is there who can agree to what a tool would do: only then are tools that act offered."""
    language: str | None = None
    """Two letters; ``None`` to follow the question's language."""
    max_tokens: int = 256
    priority: Priority = Priority.FAN

    def context(self, language: str | None = None) -> Context:
        """On whose behalf a tool is called for this request, in the answer's language; each call has an id of its own."""
        return Context(
            ai_id=self.ai_id,
            fan_id=self.fan_id,
            call_id=ids.new_id("call"),
            now=clock.now(),
            language=language or self.language or self.brief.languages[0],
            said="\n".join(
                " ".join(one.split())
                for one in (*(exchange.question for exchange in self.history), self.question)
            ),
            documents=self.documents,
        )


class Answerer(Protocol):
    """Whatever answers: `inhouse.runtime.serving.Serving`, a `Replier` on one engine, or a scripted one in tests."""

    def reply(self, request: ReplyRequest) -> AsyncGenerator[Event, None]:
        """Stream the events of one answer, ending with ``Ended``; engine trouble is raised as an ``InhouseError``."""
        ...


async def answered(answerer: Answerer, request: ReplyRequest) -> Ended | None:
    """The end of an answer that nobody watches; ``None`` where it broke off without one."""
    async with aclosing(answerer.reply(request)) as events:
        async for event in events:
            if isinstance(event, Ended):
                return event
    return None


class Toolbox(Protocol):
    """Knows the extensions that are set up."""

    async def attached(self, request: ReplyRequest) -> Sequence[Attached]:
        """The tools that this request may use, of the extensions that its release has. Those that can't be made ready
        are left out, and said so in the log."""
        ...


class Retriever(Protocol):
    """Finds passages in one AI's index, and says how alike texts are."""

    async def similar(self, question: str, texts: Sequence[str]) -> Sequence[float]:
        """Cosine between the question and each other question; zeros where there is no embedder."""
        ...

    async def relevance(self, question: str, texts: Sequence[str]) -> Sequence[float]:
        """Cosine between the question and each text that may answer it; zeros where there is no embedder."""
        ...

    async def find(self, view: View, question: str, history: Sequence[Exchange], k: int) -> Found:
        """The ``k`` best passages, best first, with the signs of whether they hold an answer at all."""
        ...

    async def find_given(
        self, documents: Sequence[Given], question: str, history: Sequence[Exchange], k: int
    ) -> Found:
        """The same among documents that the asker gave."""
        ...
