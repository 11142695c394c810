"""What models are compared on: an AI's cases, each with a kind, and questions that fans agreed to share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

import regex

from inhouse.content import languages
from inhouse.conversations.traces import SharedTrace
from inhouse.core import ids
from inhouse.releases.cases import Case, Expect
from inhouse.runtime.request import Exchange

#: Taking personal data out of a shared question takes a few milliseconds.
_MOST_READ = 1000

FOLLOW_UPS = "follow-ups"
UNKNOWN = "what it can't know"
OTHER_LANGUAGES = "other languages than English"
NUMBERS = "facts with numbers"
WORDS = "facts in words"
STORED = "stored questions"
KINDS = (FOLLOW_UPS, UNKNOWN, OTHER_LANGUAGES, NUMBERS, WORDS)


@dataclass(frozen=True)
class Question:
    """One thing to ask of every model: what is said, one after the other, and what the last answer must hold."""

    name: str
    kind: str
    said: tuple[str, ...]
    expect: Expect | None = None
    """``None`` where nobody said what a right answer holds."""
    before: tuple[Exchange, ...] = ()
    """What was said before in this conversation; it is not asked again."""


def of_cases(cases: Sequence[Case], most: int) -> list[Question]:
    """At most so many cases, drawn by their hashes so that the same are asked again."""
    drawn = sorted(cases, key=lambda case: ids.digest(f"compare:{case.id}"))[:most]
    return [
        Question(case.id, kind_of(case.questions, case.expect), case.questions, case.expect) for case in drawn
    ]


def of_traces(traces: Iterable[SharedTrace], most: int) -> list[Question]:
    """At most so many shared questions, drawn as cases are. Their names are hashes: they must say nothing of a fan."""
    found = [
        Question(
            name=ids.digest(f"compare:{trace.id}")[:24],
            kind=STORED,
            said=(trace.question,),
            before=tuple(Exchange(one.question, one.answer) for one in trace.history),
        )
        for trace in islice(traces, _MOST_READ)
    ]
    return sorted(found, key=lambda question: question.name)[:most]


def kind_of(said: Sequence[str], expect: Expect) -> str:
    """The first kind that fits."""
    if len(said) > 1:
        return FOLLOW_UPS
    if expect.must_abstain:
        return UNKNOWN
    if languages.guess(said[-1]) not in ("en", languages.UNKNOWN):
        return OTHER_LANGUAGES
    return NUMBERS if any(regex.search(r"\d", words) for words in expect.must_contain) else WORDS
