"""Training an AI: freeze what goes in, run the trainer as a durable job, register what comes out."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inhouse.accounts import audit
from inhouse.accounts.actors import Action, Actor
from inhouse.accounts.authorisation import authorise
from inhouse.brief.corpus import Corpus
from inhouse.core.errors import InhouseError
from inhouse.core.settings import Settings
from inhouse.store import jobs
from inhouse.store.blobs import Blobs
from inhouse.store.database import Database, Tx
from inhouse.store.jobs import Handler, Job, Progress
from inhouse.tuning import adapters, generations, recipes
from inhouse.tuning.files import sha256
from inhouse.tuning.jobfile import JobFile
from inhouse.tuning.supervisor import Supervisor

NAME = "train"


class NothingToTrain(InhouseError):
    """There is nothing to train on yet: import some of the owner's own words first."""


class BaseMissing(InhouseError):
    """The base model's file {name} is not there. Run: inhouse models fetch"""


class BrokenResult(InhouseError):
    """The trainer's file {name} is damaged. Start the training again."""


@dataclass(frozen=True)
class Taste:
    """A pick as training sees it: the dialogue before the answers as (role, content), and the two answers."""

    id: str
    messages: tuple[tuple[str, str], ...]
    chosen: str
    rejected: str
    held_out: bool

    @property
    def line(self) -> str:
        """The pick as the trainer reads it."""
        value = {
            "messages": [{"role": role, "content": content} for role, content in self.messages],
            "chosen": self.chosen,
            "rejected": self.rejected,
            "split": "held_out" if self.held_out else "train",
        }
        return json.dumps(value, ensure_ascii=False, sort_keys=True)


class Tuning:
    """Trainings of all AIs of an installation."""

    def __init__(self, db: Database, blobs: Blobs, settings: Settings) -> None:
        self._db, self._blobs, self._settings = db, blobs, settings

    @property
    def handler(self) -> Handler:
        """Runs ``train`` jobs. Their result: ``adapter`` (its hash), ``tainted`` and ``metrics``."""
        return Handler(NAME, "heavy", self._train)

    def start(
        self, actor: Actor, ai_id: str, corpus: Corpus, picks: Sequence[Taste] = (), recipe: str = "voice"
    ) -> Job:
        """Queue a training of an AI; raises ``NothingToTrain`` where the corpus has no row to train on."""
        with self._db.write() as tx:
            authorise(tx, actor, Action.TRAIN, ai_id=ai_id)
            job = self.enqueue(tx, ai_id, corpus, picks, recipe)
            audit.record(
                tx, actor, "started training", ai_id=ai_id, subject=job.id, detail={"corpus": corpus.hash}
            )
        return job

    def enqueue(
        self, tx: Tx, ai_id: str, corpus: Corpus, picks: Sequence[Taste] = (), recipe: str = "voice"
    ) -> Job:
        """Queue a training in the caller's transaction, which has settled that it may be."""
        recipes.recipe(recipe)
        if not any(row.split == "train" for row in corpus.rows):
            raise NothingToTrain()
        generation = generations.current(tx)
        sources = sorted(corpus.sources.union(pick.id for pick in picks))
        adapters.freeze(tx, ai_id, corpus.hash, corpus.counts(), sources)
        payload = {
            "corpus": self._blobs.put(corpus.jsonl),
            "picks": self._blobs.put("".join(f"{pick.line}\n" for pick in picks).encode()) if picks else None,
            "sources": sources,
            "recipe": recipe,
            "generation": generation.id if generation else None,
        }
        return jobs.enqueue(tx, NAME, payload, ai_id=ai_id, lane="heavy")

    def file(self, adapter: adapters.Adapter) -> Path:
        """Where an adapter's GGUF file lies."""
        return self._blobs.path(adapter.hash)

    def _train(self, progress: Progress) -> Mapping[str, Any]:
        """Run the trainer to its end and keep what it made."""
        job = progress.job
        assert job.ai_id is not None
        folder = self._settings.home / "trainings" / job.id
        Supervisor(self._job_file(job, folder), progress).run()
        manifest = json.loads((folder / "out" / "manifest.json").read_text())
        files = self._keep(folder / "out", manifest["files"])
        with self._db.write() as tx:
            adapter = adapters.add(
                tx,
                job.ai_id,
                corpus_hash=job.payload["corpus"],
                picks_hash=job.payload["picks"],
                generation_id=job.payload["generation"],
                recipe=manifest["recipe"],
                metrics=manifest["metrics"],
                files=files,
                sources=job.payload["sources"],
            )
        shutil.rmtree(folder)
        return {"adapter": adapter.hash, "tainted": adapter.tainted, "metrics": manifest["metrics"]}

    def _job_file(self, job: Job, folder: Path) -> JobFile:
        base = generations.path(self._settings.models_folder, job.payload["generation"])
        if not base.exists():
            raise BaseMissing(name=base.name)
        picks = job.payload["picks"]
        return JobFile(
            base=base,
            cache=self._settings.models_folder,
            corpus=self._blobs.path(job.payload["corpus"]),
            picks=self._blobs.path(picks) if picks else None,
            out=folder / "out",
            work=folder / "work",
            recipe=recipes.recipe(job.payload["recipe"]),
            threads=self._settings.threads,
        )

    def _keep(self, out: Path, files: Mapping[str, str]) -> dict[str, str]:
        """Store the trainer's files as blobs, each compared with its name in the manifest."""
        for name, expected in files.items():
            if sha256(out / name) != expected:
                raise BrokenResult(name=name)
            self._blobs.put_file(out / name)
        return dict(files)
