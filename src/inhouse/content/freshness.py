"""When newer counts: among passages that say the same, and where the question asks for what is new.

Everywhere else an old passage is as good as a new one: facts don't age by themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

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


def prefer_newer(ranked: Sequence[Passage], question: str) -> list[Passage]:
    """The passages with newer ones moved before older ones that are as good."""
    asked = asks_for_new(question)
    order: list[Passage] = []
    for passage in ranked:
        at = len(order)
        while at > 0 and _goes_before(passage, order[at - 1], asked):
            at -= 1
        order.insert(at, passage)
    return order


def without_repeats(ranked: Sequence[Passage]) -> list[Passage]:
    """The passages without those that say again, word for word or nearly, what a better one says."""
    kept: list[Passage] = []
    for passage in ranked:
        if not any(_repeats(passage, other) for other in kept):
            kept.append(passage)
    return kept


def _goes_before(new: Passage, old: Passage, asked: bool) -> bool:
    if not _newer(new.published_at, old.published_at):
        return False
    if asked and old.score - new.score <= _NEAR_WHEN_ASKED:
        return True
    return old.score - new.score <= _NEAR and _alike(new.text, old.text, new.language) >= _ALIKE


def _repeats(passage: Passage, other: Passage) -> bool:
    """A changed number is a changed fact, not a repetition."""
    if _figures(passage.text) != _figures(other.text):
        return False
    return _alike(passage.text, other.text, passage.language) >= _SAME


def _newer(one: datetime | None, other: datetime | None) -> bool:
    return one is not None and other is not None and one > other


def _alike(one: str, other: str, language: str) -> float:
    """Share of the terms that both texts have, of all that either has."""
    first, second = set(lexical.terms(one, language)), set(lexical.terms(other, language))
    return len(first & second) / max(1, len(first | second))


def _figures(text: str) -> list[str]:
    return regex.findall(r"\p{N}+", text)
