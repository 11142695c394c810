"""The child process: serves one model on a Unix socket until its parent is gone.

Started as ``python -m inhouse.runtime.engines.embedded.child CONFIG SOCKET`` by ``supervisor``. The parent holds the
other end of its standard input, so it ends when the parent does, however that ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import AsyncIterator
from typing import Any, TypeVar

import uvicorn
import uvloop
from pydantic import BaseModel, ValidationError
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from inhouse.core.errors import InhouseError, TooLarge
from inhouse.runtime.engines.embedded.jobs import Job
from inhouse.runtime.engines.embedded.protocol import (
    Asked,
    CompletionBody,
    Config,
    EmbeddingsBody,
    ScoreBody,
    error_body,
    stream_events,
)
from inhouse.runtime.engines.embedded.service import Service

#: The child could not start for a reason that starting again won't cure; it is on standard output as JSON.
HOPELESS = 3
_BODY_LIMIT = 8 * 1024 * 1024
Body = TypeVar("Body", bound=BaseModel)


class _Streamed(StreamingResponse):
    """Stops the job however the response ends, also where the client went before the first event."""

    def __init__(self, service: Service, job: Job, events: AsyncIterator[bytes]) -> None:
        super().__init__(events, media_type="text/event-stream")
        self._service, self._job = service, job

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._service.stop(self._job)


def create_app(service: Service) -> Starlette:
    """The service over HTTP."""

    async def complete(request: Request) -> Response:
        body = await _body(request, CompletionBody)
        chat = body.prompt is None
        job, queue = service.begin(body)
        return _Streamed(service, job, stream_events(queue, chat))

    async def score(request: Request) -> Response:
        result = await service.score(await _body(request, ScoreBody))
        return JSONResponse({"logprob": result.logprob, "tokens": result.tokens})

    async def embeddings(request: Request) -> Response:
        vectors = await service.embed(await _body(request, EmbeddingsBody))
        data = [{"object": "embedding", "index": i, "embedding": vector} for i, vector in enumerate(vectors)]
        return JSONResponse({"object": "list", "data": data})

    async def logits(request: Request) -> Response:
        return JSONResponse({"logits": await service.logits(await _body(request, Asked))})

    async def health(request: Request) -> Response:
        return JSONResponse(service.health())

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        computing = asyncio.create_task(service.run())
        computing.add_done_callback(_die)
        yield
        computing.remove_done_callback(_die)
        computing.cancel()

    return Starlette(
        routes=[
            Route("/v1/completions", complete, methods=["POST"]),
            Route("/v1/chat/completions", complete, methods=["POST"]),
            Route("/v1/score", score, methods=["POST"]),
            Route("/v1/embeddings", embeddings, methods=["POST"]),
            Route("/v1/logits", logits, methods=["POST"]),
            Route("/v1/health", health),
        ],
        exception_handlers={
            InhouseError: _refuse,
            ValidationError: _refuse,
            # Given up while it was sent: nobody reads an answer, and it is no fault to log.
            ClientDisconnect: lambda *_: Response(status_code=499),
        },
        lifespan=lifespan,
    )


def main(arguments: list[str]) -> int:
    """Serve until standard input closes."""
    config, socket = Config.model_validate_json(arguments[0]), arguments[1]
    try:
        service = Service(config)
    except InhouseError as error:
        sys.stdout.write(json.dumps(error_body(error.code, error.message)))
        return HOPELESS
    uvloop.run(_serve(service, socket))
    return 0


async def _serve(service: Service, socket: str) -> None:
    server = uvicorn.Server(
        uvicorn.Config(
            create_app(service), uds=socket, log_level="warning", access_log=False, timeout_keep_alive=600
        )
    )
    orphaned = asyncio.get_running_loop().run_in_executor(None, sys.stdin.buffer.read)
    orphaned.add_done_callback(lambda _: os._exit(0))
    await server.serve()
    os._exit(0)


async def _body(request: Request, kind: type[Body]) -> Body:
    data = b""
    async for chunk in request.stream():
        data += chunk
        if len(data) > _BODY_LIMIT:
            raise TooLarge(what="The request", limit=f"{_BODY_LIMIT} bytes")
    return kind.model_validate_json(data)


async def _refuse(request: Request, error: Exception) -> Response:
    if isinstance(error, InhouseError):
        return JSONResponse(error_body(error.code, error.message), error.status)
    assert isinstance(error, ValidationError)
    first: Any = error.errors()[0]
    where = ".".join(map(str, first["loc"]))
    return JSONResponse(error_body("UsageError", f"{where}: {first['msg']}"), 400)


def _die(computing: asyncio.Task[None]) -> None:
    """A scheduler that broke must not leave a server that answers: the supervisor starts a whole one."""
    if not computing.cancelled() and (error := computing.exception()):
        sys.stderr.write(f"The engine's scheduler broke: {error!r}\n")
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
