"""The worker process ends with the server that started it, however early that is gone."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import psutil
import pytest
from engine_parts import model_file

pytestmark = pytest.mark.integration

_START = "import os, subprocess, sys; subprocess.Popen([sys.executable, '-m', 'inhouse.worker', str(os.getpid())]);"


def _environment(folder: Path) -> Mapping[str, str]:
    return os.environ | {"INHOUSE_HOME": str(folder), "INHOUSE_MODELS": str(model_file().parent)}


def _worker(folder: Path, after: str) -> psutil.Process:
    """A worker whose parent does something after it has started it; the parent is gone when this returns."""
    code = f"{_START} {after}"
    parent = subprocess.Popen([sys.executable, "-c", code], env=_environment(folder))
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        children = psutil.Process(parent.pid).children() if parent.poll() is None else []
        if children:
            parent.wait(30)
            return children[0]
        time.sleep(0.01)
    raise AssertionError("no worker was started")


def test_a_worker_whose_parent_died_before_it_could_look_ends(tmp_path: Path) -> None:
    worker = _worker(tmp_path, "import time; time.sleep(0.3); os.kill(os.getpid(), 9)")
    psutil.wait_procs([worker], timeout=60)
    assert not worker.is_running()


def test_a_worker_at_work_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    waits = f"import time, pathlib; lock = pathlib.Path({str(tmp_path / 'run' / 'worker.lock')!r});"
    waits += (
        "[time.sleep(0.1) for _ in range(300) if not lock.exists()]; time.sleep(1); os.kill(os.getpid(), 9)"
    )
    worker = _worker(tmp_path, waits)
    psutil.wait_procs([worker], timeout=60)
    assert not worker.is_running()
