"""What tests of promotions share: an installation with two generations, adapters, a trainer and an engine by script."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from turnkit import OWNER, PASSED, FakeBriefs, Scripted

from inhouse.accounts.ais import Ai, AIs
from inhouse.accounts.tables import teams
from inhouse.app.shelves import AdapterShelf
from inhouse.brief.corpus import Corpus, Row
from inhouse.conversations.fans import Fans
from inhouse.core import clock
from inhouse.core.errors import Busy
from inhouse.core.settings import Settings
from inhouse.lab.internalising import report
from inhouse.lab.internalising.report import Data, Report, Verdict
from inhouse.lab.promoting import current, queueing, shelf
from inhouse.lab.promoting.measuring import Measuring
from inhouse.lab.promoting.moving import Moving
from inhouse.lab.promoting.promotion import Move, Promotion
from inhouse.lab.promoting.promotions import Promotions
from inhouse.releases import releases as releases_shelf
from inhouse.releases import routing
from inhouse.releases.gate import GateKeeper
from inhouse.releases.release import Candidate, Release
from inhouse.releases.releases import Releases
from inhouse.releases.tables import routing as routing_table
from inhouse.runtime.answering import BY_GENERATION, Answering
from inhouse.runtime.engines.base import Score, ScoreRequest
from inhouse.runtime.profile import Method, Profile, describe, make_current
from inhouse.store.blobs import Blobs
from inhouse.store.database import Database
from inhouse.store.jobs import Progress, Worker
from inhouse.tuning import generations, models
from inhouse.tuning import shelf as tuning_shelf
from inhouse.tuning.files import sha256
from inhouse.tuning.recipes import Recipe

VOICE = {"none": 2.0, "adapter": 1.8, "interval": [-0.25, -0.15], "n": 40, "held_out": "h"}
NO_VOICE = {"none": 2.0, "adapter": 2.1, "interval": [0.05, 0.15], "n": 40, "held_out": "h"}


def verdict(passed: bool, reason: str = "It is as good.") -> dict[str, object]:
    """The scores of a generation that was measured."""
    return report.stored(
        Report(
            tools=(), arms=(), primary=(), guards=(),
            data=Data(sha256="", uses=0, sources={}), margins_sha256="",
            verdict=Verdict(passed=passed, reason=reason),
            file_bytes=1, parent_bytes=1, delta_bytes=1, seconds=1.0,
        )
    )  # fmt: skip


@dataclass
class Trainer:
    """Trains by script: ``voice`` is what the next adapter is worth. ``dies`` is raised before anything is made."""

    db: Database
    blobs: Blobs
    voice: dict[str, object] = field(default_factory=lambda: dict(VOICE))
    dies: BaseException | None = None
    ran: list[tuple[str, Recipe]] = field(default_factory=list)
    forgotten: list[str] = field(default_factory=list)

    def run(self, progress: Progress, recipe: Recipe, generation: str | None = None) -> tuning_shelf.Adapter:
        assert generation is not None and progress.job.ai_id is not None
        self.ran.append((generation, recipe))
        if self.dies:
            raise self.dies
        return train(self.db, self.blobs, progress.job.ai_id, generation, f"new {len(self.ran)}", self.voice)

    def forget(self, job_id: str) -> None:
        self.forgotten.append(job_id)


def train(
    db: Database, blobs: Blobs, ai_id: str, generation: str, name: str, voice: dict[str, object]
) -> tuning_shelf.Adapter:
    """An adapter with what it was trained on: five documents, each said once."""
    rows = [
        Row(
            "voice",
            (("user", f"Say {n}."), ("assistant", f"word {n} {name}")),
            (f"doc_{n}", "src_1"),
            "held_out",
            f"u{n}",
        )
        for n in range(5)
    ]
    corpus = Corpus(tuple(rows))
    blobs.put(corpus.jsonl)
    with db.write() as tx:
        tuning_shelf.freeze(tx, ai_id, corpus)
        return tuning_shelf.add(
            tx,
            ai_id,
            corpus_hash=corpus.hash,
            picks_blob=None,
            generation_id=generation,
            recipe={"name": "voice-small"},
            metrics={"voice": voice},
            files={"adapter.gguf": blobs.put(f"{ai_id} {name} {generation}".encode())},
        )


class Lab:
    """An installation that serves one generation and has another."""

    def __init__(self, db: Database, folder: Path) -> None:
        self.db, self.settings = db, Settings(home=folder, models=folder / "models")
        self.folder = self.settings.models_folder
        self.folder.mkdir(parents=True)
        self.old = self.generation("old", None)
        self.new = self.generation("new", verdict(True), self.old)
        make_current(self.folder, self.old)
        self.blobs = Blobs(folder / "blobs")
        self.adapters = AdapterShelf(self.blobs, lambda: current.current(self.settings))
        self.releases = Releases(db, self.adapters, FakeBriefs())
        self.promotions = Promotions(db, self.releases, self.settings)
        self.scripted = Scripted()
        self.trainer = Trainer(db, self.blobs)
        self.spoils: set[str] = set()
        """Generations on which adapters are worth nothing."""
        self.asked, self.busy = 0, 0
        with db.write() as tx:
            tx.execute(teams.insert().values(id="team_1", name="Us", created_at=clock.now()))
        self.ada, self.bob, self.cy = (
            AIs(db).create(OWNER, "team_1", slug, slug.title()) for slug in ("ada", "bob", "cyd")
        )

    def generation(self, word: str, scores: dict[str, object] | None, parent: str | None = None) -> str:
        """A model file with its description and its row."""
        file = self.folder / f"{word}.part"
        file.write_text(word)
        file_hash = sha256(file)
        made = models.generation_id(file_hash)
        file.rename(self.folder / f"{made}.gguf")
        describe(self.folder, made, f"{made}.gguf", Profile(method=Method.TRAINED), file_hash)
        with self.db.write() as tx:
            generations.add(
                tx,
                made,
                name=word,
                parent=parent,
                recipe={},
                data_hashes={},
                scores=scores or {},
                file_hash=file_hash,
                quantisation="Q8_0",
            )
        return made

    async def score(self, generation: str, request: ScoreRequest) -> Score:
        """With an adapter a text is likelier, but where the generation spoils it."""
        self.asked += 1
        if self.busy:
            self.busy -= 1
            raise Busy()
        size = len(request.continuation.encode())
        worth = 0.0 if request.adapter is None else (-0.3 if generation in self.spoils else 0.3)
        return Score(logprob=-size * (1.5 - worth), tokens=size)

    def release(
        self,
        ai: Ai,
        adapter: str | None = None,
        generation: str | None = None,
        index: int = 0,
        answering: Answering = BY_GENERATION,
    ) -> Release:
        """Live for all fans."""
        candidate = Candidate(
            generation_id=generation or self.old,
            adapter_hash=adapter,
            brief_version=1,
            index_revision=index,
            answering=answering,
        )
        with self.db.write() as tx:
            made = releases_shelf.add(tx, ai.id, candidate, PASSED, job_id=None, by=None)
        self.releases.go_live(OWNER, ai.id, made.id)
        return made

    def trained(self, ai: Ai, name: str = "first") -> str:
        """An adapter on the old generation."""
        return train(self.db, self.blobs, ai.id, self.old, name, dict(VOICE)).hash

    def moving(self) -> Moving:
        gate = GateKeeper(self.db, self.releases, self.adapters, self.scripted)
        measuring = Measuring(self.blobs, self.score, gate._bridge)
        return Moving(self.db, self.releases, self.adapters, gate, measuring, self.trainer)

    def work(self, most: int = 50) -> int:
        """Run the checks that are queued; how many there were."""
        worker = Worker(self.db, {"move": self.moving().handler}, "heavy")
        done = 0
        while done < most and worker.run_one():
            done += 1
        return done

    def tend(self) -> None:
        with self.db.write() as tx:
            queueing.tend(tx, self.current())

    def move(self, promotion: Promotion, ai: Ai) -> Move:
        with self.db.read() as tx:
            found = shelf.move_of(tx, promotion.id, ai.id)
        assert found is not None
        return found

    def live(self, ai: Ai) -> list[tuple[str | None, float]]:
        """The generations that an AI's fans are answered by, with their shares."""
        with self.db.read() as tx:
            live = routing.get(tx, ai.id)
            assert live is not None
            return [
                (releases_shelf.get(tx, ai.id, share.release_id).generation_id, share.share)
                for share in live.shares
            ]

    def rows(self) -> list[tuple[object, ...]]:
        """Every routing row, to see that nothing of it changed."""
        with self.db.read() as tx:
            return [
                (row.ai_id, json.dumps(row.shares), row.experiment_id)
                for row in tx.execute(routing_table.select())
            ]

    def current(self) -> str | None:
        return current.current(self.settings)

    def fans(self, ai: Ai, count: int) -> list[str]:
        return [Fans(self.db).welcome(ai.id)[0].id for _ in range(count)]
