"""What is asked again to compare two ways or more: an AI's cases, each with a kind, and questions that fans agreed to share.

A shared question is read when its turn comes, and not before: consent is looked at in that moment, and no list of fans' words
lies about while others are asked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import regex

from inhouse.content import languages
from inhouse.conversations import traces
from inhouse.conversations.traces import SharedTrace
from inhouse.lab import repeatable
from inhouse.releases.cases import Case, Expect
from inhouse.releases.release import Route
from inhouse.runtime.request import Exchange
from inhouse.store.database import Tx

FOLLOW_UPS = "follow-ups"
UNKNOWN = "what it can't know"
OTHER_LANGUAGES = "other languages than English"
NUMBERS = "facts with numbers"
WORDS = "facts in words"
STORED = "stored questions"
KINDS = (FOLLOW_UPS, UNKNOWN, OTHER_LANGUAGES, NUMBERS, WORDS)

#: How what is asked is named where its figures are kept, by its id. Of a shared question it must say nothing of a fan.
Naming = Callable[[str], str]


@dataclass(frozen=True)
class Waiting:
    """Something to ask: a case, or the turn in which a fan asked what they share."""

    name: str
    ai_id: str
    case: Case | None = None
    turn_id: str = ""

    @property
    def is_shared(self) -> bool:
        """Whether a fan asked it."""
        return self.case is None


@dataclass(frozen=True)
class Question:
    """One thing to ask: what is said, one after the other, and what the last answer must hold."""

    kind: str
    said: tuple[str, ...]
    expect: Expect | None = None
    """``None`` where nobody said what a right answer holds."""
    before: tuple[Exchange, ...] = ()
    """What was said before in this conversation; it is not asked again."""


def of_cases(cases: Sequence[Case], name: Naming) -> list[Waiting]:
    """Cases, to be asked."""
    return [Waiting(name(case.id), case.ai_id, case=case) for case in cases]


def of_fans(tx: Tx, ai_id: str, name: Naming) -> list[Waiting]:
    """All that fans of an AI agreed to share, to be asked."""
    return [Waiting(name(turn_id), ai_id, turn_id=turn_id) for turn_id in traces.covered(tx, ai_id)]


def read(tx: Tx, waiting: Waiting) -> Question | None:
    """What is asked; ``None`` where a fan or an owner took consent back meanwhile, or erased it."""
    if waiting.case is not None:
        case = waiting.case
        return Question(kind_of(case.questions, case.expect), case.questions, case.expect)
    trace = traces.shared(tx, waiting.ai_id, waiting.turn_id)
    return _of_trace(trace) if trace else None


def routed(tx: Tx, waiting: Waiting, route: Route) -> Route:
    """How it is asked. A fan's question goes without what is never called again for nobody (``repeatable``), and to no giant:
    nobody agreed that another model server reads it once more."""
    if not waiting.is_shared:
        return route
    kept = [entry for entry in route.extensions if repeatable.entry_is(tx, waiting.ai_id, entry)]
    return replace(route.alone, extensions=kept)


def kind_of(said: Sequence[str], expect: Expect) -> str:
    """The first kind that fits."""
    if len(said) > 1:
        return FOLLOW_UPS
    if expect.must_abstain:
        return UNKNOWN
    if languages.guess(said[-1]) not in ("en", languages.UNKNOWN):
        return OTHER_LANGUAGES
    return NUMBERS if any(regex.search(r"\d", words) for words in expect.must_contain) else WORDS


def _of_trace(trace: SharedTrace) -> Question:
    before = tuple(Exchange(one.question, one.answer) for one in trace.history)
    return Question(STORED, (trace.question,), before=before)
