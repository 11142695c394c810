"""Which of a client's tools may be called, and whether one has to be: ``tool_choice`` in the forms of both endpoints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from inhouse.core.errors import UsageError
from inhouse.runtime.clients import ClientResult, ClientTools, Described, offered

#: What ``tool_choice`` may be, as JSON.
Choice = str | dict[str, Any] | None
_UNKNOWN = 'tool_choice must be "none", "auto", "required" or name functions that are among the tools.'


def client_tools(
    described: Sequence[Described], choice: Choice, parallel: bool, results: tuple[ClientResult, ...]
) -> ClientTools | None:
    """What the request says of its client's tools; nothing where it has none. Raises ``UsageError``."""
    if not described and not results and choice in (None, "none", "auto"):
        return None
    tools = offered(described)
    mode, names = _chosen(choice)
    if mode not in ("none", "auto", "required") or not names <= {tool.name for tool in tools}:
        raise UsageError(reason=_UNKNOWN)
    allowed = tuple(tool for tool in tools if not names or tool.name in names) if mode != "none" else ()
    if mode == "required" and not allowed:
        raise UsageError(reason=_UNKNOWN)
    return ClientTools(allowed, must_call=mode == "required", parallel=parallel, results=results)


def _chosen(choice: Choice) -> tuple[str, set[str]]:
    """Mode, and the names that it is about; no names: all tools."""
    if choice is None or isinstance(choice, str):
        return choice or "auto", set()
    if choice.get("type") == "function":
        return "required", {_name(choice)}
    if choice.get("type") == "allowed_tools":
        allowed = choice.get("allowed_tools", choice)
        tools = allowed.get("tools") if isinstance(allowed, dict) else None
        if isinstance(tools, list) and tools and all(isinstance(tool, dict) for tool in tools):
            return str(allowed.get("mode", "auto")), {_name(tool) for tool in tools}
    raise UsageError(reason=_UNKNOWN)


def _name(function: dict[str, Any]) -> str:
    """Chat completions put the name into a field ``function``, responses beside the type."""
    inner = function.get("function")
    return str(inner.get("name", "")) if isinstance(inner, dict) else str(function.get("name", ""))
