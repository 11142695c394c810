"""Training as a job, with a stand-in for the trainer: what is kept, what a kill costs, what revoking taints."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from inhouse.accounts.actors import Actor
from inhouse.brief.corpus import Corpus, Row
from inhouse.core.errors import NotFound
from inhouse.store import jobs
from inhouse.store.blobs import Blobs
from inhouse.store.database import Database
from inhouse.store.jobs import Job, Worker
from inhouse.tuning import recipes, shelf, supervisor, tuning
from inhouse.tuning.tuning import Base, Material, PickedPair, Tuning

AI = "ai_one"
SYSTEM = Actor.system()

#: What a stand-in does after it read its job file; ``job``, ``say`` and ``starts`` (how often it was started) are there.
TRAINS = """
say(phase="sft", step=1, steps=2, done=0.5, loss=3.0, tokens_per_second=100.0)
say(phase="sft", step=2, steps=2, done=1.0, loss=2.0, tokens_per_second=100.0)
out = pathlib.Path(job["out"]); out.mkdir(parents=True)
(out / "adapter.gguf").write_bytes(b"adapter of " + pathlib.Path(job["corpus"]).read_bytes())
name = hashlib.sha256((out / "adapter.gguf").read_bytes()).hexdigest()
voice = {"none": 2.0, "adapter": 1.5, "interval": [-0.6, -0.4], "n": 3, "held_out": "x"}
(out / "manifest.json").write_text(json.dumps({"recipe": job["recipe"], "files": {"adapter.gguf": name},
    "metrics": {"voice": voice, "picks": None}}))
"""
PRELUDE = """
import hashlib, json, os, pathlib, signal, sys, time
job = json.loads(pathlib.Path(sys.argv[1]).read_text())
work = pathlib.Path(job["work"])
def say(**line):
    with (work / "progress.jsonl").open("a") as file:
        file.write(json.dumps(line) + "\\n")
count = work / "starts"
starts = int(count.read_text()) + 1 if count.exists() else 1
count.write_text(str(starts))
"""


def corpus(word: str = "hello") -> Corpus:
    messages = (("user", "Say something."), ("assistant", word))
    return Corpus((Row("voice", messages, ("doc_1", "src_1")),))


@pytest.fixture
def act(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Let a stand-in with this body be the trainer."""

    def use(body: str) -> None:
        script = tmp_path / "standin.py"
        script.write_text(PRELUDE + body)
        monkeypatch.setattr(supervisor, "PROGRAM", (sys.executable, str(script)))
        monkeypatch.setattr(supervisor, "POLL_SECONDS", 0.02)

    use(TRAINS)
    return use


class Home:
    """One installation with one AI's material."""

    def __init__(self, db: Database, folder: Path) -> None:
        self.db, self.blobs, self.folder = db, Blobs(folder / "blobs"), folder
        self.material = Material(corpus())
        self.tuning = Tuning(
            db,
            self.blobs,
            work=folder / "trainings",
            cache=folder / "cache",
            base=lambda generation: Base(generation or "gen_1", folder / "base.gguf"),
            material=lambda _tx, _ai_id: self.material,
            threads=1,
        )

    def queue(self) -> Job:
        with self.db.write() as tx:
            return tuning.queue(tx, AI)

    def run(self) -> None:
        worker = Worker(self.db, {tuning.NAME: self.tuning.handler}, "heavy")
        while worker.run_one():
            pass

    def job(self, job_id: str) -> Job:
        with self.db.read() as tx:
            return jobs.get(tx, job_id)

    def adapters(self) -> list[shelf.Adapter]:
        with self.db.read() as tx:
            return shelf.listing(tx, AI)


@pytest.fixture
def home(db: Database, tmp_path: Path, act: Any) -> Home:
    return Home(db, tmp_path)


def test_a_training_ends_with_an_adapter_and_leaves_no_folder(home: Home) -> None:
    job = home.queue()
    home.run()
    ended = home.job(job.id)
    assert ended.state == "done", ended.error
    (adapter,) = home.adapters()
    assert ended.result is not None and ended.result["adapter"] == adapter.hash
    assert home.blobs.path(adapter.hash).exists() and adapter.generation_id == "gen_1" and adapter.better
    assert ended.detail["loss"] == [[1, 3.0], [2, 2.0]]
    assert list((home.folder / "trainings").iterdir()) == []


def test_a_trainer_that_is_killed_is_started_again(home: Home, act: Any) -> None:
    act("if starts == 1: os.kill(os.getpid(), signal.SIGKILL)\n" + TRAINS)
    job = home.queue()
    home.run()
    assert home.job(job.id).state == "done" and len(home.adapters()) == 1


def test_a_trainer_that_is_killed_every_time_is_given_up(home: Home, act: Any) -> None:
    act("os.kill(os.getpid(), signal.SIGKILL)")
    job = home.queue()
    home.run()
    error = home.job(job.id).error
    assert error is not None and "memory" in error


def test_the_trainers_error_is_the_jobs(home: Home, act: Any) -> None:
    act('say(phase="failed", error="The corpus is empty."); sys.exit(1)')
    job = home.queue()
    home.run()
    assert home.job(job.id).error == "The training failed: The corpus is empty."


def test_a_crash_names_the_log(home: Home, act: Any) -> None:
    act("raise RuntimeError")
    job = home.queue()
    home.run()
    error = home.job(job.id).error
    assert error is not None and "trainer.log" in error


def test_a_stopped_training_goes_on_with_what_it_began_with(home: Home, act: Any) -> None:
    act(
        'say(phase="sft", step=1, steps=2, done=0.5, loss=3.0)\n'
        'while not (work / "stop").exists(): time.sleep(0.01)\n'
        "sys.exit(3)"
    )
    job = home.queue()

    # The wish to stop comes while the job runs; SQLite has one writer, so it is made from the handler's own side.
    home.tuning._material = lambda tx, ai_id: (jobs.request_stop(tx, job.id), Material(corpus("first")))[1]
    home.run()
    assert home.job(job.id).state == "stopped"
    act(TRAINS)
    home.tuning._material = lambda _tx, _ai_id: Material(corpus("second"))
    with home.db.write() as tx:
        jobs.retry(tx, job.id)
    home.run()
    assert home.job(job.id).state == "done"
    assert b"first" in home.blobs.get(home.adapters()[0].hash)


def test_what_is_revoked_while_it_is_trained_is_born_tainted(home: Home, act: Any) -> None:
    home.queue()
    register = home.tuning._register

    def revoke_then_register(*arguments: Any) -> shelf.Adapter:
        with home.db.write() as tx:
            assert shelf.taint(tx, AI, "doc_1") == []
        return register(*arguments)

    home.tuning._register = revoke_then_register  # type: ignore[method-assign]
    home.run()
    assert home.adapters()[0].tainted


def test_revoking_taints_what_rests_on_it_and_nothing_else(home: Home) -> None:
    home.material = Material(corpus(), [PickedPair([], "a", "b", False, "pick_1")])
    home.queue()
    home.run()
    (adapter,) = home.adapters()
    with home.db.write() as tx:
        assert shelf.taint(tx, AI, "doc_other") == []
        assert shelf.taint(tx, "ai_other", "doc_1") == []
        assert not shelf.get(tx, AI, adapter.hash).tainted
        assert shelf.taint(tx, AI, "pick_1") == [adapter.hash]
        assert shelf.taint(tx, AI, "src_1") == [adapter.hash]
        assert shelf.get(tx, AI, adapter.hash).tainted_by == "pick_1"


def test_one_ai_cannot_see_anothers_adapter(home: Home) -> None:
    home.queue()
    home.run()
    with home.db.read() as tx, pytest.raises(NotFound):
        shelf.get(tx, "ai_other", home.adapters()[0].hash)


def test_erasing_names_the_blobs_and_removes_the_rows(home: Home) -> None:
    home.material = Material(corpus(), [PickedPair([], "a", "b", False)])
    home.queue()
    home.run()
    with home.db.write() as tx:
        names = shelf.blob_names(tx, AI)
        assert len(names) == 3 and all(home.blobs.path(name).exists() for name in names)
        assert names == shelf.blob_names(tx) and shelf.blob_names(tx, "ai_other") == set()
        assert shelf.erase(tx, AI) == {"adapters": 1, "corpora": 1}
    assert home.adapters() == []


def test_nothing_to_train_on_is_said(home: Home) -> None:
    home.material = Material(Corpus(()))
    job = home.queue()
    home.run()
    error = home.job(job.id).error
    assert error is not None and "nothing to train on" in error


def test_a_damaged_result_is_not_kept(home: Home, act: Any) -> None:
    act(TRAINS + '(out / "adapter.gguf").write_bytes(b"other")')
    job = home.queue()
    home.run()
    error = home.job(job.id).error
    assert error is not None and "damaged" in error and home.adapters() == []


def test_a_recipe_made_from_another_says_what_its_name_stands_for() -> None:
    """Results are repeated from a recipe's name: a change of the other must not change these unseen."""
    assert recipes.recipe("voice-quick").model_dump(exclude={"weight_decay", "seed", "warmup"}) == {
        "name": "voice-quick",
        "rank": 8,
        "alpha": 16,
        "targets": ("q_proj", "v_proj", "o_proj"),
        "lr": 1e-3,
        "epochs": 3,
        "batch_tokens": 768,
        "max_row_tokens": 512,
        "max_seconds": 40,
        "rehearsal_weight": 1,
        "preference": recipes.Preference(max_seconds=20).model_dump(),
    }
    assert recipes.recipe("tools").model_dump(exclude={"weight_decay", "seed", "warmup"}) == {
        "name": "tools",
        "rank": 16,
        "alpha": 32,
        "targets": recipes.ALL_LINEAR,
        "lr": 8e-4,
        "epochs": 3,
        "batch_tokens": 1024,
        "max_row_tokens": 1024,
        "max_seconds": 3 * 3600,
        "rehearsal_weight": 24,
        "preference": recipes.Preference().model_dump(),
    }
