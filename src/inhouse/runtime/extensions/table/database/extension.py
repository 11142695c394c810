"""A table in a database of the owner's, looked things up in where it is: the newest rows, and no others than allowed.

Its tools, requests and answers are those of a table that was handed over as a file.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, TypeVar

from inhouse.runtime.bridge import in_thread
from inhouse.runtime.extensions.base import Context, Extension, Reading, Result, Tool, ToolFailed
from inhouse.runtime.extensions.table.answers import Answers
from inhouse.runtime.extensions.table.database.base import Base
from inhouse.runtime.extensions.table.database.description import Description
from inhouse.runtime.extensions.table.database.keyed import Keyed
from inhouse.runtime.extensions.table.database.postgres import PostgresBase
from inhouse.runtime.extensions.table.database.rows import DatabaseRows
from inhouse.runtime.extensions.table.database.sampling import sampled
from inhouse.runtime.extensions.table.database.settings import DatabaseSettings
from inhouse.runtime.extensions.table.database.sqlite import SqliteBase

#: Calls of one table at a time: a database that hangs must not take every thread that there is.
_AT_ONCE = 4

T = TypeVar("T")


def database_table(settings: DatabaseSettings) -> Extension:
    """The tools of a table, or of a SELECT with places for values."""
    base = _base(settings)
    asks_by_values = settings.select and settings.statement.places
    return KeyedTable(settings, base) if asks_by_values else DatabaseTable(settings, base)


class DatabaseTable:
    """The tools ``look_up`` and ``count`` of a table, a view or a SELECT."""

    def __init__(self, settings: DatabaseSettings, base: Base) -> None:
        self._settings = settings
        self._base = base
        self._turns = _Turns()
        self._description = Description(self._read)

    async def tools(self) -> Sequence[Tool]:
        """After what the table holds now. Raises ``BadTable`` and ``ToolFailed`` with a sentence for its operator."""
        return (await in_thread(self._description.needed)).tools

    def understood(self, tool: str, request: str, today: date) -> Reading | None:
        """The call, where every word of the request is a name, a column or a condition of this table as it was last seen."""
        answers = self._description.known()
        return answers.understood(tool, request) if answers else None

    async def call(self, tool: str, arguments: Mapping[str, Any], context: Context) -> Result:
        """Look something up, or count, in the table as it is now."""
        return await self._turns.taken(lambda: self._description.needed().call(tool, arguments))

    async def aclose(self) -> None:
        """Nothing is held between calls."""

    def _read(self) -> Answers:
        plan, sheet = sampled(self._base, self._settings)
        return Answers(self._settings.title, sheet, DatabaseRows(self._base, plan, sheet))


class KeyedTable:
    """The tool ``look_up`` of a SELECT with places for values: only what they name is found."""

    def __init__(self, settings: DatabaseSettings, base: Base) -> None:
        self._turns = _Turns()
        self._keyed = Keyed(settings, base)

    async def tools(self) -> Sequence[Tool]:
        """The one tool, after the first example was looked up. Raises ``BadTable`` and ``ToolFailed`` with a sentence."""
        await self._turns.taken(self._keyed.check)
        return (self._keyed.tool,)

    async def call(self, tool: str, arguments: Mapping[str, Any], context: Context) -> Result:
        """Look up what the values name."""
        return await self._turns.taken(lambda: self._keyed.call(tool, arguments))

    async def aclose(self) -> None:
        """Nothing is held between calls."""


class _Turns:
    """A few calls at once."""

    def __init__(self) -> None:
        self._free = threading.BoundedSemaphore(_AT_ONCE)

    async def taken(self, work: Callable[[], T]) -> T:
        """Do it in a thread, or say at once that too much is under way."""
        return await in_thread(self._worked, work)

    def _worked(self, work: Callable[[], T]) -> T:
        if not self._free.acquire(blocking=False):
            raise ToolFailed(reason="The database is busy: ask again in a moment.")
        try:
            return work()
        finally:
            self._free.release()


def _base(settings: DatabaseSettings) -> Base:
    if settings.url.drivername == "sqlite":
        return SqliteBase(settings.url.database or "", settings.seconds)
    return PostgresBase(settings.url, settings.seconds)
