"""When newer counts: among passages that say the same, and where the question asks for what is new.

Everywhere else an old passage is as good as a new one: facts don't age by themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cached_property

import regex

from inhouse.content import lexical
from inhouse.core.passages import Passage

_ASKS = regex.compile(
    r"\b(?:latest|newest|most recent|recently|these days|nowadays|currently|at the moment|right now|up to date"
    r"|this (?:week|month|year|season)|today|what'?s new|(?:any|your|the) new|anything new|lately"
    r"|current|last (?:post|video|article|newsletter))\b"
    r"|最新|最近|いま|今(?:は|の|月|週|年|日|季|すぐ)|現在|新しい|新作|新着|近頃|このごろ",
    regex.IGNORECASE,
)
#: Fused scores this near are as good as equal for a question that asks for what is new.
_NEAR_WHEN_ASKED = 0.35
_NEAR = 0.15
_ALIKE = 0.5
_SAME = 0.9


def asks_for_new(question: str) -> bool:
    """Whether the question is about how things are now."""
    return _ASKS.search(question) is not None


def arrange(ranked: Sequence[Passage], question: str, k: int) -> list[Passage]:
    """The best ``k`` of the passages: newer ones before older ones that are as good, and nothing said twice."""
    asked = asks_for_new(question)
    order: list[_Read] = []
    for passage in ranked:
        one = _Read(passage)
        at = len(order)
        while at > 0 and _goes_before(one, order[at - 1], asked):
            at -= 1
        order.insert(at, one)
    kept: list[_Read] = []
    for one in order:
        if len(kept) == k:
            break
        if not any(_repeats(one, other) for other in kept):
            kept.append(one)
    return [one.passage for one in kept]


class _Read:
    """A passage with what comparing it needs, worked out at most once."""

    def __init__(self, passage: Passage) -> None:
        self.passage = passage

    @cached_property
    def terms(self) -> frozenset[str]:
        return frozenset(lexical.terms(self.passage.text, self.passage.language))

    @cached_property
    def figures(self) -> list[str]:
        return regex.findall(r"\p{N}+", self.passage.text)


def _goes_before(new: _Read, old: _Read, asked: bool) -> bool:
    if not _newer(new.passage.published_at, old.passage.published_at):
        return False
    behind = old.passage.score - new.passage.score
    if asked and behind <= _NEAR_WHEN_ASKED:
        return True
    return behind <= _NEAR and _alike(new, old) >= _ALIKE


def _repeats(one: _Read, other: _Read) -> bool:
    """A changed number is a changed fact, not a repetition."""
    return _alike(one, other) >= _SAME and one.figures == other.figures


def _newer(one: datetime | None, other: datetime | None) -> bool:
    return one is not None and other is not None and one > other


def _alike(one: _Read, other: _Read) -> float:
    """Share of the terms that both texts have, of all that either has."""
    return len(one.terms & other.terms) / max(1, len(one.terms | other.terms))
