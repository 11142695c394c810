"""What an author was told of their extension, as a page shows it."""

from __future__ import annotations

from typing import Any

from inhouse.lab.ledger.notices import Notice, may_agree
from inhouse.web.pages import ledger_words as words
from inhouse.web.visit import Visit


def shown(visit: Visit, one: Notice, ai: str) -> dict[str, Any]:
    """A notice in words, and whether this person may agree; ``ai`` is the AI's name."""
    date = f"{one.earliest_at:%Y-%m-%d}" if one.earliest_at else ""
    return {
        "notice": one,
        "kind": words.KINDS[one.kind],
        "words": words.notice(one.kind, one.extension, ai, date, visit.told),
        "may_agree": one.kind == "candidate" and one.agreed_at is None and may_agree(visit.actor, one),
    }
