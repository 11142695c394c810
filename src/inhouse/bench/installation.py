"""An installation of its own for a benchmark that uses Inhouse as people do: by its command and its API."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from inhouse.core.errors import InhouseError
from inhouse.core.settings import Settings

_COMMAND = Path(sys.executable).with_name("inhouse")
_START_SECONDS = 120
_STOP_SECONDS = 30
_ASK_SECONDS = 300.0


class CommandFailed(InhouseError):
    """`inhouse {command}` failed: {reason}"""


@dataclass(frozen=True)
class Answer:
    """One answer as the API gave it; ``documents`` are the titles that it cites."""

    text: str
    kind: str
    abstained: bool
    documents: tuple[str, ...]
    completion_tokens: int
    seconds: float


@dataclass(frozen=True)
class Installation:
    """A home folder and the command that works on it."""

    home: Path

    def run(self, *arguments: str, allowed: Sequence[int] = (0,)) -> Any:
        """What the command prints with ``--json``; raises ``CommandFailed`` with the sentence that it gave."""
        done = subprocess.run(
            [str(_COMMAND), *arguments, "--json"],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode not in allowed or not done.stdout.strip():
            told = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
            raise CommandFailed(command=" ".join(arguments), reason=told[-1])
        return json.loads(done.stdout)

    @property
    def environment(self) -> dict[str, str]:
        """The models are those of this machine's installation; everything else is new."""
        return {
            **os.environ,
            "INHOUSE_HOME": str(self.home),
            "INHOUSE_MODELS": str(Settings().models_folder),
            "INHOUSE_DATABASE_URL": "",
            "INHOUSE_PORT": "0",
            "INHOUSE_PUBLIC_URL": "",
            "INHOUSE_KEY_REQUESTS_PER_MINUTE": "100000",
        }

    @contextmanager
    def served(self) -> Iterator[str]:
        """A real server; yields its address."""
        with (self.home / "serve.log").open("ab") as log:
            process = subprocess.Popen(
                [str(_COMMAND), "serve"],
                env={**self.environment, "PYTHONUNBUFFERED": "1"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            yield self._address(process)
        finally:
            process.terminate()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _address(self, process: subprocess.Popen[bytes]) -> str:
        end = time.monotonic() + _START_SECONDS
        while time.monotonic() < end and process.poll() is None:
            for line in (self.home / "serve.log").read_text("utf-8").splitlines():
                if line.startswith("Inhouse is at "):
                    return line.removeprefix("Inhouse is at ").strip()
            time.sleep(0.2)
        raise CommandFailed(command="serve", reason=(self.home / "serve.log").read_text("utf-8")[-500:])


@dataclass(frozen=True)
class Client:
    """A program that asks one AI with its key."""

    http: httpx.Client
    model: str

    def ask(self, question: str) -> Answer:
        """Ask once, as nobody in particular."""
        started = time.perf_counter()
        body = {"model": self.model, "messages": [{"role": "user", "content": question}]}
        response = self.http.post("/v1/chat/completions", json=body)
        if response.status_code != httpx.codes.OK:
            raise CommandFailed(command="serve", reason=f"{response.status_code}: {response.text[:300]}")
        return answer_of(response.json(), time.perf_counter() - started)


def answer_of(told: dict[str, Any], seconds: float) -> Answer:
    """The API's answer as a value."""
    extra = told["inhouse"]
    return Answer(
        text=told["choices"][0]["message"]["content"],
        kind=extra["kind"],
        abstained=extra["abstained"],
        documents=tuple(citation["document"] for citation in extra["citations"]),
        completion_tokens=told["usage"]["completion_tokens"],
        seconds=seconds,
    )


@contextmanager
def client(address: str, model: str, secret: str) -> Iterator[Client]:
    """A connection to the server."""
    headers = {"Authorization": f"Bearer {secret}"}
    with httpx.Client(base_url=address, headers=headers, timeout=_ASK_SECONDS) as http:
        yield Client(http, model)


@contextmanager
def installation() -> Iterator[Installation]:
    """A home that goes away."""
    with tempfile.TemporaryDirectory(prefix="inhouse-bench-", ignore_cleanup_errors=True) as folder:
        yield Installation(Path(folder))
