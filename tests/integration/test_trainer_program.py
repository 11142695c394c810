"""The trainer as a process of its own on the real base model: killed in the middle, it goes on where it was."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from engine_parts import model_file

from inhouse.core.settings import Settings
from inhouse.tuning import jobfile
from inhouse.tuning.jobfile import JobFile
from inhouse.tuning.recipes import Recipe

pytest.importorskip("torch")
pytestmark = pytest.mark.integration

RECIPE = Recipe(
    name="short",
    rank=4,
    alpha=8,
    targets=("q_proj", "v_proj"),
    lr=1e-3,
    epochs=4,
    batch_tokens=64,
    max_row_tokens=64,
    max_seconds=300,
)


def write_corpus(path: Path) -> Path:
    rows = [
        {
            "messages": [
                {"role": "user", "content": f"What is number {number}?"},
                {"role": "assistant", "content": f"Ahoy! Number {number} be a fine number, matey."},
            ],
            "split": "held_out" if number == 0 else "train",
        }
        for number in range(6)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def lines(job: JobFile) -> list[dict[str, Any]]:
    text = job.progress_file.read_text() if job.progress_file.exists() else ""
    return [json.loads(line) for line in text.splitlines()]


def start(path: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "inhouse.tuning.trainer", str(path)])


def test_a_killed_trainer_goes_on(tmp_path: Path) -> None:
    job = JobFile(
        base=model_file(),
        cache=Settings().models_folder / "torch",
        corpus=write_corpus(tmp_path / "rows.jsonl"),
        out=tmp_path / "out",
        work=tmp_path / "work",
        recipe=RECIPE,
        checkpoint_seconds=0.001,
    )
    path = tmp_path / "job.json"
    jobfile.write(job, path)
    first = start(path)
    while first.poll() is None and not (job.work / "sft.pt").exists():
        time.sleep(0.05)
    first.send_signal(signal.SIGKILL)
    first.wait()
    assert not (job.out / "manifest.json").exists()
    before = len(lines(job))
    assert start(path).wait() == jobfile.EXIT_DONE
    resumed = [line for line in lines(job)[before:] if line["phase"] == "sft"]
    assert resumed[0]["step"] > 1
    metrics = json.loads((job.out / "manifest.json").read_text())["metrics"]
    assert metrics["sft"]["steps"] == metrics["sft"]["planned_steps"]
    assert metrics["voice"]["adapter"] < metrics["voice"]["none"]


def test_a_bad_job_file_is_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "job.json"
    path.write_text("{}")
    done = subprocess.run(
        [sys.executable, "-m", "inhouse.tuning.trainer", str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "cannot be used" in done.stderr and "Traceback" not in done.stderr
