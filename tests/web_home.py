"""An installation for the tests of the pages: real services on a fresh database, and an answerer that is scripted."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import uvicorn

from actingkit import Service, offer, set_up
from inhouse.accounts.accounts import Accounts
from inhouse.accounts.actors import Actor
from inhouse.accounts.ais import Ai, AIs
from inhouse.accounts.keys import Keys
from inhouse.app import presets
from inhouse.app.export import export
from inhouse.app.performing import Performer
from inhouse.app.schema import metadata
from inhouse.brief.brief import Brief, Product, Rival, Voice
from inhouse.brief.briefs import Briefs
from inhouse.content import index
from inhouse.content.embedding.fake import FakeEmbedder
from inhouse.content.fetch import Fetcher
from inhouse.content.files import Limits
from inhouse.content.given import Given, Reading
from inhouse.content.given_search import GivenSearch
from inhouse.content.jobs import import_handler
from inhouse.content.library import Library
from inhouse.content.reading import read
from inhouse.content.search import Found, Search
from inhouse.content.staging import Staging
from inhouse.conversations.colleagues import ColleagueList
from inhouse.conversations.consent import Actions
from inhouse.conversations.conversations import Conversations
from inhouse.conversations.documents import Documents
from inhouse.conversations.erasure import Erasure
from inhouse.conversations.fandata import FanData
from inhouse.conversations.fans import Fans
from inhouse.conversations.handovers import Handovers
from inhouse.conversations.ledger import Ledger
from inhouse.conversations.picks import Picks
from inhouse.conversations.responses import Responses
from inhouse.conversations.sharing import Consents
from inhouse.conversations.specialists import Specialists
from inhouse.conversations.trials import Trials
from inhouse.conversations.verdicts import Verdicts
from inhouse.core import clock, ids
from inhouse.core.errors import Busy
from inhouse.core.events import Ended, Event, Step, Timing, Token
from inhouse.core.passages import Citation, Place
from inhouse.core.settings import Settings
from inhouse.lab.comparing import comparison
from inhouse.lab.comparing.cascades import Cascades
from inhouse.lab.comparing.comparing import Comparisons
from inhouse.lab.comparing.contenders import Contender, Standing
from inhouse.lab.comparing.outcomes import Outcome
from inhouse.lab.comparing.prices import Price, Prices
from inhouse.lab.experiments import reading, shelf
from inhouse.lab.experiments.design import Design, Experiment, GuardRail, Way
from inhouse.lab.experiments.experiments import Experiments
from inhouse.lab.experiments.metrics import Metric
from inhouse.lab.generations.registry import Generations
from inhouse.lab.internalising.internalising import Internalising
from inhouse.lab.internalising.ways import Uncalled
from inhouse.lab.internalising.workshop import Workshop
from inhouse.lab.ledger import repeats
from inhouse.lab.ledger.identity import tool_key
from inhouse.lab.ledger.notices import Notices
from inhouse.lab.ledger.repeats import Repeat, RepeatSwitch
from inhouse.lab.ledger.worths import Worths
from inhouse.lab.promoting.promotions import Promotions
from inhouse.lab.skills.grounded import Embed
from inhouse.releases import extensions as extension_rows
from inhouse.releases import releases as release_rows
from inhouse.releases import routing
from inhouse.releases.amendments import Amendments
from inhouse.releases.cases import Cases, Expect
from inhouse.releases.extensions import Extensions
from inhouse.releases.feeds import StoredFeeds
from inhouse.releases.release import Candidate, Check, Gate, Share
from inhouse.releases.releases import Releases
from inhouse.releases.revocation import Revocation
from inhouse.runtime import spans
from inhouse.runtime.agent.proposing import asks
from inhouse.runtime.answering import BY_GENERATION, Answering
from inhouse.runtime.bridge import waited_for
from inhouse.runtime.engines.fake import FakeEngine
from inhouse.runtime.extensions.colleagues import Colleague
from inhouse.runtime.extensions.documents.extension import Reader
from inhouse.runtime.extensions.factory import Plugs
from inhouse.runtime.profile import Installed, Method, Profile, of_server
from inhouse.runtime.request import ReplyRequest
from inhouse.runtime.serving import Engines
from inhouse.store import jobs
from inhouse.store.blobs import Blobs
from inhouse.store.database import Database, Tx
from inhouse.store.jobs import Worker
from inhouse.store.signing import Signer
from inhouse.tuning.shelf import Adapter
from inhouse.web.application import create_app
from ledgerkit import fan as a_fan
from ledgerkit import turn as a_turn

FAKE = Installed(generation="gen_fake", file=Path("gen_fake.gguf"), source="", profile=of_server())
PASSWORD = "correct horse battery"
EMAIL = "mara@example.com"
SHIPS = "Yes, we ship worldwide, Japan included [1]. Parcels leave the workshop on Tuesdays and Fridays [2].\n\n- Europe: 3 days\n- Japan: 9 days"

PRICES = {
    "tool": "look_up",
    "title": "Look up products",
    "arguments": {"words": "field notebook", "limit": 5},
}
TABLE = "Name,Price,Pages\nField notebook,£14.00,96\nDesk diary,£22.50,370\n"


LONG_BOOKING = {
    "what": "Binding a field notebook by hand",
    "places": 2,
    "vegan": False,
    "names": ["Ann Example", "Bo <b>Example</b>"],
}


def planned(*states: str) -> list[dict[str, Any]]:
    """A plan of three tasks, as far as these states say."""
    texts = (
        "What does Calder Clay say about glazing?",
        "What does Lowick Kilns say about glazing?",
        "Put it in a table",
    )
    return [
        {"number": number, "text": text, "state": state, "line": ""}
        for number, (text, state) in enumerate(zip(texts, states, strict=True), 1)
    ]


class Script:
    """Answers by key words of the question; ``slow`` questions take their time between words."""

    def __init__(self, passage_id: str = "psg_none") -> None:
        self.passage_id = passage_id
        self.pause = 0.05
        self.asked: list[ReplyRequest] = []

    async def reply(self, request: ReplyRequest) -> AsyncIterator[Event]:
        self.asked.append(request)
        question = request.question.lower()
        if "break" in question:
            raise Busy()
        if "book" in question and request.may_act and request.extensions:
            made = offer(LONG_BOOKING)
            yield Step(
                name="consent", state="done", detail=made.model_dump(include={"tool", "title", "arguments"})
            )
            said = asks(made.title, "en")
            yield Token(text=said)
            yield Ended(answer=said, kind="tool", proposal=made)
            return
        if "how much" in question:
            yield Step(name="tool", state="begun", detail=PRICES)
            called = {"call": ids.new_id("call"), "extension": "prices", "state": "done"}
            with spans.leaf("tool", **PRICES, **called, found=["Field notebook"]):
                await asyncio.sleep(self.pause * 10)
            yield Step(name="tool", state="done", detail=PRICES)
        if "this document" in question:
            yield _quoted(request)
            return
        if "compare" in question:
            yield Step(name="plan", state="begun", detail={"tasks": planned("working", "waiting", "waiting")})
            await asyncio.sleep(self.pause * 20)
            yield Step(name="plan", state="done", detail={"tasks": planned("done", "missing", "done")})
        yield Step(name="search", state="begun")
        with spans.leaf("retrieval", asked=request.question, k=3, found=["A day in the workshop"]):
            await asyncio.sleep(self.pause)
        yield Step(name="search", state="done")
        ended = self._ended(question)
        for word in ended.answer.split(" "):
            yield Token(text=f"{word} ")
            await asyncio.sleep(self.pause * (6 if "slow" in question else 0.2))
        yield ended

    def _ended(self, question: str) -> Ended:
        timing = Timing(prompt_tokens=40, completion_tokens=20)
        if "ship" in question or "slow" in question:
            return Ended(answer=SHIPS, citations=self.citations(), kind="grounded", timing=timing)
        if "how much" in question:
            line = "Field notebook: price £14.00; pages 96"
            cited = Citation(
                number=1,
                passage_id="prices:1",
                document="Field notebook",
                url=None,
                place=Place(),
                quote=line,
            )
            tools = ({**PRICES, "state": "done", "line": "", "ms": 12.0},)
            return Ended(answer="£14.00 [1]", citations=(cited,), kind="tool", tools=tools, timing=timing)
        if "compare" in question:
            table = "|  | Glazing |\n| --- | --- |\n| Calder Clay | By dipping, 31 hours before it is fired. [1] |\n| Lowick Kilns | not found |"
            answer = (
                f"{table}\n\nI could not find an answer to this: “What does Lowick Kilns say about glazing?”"
            )
            plan = tuple(planned("done", "missing", "done"))
            return Ended(
                answer=answer, citations=self.citations()[:1], kind="grounded", plan=plan, timing=timing
            )
        if "unknown" in question:
            answer = "I don't know that one, I'm afraid: I couldn't find it in what I have to go on."
            return Ended(answer=answer, abstained=True, kind="abstained", timing=timing)
        if "送" in question:
            return Ended(
                answer="はい、日本へもお送りしています [1]。",
                citations=self.citations()[:1],
                kind="grounded",
                timing=timing,
            )
        return Ended(answer="Hello! <b>Good</b> to see you.", kind="chat", timing=timing)

    def citations(self) -> tuple[Citation, ...]:
        return (
            Citation(
                number=1,
                passage_id="psg_away",
                document="Shipping",
                url="https://shop.example/shipping",
                place=Place(heading="Shipping > Abroad"),
                quote="We ship worldwide, Japan included.",
            ),
            Citation(
                number=2,
                passage_id=self.passage_id,
                document="A day in the workshop",
                url=None,
                place=Place(page=3),
                quote="Parcels leave the workshop on Tuesdays and Fridays.",
            ),
        )


def _quoted(request: ReplyRequest) -> Ended:
    """The first words of what was given."""
    passage = request.documents[0].passages[0]
    cited = Citation(
        number=1,
        passage_id=passage.id,
        document=passage.title,
        url=None,
        place=passage.place,
        quote=passage.text,
    )
    return Ended(answer=f"{passage.text} [1]", citations=(cited,), kind="grounded")


class NoAdapters:
    """A shelf without adapters."""

    def newest(self, tx: Any, ai_id: str) -> str | None:
        return None

    def generation(self, tx: Any) -> str | None:
        return None

    def taint(self, tx: Any, ai_id: str, lineage_id: str) -> list[str]:
        return []


class StillTuning:
    """Trainings that the tests themselves write."""

    def train(self, actor: Any, ai_id: str) -> None:
        raise NotImplementedError

    def adapters(self, actor: Any, ai_id: str) -> list[Adapter]:
        voice = {"none": 2.104, "adapter": 1.871, "interval": (-0.27, -0.19), "n": 40}
        metrics = {"voice": voice, "picks": {"wins": 9, "n": 12, "wins_before": 6}}
        return [Adapter(ai_id, "a1b2c3d4e5f6a7b8", "c", None, "g", {}, metrics, {}, clock.now(), None, None)]


class StillArena:
    """Three models by name; none of them is ever started."""

    def contenders(self, tx: Tx, ai_id: str) -> list[Contender]:
        names = ("gen_0126dcf91564909a", "gen_0126dcf91564909a+adapter")
        return [
            *(Contender(name, "generation") for name in names),
            Contender("endpoint:big-model", "endpoint"),
        ]

    def named(self, tx: Tx, ai_id: str, name: str) -> Contender:
        return next(one for one in self.contenders(tx, ai_id) if one.name == name)

    def serves(self, name: str) -> bool:
        return True

    async def stand(self, contender: Contender) -> Standing:
        raise NotImplementedError


def still_workshop(folder: Path) -> Workshop:
    """Where nothing is ever made."""
    embedder = FakeEmbedder()
    parent = Installed(
        generation="gen_0126dcf91564909a", file=folder, source="", profile=Profile(method=Method.TRAINED)
    )
    return Workshop(
        folder=folder,
        models=folder,
        current=lambda: parent,
        engine=lambda _: FakeEngine(),
        retriever=None,  # type: ignore[arg-type]
        embed=Embed(embedder.queries, embedder.passages),
        handler=lambda ai_id, entry: Uncalled(),
        threads=1,
    )


@dataclass
class Home:
    """What ``create_app`` is handed, and what tests need beside it."""

    settings: Settings
    db: Database
    accounts: Accounts
    ais: AIs
    keys: Keys
    releases: Releases
    library: Library
    briefs: Briefs
    cases: Cases
    amendments: Amendments
    search: Search
    extensions: Extensions
    trials: Trials
    experiments: Experiments
    promotions: Promotions
    worths: Worths
    notices: Notices
    repeat_switch: RepeatSwitch
    comparisons: Comparisons
    cascades: Cascades
    generations: Generations
    internalising: Internalising
    verdicts: Verdicts
    picks: Picks
    actions: Actions
    handovers: Handovers
    consents: Consents
    fan_data: FanData
    erasure: Erasure
    tuning: Any
    engines: Engines
    fans: Fans
    conversations: Conversations
    responses: Responses
    documents: Documents
    script: Script

    def furnish(self, actor: Actor, ai: Ai) -> tuple[str, ...]:
        return presets.furnish(self, actor, ai).problems  # type: ignore[arg-type]

    def export(self, actor: Actor, ai_id: str) -> bytes:
        return export(self.db, actor, ai_id)


def opened(folder: Path, **settings: Any) -> Home:
    """An empty installation on a SQLite file of its own."""
    db = Database(f"sqlite:///{folder / 'inhouse.db'}")
    with db.write() as tx:
        metadata.create_all(tx)
    return build(db, folder, **settings)


def build(db: Database, folder: Path, **settings: Any) -> Home:
    """An empty installation."""
    chosen = Settings(home=folder, **{"models": folder / "models", **settings})
    script = Script()
    briefs = Briefs(db)
    releases = Releases(db, NoAdapters(), briefs)
    fan_data = FanData(db, Revocation(NoAdapters()), ledger := Ledger(folder / "erasures"))  # type: ignore[arg-type]
    specialists = Specialists(db, releases, script)
    documents = Documents(db, read, chosen, FakeEmbedder().name)
    experiments = Experiments(db, releases)
    worths = Worths(db, experiments)
    comparisons = Comparisons(db, StillArena())
    staging = Staging(folder / "uploads", chosen.max_upload_mb << 20)
    return Home(
        settings=chosen,
        db=db,
        accounts=Accounts(db),
        ais=AIs(db),
        keys=Keys(db),
        releases=releases,
        fans=Fans(db),
        library=Library(db, staging, Fetcher(), Limits()),
        briefs=briefs,
        cases=Cases(db),
        amendments=Amendments(db),
        search=Search(db, FakeEmbedder()),
        extensions=Extensions(db, Signer(folder), _plugs(db, releases, specialists, documents)),
        trials=Trials(db, releases, script),
        promotions=Promotions(db, releases, chosen),
        experiments=experiments,
        worths=worths,
        notices=Notices(db, worths),
        repeat_switch=RepeatSwitch(db),
        comparisons=comparisons,
        cascades=Cascades(db, comparisons, releases, StillArena()),
        generations=Generations(db, Blobs(folder / "blobs"), chosen),
        internalising=Internalising(db, still_workshop(folder)),
        verdicts=Verdicts(db),
        picks=Picks(db, releases, script),
        actions=Actions(db, releases),
        handovers=Handovers(db),
        consents=Consents(db),
        fan_data=fan_data,
        erasure=Erasure(db, Blobs(folder / "blobs"), ledger, fan_data),
        tuning=StillTuning(),
        engines=Engines(lambda _: FAKE, lambda _: FakeEngine()),
        documents=documents,
        conversations=Conversations(db, releases, script, chosen, documents),
        responses=Responses(db),
        script=script,
    )


def _plugs(db: Database, releases: Releases, specialists: Specialists, documents: Documents) -> Plugs:
    search = GivenSearch(FakeEmbedder())

    async def colleagues(asker: str, question: str) -> Sequence[Colleague]:
        return ColleagueList(db).of(asker, question)

    async def find(given: Sequence[Given], question: str, k: int) -> Found:
        return search.look(given, question, (), k)

    def fetch(url: str) -> tuple[Reading, str]:
        return documents.fetched(url)[:2]

    return Plugs(partial(StoredFeeds, db), specialists.ask, colleagues, Reader(fetch, find))


BRIEF = Brief(
    name="Mara Quill",
    voice=Voice(description="Warm, dry, exact.", samples=("Paper first, screens later.",)),
    products=(Product(name="Field notebook", aliases=("Notebook No. 3",)),),
    rivals=(Rival(name="Inkwell & Sons", aliases=("Inkwell",), scripts=("インクウェル",)),),
)
POST = b"""# A day in the workshop

We bind by hand, forty notebooks a week.

## Post

Parcels leave the workshop on Tuesdays and Fridays. The post office opens at nine.
"""


def furnish(home: Home) -> Ai:
    """An operator with a team, and a released AI that has read one post."""
    accounts = home.accounts
    token = accounts.setup_token()
    assert token is not None
    mara = accounts.set_up(token, EMAIL, "Mara Quill", PASSWORD)
    team = accounts.teams.create(mara.actor, "Quill & Co.", owner_id=mara.id)
    ai = home.ais.create(mara.actor, team.id, "quill", "Mara Quill", languages=("en", "ja"))
    home.library.queue_upload(mara.actor, ai.id, "workshop.md", [POST], right="own work")
    work(home)
    home.briefs.save(mara.actor, ai.id, BRIEF, 0)
    for question in ("Do you ship to Japan?", "日本へ送れますか?"):
        home.cases.add(mara.actor, ai.id, [question], Expect(must_abstain=False))
    with home.db.read() as tx:
        pieces = index.passages_of(tx, ai.id)
    home.extensions.set_up(mara.actor, ai.id, "calculator", "calculator", {})
    home.script.passage_id = next(p.id for p in pieces if "Tuesdays" in p.text)
    release(home, ai)
    return ai


def attach_bookings(home: Home, ai: Ai) -> None:
    """A tool that acts, live."""
    release(home, ai, extensions=(set_up(home.db, ai.id),))


def perform(home: Home, *answers: Any) -> None:
    """Let what was agreed to be performed by a service that answers by script."""
    performer = Performer(home.db, home.releases, Service(list(answers)), idle_seconds=0.1)
    waited_for(performer.run())


def work(home: Home) -> None:
    """Run the imports that wait."""
    handler = import_handler(home.library)
    worker = Worker(home.db, {handler.name: handler}, "quick")
    while worker.run_one():
        pass


def release(
    home: Home,
    ai: Ai,
    *,
    live: bool = True,
    verdict: str = "first",
    extensions: tuple[str, ...] = (),
    answering: Answering = BY_GENERATION,
    generation: str | None = None,
) -> str:
    """One more release, live or not."""
    check = Check(name="cases", passed=verdict != "not better", old=0.8, new=0.9, n=40, interval=(0.82, 0.95))
    gate = Gate(passed=check.passed, verdict=verdict, reason="There was no release before.", checks=(check,))  # type: ignore[arg-type]
    with home.db.write() as tx:
        routing.lock(tx, ai.id)
        candidate = Candidate(
            generation_id=generation,
            brief_version=1,
            index_revision=1,
            extensions=extensions,
            answering=answering,
        )
        made = release_rows.add(tx, ai.id, candidate, gate, job_id=None, by=None)
        if live:
            routing.put(tx, ai.id, [Share(release_id=made.id, share=1.0)], kind="go_live", by=None)
    return made.id


def experiment(home: Home, ai: Ai, looks: int = 10, gain: float = 0.08) -> Experiment:
    """A running experiment of so many looks at 60 fans each; the new way is better by ``gain``."""
    second, first = release(home, ai, live=False), release(home, ai)
    guard = GuardRail(metric=Metric.SECONDS, margin=2.0)
    way = Way(ai_id=ai.id, first=first, second=second)
    design = Design(
        name="Calculator on against off", ways=(way,), primary=Metric.ANSWERED, effect=0.05, guards=(guard,)
    )
    made = home.experiments.start(
        Actor.local_operator(), home.experiments.draft(Actor.local_operator(), design).id
    )
    random, units = np.random.default_rng(4), []
    for number in range(1, looks + 1):
        new = [_unit(random, ai, number, gain) for _ in range(60)]
        units += new
        named = [(f"{number}-{at}", unit) for at, unit in enumerate(new)]
        with home.db.write() as tx:
            seen = shelf.get(tx, made.id)
            shelf.add_look(tx, seen, reading.read(design, units), clock.now(), named)
    with home.db.read() as tx:
        return shelf.get(tx, made.id)


def ledger(home: Home, ai: Ai) -> None:
    """A ledger with something to see: a calculator that helps and holds, a price list that changes and whose worth is not clear,
    and an author who was told."""
    owner = Actor.local_operator()
    session = home.accounts.session(home.accounts.sign_in(EMAIL, PASSWORD))
    assert session is not None
    mara = session.actor
    home.extensions.set_up(mara, ai.id, "table", "prices", {"title": "products", "csv": TABLE})
    with home.db.read() as tx:
        versions = [extension_rows.version(tx, ai.id, entry) for entry in extension_rows.current(tx, ai.id)]
    release(home, ai, extensions=tuple(one.entry for one in versions))
    now, who = clock.now(), [a_fan(home.db, ai.id) for _ in range(12)]
    chat = {
        "kind": "chat",
        "began_ms": 5.0,
        "ended_ms": 480.0,
        "detail": {"prompt_tokens": 240, "completion_tokens": 21},
    }
    for number in range(48):
        name = ("calculator", "prices")[number % 4 == 0]
        thumb = ("up", "up", None, "down")[number % 4] if name == "calculator" else None
        a_turn(
            home.db,
            ai.id,
            who[number % 12],
            1 + number // 12,
            extension=name,
            thumb=thumb,
            spans=[chat],
            at=now,
        )
    helps = [(0.0, 1.0)] * 30 + [(1.0, 1.0)] * 80 + [(1.0, 0.0)] * 4
    perhaps = [(0.0, 1.0)] * 9 + [(1.0, 1.0)] * 90 + [(1.0, 0.0)] * 7
    for name, pairs in (("calculator", helps), ("prices", perhaps)):
        begun = home.worths.measure(owner, ai.id, name)
        units = [
            reading.Unit(ai.id, False, 1, {Metric.RIGHT: pair, Metric.SECONDS: (1.0, 1.3 + at % 3 / 10)}, {})
            for at, pair in enumerate(pairs)
        ]
        named = [(f"{name}-{at}", unit) for at, unit in enumerate(units)]
        with home.db.write() as tx:
            shelf.add_look(tx, begun, reading.read(begun.design, units), now, named)
    for version in versions:
        for call in range(6):
            for day in range(0, 240, 3):
                said = str(day // 90) if version.name == "prices" else "0"
                made = Repeat(
                    ai_id=ai.id, extension=version.name, version=version.version, tool=version.tools[0].name,
                    tool_key=tool_key(version.tools[0]), call=f"{version.name}-{call}", state="done", digest=said, ms=3.0,
                    at=now - timedelta(days=240 - day),
                )  # fmt: skip
                with home.db.write() as tx:
                    repeats.keep(tx, made)
    home.notices.announce(owner, "calculator")


def _unit(random: np.random.Generator, ai: Ai, look: int, gain: float) -> reading.Unit:
    second = bool(random.random() < 0.5)
    values = {
        Metric.ANSWERED: float(random.random() < 0.7 + gain * second),
        Metric.SECONDS: float(random.lognormal(0.3, 0.5)),
    }
    return reading.Unit(ai.id, second, look, values, {})


def compared(home: Home, ai: Ai, questions: int = 400) -> str:
    """A comparison that is done: two small models beside a giant, with cascades. Returns its id."""
    random = np.random.default_rng(7)
    chances = {"gen_0126dcf91564909a": 0.66, "gen_0126dcf91564909a+adapter": 0.74, "endpoint:big-model": 0.88}
    costs = {"endpoint:big-model": (2.1, 900), "gen_0126dcf91564909a": (0.8, 300)}
    prices = Prices(
        models={"gen_0126dcf91564909a": Price(hour=0.2), "big-model": Price(input=2.5, output=10)}
    )
    outcomes = {}
    for name, chance in chances.items():
        seconds, tokens = costs.get(name, (0.9, 300))
        right = random.random(questions) < chance
        outcomes[name] = [
            Outcome(
                question=f"case_{number}",
                kind=("facts with numbers", "facts in words", "follow-ups")[number % 3],
                score=float(one),
                answered=True,
                seconds=seconds * float(random.lognormal(0, 0.3)),
                prompt_tokens=tokens,
                completion_tokens=24,
                signs={"doubt": float(random.normal(0.0 if one else 1.4))},
            )
            for number, one in enumerate(right)
        ]
    made = comparison.compare(outcomes, prices, resamples=200)
    with home.db.read() as tx:
        live = home.releases.current(tx, ai.id)
    made = made.model_copy(update={"release_id": live.id if live else None})
    job = home.comparisons.queue(Actor.local_operator(), ai.id, list(chances), prices)
    with home.db.write() as tx:
        values = {"state": "done", "progress": 1.0, "result": made.model_dump(mode="json")}
        tx.execute(jobs.jobs.update().where(jobs.jobs.c.id == job.id).values(**values))
    return job.id


@contextmanager
def serving(home: Home) -> Iterator[str]:
    """The pages and the API on a free port of this machine; yields their address."""
    server = uvicorn.Server(uvicorn.Config(create_app(home), port=0, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(timeout=10)
