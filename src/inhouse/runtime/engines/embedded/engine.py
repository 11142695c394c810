"""The embedded engine as the runtime sees it: a client of the child process, which it starts where nobody has."""

from __future__ import annotations

import asyncio
import fcntl
import os
import tempfile
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import IO, Any

import httpx

from inhouse.core.errors import InhouseError, Unavailable
from inhouse.core.ids import digest
from inhouse.runtime.engines.base import (
    Adapter,
    Completion,
    Health,
    Piece,
    Priority,
    Score,
    ScoreRequest,
    Usage,
)
from inhouse.runtime.engines.embedded.protocol import Config
from inhouse.runtime.engines.embedded.supervisor import Supervisor, answers
from inhouse.runtime.engines.wire import Client, Interrupted, Unreached, completion_body, completion_path

_WHAT = "The embedded engine"
#: Seconds: to connect; between two pieces (a long queue); until a child that restarts is waited for no longer.
_TIMEOUT = httpx.Timeout(300.0, connect=5.0)
_PATIENCE = 15.0
#: Longest path that the system takes for a Unix socket, with some room.
_SOCKET_PATH = 100


class EmbeddedEngine:
    """One model for all AIs. Belongs to the event loop that first uses it.

    Whoever comes first in ``run_dir`` (a lock file says who) starts the child and supervises it; others, in this or
    another process, use the same child. When its owner goes, the child goes, and the next one to ask starts another.
    """

    def __init__(
        self,
        model: Path,
        run_dir: Path,
        threads: int,
        context_per_sequence: int,
        sequences: int,
        adapter_budget_bytes: int = 512 * 1024 * 1024,
        prefix_budget_bytes: int = 256 * 1024 * 1024,
    ) -> None:
        self._config = Config(
            model=model.absolute(),
            threads=threads,
            context=context_per_sequence,
            sequences=sequences,
            adapter_budget=adapter_budget_bytes,
            prefix_budget=prefix_budget_bytes,
        )
        run_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._run_dir = run_dir
        self._socket = _socket_in(run_dir)
        self._lock: IO[str] | None = None
        self._supervisor: Supervisor | None = None
        self._starting = asyncio.Lock()
        self._attached = False
        transport = httpx.AsyncHTTPTransport(uds=str(self._socket), limits=httpx.Limits(max_connections=None))
        self._client = Client(
            httpx.AsyncClient(transport=transport, base_url="http://engine/v1/", timeout=_TIMEOUT), _WHAT
        )

    @classmethod
    def connect(cls, run_dir: Path) -> EmbeddedEngine:
        """The engine as whoever runs it in ``run_dir`` has set it up. Raises ``Unavailable`` where nobody has."""
        try:
            config = Config.model_validate_json((run_dir / "engine.json").read_text())
        except (OSError, ValueError) as error:
            raise Unavailable(what=_WHAT, reason="it was never started here. Run inhouse serve") from error
        return cls(
            config.model,
            run_dir,
            config.threads,
            config.context,
            config.sequences,
            config.adapter_budget,
            config.prefix_budget,
        )

    async def start(self) -> None:
        """Make sure that a child answers: our own, or one that somebody else owns."""
        async with self._starting:
            if self._supervisor:
                await self._wait_until_ready(self._supervisor)
            elif not self._attached:
                await self._own_or_attach()

    @property
    def calls_tools(self) -> bool:
        """Never: the shipped model makes no usable choice from descriptions."""
        return False

    async def complete(self, request: Completion) -> AsyncGenerator[Piece | Usage, None]:
        """Stream an answer. When the child dies meanwhile, ends with an ``Unavailable`` that may be retried."""
        if request.tools:
            raise Unavailable(what="Native tool calls", reason="the embedded engine has none")
        body = completion_body(request, "") | _extras(request)
        if request.grammar is not None:
            body["grammar"] = request.grammar
        patience = _Patience()
        while True:
            await self.start()
            begun = False
            try:
                async with aclosing(self._client.stream(completion_path(request), body)) as parts:
                    async for part in parts:
                        begun = True
                        yield part
                return
            except (Unreached, Interrupted) as error:
                self._attached = False
                if begun:
                    raise
                await patience.after(error)

    async def score(self, request: ScoreRequest) -> Score:
        """Score a text that is given."""
        body = _asked(request.messages, request.prompt) | {"continuation": request.continuation}
        answer = await self._call("score", body | _extras(request))
        return Score(answer["logprob"], answer["tokens"])

    async def embed(self, texts: Sequence[str], priority: Priority = Priority.FAN) -> list[list[float]]:
        """Vectors of length 1, one for each text: means of the model's last hidden states. A text is one sequence long
        at most (``EngineRefused``). What they are worth depends on the model: most were not trained for it."""
        answer = await self._call("embeddings", {"input": list(texts), "priority": int(priority)})
        return [one["embedding"] for one in answer["data"]]

    async def logits(self, prompt: str, adapter: Adapter | None = None) -> list[float]:
        """The raw logits after a prompt, one for each token of the vocabulary: for tests."""
        answer = await self._call("logits", {"prompt": prompt, "adapter": _adapter(adapter)})
        values: list[float] = answer["logits"]
        return values

    async def health(self) -> Health:
        """What the child says of itself; not ready while it restarts."""
        detail: dict[str, Any] = {"engine": "embedded", "model": self._config.model.name}
        if self._supervisor:
            detail |= {"pid": self._supervisor.pid, "restarts": self._supervisor.restarts}
        try:
            said = await self._client.get("health")
            return Health(ready=True, detail=detail | said, quiet_seconds=said["quiet_seconds"])
        except InhouseError as error:
            return Health(ready=False, detail=detail | {"error": error.message})

    async def aclose(self) -> None:
        """Close the connections; end the child if it is ours."""
        await self._client.aclose()
        if self._supervisor:
            await self._supervisor.stop()
            self._supervisor = None
        if self._lock:
            self._lock.close()
            self._lock = None

    async def _call(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        patience = _Patience()
        while True:
            await self.start()
            try:
                return await self._client.call(path, body)
            except (Unreached, Interrupted) as error:
                self._attached = False
                await patience.after(error)

    async def _own_or_attach(self) -> None:
        for _ in range(int(_PATIENCE / 0.1)):
            if self._take_lock():
                return await self._own()
            if await answers(self._socket):
                self._attached = True
                return None
            await asyncio.sleep(0.1)
        raise Unavailable(
            what=_WHAT, reason="another process owns it, but it does not answer. Ask again later"
        )

    async def _own(self) -> None:
        (self._run_dir / "engine.json").write_text(self._config.model_dump_json())
        supervisor = Supervisor(self._config, self._socket)
        try:
            await supervisor.start()
        except BaseException:
            assert self._lock is not None
            self._lock.close()
            self._lock = None
            raise
        self._supervisor = supervisor

    def _take_lock(self) -> bool:
        """The lock lives as long as the process that holds it, however that ends."""
        lock = (self._run_dir / "engine.lock").open("a")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            return False
        self._lock = lock
        return True

    async def _wait_until_ready(self, supervisor: Supervisor) -> None:
        try:
            await asyncio.wait_for(supervisor.ready.wait(), _PATIENCE)
        except TimeoutError:
            raise Unavailable(what=_WHAT, reason="it is starting again. Ask again in a moment") from None


class _Patience:
    """How often a request is sent again while nothing of its answer has come.

    A child that is gone is waited for; one that died on the request gets it once more and not again, in case it is the
    request that kills it.
    """

    def __init__(self) -> None:
        self._deadline = time.monotonic() + _PATIENCE
        self._interrupted = 0

    async def after(self, error: Unreached | Interrupted) -> None:
        """Wait a moment, or raise the error."""
        self._interrupted += isinstance(error, Interrupted)
        if self._interrupted > 1 or time.monotonic() > self._deadline:
            raise error
        await asyncio.sleep(0.05)


def _socket_in(run_dir: Path) -> Path:
    """The socket's place: in ``run_dir``, or where that path is too long, in a short folder of our own."""
    socket = run_dir.absolute() / "engine.sock"
    if len(str(socket).encode()) <= _SOCKET_PATH:
        return socket
    folder = Path(tempfile.gettempdir()) / f"inhouse-{os.getuid()}-{digest(str(run_dir.absolute()))[:12]}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        raise Unavailable(what=_WHAT, reason=f"the folder {folder} belongs to somebody else")
    return folder / "engine.sock"


def _asked(messages: Any, prompt: str | None) -> dict[str, Any]:
    if prompt is not None:
        return {"prompt": prompt}
    return {"messages": [{"role": message.role, "content": message.content} for message in messages]}


def _extras(request: Completion | ScoreRequest) -> dict[str, Any]:
    return {"adapter": _adapter(request.adapter), "priority": int(request.priority)}


def _adapter(adapter: Adapter | None) -> dict[str, str] | None:
    return {"hash": adapter.hash, "path": str(adapter.path.absolute())} if adapter else None
