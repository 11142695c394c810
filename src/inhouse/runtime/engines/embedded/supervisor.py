"""Keeps one child process alive: starts it, waits until it answers, starts it again when it dies."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
import time
from pathlib import Path

import httpx

from inhouse.core.errors import InhouseError
from inhouse.runtime.engines.embedded.child import HOPELESS
from inhouse.runtime.engines.embedded.protocol import Config

#: Seconds: how long a start may take, the first and the longest pause before another try, and what counts as stable:
#: one that answered for so long was ended from outside or by a request, which is not sent a third time.
_START, _PAUSE, _LONGEST, _STABLE = 120.0, 0.05, 5.0, 0.3
_POLL = 0.02


class EngineFailed(InhouseError):
    """The embedded engine cannot start: {reason}"""

    status = 503


class Supervisor:
    """Owns the child from ``start`` to ``stop``. ``ready`` is set while it answers."""

    def __init__(self, config: Config, socket: Path) -> None:
        self._config = config
        self._socket = socket
        self._process: asyncio.subprocess.Process | None = None
        self._watch: asyncio.Task[None] | None = None
        self.ready = asyncio.Event()
        self.restarts = 0

    @property
    def pid(self) -> int | None:
        """The child's process id."""
        return self._process.pid if self._process else None

    async def start(self) -> None:
        """Start the child and wait until it answers. Raises ``EngineFailed`` with the child's own sentence."""
        await self._launch()
        self._watch = asyncio.create_task(self._keep_alive())

    async def stop(self) -> None:
        """End the child."""
        if self._watch:
            self._watch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watch
        self.ready.clear()
        await self._end()

    async def _keep_alive(self) -> None:
        pause, answered = _PAUSE, time.monotonic()
        while True:
            assert self._process is not None
            await self._process.wait()
            self.ready.clear()
            if time.monotonic() - answered > _STABLE:
                pause = _PAUSE
            while True:
                await asyncio.sleep(pause)
                pause = min(2 * pause, _LONGEST)
                self.restarts += 1
                try:
                    await self._launch()
                    answered = time.monotonic()
                    break
                except EngineFailed as error:
                    sys.stderr.write(f"{error.message}\n")

    async def _launch(self) -> None:
        self._socket.unlink(missing_ok=True)
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "inhouse.runtime.engines.embedded.child",
            self._config.model_dump_json(),
            str(self._socket),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            # After so many rounds a spinning thread sleeps: it must not wait for long on a core that others have.
            env=os.environ | {"GOMP_SPINCOUNT": "10000"},
        )
        try:
            await asyncio.wait_for(self._until_it_answers(), _START)
        except TimeoutError:
            await self._end()
            raise EngineFailed(reason=f"it does not answer within {_START:.0f} seconds") from None
        except asyncio.CancelledError:
            await self._end()
            raise
        self.ready.set()

    async def _until_it_answers(self) -> None:
        assert self._process is not None
        while not await answers(self._socket):
            if self._process.returncode is not None:
                raise EngineFailed(reason=await self._last_words())
            await asyncio.sleep(_POLL)

    async def _last_words(self) -> str:
        assert self._process is not None
        assert self._process.stdout is not None
        code = self._process.returncode
        said = await self._process.stdout.read()
        if code != HOPELESS:
            return f"its process ended with {code}"
        message: str = json.loads(said)["error"]["message"]
        return message

    async def _end(self) -> None:
        if self._process and self._process.returncode is None:
            self._process.kill()  # it holds nothing that is worth a farewell
            await self._process.wait()


async def answers(socket: Path) -> bool:
    """Whether a child serves on this socket."""
    transport = httpx.AsyncHTTPTransport(uds=str(socket))
    async with httpx.AsyncClient(transport=transport, timeout=5.0) as http:
        try:
            return (await http.get("http://engine/v1/health")).is_success
        except httpx.HTTPError:
            return False
