"""The one place where an installation's objects are built and wired. Each is built when it is first asked for."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cached_property, partial
from pathlib import Path

from inhouse.accounts.accounts import Accounts
from inhouse.accounts.actors import Actor
from inhouse.accounts.ais import Ai, AIs
from inhouse.accounts.keys import Keys
from inhouse.app import presets, schema
from inhouse.app.arena import HouseArena
from inhouse.app.backup import LEDGER, is_unfinished
from inhouse.app.export import export
from inhouse.app.extensions import ToolDesk
from inhouse.app.material import collect
from inhouse.app.models import register
from inhouse.app.shelves import AdapterShelf
from inhouse.app.workshop import workshop_of
from inhouse.brief.briefs import Briefs
from inhouse.content.embedding.base import Embedder
from inhouse.content.embedding.factory import make_embedder
from inhouse.content.fetch import Fetcher
from inhouse.content.files import Limits
from inhouse.content.given import Given, Reading
from inhouse.content.library import Library
from inhouse.content.reading_apart import ReadingApart
from inhouse.content.search import Found, Search
from inhouse.content.staging import Staging
from inhouse.conversations.colleagues import ColleagueList
from inhouse.conversations.consent import Actions
from inhouse.conversations.conversations import Conversations
from inhouse.conversations.documents import Documents
from inhouse.conversations.erasure import Erasure
from inhouse.conversations.exports import TraceExports
from inhouse.conversations.fandata import FanData
from inhouse.conversations.fans import Fans
from inhouse.conversations.handovers import Handovers
from inhouse.conversations.ledger import Ledger
from inhouse.conversations.picks import Picks
from inhouse.conversations.responses import Responses
from inhouse.conversations.retention import Retention
from inhouse.conversations.sharing import Consents
from inhouse.conversations.specialists import Specialists
from inhouse.conversations.telemetry.base import Sink
from inhouse.conversations.telemetry.factory import make_sink
from inhouse.conversations.trials import Trials
from inhouse.conversations.verdicts import Verdicts
from inhouse.core.errors import InhouseError
from inhouse.core.events import Ended
from inhouse.core.settings import Settings
from inhouse.lab.comparing.cascades import Cascades
from inhouse.lab.comparing.comparing import Comparisons
from inhouse.lab.experiments.experiments import Experiments
from inhouse.lab.generations.registry import Generations
from inhouse.lab.internalising.internalising import Internalising
from inhouse.lab.internalising.leftovers import Leftovers
from inhouse.lab.internalising.workshop import Workshop
from inhouse.lab.ledger.fitness import fitness
from inhouse.lab.ledger.identity import tool_key
from inhouse.lab.ledger.notices import Notices, built_in, refusal
from inhouse.lab.ledger.repeats import RepeatSwitch
from inhouse.lab.ledger.worths import Worths
from inhouse.lab.promoting import current
from inhouse.lab.promoting.promotions import Promotions
from inhouse.releases.amendments import Amendments
from inhouse.releases.cases import Cases
from inhouse.releases.extensions import Extensions
from inhouse.releases.feeds import FeedReading, StoredFeeds
from inhouse.releases.releases import Releases
from inhouse.releases.revocation import Revocation
from inhouse.runtime.bridge import in_thread
from inhouse.runtime.engines.base import Engine
from inhouse.runtime.engines.factory import make_engine, server
from inhouse.runtime.engines.watched import Watched
from inhouse.runtime.extensions.base import Extension
from inhouse.runtime.extensions.calling import Caller
from inhouse.runtime.extensions.colleagues import Colleague
from inhouse.runtime.extensions.documents.extension import Reader
from inhouse.runtime.extensions.factory import Plugs
from inhouse.runtime.profile import (
    ENDPOINT,
    Installed,
    NoGeneration,
    NoModel,
    Profile,
    answering,
    description,
    installed,
    profile_of,
)
from inhouse.runtime.reply import Replier
from inhouse.runtime.retrieval import SearchRetriever, StrictRetriever
from inhouse.runtime.serving import Engines, Serving
from inhouse.store.blobs import Blobs
from inhouse.store.database import Database, Tx
from inhouse.store.migrations import upgrade
from inhouse.store.signing import Signer
from inhouse.tuning import generations, shelf
from inhouse.tuning.tuning import Base, Tuning

_MEGABYTE = 1 << 20


class HalfRestored(InhouseError):
    """A restore broke off in {home}, so erased data may be back. Empty that folder and restore again."""

    status = 503


class Services:
    """An installation. Building it opens the database and starts nothing."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.db = Database(settings.database)

    @property
    def run_dir(self) -> Path:
        """Sockets and locks of running processes."""
        return self.settings.home / "run"

    @cached_property
    def blobs(self) -> Blobs:
        return Blobs(self.settings.home / "blobs")

    @cached_property
    def accounts(self) -> Accounts:
        return Accounts(self.db)

    @cached_property
    def ais(self) -> AIs:
        return AIs(self.db)

    @cached_property
    def keys(self) -> Keys:
        return Keys(self.db)

    @cached_property
    def staging(self) -> Staging:
        return Staging(self.settings.home / "uploads", self.settings.max_upload_mb * _MEGABYTE)

    @cached_property
    def library(self) -> Library:
        limits = Limits(archive=self.settings.max_upload_mb * _MEGABYTE)
        library = Library(self.db, self.staging, Fetcher(), limits)
        library.on_revoked.append(self.revocation.on_source_revoked)
        return library

    @cached_property
    def embedder(self) -> Embedder:
        return make_embedder(self.settings)

    @cached_property
    def search(self) -> Search:
        return Search(self.db, self.embedder)

    @cached_property
    def briefs(self) -> Briefs:
        return Briefs(self.db)

    @cached_property
    def adapters(self) -> AdapterShelf:
        return AdapterShelf(self.blobs, self._generation)

    @cached_property
    def releases(self) -> Releases:
        return Releases(self.db, self.adapters, self.briefs)

    @cached_property
    def revocation(self) -> Revocation:
        return Revocation(self.adapters)

    @cached_property
    def cases(self) -> Cases:
        return Cases(self.db)

    @cached_property
    def amendments(self) -> Amendments:
        return Amendments(self.db)

    @cached_property
    def tuning(self) -> Tuning:
        return Tuning(
            self.db,
            self.blobs,
            work=self.settings.home / "trainings",
            cache=self.settings.models_folder / "torch",
            base=self._base,
            material=partial(collect, self.briefs),
            threads=self.settings.threads,
        )

    @cached_property
    def engines(self) -> Engines:
        """The engines of this process's main event loop."""
        return self.open_engines()

    def open_engines(self) -> Engines:
        """Engines for another event loop; whoever opens them closes them."""
        return Engines(partial(answering, self.settings), self._engine)

    def _engine(self, model: Installed) -> Engine:
        if model.generation.startswith(ENDPOINT):
            name = model.generation.removeprefix(ENDPOINT)
            return Watched(server(self.settings, name), "openai", name)
        provider = "llama.cpp" if self._embedded else "openai"
        name = model.generation or self.settings.engine_model
        return Watched(make_engine(self.settings, model.file), provider, name)

    @cached_property
    def extensions(self) -> Extensions:
        return Extensions(self.db, Signer(self.settings.home), self._plugs(self.engines))

    @cached_property
    def feeds(self) -> FeedReading:
        return FeedReading(self.db)

    @cached_property
    def desk(self) -> ToolDesk:
        """The extensions at work in this process's main event loop."""
        return self.open_desk(self.engines)

    def open_desk(self, engines: Engines) -> ToolDesk:
        """Extensions at work in the event loop of these engines; whoever opens it closes it."""
        return ToolDesk(self.db, self.extensions, self._plugs(engines))

    @cached_property
    def serving(self) -> Serving:
        """What answers in this process's main event loop."""
        return self.serving_on(self.engines, self.desk)

    def serving_on(self, engines: Engines, desk: ToolDesk | None = None) -> Serving:
        """What answers, on engines and with extensions of the caller's event loop; without a desk it has no tools."""
        return Serving(engines, partial(self.replier_on, desk=desk))

    def replier_on(self, engine: Engine, profile: Profile, desk: ToolDesk | None = None) -> Replier:
        """The same for one model that the caller has, whatever a release names. It keeps nothing between two answers."""
        return Replier(engine, self._retriever, profile, desk, Caller(desk) if desk else None)

    @cached_property
    def _retriever(self) -> SearchRetriever:
        return SearchRetriever(self.search, self.embedder)

    def _plugs(self, engines: Engines) -> Plugs:
        async def ask(asker: str, slug: str, question: str, language: str) -> Ended:
            specialists = Specialists(self.db, self.releases, self.serving_on(engines))
            return await specialists.ask(asker, slug, question, language)

        async def colleagues(asker: str, question: str) -> Sequence[Colleague]:
            return await in_thread(ColleagueList(self.db).of, asker, question)

        async def find(documents: Sequence[Given], question: str, k: int) -> Found:
            return await self._retriever.find_given(documents, question, (), k)

        def fetch(url: str) -> tuple[Reading, str]:
            reading, last, _ = self.documents.fetched(url)
            return reading, last

        return Plugs(partial(StoredFeeds, self.db), ask, colleagues, Reader(fetch, find))

    def _handler(self, ai_id: str, entry: str) -> Extension:
        """A version of an AI's extension, for asking what it understands: it is never called."""
        with self.db.read() as tx:
            return self.extensions.made(tx, ai_id, entry, self._plugs(self.engines))[1]

    async def aclose(self) -> None:
        """Let go of what answers in the main event loop."""
        if "desk" in self.__dict__:
            await self.desk.aclose()
        await self.engines.aclose()
        if (sink := self.__dict__.get("sink")) is not None:
            await in_thread(sink.close)

    @cached_property
    def fans(self) -> Fans:
        return Fans(self.db)

    @cached_property
    def documents(self) -> Documents:
        return Documents(self.db, ReadingApart(), self.settings, self.embedder.name)

    @cached_property
    def conversations(self) -> Conversations:
        return Conversations(self.db, self.releases, self.serving, self.settings, self.documents, self.sink)

    @cached_property
    def sink(self) -> Sink | None:
        """Where turns are exported to, if anywhere."""
        return make_sink(os.environ, content=self.settings.trace_content)

    @cached_property
    def consents(self) -> Consents:
        return Consents(self.db)

    @cached_property
    def trace_exports(self) -> TraceExports:
        return TraceExports(self.db)

    @cached_property
    def responses(self) -> Responses:
        return Responses(self.db)

    @cached_property
    def trials(self) -> Trials:
        return Trials(self.db, self.releases, self.serving)

    @cached_property
    def verdicts(self) -> Verdicts:
        return Verdicts(self.db)

    @cached_property
    def picks(self) -> Picks:
        return Picks(self.db, self.releases, self.serving)

    @cached_property
    def experiments(self) -> Experiments:
        return Experiments(self.db, self.releases)

    @cached_property
    def promotions(self) -> Promotions:
        made = Promotions(self.db, self.releases, self.settings)
        made.on_live.append(self._tell_built_in)
        return made

    @cached_property
    def worths(self) -> Worths:
        """What every extension is worth."""
        return Worths(self.db, self.experiments, self._built_in)

    @cached_property
    def notices(self) -> Notices:
        """What authors of extensions are told."""
        return Notices(self.db, self.worths)

    @cached_property
    def repeat_switch(self) -> RepeatSwitch:
        return RepeatSwitch(self.db)

    @cached_property
    def actions(self) -> Actions:
        return Actions(self.db, self.releases)

    @cached_property
    def arena(self) -> HouseArena:
        return HouseArena(self)

    @cached_property
    def comparisons(self) -> Comparisons:
        return Comparisons(self.db, self.arena)

    @cached_property
    def cascades(self) -> Cascades:
        return Cascades(self.db, self.comparisons, self.releases, self.arena)

    @cached_property
    def generations(self) -> Generations:
        return Generations(self.db, self.blobs, self.settings)

    @cached_property
    def workshop(self) -> Workshop:
        retriever = StrictRetriever(self.search, self.embedder)
        return workshop_of(self.settings, self.embedder, retriever, self._handler)

    @cached_property
    def internalising(self) -> Internalising:
        return Internalising(self.db, self.workshop, fitness, refusal)

    @cached_property
    def leftovers(self) -> Leftovers:
        return Leftovers(self.db, self.workshop.folder)

    @cached_property
    def handovers(self) -> Handovers:
        return Handovers(self.db)

    @cached_property
    def ledger(self) -> Ledger:
        return Ledger(self.settings.home / LEDGER)

    @cached_property
    def fan_data(self) -> FanData:
        return FanData(self.db, self.revocation, self.ledger)

    @cached_property
    def erasure(self) -> Erasure:
        return Erasure(
            self.db,
            self.blobs,
            self.ledger,
            self.fan_data,
            blob_names=[shelf.blob_names, generations.blob_names],
            cleaners=[self.staging.remove_all, self.leftovers.remove_all],
        )

    @cached_property
    def retention(self) -> Retention:
        return Retention(self.db)

    def furnish(self, actor: Actor, ai: Ai) -> tuple[str, ...]:
        """Set up a new AI of a kind that ships configured; a sentence for each tool that could not be attached."""
        return presets.furnish(self, actor, ai).problems

    def export(self, actor: Actor, ai_id: str) -> bytes:
        """What an owner takes along, as JSON."""
        return export(self.db, actor, ai_id)

    @property
    def _embedded(self) -> bool:
        return self.settings.engine == "embedded"

    def _generation(self) -> str | None:
        return installed(self.settings).generation if self._embedded else None

    def _base(self, generation: str | None) -> Base:
        """What adapters are trained on: a generation that is named, else what new trainings start on."""
        folder = self.settings.models_folder
        model = description(folder, generation) if generation else installed(self.settings)
        if model is None:
            raise NoGeneration(name=generation, folder=folder)
        return Base(model.generation, model.file)

    def generation(self) -> str | None:
        """The id of the generation that new releases start on; none with a model server, or before a model was fetched."""
        try:
            return self._generation()
        except NoModel:
            return None

    def _tell_built_in(self, tx: Tx, generation: str) -> None:
        """Tell the authors of the tools that a generation which goes live calls by itself."""
        found = description(self.settings.models_folder, generation)
        if found is not None:
            built_in(tx, generation, found.profile.tools)

    def _built_in(self) -> frozenset[str]:
        """The keys of the tools that the current generation calls by itself."""
        try:
            known = profile_of(self.settings)
        except NoModel:
            return frozenset()
        return frozenset(tool_key(tool) for tool in known.tools)

    def close(self) -> None:
        """Let go of child processes and connections."""
        if "embedder" in self.__dict__:
            self.embedder.close()
        self.db.close()


def open_home(settings: Settings) -> Services:
    """Open an installation, bringing its database to this version's schema; ``HalfRestored`` where that is not safe."""
    assert schema.metadata.tables
    if is_unfinished(settings):
        raise HalfRestored(home=settings.home)
    settings.home.mkdir(parents=True, exist_ok=True)
    services = Services(settings)
    upgrade(services.db)
    register(services.db, settings, services.blobs)
    current.follow(services.db, settings)
    return services
