"""Inhouse's turn path for ``bench overhead``: the product's own, with a still search and a tap before the engine."""

from __future__ import annotations

import itertools
import time
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from inhouse.accounts.accounts import Accounts
from inhouse.accounts.actors import Actor
from inhouse.accounts.ais import AIs
from inhouse.brief.briefs import Briefs
from inhouse.content.given import Given
from inhouse.content.index import View
from inhouse.content.reading_apart import ReadingApart
from inhouse.content.search import Found
from inhouse.conversations.conversations import Conversations
from inhouse.conversations.documents import Documents
from inhouse.conversations.fans import Fan, Fans
from inhouse.core.errors import InhouseError, NotFound
from inhouse.core.events import Ended, Failed, Token
from inhouse.core.passages import Passage, Place
from inhouse.core.settings import Settings
from inhouse.releases import releases
from inhouse.releases.release import Candidate, Gate, Share
from inhouse.releases.releases import Releases
from inhouse.releases.shelves import AdapterFacts
from inhouse.runtime.engines.base import (
    Completion,
    Engine,
    Piece,
    Priority,
    Usage,
)
from inhouse.runtime.engines.wrapped import Lent
from inhouse.runtime.profile import profile_of
from inhouse.runtime.reply import Replier
from inhouse.runtime.request import Exchange
from inhouse.store.database import Database, Tx
from inhouse.store.schema import metadata

#: The most tokens of an answer.
TOKENS = 48


class AnswerBroke(InhouseError):
    """An answer through Inhouse broke off: {reason}"""


@dataclass
class Asked:
    """One answer, in seconds from the fan's request, and its tokens."""

    begun: float
    first: float = 0.0
    """To the engine's first token."""
    shown: float = 0.0
    """To the first token that the fan saw."""
    tokens: int = 0
    prompt_tokens: int = 0


def completion(prompt: str) -> Completion:
    """The request that both sides send."""
    return Completion(prompt=prompt, max_tokens=TOKENS, top_logprobs=5, priority=Priority.FAN)


class Tap(Lent):
    """The engine as the replier sees it: sends the load's prompt in place of the one made of passages, and looks on."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self.loads: dict[str, tuple[str, Asked]] = {}
        """By question: the prompt to send, and where to note what is seen."""

    async def complete(self, request: Completion) -> AsyncGenerator[Piece | Usage, None]:
        """Stream what the engine says."""
        prompt, asked = self.loads[request.messages[-1].content.rpartition("Question: ")[2]]
        async for part in self._engine.complete(completion(prompt)):
            if isinstance(part, Usage):
                asked.tokens, asked.prompt_tokens = part.completion_tokens, part.prompt_tokens
            elif not asked.first:
                asked.first = time.perf_counter() - asked.begun
            yield part


class StillSearch:
    """A ``Retriever`` that knows the passage already."""

    def __init__(self, tap: Tap) -> None:
        self._tap = tap

    async def find(self, view: View, question: str, history: Sequence[Exchange], k: int) -> Found:
        """A page that says what the load's prompt says, over and over."""
        text = self._tap.loads[question][0].partition(": ")[2]
        passage = Passage(
            id="psg_bench",
            ai_id=view.ai_id,
            document_id="doc_bench",
            title="Sheet",
            url=None,
            place=Place(),
            text=f"{text} {text}",
            language="en",
            published_at=None,
        )
        return Found((passage,), (), question, 1, None, 1.0, None)

    async def find_given(
        self, documents: Sequence[Given], question: str, history: Sequence[Exchange], k: int
    ) -> Found:
        """Nobody gives documents here."""
        raise NotImplementedError

    async def similar(self, question: str, texts: Sequence[str]) -> Sequence[float]:
        """Nothing is compared."""
        return [0.0] * len(texts)

    async def relevance(self, question: str, texts: Sequence[str]) -> Sequence[float]:
        """Nothing is compared."""
        return [0.0] * len(texts)


class TurnPath:
    """One AI that is live, and fans who ask it."""

    def __init__(self, db: Database, tap: Tap, conversations: Conversations, ai_id: str) -> None:
        self._fans, self._tap, self._conversations, self._ai_id = Fans(db), tap, conversations, ai_id
        self._numbers = itertools.count(1000)

    def welcome(self) -> Fan:
        """A new fan, as the page makes one before the first question."""
        return self._fans.welcome(self._ai_id)[0]

    async def ask(self, fan: Fan, prompt: str) -> Asked:
        """A fan's question, from its request to the stored end of its answer."""
        question = f"Which words stand on sheet {next(self._numbers)}?"
        asked = Asked(time.perf_counter())
        self._tap.loads[question] = (prompt, asked)
        async for event in self._conversations.ask(fan, question):
            if isinstance(event, Token) and not asked.shown:
                asked.shown = time.perf_counter() - asked.begun
            if isinstance(event, Failed):
                raise AnswerBroke(reason=event.message)
            if isinstance(event, Ended) and not asked.tokens:
                raise AnswerBroke(reason=f"it ended as {event.kind} without the engine")
        return asked


class _NoAdapters:
    """A shelf of adapters that holds none."""

    def get(self, tx: Tx, ai_id: str, adapter_hash: str) -> AdapterFacts:
        raise NotFound(kind="adapter", name=adapter_hash)

    def newest(self, tx: Tx, ai_id: str) -> str | None:
        return None

    def generation(self, tx: Tx) -> str | None:
        return None

    def taint(self, tx: Tx, ai_id: str, lineage_id: str) -> Sequence[str]:
        return ()

    def queue_training(self, tx: Tx, ai_id: str) -> None:
        """Nothing is trained here."""


@asynccontextmanager
async def turn_path(folder: Path, settings: Settings, engine: Engine) -> AsyncIterator[TurnPath]:
    """An AI, released and live, in a database of its own."""
    db = Database(f"sqlite:///{folder / 'bench.db'}")
    shelf = Releases(db, _NoAdapters(), Briefs(db))
    tap = Tap(engine)
    replier = Replier(tap, StillSearch(tap), profile_of(settings))
    documents = Documents(db, ReadingApart(), settings, "")
    conversations = Conversations(db, shelf, replier, settings, documents)
    try:
        yield TurnPath(db, tap, conversations, _live_ai(db, shelf))
    finally:
        await conversations.aclose()
        db.close()


def _live_ai(db: Database, shelf: Releases) -> str:
    who = Actor.local_operator()
    with db.write() as tx:
        metadata.create_all(tx)
    team = Accounts(db).teams.create(who, "Bench")
    ai_id = AIs(db).create(who, team.id, "bench", "Bench").id
    passed = Gate(passed=True, verdict="first", reason="A benchmark's own.")
    with db.write() as tx:
        candidate = Candidate(brief_version=0, index_revision=0)
        made = releases.add(tx, ai_id, candidate, passed, job_id=None, by=None)
        shelf.make_live(tx, who, ai_id, [Share(release_id=made.id, share=1.0)])
    return ai_id
