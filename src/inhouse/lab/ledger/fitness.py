"""Whether a tool's facts may be built in. Its skill (when, which, with what arguments) always may."""

from __future__ import annotations

from inhouse.lab.ledger import repeats, stability
from inhouse.lab.ledger.identity import tool_key
from inhouse.lab.ledger.stability import Stability
from inhouse.runtime.extensions.base import Tool
from inhouse.store.database import Tx


def fitness(tx: Tx, tool: Tool) -> str | None:
    """Why answers of this tool must not be learnt, in a sentence; ``None`` where they hold and may be.

    Asked of the measurements of all AIs that have the tool, whatever it says of itself. What may be learnt is
    ``normalising.answer_in`` of a result and nothing beside it.
    """
    if tool.effect == "acting":
        return f"{tool.title} acts: what it did once is no fact."
    return refusal(tool.title, repeats.of_tool(tx, tool_key(tool)))


def refusal(title: str, found: Stability) -> str | None:
    """The same from what is known of it."""
    if found.verdict == "stable":
        return None
    if found.verdict == "changes":
        return (
            f"{title} does not give facts that hold: answers of {found.changed} of {found.calls} repeated calls changed "
            f"({found.changes} days with a change in {found.days:.0f} days)."
        )
    if found.calls < stability.FEWEST_CALLS:
        return (
            f"Nobody knows whether the answers of {title} hold: {found.calls} of its calls were repeated, and "
            f"{stability.FEWEST_CALLS} are the least."
        )
    return (
        f"Nobody knows yet whether the answers of {title} hold: no change in {found.days:.0f} days rules out more than "
        f"{found.most_a_month or 0:.1f} a month, and {30 / stability.HOLDS_DAYS:.1f} is the most that may be."
    )
