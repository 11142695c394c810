"""`inhouse serve`: the web process, with the engine it owns and the worker process that it keeps alive."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import uvicorn

from inhouse.app import performers
from inhouse.app.services import Services
from inhouse.web.application import create_app

log = logging.getLogger(__name__)

_RESTART_SECONDS = (1, 2, 5, 15, 30)
#: A worker that ran for so long did not end at once: the next one needn't wait.
_STABLE_SECONDS = 60


async def serve(services: Services, on_ready: Callable[[str], None]) -> None:
    """Serve until interrupted; ``on_ready`` is told the address once pages answer."""
    settings = services.settings
    config = uvicorn.Config(
        create_app(services), host=settings.host, port=settings.port, log_level="warning", access_log=False
    )
    server = uvicorn.Server(config)
    async with _kept_alive(services):
        serving = asyncio.create_task(server.serve())
        while not server.started and not serving.done():
            await asyncio.sleep(0.05)
        if server.started:
            on_ready(settings.public_url or _address(server, settings.host))
        await serving


@asynccontextmanager
async def _kept_alive(services: Services) -> AsyncIterator[None]:
    """The parts that live as long as the web process does."""
    services.conversations.recover()
    worker = asyncio.create_task(_keep_worker())
    performer = asyncio.create_task(performers.keep(services))
    try:
        await services.engines.health()
        yield
    finally:
        for keeper in (worker, performer):
            keeper.cancel()
            with suppress(asyncio.CancelledError):
                await keeper
        await services.conversations.aclose()
        await services.aclose()


async def _keep_worker() -> None:
    """Start the worker process again whenever it ends, waiting longer each time that it ends at once."""
    failures = 0
    while True:
        began = time.monotonic()
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "inhouse.worker", str(os.getpid())
        )
        try:
            code = await process.wait()
        except asyncio.CancelledError:
            process.terminate()
            with suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), timeout=15)
            raise
        if time.monotonic() - began > _STABLE_SECONDS:
            failures = 0
        pause = _RESTART_SECONDS[min(failures, len(_RESTART_SECONDS) - 1)]
        failures += 1
        log.warning("the worker ended with code %s; starting it again in %s s", code, pause)
        await asyncio.sleep(pause)


def _address(server: uvicorn.Server, host: str) -> str:
    port = server.servers[0].sockets[0].getsockname()[1]
    return f"http://{'127.0.0.1' if host in ('0.0.0.0', '::') else host}:{port}"
