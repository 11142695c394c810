"""A few questions to begin with: the owner's own cases, which the AI is checked to answer."""

from __future__ import annotations

from inhouse.releases import cases
from inhouse.web.pages.abilities import is_japanese
from inhouse.web.services import Services

_MOST = 3
_LONGEST = 90


def starters(services: Services, ai_id: str, language: str) -> list[str]:
    """Short questions of one turn in the page's language. Never a fan's own words, and never what it can't answer."""
    with services.db.read() as tx:
        active = cases.active(tx, ai_id)
    questions = (case.questions[0] for case in active if _fits(case, language))
    return list(dict.fromkeys(questions))[:_MOST]


def _fits(case: cases.Case, language: str) -> bool:
    if case.origin == "correction" or len(case.questions) != 1 or case.expect.must_abstain:
        return False
    question = case.questions[0]
    return len(question) <= _LONGEST and is_japanese(question) == (language == "ja")
