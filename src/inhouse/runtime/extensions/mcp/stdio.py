"""A server that is a program here: started, spoken to over its standard streams, and ended with all it started.

Not the SDK's own transport, which reads lines of any length, keeps what a server writes to its error stream with ours,
and leaves alone what a server that went by itself had started.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import NoReturn

import anyio
import anyio.lowlevel
from mcp.client._transport import TransportStreams
from mcp.shared.message import SessionMessage
from mcp.types import (
    METHOD_NOT_FOUND,
    ErrorData,
    JSONRPCError,
    JSONRPCMessage,
    JSONRPCRequest,
    JSONRPCResponse,
    jsonrpc_message_adapter,
)

from inhouse.content import plain
from inhouse.core.environment import inherited
from inhouse.runtime.extensions.mcp.failures import MOST_MESSAGE, TOO_LONG, Broken
from inhouse.runtime.extensions.mcp.servers import StdioServer

_INHERITED = ("PATH", "HOME", "LANG")
_MOST_LOG = 16 * 1024
#: Lines that are no message, of one connection. Some servers greet on the wrong stream; none goes on like that.
_MOST_GARBAGE = 100
#: Lines since we last asked something.
_MOST_UNASKED = 20_000
_GRACE_SECONDS = 1.0
_REAP_SECONDS = 2.0
#: How long what a server wrote just before it ended may take to reach who waits for it.
_SETTLE_SECONDS = 0.1


class Log:
    """The last words that a server wrote to its error stream, for whoever set it up."""

    def __init__(self) -> None:
        self._kept = bytearray()

    def add(self, data: bytes) -> None:
        self._kept += data
        del self._kept[:-_MOST_LOG]

    @property
    def text(self) -> str:
        return plain.clean(self._kept.decode(errors="replace"))


@asynccontextmanager
async def connected(server: StdioServer, log: Log) -> AsyncIterator[TransportStreams]:
    """The program's messages, from its start to its end. Raises ``Broken`` (in a group) when it can't go on."""
    running = await _started(server)
    pipes = _Pipes(running, log)
    try:
        async with anyio.create_task_group() as group:
            for work in (pipes.read, pipes.write, pipes.keep_log, pipes.watch):
                group.start_soon(work)
            yield pipes.incoming, pipes.outgoing
            group.cancel_scope.cancel()
    finally:
        pipes.close()
        await _end(running)
        await pipes.let_go()


class _Program(asyncio.subprocess.SubprocessStreamProtocol):
    """A program with its streams. It tells when it has ended, whoever still holds its streams open."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(limit=MOST_MESSAGE, loop=loop)
        self.exited = asyncio.Event()

    def process_exited(self) -> None:
        super().process_exited()
        self.exited.set()


@dataclass(frozen=True)
class _Running:
    program: _Program
    transport: asyncio.SubprocessTransport


async def _started(server: StdioServer) -> _Running:
    given = {name: value.get_secret_value() for name, value in server.env.items()}
    loop = asyncio.get_running_loop()
    try:
        transport, program = await loop.subprocess_exec(
            lambda: _Program(loop),
            server.command,
            *server.args,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=inherited(_INHERITED) | given,
            start_new_session=True,
        )
    except FileNotFoundError as error:
        raise Broken("The server could not be started: there is no program of that name.") from error
    except OSError as error:
        raise Broken("The server could not be started: its program can't be run.") from error
    return _Running(program, transport)


async def _end(running: _Running) -> None:
    """Wait a moment for the program to go by itself, then kill its group: also when this wait is cut short."""
    try:
        with anyio.move_on_after(_GRACE_SECONDS, shield=True):
            await running.program.exited.wait()
    finally:
        # Whether or not the program itself is gone: what it started may not be.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(running.transport.get_pid(), signal.SIGKILL)
    with anyio.move_on_after(_REAP_SECONDS, shield=True):
        await running.program.exited.wait()
    # Our ends of the pipes: one that is full, or held open by who left the group, stays open otherwise.
    with suppress(PermissionError):
        running.transport.close()


class _Pipes:
    """Moves messages between a program's streams and the SDK's."""

    def __init__(self, running: _Running, log: Log) -> None:
        program = running.program
        assert program.stdin and program.stdout and program.stderr
        self._stdin, self._stdout, self._stderr = program.stdin, program.stdout, program.stderr
        self._exited = program.exited
        self._log = log
        self._garbage = 0
        self._unasked = 0
        self._received, self.incoming = anyio.create_memory_object_stream[SessionMessage | Exception](0)
        self.outgoing, self._to_send = anyio.create_memory_object_stream[SessionMessage](0)
        self._replies = self.outgoing.clone()

    def close(self) -> None:
        self._stdin.close()
        for stream in (self._received, self.incoming, self.outgoing, self._to_send, self._replies):
            stream.close()

    async def let_go(self) -> None:
        """Drop what came and nobody took, once no more can come. Streams and transport refer to one another: megabytes of it
        would stay until the collector looks for such circles."""
        for stream in (self._stdout, self._stderr):
            with anyio.move_on_after(0, shield=True), suppress(OSError):
                await stream.read(2 * MOST_MESSAGE)

    async def read(self) -> None:
        while line := await self._line():
            self._unasked += 1
            if self._unasked > _MOST_UNASKED:
                raise Broken("The server talks without being asked.")
            await self._take(line)
            # A stream that always has a line ready never waits: others have to get their turn too.
            await anyio.lowlevel.checkpoint()
        await self._stopped()

    async def watch(self) -> None:
        await self._exited.wait()
        await self._stopped()

    async def _stopped(self) -> NoReturn:
        await anyio.sleep(_SETTLE_SECONDS)
        raise Broken("The server stopped before it answered.")

    async def _line(self) -> bytes:
        try:
            return await self._stdout.readline()
        except ValueError as error:
            raise Broken(TOO_LONG) from error

    async def _take(self, line: bytes) -> None:
        message = _parsed(line)
        if isinstance(message, JSONRPCRequest):
            # Answered here and not by the SDK, which would start a task for each of any number of them.
            with suppress(anyio.BrokenResourceError):
                await self._replies.send(SessionMessage(_reply(message)))
        elif isinstance(message, JSONRPCResponse | JSONRPCError):
            with suppress(anyio.BrokenResourceError):
                await self._received.send(SessionMessage(message))
        elif message is None and line.strip():
            self._garbage += 1
            if self._garbage > _MOST_GARBAGE:
                raise Broken("The server writes what are no messages.")

    async def write(self) -> None:
        async for asked in self._to_send:
            if isinstance(asked.message, JSONRPCRequest):
                self._unasked = 0
            data = asked.message.model_dump_json(by_alias=True, exclude_unset=True)
            try:
                self._stdin.write(data.encode() + b"\n")
                await self._stdin.drain()
            except OSError as error:
                raise Broken("The server stopped before it answered.") from error

    async def keep_log(self) -> None:
        while data := await self._stderr.read(64 * 1024):
            self._log.add(data)


def _parsed(line: bytes) -> JSONRPCMessage | None:
    try:
        return jsonrpc_message_adapter.validate_json(line, by_name=False)
    except ValueError:
        return None


def _reply(request: JSONRPCRequest) -> JSONRPCMessage:
    """We say that we live, and have nothing else to offer: no model to sample from, no person to ask, no files."""
    if request.method == "ping":
        return JSONRPCResponse(jsonrpc="2.0", id=request.id, result={})
    error = ErrorData(code=METHOD_NOT_FOUND, message="This client offers nothing that a server may ask for.")
    return JSONRPCError(jsonrpc="2.0", id=request.id, error=error)
