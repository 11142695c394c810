"""Performing a call that somebody agreed to. What it came to is told apart: done, certainly not done, or nobody knows."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from inhouse.core.errors import InhouseError
from inhouse.runtime.extensions.base import Context, ToolFailed, ToolUnclear
from inhouse.runtime.extensions.calling import Attached, misfit, within

_log = logging.getLogger(__name__)
_CONNECT_SECONDS = 30.0


class ToolGone(InhouseError):
    """The tool {title} is not offered any more. Nothing was sent."""


@dataclass(frozen=True)
class Performed:
    """What one call came to. ``line`` says what went wrong, ``text`` is the tool's own answer: words from outside."""

    state: Literal["done", "failed", "unclear"]
    line: str = ""
    text: str = ""


async def unready(attached: Attached, arguments: Mapping[str, Any]) -> str:
    """Why the call could not be made now, in a sentence; empty where it can.

    It connects, and looks whether the tool is offered as it was agreed to, so that hardly anything is left that could go
    wrong once the call itself is on its way.
    """
    title = attached.tool.title
    try:
        async with asyncio.timeout(_CONNECT_SECONDS):
            offered = await attached.handler.tools()
    except TimeoutError:
        return "The server does not answer in time."
    except InhouseError as error:
        return error.message
    except Exception:  # noqa: BLE001 - an extension is foreign code, and nothing was sent yet
        _log.exception("%s could not be made ready", attached.version)
        return f"{title} broke."
    found = next((one for one in offered if one.name == attached.tool.name), None)
    return ToolGone(title=title).message if found is None else misfit(found, dict(arguments))


async def perform(attached: Attached, arguments: Mapping[str, Any], context: Context) -> Performed:
    """Make the call once. Never raises but for being cancelled."""
    title, seconds = attached.tool.title, attached.limits.seconds
    try:
        async with asyncio.timeout(seconds):
            result = await attached.handler.call(attached.tool.name, arguments, context)
    except TimeoutError:
        return Performed("unclear", f"{title} took longer than {seconds:.0f} seconds.")
    except ToolUnclear as error:
        return Performed("unclear", error.message)
    except ToolFailed as error:
        return Performed("failed", error.message)
    except Exception:  # noqa: BLE001 - an extension is foreign code, and may have broken after it had acted
        _log.exception("%s of %s broke", attached.tool.name, attached.version)
        return Performed("unclear", f"{title} broke.")
    return Performed("done", text=within(result, attached.limits).text)
