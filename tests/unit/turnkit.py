"""What tests of turns and releases share: an AI with fans, a shelf of adapters, an answerer by script."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from inhouse.accounts.actors import Actor
from inhouse.accounts.ais import Ai, AIs
from inhouse.accounts.tables import teams
from inhouse.brief.brief import Brief
from inhouse.content.embedding.fake import FakeEmbedder
from inhouse.content.reading import read
from inhouse.conversations.conversations import Conversations
from inhouse.conversations.documents import Documents
from inhouse.conversations.fans import Fan, Fans
from inhouse.conversations.sharing import Consents
from inhouse.core import clock
from inhouse.core.errors import NotFound
from inhouse.core.events import Ended, Event, Step, Timing, Token
from inhouse.core.settings import Settings
from inhouse.releases import releases as repository
from inhouse.releases.release import Candidate, Gate, Release
from inhouse.releases.releases import Releases
from inhouse.releases.shelves import AdapterFacts
from inhouse.runtime.request import ReplyRequest
from inhouse.store import jobs
from inhouse.store.database import Database, Tx

OWNER = Actor.local_operator()
PASSED = Gate(passed=True, verdict="first", reason="It is the first release.")
FAILED = Gate(passed=False, verdict="not better", reason="It is not better.")


@dataclass
class FakeAdapters:
    """A shelf in memory: adapters by (AI, hash), and what each was trained on."""

    facts: dict[tuple[str, str], AdapterFacts] = field(default_factory=dict)
    trained_on: dict[str, set[str]] = field(default_factory=dict)

    def put(self, ai_id: str, name: str, *sources: str, **more: object) -> str:
        self.facts[ai_id, name] = AdapterFacts(name, None, Path(f"{name}.gguf"), False, **more)  # type: ignore[arg-type]
        self.trained_on[name] = set(sources)
        return name

    def get(self, tx: Tx, ai_id: str, adapter_hash: str) -> AdapterFacts:
        if (ai_id, adapter_hash) not in self.facts:
            raise NotFound(kind="adapter", name=adapter_hash)
        return self.facts[ai_id, adapter_hash]

    def newest(self, tx: Tx, ai_id: str) -> str | None:
        mine = [name for (owner, name), facts in self.facts.items() if owner == ai_id and not facts.tainted]
        return mine[-1] if mine else None

    def generation(self, tx: Tx) -> str | None:
        return None

    def taint(self, tx: Tx, ai_id: str, lineage_id: str) -> Sequence[str]:
        hit = [name for (owner, name) in self.facts if owner == ai_id and lineage_id in self.trained_on[name]]
        for name in hit:
            self.facts[ai_id, name] = replace(self.facts[ai_id, name], tainted=True)
        return hit

    def queue_training(self, tx: Tx, ai_id: str) -> None:
        jobs.enqueue(tx, "train", {}, ai_id=ai_id, lane="heavy")


class FakeBriefs:
    """The same brief in every version."""

    def __init__(self, brief: Brief | None = None) -> None:
        self.brief = brief or Brief(name="Ada")

    def current_version(self, tx: Tx, ai_id: str) -> int:
        return 1

    def at(self, tx: Tx, ai_id: str, version: int) -> Brief:
        return self.brief


class Scripted:
    """Answers from a function of the request, a word at a time; ``hold`` stops it before its second word."""

    def __init__(self, answer: Callable[[ReplyRequest], str] | str = "Green tea, most days.") -> None:
        self.answer = answer
        self.requests: list[ReplyRequest] = []
        self.hold: asyncio.Event | None = None
        self.closed = 0

    async def reply(self, request: ReplyRequest) -> AsyncIterator[Event]:
        self.requests.append(request)
        pins = {pin.question: pin.answer for pin in request.pinned}
        said = self.answer if isinstance(self.answer, str) else self.answer(request)
        answer = pins.get(request.question, said)
        try:
            yield Step(name="search", state="done", detail={"found": 2})
            for number, word in enumerate(answer.split(" ")):
                if number == 1 and self.hold is not None:
                    await self.hold.wait()
                yield Token(text=word if number == 0 else f" {word}")
            yield Ended(answer=answer, timing=Timing(prompt_tokens=7, completion_tokens=5))
        except (GeneratorExit, asyncio.CancelledError):
            self.closed += 1
            raise


@dataclass
class World:
    """One installation with two AIs of one team."""

    db: Database
    adapters: FakeAdapters
    releases: Releases
    fans: Fans
    scripted: Scripted
    conversations: Conversations
    documents: Documents
    ai: Ai
    other: Ai

    def fan(self, ai: Ai | None = None) -> Fan:
        return self.fans.welcome((ai or self.ai).id)[0]

    def release(
        self, ai: Ai | None = None, adapter: str | None = None, *, gate: Gate = PASSED, live: bool = True
    ) -> Release:
        ai = ai or self.ai
        candidate = Candidate(adapter_hash=adapter, brief_version=1, index_revision=0)
        with self.db.write() as tx:
            made = repository.add(tx, ai.id, candidate, gate, job_id=None, by=None)
        if live:
            self.releases.go_live(OWNER, ai.id, made.id)
        return made


def agreed(here: World, fan: Fan | None = None) -> Fan:
    """A fan who agreed to share, after the owner did."""
    fan = fan or here.fan()
    Consents(here.db).give(OWNER, here.ai.id)
    Consents(here.db).give_for(fan)
    return fan


def world(db: Database, *, brief: Brief | None = None, **settings: object) -> World:
    """Two AIs of one team, nothing released yet."""
    with db.write() as tx:
        tx.execute(teams.insert().values(id="team_1", name="Us", created_at=clock.now()))
    ais = AIs(db)
    ai, other = (ais.create(OWNER, "team_1", slug, slug.title()) for slug in ("ada", "bob"))
    adapters, scripted = FakeAdapters(), Scripted()
    releases = Releases(db, adapters, FakeBriefs(brief))
    chosen = Settings(**settings)  # type: ignore[arg-type]
    documents = Documents(db, read, chosen, FakeEmbedder().name)
    conversations = Conversations(db, releases, scripted, chosen, documents)
    return World(db, adapters, releases, Fans(db), scripted, conversations, documents, ai, other)
