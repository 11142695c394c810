"""BM25 over the postings of one view of an AI's index, computed inside the database: the same statement on SQLite and PostgreSQL."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, select

from inhouse.content import lexical
from inhouse.content.index import View
from inhouse.content.index_tables import passages, postings
from inhouse.store.database import Tx

#: Usual values; others between 0.9–1.6 and 0.4–0.9 changed recall by less than its interval.
_K1, _B = 1.2, 0.75
#: In a large index the terms that stand in more passages than this choose nothing by themselves: they only add to the
#: scores of what rarer terms found, or a question's "the" would read a good part of the index.
_COMMON = 1000
#: A question is not longer than this; what follows is not read.
MOST_TERMS = 64


@dataclass(frozen=True)
class Statistics:
    """What BM25 must know of a whole index."""

    passages: int
    mean_length: float
    languages: tuple[str, ...]


@dataclass(frozen=True)
class Hits:
    """``scores``: BM25 by passage number, best first. ``weights``: how rare each term of the query is here."""

    scores: Mapping[int, float] = field(default_factory=dict)
    weights: Mapping[str, float] = field(default_factory=dict)
    words: tuple[frozenset[str], ...] = ()
    """The query's words, each with all forms that the AI's languages give it."""

    @property
    def most(self) -> float:
        """A bound on the score: that of a very short passage made of every word of the query, often repeated."""
        return (_K1 + 1) * sum(max(self.weights[form] for form in word) for word in self.words)


def statistics(tx: Tx, view: View) -> Statistics:
    """Size, mean length and languages of an index."""
    columns = (passages.c.language, func.count(), func.sum(passages.c.length))
    query = select(*columns).where(view.passages).group_by(passages.c.language)
    rows = tx.execute(query).all()
    number = sum(row[1] for row in rows)
    most_first = sorted(rows, key=lambda row: -row[1])
    return Statistics(
        passages=number,
        mean_length=sum(int(row[2]) for row in rows) / number if number else 1.0,
        languages=tuple(row[0] for row in most_first[:8]),
    )


def search(tx: Tx, view: View, query: str, about: Statistics, limit: int) -> Hits:
    """The passages that share words with the query, by BM25, best first."""
    words = lexical.query_words(query, about.languages)[:MOST_TERMS]
    frequency = _frequencies(tx, view, words)
    hits = Hits(weights=_weights(words, frequency, about.passages), words=tuple(words))
    if not frequency:
        return hits
    rare = {term: hits.weights[term] for term, held in frequency.items() if held <= _COMMON}
    statement = _statement(view, rare or hits.weights, about)
    best = statement.order_by(statement.selected_columns.score.desc(), postings.c.passage).limit(limit)
    chosen = _scores(tx, best)
    if len(rare) < len(frequency):
        again = scores(tx, view, hits, about, list(chosen))
        chosen = dict(sorted(again.items(), key=lambda one: (-one[1], one[0])))
    return replace(hits, scores=chosen)


def scores(tx: Tx, view: View, hits: Hits, about: Statistics, numbers: Sequence[int]) -> dict[int, float]:
    """BM25 of the same query for other passages; those that share no word with it are left out."""
    if not hits.weights or not numbers:
        return {}
    return _scores(tx, _statement(view, hits.weights, about).where(postings.c.passage.in_(numbers)))


def _statement(view: View, weights: Mapping[str, float], about: Statistics) -> Select[Any]:
    norm = 1 - _B + _B * postings.c.length / about.mean_length
    share = postings.c.count * (_K1 + 1.0) / (postings.c.count + _K1 * norm)
    score = func.sum(case(dict(weights), value=postings.c.term) * share).label("score")
    return (
        select(postings.c.passage, score)
        .where(_shown(view), postings.c.term.in_(list(weights)))
        .group_by(postings.c.passage)
    )


def _scores(tx: Tx, statement: Select[Any]) -> dict[int, float]:
    return {row.passage: float(row.score) for row in tx.execute(statement)}


def coverage(tx: Tx, ai_id: str, hits: Hits, numbers: Sequence[int]) -> dict[int, float]:
    """For each passage the share (0 to 1) of the query's words that it holds, each word counted by its rarity."""
    mine = postings.c.ai_id == ai_id
    rows = tx.execute(
        select(postings.c.passage, postings.c.term).where(
            mine, postings.c.term.in_(list(hits.weights)), postings.c.passage.in_(numbers)
        )
    )
    held: dict[int, set[str]] = {number: set() for number in numbers}
    for row in rows:
        held[row.passage].add(row.term)
    value = {word: max(hits.weights[term] for term in word) for word in hits.words}
    whole = sum(value.values())
    return {
        number: sum(value[word] for word in hits.words if word & terms) / whole if whole else 0.0
        for number, terms in held.items()
    }


def _frequencies(tx: Tx, view: View, words: Sequence[frozenset[str]]) -> dict[str, int]:
    """In how many passages each term stands; terms that stand in none are left out."""
    terms = sorted(set().union(*words)) if words else []
    query = (
        select(postings.c.term, func.count())
        .where(_shown(view), postings.c.term.in_(terms))
        .group_by(postings.c.term)
    )
    return {row[0]: row[1] for row in tx.execute(query)}


def _shown(view: View) -> ColumnElement[bool]:
    return and_(postings.c.ai_id == view.ai_id, postings.c.passage.not_in(view.hidden))


def _weights(words: Sequence[frozenset[str]], frequency: Mapping[str, int], number: int) -> dict[str, float]:
    weights: dict[str, float] = {}
    for forms in words:
        # The forms of a word are one word: a form that only another language has is not rarer than the word.
        held = min(number, sum(frequency.get(form, 0) for form in forms))
        for form in forms:
            weights[form] = math.log(1 + (number - held + 0.5) / (held + 0.5))
    return weights
