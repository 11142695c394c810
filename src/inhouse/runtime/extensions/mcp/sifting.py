"""What comes in from a server, less what would make the SDK refuse the rest."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

from mcp.client._transport import ReadStream
from mcp.shared.message import SessionMessage
from mcp.types import JSONRPCResponse

from inhouse.runtime.extensions.base import Json

_MOST_ON_A_PAGE = 500
_MOST_NAME = 128

Incoming = SessionMessage | Exception


class Sifted:
    """A stream of a server's messages whose lists of tools hold nothing but tools.

    The SDK checks a list as one value: without this, one bad tool would cost all the others.
    """

    def __init__(self, stream: ReadStream[Incoming]) -> None:
        self._stream = stream

    async def receive(self) -> Incoming:
        return sift(await self._stream.receive())

    async def aclose(self) -> None:
        await self._stream.aclose()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Incoming:
        return sift(await self._stream.__anext__())

    async def __aenter__(self) -> Self:
        await self._stream.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        return await self._stream.__aexit__(kind, error, trace)


def sift(message: Incoming) -> Incoming:
    """The message, where it lists tools without those that are none."""
    if isinstance(message, SessionMessage) and isinstance(message.message, JSONRPCResponse):
        result = message.message.result
        if isinstance(tools := result.get("tools"), list):
            result["tools"] = [tool for raw in tools[:_MOST_ON_A_PAGE] if (tool := _tool(raw))]
    return message


def _tool(raw: Any) -> Json | None:
    """What we use of a tool, where it is one."""
    if not isinstance(raw, dict) or not is_objects(raw.get("inputSchema")):
        return None
    name = raw.get("name")
    if not isinstance(name, str) or not 0 < len(name) <= _MOST_NAME:
        return None
    kept: Json = {"name": name, "inputSchema": raw["inputSchema"]}
    kept |= {key: raw[key] for key in ("title", "description") if isinstance(raw.get(key), str)}
    if is_objects(raw.get("outputSchema")):
        kept["outputSchema"] = raw["outputSchema"]
    if isinstance(remarks := raw.get("annotations"), dict):
        kept["annotations"] = {
            key: remarks[key]
            for key, kind in (("title", str), ("readOnlyHint", bool), ("idempotentHint", bool))
            if isinstance(remarks.get(key), kind)
        }
    return kept


def is_objects(schema: object) -> bool:
    """Whether it looks like the schema of an object."""
    if not isinstance(schema, dict) or schema.get("type") != "object":
        return False
    properties, required = schema.get("properties", {}), schema.get("required", [])
    return (
        isinstance(properties, dict)
        and all(isinstance(part, dict) for part in properties.values())
        and isinstance(required, list)
        and all(isinstance(name, str) for name in required)
    )
