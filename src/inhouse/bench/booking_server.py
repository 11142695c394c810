"""A server that books, for the benchmark ``acting``: ``python -m inhouse.bench.booking_server FOLDER once|always``.

An MCP server over HTTP with one tool and a ledger of its own, an SQLite file that is written before it answers. ``once``: a call
that comes twice with one key is done once, and the tool says so; ``always``: it books every time it is asked. A call takes its
time before and after the deed, drawn by seed.
"""

from __future__ import annotations

import asyncio
import random
import sqlite3
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any, Literal

import uvicorn
from mcp.server.mcpserver import Context, MCPServer
from mcp.types import ToolAnnotations

from inhouse.runtime.extensions.mcp.http import KEY

_SEED = 23
#: Seconds that a call takes at most.
SLOWEST = 1.6

Workshop = Literal["wheel", "kiln", "glaze"]
Day = Literal["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"]


class Ledger:
    """The file: every call, and every booking with the key that it came with."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "ledger.db"
        self._chance = random.Random(_SEED)
        with closing(sqlite3.connect(self._file)) as ledger:
            ledger.execute("CREATE TABLE calls (key TEXT, at REAL)")
            ledger.execute("CREATE TABLE bookings (key TEXT, what TEXT, day TEXT, at REAL)")

    async def book(self, key: str, what: str, day: str, *, once: bool) -> None:
        """Book, slowly; ``once``: unless this key did already."""
        before, after = (self._chance.uniform(0, SLOWEST / 2) for _ in range(2))
        self._write("INSERT INTO calls VALUES (?, ?)", key, time.time())
        await asyncio.sleep(before)
        known = "SELECT 1 FROM bookings WHERE key = ?"
        self._write(
            f"INSERT INTO bookings SELECT ?, ?, ?, ? WHERE NOT (? AND EXISTS ({known}))",
            *(key, what, day, time.time(), once, key),
        )
        await asyncio.sleep(after)

    def _write(self, statement: str, *values: Any) -> None:
        with closing(sqlite3.connect(self._file, timeout=30)) as ledger, ledger:
            ledger.execute(statement, values)


def main(folder: Path, *, once: bool) -> None:
    """Serve on a free port, whose number is written into the folder."""
    ledger, server = Ledger(folder), MCPServer("bookings")

    async def book(what: Workshop, day: Day, context: Context[Any, Any]) -> str:
        await ledger.book(str((context.request_context.meta or {}).get(KEY)), what, day, once=once)
        return f"Booked: {what} on {day}."

    server.add_tool(
        book,
        title="Book a workshop",
        description="Books a place in a pottery workshop: wheel, kiln or glaze, on a day of the week.",
        annotations=ToolAnnotations(read_only_hint=False, idempotent_hint=once),
    )
    app = server.streamable_http_app(stateless_http=True, json_response=True)
    asyncio.run(_serve(uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning")), folder / "port"))


async def _serve(server: uvicorn.Server, told: Path) -> None:
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.05)
    aside = told.with_suffix(".part")
    aside.write_text(str(server.servers[0].sockets[0].getsockname()[1]))
    aside.replace(told)
    await serving


if __name__ == "__main__":
    main(Path(sys.argv[1]), once=sys.argv[2] == "once")
