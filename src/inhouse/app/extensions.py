"""The extensions at work: rows made into objects, and their calls counted."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace

from inhouse.conversations import quotas
from inhouse.core.errors import InhouseError
from inhouse.releases.extensions import Extensions
from inhouse.runtime.bridge import in_thread
from inhouse.runtime.extensions.base import Context, Extension, Present
from inhouse.runtime.extensions.calling import Attached
from inhouse.runtime.extensions.factory import Plugs
from inhouse.runtime.request import ReplyRequest
from inhouse.store.database import Database

_log = logging.getLogger(__name__)
#: Extensions that are kept ready; each may hold a connection or a process.
_MOST_READY = 64


class ToolDesk:
    """A ``Toolbox`` and ``Quotas`` over the database, for one event loop. ``aclose`` lets go of what it holds."""

    def __init__(self, db: Database, extensions: Extensions, plugs: Plugs) -> None:
        self._db = db
        self._extensions = extensions
        self._plugs = plugs
        self._ready: OrderedDict[tuple[str, str], tuple[Extension, tuple[Attached, ...]]] = OrderedDict()
        self._making = asyncio.Lock()

    async def attached(self, request: ReplyRequest) -> Sequence[Attached]:
        """The tools of this request's extensions; those that act only where somebody is there to agree."""
        made = [await self._made((request.ai_id, entry)) for entry in request.extensions]
        found = [await _present(tools, request) for tools in made]
        return [one for tools in found for one in tools if one.tool.effect == "reading" or request.may_act]

    async def reading(self, ai_id: str, entry: str, tool: str) -> Attached | None:
        """A tool that reads, for calling it again; ``None`` where it can't be made ready."""
        tools = await self._made((ai_id, entry))
        return next((one for one in tools if one.tool.name == tool and one.tool.effect == "reading"), None)

    async def acting(self, ai_id: str, entry: str, tool: str) -> Attached | None:
        """A tool that acts, for performing what somebody agreed to; ``None`` where it can't be made ready."""
        tools = await self._made((ai_id, entry))
        return next((one for one in tools if one.tool.name == tool and one.tool.effect == "acting"), None)

    async def take(self, context: Context, attached: Attached) -> str | None:
        """Count a call against the day's quota (UTC) of the fan and of the AI; a gate's calls are nobody's."""
        return await in_thread(self._take, context, attached) if context.fan_id else None

    async def aclose(self) -> None:
        """Close every extension."""
        while self._ready:
            _, (handler, _) = self._ready.popitem()
            await handler.aclose()

    async def _made(self, key: tuple[str, str]) -> tuple[Attached, ...]:
        """The tools of what is ready; only who has to make something waits for who does so already."""
        if key not in self._ready:
            async with self._making:
                if key not in self._ready and not await self._add(key):
                    return ()
        self._ready.move_to_end(key)
        return self._ready[key][1]

    async def _add(self, key: tuple[str, str]) -> bool:
        try:
            made = await in_thread(self._make, *key)
        except InhouseError as error:
            ai_id, entry = key
            _log.warning("extension %s of %s is left out: %s", entry, ai_id, error.message)
            return False
        if len(self._ready) >= _MOST_READY:
            _, (oldest, _) = self._ready.popitem(last=False)
            await oldest.aclose()
        self._ready[key] = made
        return True

    def _make(self, ai_id: str, entry: str) -> tuple[Extension, tuple[Attached, ...]]:
        with self._db.read() as tx:
            version, handler = self._extensions.made(tx, ai_id, entry, self._plugs)
        return handler, tuple(
            Attached(version.name, tool, version.limits, handler, version.entry) for tool in version.tools
        )

    def _take(self, context: Context, attached: Attached) -> str | None:
        with self._db.write() as tx:
            return quotas.take(tx, context, attached.extension, attached.tool, attached.limits)


async def _present(tools: Sequence[Attached], request: ReplyRequest) -> Sequence[Attached]:
    """An extension's tools for this request: as they were signed, or those of them that there are now."""
    if not tools or not isinstance(tools[0].handler, Present):
        return tools
    offered = await tools[0].handler.offered(request.context())
    return [replace(tools[0], tool=tool) for tool in offered]
