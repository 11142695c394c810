"""The whole trainer on a tiny model: what it writes, that it stops and goes on, and what it says of bad data."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("trl")

import torch
import trainerkit as kit
from safetensors.numpy import load_file

from inhouse.tuning.jobfile import JobFile
from inhouse.tuning.trainer import progress as progress_of_trainer
from inhouse.tuning.trainer.program import Training
from inhouse.tuning.trainer.progress import StopAsked
from inhouse.tuning.trainer.rows import BadRow, NothingToLearn


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return kit.make_base(tmp_path_factory.mktemp("base"))


def adapter(job: JobFile) -> dict[str, Any]:
    return load_file(job.out / "peft" / "adapter_model.safetensors")


def manifest(job: JobFile) -> Any:
    return json.loads((job.out / "manifest.json").read_text())


def progress(job: JobFile) -> list[dict[str, Any]]:
    return [json.loads(line) for line in job.progress_file.read_text().splitlines()]


def test_words_and_taste_are_learnt_and_measured(tmp_path: Path, base: Path) -> None:
    job = kit.make_job(tmp_path, base, picks=kit.write_lines(tmp_path / "picks.jsonl", kit.picks()))
    Training(job).run()
    said = manifest(job)
    metrics = said["metrics"]
    assert metrics["sft"]["ended_by"] == "plan"
    assert metrics["sft"]["losses"][-1][1] < metrics["sft"]["losses"][0][1]
    assert metrics["preference"]["pairs"] == 4
    assert metrics["picks"]["n"] == 2 and metrics["picks"]["wins"] == 2
    assert metrics["voice"]["adapter"] < metrics["voice"]["none"]
    assert metrics["voice"]["interval"][1] < 0
    assert set(said["files"]) == {
        "adapter.gguf",
        "peft/adapter_config.json",
        "peft/adapter_model.safetensors",
    }
    assert str(tmp_path) not in (job.out / "peft" / "adapter_config.json").read_text()
    assert {line["phase"] for line in progress(job)} >= {"load", "sft", "preference", "measure", "write"}


def test_a_stopped_training_goes_on_and_ends_where_an_unbroken_one_does(tmp_path: Path, base: Path) -> None:
    whole, broken = kit.make_job(tmp_path, base, "whole"), kit.make_job(tmp_path, base, "broken")
    Training(whole).run()
    interrupted = Training(broken)
    steps = iter([False, False, True])
    interrupted.reporter.stop_wanted = lambda: next(steps)  # type: ignore[method-assign]
    with pytest.raises(StopAsked):
        interrupted.run()
    assert not (broken.out / "manifest.json").exists()
    Training(broken).run()
    assert manifest(broken)["metrics"]["sft"]["steps"] == manifest(whole)["metrics"]["sft"]["steps"] > 3
    for name, weight in adapter(whole).items():
        assert (weight == adapter(broken)[name]).all(), name


def test_threads_are_as_many_as_others_leave_before_each_step(
    tmp_path: Path, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, looks, batches = list[int](), list[int](), list[int]()

    class Busy:
        def __init__(self, most: int) -> None:
            asked.append(most)

        def look(self) -> int:
            looks.append(1)
            return 1

    monkeypatch.setattr(progress_of_trainer, "Governor", Busy)
    monkeypatch.setattr(progress_of_trainer.Reporter, "check", lambda _: batches.append(1))
    job = kit.make_job(
        tmp_path, base, threads=2, picks=kit.write_lines(tmp_path / "picks.jsonl", kit.picks())
    )
    before = torch.get_num_threads()
    try:
        Training(job).run()
        assert (asked, torch.get_num_threads()) == ([2], 1)
    finally:
        torch.set_num_threads(before)
    metrics = manifest(job)["metrics"]
    steps = metrics["sft"]["steps"] + metrics["preference"]["steps"]
    assert steps and batches and len(looks) == steps + len(batches)


def test_a_step_that_only_rehearses_has_no_loss_to_show(tmp_path: Path, base: Path) -> None:
    given = [row | {"rehearsed": number % 2 == 0} for number, row in enumerate(kit.rows())]
    job = kit.make_job(
        tmp_path,
        base,
        corpus=kit.write_lines(tmp_path / "rows.jsonl", given),
        recipe=kit.recipe(batch_tokens=64, max_row_tokens=64),
    )
    Training(job).run()
    learnt = manifest(job)["metrics"]["sft"]
    assert learnt["ended_by"] == "plan" and 0 < len(learnt["losses"]) < learnt["steps"]


def test_a_stop_file_stops_the_training(tmp_path: Path, base: Path) -> None:
    job = kit.make_job(tmp_path, base)
    training = Training(job)
    job.stop_file.touch()
    with pytest.raises(StopAsked):
        training.run()


def test_a_training_whose_parent_is_gone_stops(tmp_path: Path, base: Path) -> None:
    with pytest.raises(StopAsked):
        Training(kit.make_job(tmp_path, base, parent=os.getpid())).run()


def test_the_time_allowed_ends_the_training_in_good_order(tmp_path: Path, base: Path) -> None:
    job = kit.make_job(tmp_path, base, recipe=kit.recipe(epochs=100, max_seconds=0.5))
    Training(job).run()
    assert manifest(job)["metrics"]["sft"]["ended_by"] == "time"


def test_a_broken_line_is_named(tmp_path: Path, base: Path) -> None:
    corpus = tmp_path / "rows.jsonl"
    corpus.write_text(json.dumps(kit.rows()[1]) + '\n{"messages": "no"}\n')
    with pytest.raises(BadRow, match="Line 2"):
        Training(kit.make_job(tmp_path, base, corpus=corpus)).run()


def test_rows_that_are_too_long_are_left_out_and_counted(tmp_path: Path, base: Path) -> None:
    long = kit.rows()[1] | {"messages": [{"role": "assistant", "content": "much too long " * 40}]}
    corpus = kit.write_lines(tmp_path / "rows.jsonl", [*kit.rows(), long])
    job = kit.make_job(tmp_path, base, corpus=corpus)
    Training(job).run()
    assert manifest(job)["metrics"]["sft"]["rows_left_out"] == 1


def test_nothing_to_learn_is_said(tmp_path: Path, base: Path) -> None:
    with pytest.raises(NothingToLearn):
        Training(kit.make_job(tmp_path, base, corpus=kit.write_lines(tmp_path / "rows.jsonl", []))).run()
