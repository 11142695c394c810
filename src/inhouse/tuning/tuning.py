"""Training an AI as a durable job: freeze what goes in, run the trainer to its end, register what comes out."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inhouse.accounts import audit
from inhouse.accounts.actors import Action, Actor
from inhouse.accounts.authorisation import authorise
from inhouse.brief.corpus import Corpus
from inhouse.core.errors import InhouseError
from inhouse.store import jobs
from inhouse.store.blobs import Blobs
from inhouse.store.database import Database, Tx
from inhouse.store.jobs import Handler, Job, Progress
from inhouse.tuning import recipes, shelf
from inhouse.tuning.files import read_json, sha256, write_json
from inhouse.tuning.jobfile import JobFile
from inhouse.tuning.supervisor import Supervisor

NAME = "train"
RECIPE = "voice-small"


class NothingToTrain(InhouseError):
    """There is nothing to train on yet: import some of the owner's own words first."""


class BrokenResult(InhouseError):
    """The trainer's file {name} is damaged. Start the training again."""


@dataclass(frozen=True)
class Base:
    """What adapters are trained on: a generation, and its GGUF file."""

    generation: str
    file: Path


@dataclass(frozen=True)
class PickedPair:
    """A pick as training sees it: the dialogue before the answers, as ``{"role", "content"}``, and the two answers."""

    messages: Sequence[Mapping[str, str]]
    chosen: str
    rejected: str
    held_out: bool
    id: str = ""

    @property
    def line(self) -> str:
        """The pick as the trainer reads it."""
        value = {
            "messages": [dict(message) for message in self.messages],
            "chosen": self.chosen,
            "rejected": self.rejected,
            "split": "held_out" if self.held_out else "train",
        }
        return json.dumps(value, ensure_ascii=False, sort_keys=True)


@dataclass(frozen=True)
class Material:
    """What one AI is trained from."""

    corpus: Corpus
    picks: Sequence[PickedPair] = ()


@dataclass(frozen=True)
class _Frozen:
    """What a job settled at its first start: a training that goes on uses the same."""

    corpus: str
    picks: str | None
    generation: str
    base: str


def queue(tx: Tx, ai_id: str, recipe: str = RECIPE) -> Job:
    """Queue a training in the caller's transaction, which has settled that it may be. One that waits is enough."""
    recipes.recipe(recipe)
    return jobs.enqueue(tx, NAME, {"recipe": recipe}, ai_id=ai_id, lane="heavy")


class Tuning:
    """Trainings of all AIs of an installation.

    ``work`` holds the folders of running trainings, ``cache`` the base models in torch's form, ``base`` finds a
    generation to train on (``None``: the one that new trainings start on), ``material`` gathers what one AI is trained
    from.
    """

    def __init__(
        self,
        db: Database,
        blobs: Blobs,
        *,
        work: Path,
        cache: Path,
        base: Callable[[str | None], Base],
        material: Callable[[Tx, str], Material],
        threads: int = os.cpu_count() or 1,
    ) -> None:
        self._db, self._blobs = db, blobs
        self._work, self._cache, self._threads = work, cache, threads
        self._base, self._material = base, material

    @property
    def handler(self) -> Handler:
        """Runs ``train`` jobs. Their result: ``adapter`` (its hash), ``tainted`` and ``metrics``."""
        return Handler(NAME, "heavy", self._train)

    def train(self, actor: Actor, ai_id: str, recipe: str = RECIPE) -> Job:
        """Queue a training of an AI on what it holds now; raises ``NothingToTrain`` where that is nothing."""
        with self._db.write() as tx:
            authorise(tx, actor, Action.TRAIN, ai_id=ai_id)
            _require_rows(self._material(tx, ai_id).corpus)
            job = queue(tx, ai_id, recipe)
            audit.record(tx, actor, "started training", ai_id=ai_id, subject=job.id)
        return job

    def adapters(self, actor: Actor, ai_id: str) -> list[shelf.Adapter]:
        """An AI's adapters, the newest first."""
        with self._db.read() as tx:
            authorise(tx, actor, Action.VIEW, ai_id=ai_id)
            return shelf.listing(tx, ai_id)

    def run(self, progress: Progress, recipe: recipes.Recipe, generation: str | None = None) -> shelf.Adapter:
        """Train the AI of a job on this generation, within that job; one that was killed goes on where it was.

        The adapter is named in the job's detail as ``trained`` before what it was made with goes.
        """
        job = progress.job
        assert job.ai_id is not None
        folder = self._work / job.id
        if trained := progress.detail.get("trained"):
            adapter = self._known(job.ai_id, trained)
        else:
            frozen = self._freeze(job.ai_id, folder, generation)
            Supervisor(self._job_file(recipe, frozen, folder), progress).run()
            adapter = self._register(job.ai_id, frozen, folder / "out")
            progress.report(1.0, "", trained=adapter.hash)
        shutil.rmtree(folder, ignore_errors=True)
        return adapter

    def forget(self, job_id: str) -> None:
        """Remove what the training of a job left that won't go on."""
        shutil.rmtree(self._work / job_id, ignore_errors=True)

    def _train(self, progress: Progress) -> Mapping[str, Any]:
        adapter = self.run(progress, recipes.recipe(progress.job.payload["recipe"]))
        return {"adapter": adapter.hash, "tainted": adapter.tainted, "metrics": adapter.metrics}

    def _known(self, ai_id: str, adapter_hash: str) -> shelf.Adapter:
        with self._db.read() as tx:
            return shelf.get(tx, ai_id, adapter_hash)

    def _freeze(self, ai_id: str, folder: Path, generation: str | None) -> _Frozen:
        """Gather the material and keep it, or read what an earlier start of this job kept."""
        kept = folder / "frozen.json"
        if not kept.exists():
            folder.mkdir(parents=True, exist_ok=True)
            with self._db.write() as tx:
                frozen = self._gather(tx, ai_id, generation)
            write_json(kept, vars(frozen))
        return _Frozen(**read_json(kept))

    def _gather(self, tx: Tx, ai_id: str, generation: str | None) -> _Frozen:
        material, base = self._material(tx, ai_id), self._base(generation)
        _require_rows(material.corpus)
        shelf.freeze(tx, ai_id, material.corpus, [pick.id for pick in material.picks if pick.id])
        lines = "".join(f"{pick.line}\n" for pick in material.picks)
        return _Frozen(
            corpus=self._blobs.put(material.corpus.jsonl),
            picks=self._blobs.put(lines.encode()) if lines else None,
            generation=base.generation,
            base=str(base.file),
        )

    def _job_file(self, recipe: recipes.Recipe, frozen: _Frozen, folder: Path) -> JobFile:
        return JobFile(
            base=Path(frozen.base),
            cache=self._cache,
            corpus=self._blobs.path(frozen.corpus),
            picks=self._blobs.path(frozen.picks) if frozen.picks else None,
            out=folder / "out",
            work=folder / "work",
            recipe=recipe,
            threads=self._threads,
        )

    def _register(self, ai_id: str, frozen: _Frozen, out: Path) -> shelf.Adapter:
        """Keep the trainer's files as blobs, each compared with its name in the manifest, and write the row."""
        manifest = read_json(out / "manifest.json")
        for name, expected in manifest["files"].items():
            if sha256(out / name) != expected:
                raise BrokenResult(name=name)
            self._blobs.put_file(out / name)
        with self._db.write() as tx:
            return shelf.add(
                tx,
                ai_id,
                corpus_hash=frozen.corpus,
                picks_blob=frozen.picks,
                generation_id=frozen.generation,
                recipe=manifest["recipe"],
                metrics=manifest["metrics"],
                files=manifest["files"],
            )


def _require_rows(corpus: Corpus) -> None:
    if not any(row.split == "train" for row in corpus.rows):
        raise NothingToTrain()
