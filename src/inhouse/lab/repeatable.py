"""Which extensions are called again where nobody waits for the answer: a repeat of the ledger, a fan's question in a replay."""

from __future__ import annotations

from typing import Literal

from inhouse.releases import extensions
from inhouse.releases.extensions import Version
from inhouse.store.database import Tx

#: These ask another AI, whose own tools are watched and may cost, or read what a person gave.
NOT_REPEATED = frozenset({"documents", "colleagues", "specialist"})


def why_not(version: Version) -> Literal["kind", "costs"] | None:
    """Why an extension is not called again, as a word; ``None`` where it may be."""
    if version.kind in NOT_REPEATED:
        return "kind"
    return "costs" if version.limits.cost > 0 else None


def entry_is(tx: Tx, ai_id: str, entry: str) -> bool:
    """Whether an extension of an AI may be called again, by its entry in a release."""
    return why_not(extensions.version(tx, ai_id, entry)) is None
