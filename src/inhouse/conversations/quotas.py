"""How often a fan, and an AI, may call a tool in a day (UTC)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time

from sqlalchemy import ColumnElement, func, select

from inhouse.conversations.tables import tool_calls
from inhouse.conversations.toolcalls import REFUSED
from inhouse.core.errors import InhouseError
from inhouse.runtime.extensions.base import Context, Limits, Tool
from inhouse.store.database import Tx


class UsedUp(InhouseError):
    """The tool {title} was used as often as it may be today. It works again after midnight UTC."""

    status = 429


def take(tx: Tx, context: Context, extension: str, tool: Tool, limits: Limits) -> str | None:
    """Count a call; a sentence that says why not, where the day's quota of the fan or of the AI is used up."""
    midnight = datetime.combine(context.now.date(), time(), context.now.tzinfo)
    of_ai = (
        tool_calls.c.ai_id == context.ai_id,
        tool_calls.c.extension == extension,
        tool_calls.c.at >= midnight,
        tool_calls.c.state.is_distinct_from(REFUSED),
    )
    of_fan = (*of_ai, tool_calls.c.fan_id == context.fan_id)
    if _count(tx, of_fan) >= limits.fan_daily or _count(tx, of_ai) >= limits.ai_daily:
        return UsedUp(title=tool.title).message
    row = {
        "id": context.call_id,
        "ai_id": context.ai_id,
        "fan_id": context.fan_id,
        "extension": extension,
        "tool": tool.name,
        "cost": limits.cost,
        "at": context.now,
    }
    tx.execute(tool_calls.insert().values(row))
    return None


def _count(tx: Tx, where: Sequence[ColumnElement[bool]]) -> int:
    return tx.execute(select(func.count()).select_from(tool_calls).where(*where)).scalar_one()
