"""One child process that embeds: started when first used, restarted when it dies, killed when it hangs."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from typing import IO

import numpy as np

from inhouse.content.embedding.base import EmbedderFailed, Matrix

log = logging.getLogger(__name__)

_TRIES = 2


class ChildProcess:
    """Answers one request at a time; threads queue."""

    def __init__(self, *, nice: int = 0, timeout: float = 120.0) -> None:
        self._command = [sys.executable, "-m", "inhouse.content.embedding.child", "--nice", str(nice)]
        self._timeout = timeout
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    @property
    def pid(self) -> int | None:
        """The running child's process id."""
        return self._process.pid if self._process else None

    def embed(self, texts: Sequence[str], *, query: bool) -> Matrix:
        """The texts' vectors. A child that dies is started again once; then ``EmbedderFailed``."""
        request = json.dumps({"query": query, "texts": list(texts)}).encode() + b"\n"
        with self._lock:
            for attempt in range(_TRIES):
                try:
                    return self._ask(request)
                except (OSError, ValueError) as error:
                    log.warning("the embedding process died (attempt %d): %s", attempt + 1, error)
                    self._end()
        raise EmbedderFailed(reason="its process keeps dying")

    def close(self) -> None:
        """End the child."""
        with self._lock:
            self._end()

    def _ask(self, request: bytes) -> Matrix:
        process = self._process or self._start()
        assert process.stdin is not None and process.stdout is not None
        # A hung child is killed, which ends the read below: pipes know no time limit of their own.
        watch = threading.Timer(self._timeout, process.kill)
        watch.start()
        try:
            process.stdin.write(request)
            process.stdin.flush()
            return _read(process.stdout)
        finally:
            watch.cancel()

    def _start(self) -> subprocess.Popen[bytes]:
        environment = os.environ | {"OMP_NUM_THREADS": "1"}
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            start_new_session=True,
        )
        return self._process

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            _close(pipe)


def _close(pipe: IO[bytes] | None) -> None:
    if pipe is not None:
        try:
            pipe.close()
        except OSError:  # what was still to be written has no reader any more
            log.debug("closed a broken pipe")


def _read(stream: IO[bytes]) -> Matrix:
    head = stream.readline()
    if not head:
        raise OSError("no reply")
    shape = json.loads(head)
    size = shape["rows"] * shape["dim"] * 4
    data = stream.read(size)
    if len(data) != size:
        raise OSError("half a reply")
    return np.frombuffer(data, dtype="<f4").reshape(shape["rows"], shape["dim"]).astype(np.float32)
