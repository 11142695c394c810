"""``inhouse bench search``: is the right paragraph found, how quickly, and how soon after an import?"""

from __future__ import annotations

import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import chain
from pathlib import Path
from typing import Literal

import psutil
from sqlalchemy import MetaData

from inhouse.bench.report import Cell, Report, Say, Table, Target, at_least, at_most, mean, quantile, share
from inhouse.bench.workplace import Workplace, workplace
from inhouse.content.search import Mode
from inhouse.content.values import Document, Kind, Section
from inhouse.core import clock, ids
from inhouse.lab import readings
from inhouse.lab.datasets import dictionary
from inhouse.lab.readings import Reading
from inhouse.store.schema import metadata

_K = 5
_DEEP = 10
Half = Literal["even", "odd"]
_MODES: tuple[Mode, ...] = ("lexical", "dense", "fused")
_QUICK_ARTICLES = 2
_HALVES: dict[Half, readings.Split] = {"even": "tune", "odd": "report"}
_QUICK_QUESTIONS = 40
_QUICK_ENTRIES = 100
_NEAR_ENOUGH = 0.01


@dataclass(frozen=True)
class _Outcome:
    """What one search of one question brought."""

    question: Reading
    rank: int | None
    """0-based place of the right paragraph among the passages."""
    has_answer: bool
    seconds: float

    @property
    def hit(self) -> bool:
        return self.rank is not None and self.rank < _K

    @property
    def reciprocal(self) -> float:
        return 0.0 if self.rank is None else 1 / (self.rank + 1)


def run(quick: bool, data: Path, say: Say, schema: MetaData = metadata) -> Report:
    """Index, embed and ask; the weights of the fusion were chosen on the even articles of both sets together."""
    started = time.perf_counter()
    with workplace(schema) as place:
        bench = _Bench(place, say, quick)
        for name, language, read in (("xquad", "en", readings.xquad), ("jsquad", "ja", readings.jsquad)):
            halves = {half: _first(read(data, split), quick) for half, split in _HALVES.items()}
            bench.reading_set(name, language, halves)
        bench.dictionary(dictionary(data)[: _QUICK_ENTRIES if quick else None])
        return bench.report(time.perf_counter() - started)


class _Bench:
    """Collects rows and targets."""

    def __init__(self, place: Workplace, say: Say, quick: bool) -> None:
        self.place = place
        self.say = say
        self.quick = quick
        self.found: list[dict[str, Cell]] = []
        self.indexed: list[dict[str, Cell]] = []
        self.times: dict[Mode, list[float]] = {mode: [] for mode in _MODES}
        self.targets: list[Target] = []

    def reading_set(self, name: str, language: str, halves: Mapping[Half, Sequence[Reading]]) -> None:
        """One set in one AI, asked in each mode."""
        paragraphs = readings.paragraphs(list(chain.from_iterable(halves.values())))
        self._index(
            name, [_document(name, _number(text), title, language, text) for title, text in paragraphs]
        )
        for half, found in halves.items():
            questions = _some(found, self.quick)
            rows = {mode: self._ask(name, questions, mode) for mode in _MODES}
            self.found.extend(_row(name, half, mode, outcomes) for mode, outcomes in rows.items())
            if half == "odd":
                self._judge(name, rows)

    def dictionary(self, entries: Sequence[tuple[str, str]]) -> None:
        """The Dictionary: how soon it can be searched by words, and by meaning."""
        documents = [
            _document("dictionary", str(at), head, "en", text, Kind.ENTRY)
            for at, (head, text) in enumerate(entries)
        ]
        by_words, by_meaning = self._index("dictionary", documents)
        sample = random.Random(1).sample(range(len(entries)), min(100, len(entries)))
        hits = []
        for at in sample:
            best = self.place.search.find(
                "dictionary", f"What is {entries[at][0].lower()}?", 1, mode="lexical"
            )
            hits.append(bool(best) and best[0].document_id == str(at))
        self.found.append(
            {"data": "dictionary", "articles": "", "by": "headword, words only", "first": share(hits)}
        )
        size = f"Dictionary ({len(entries)} entries)"
        self.targets.append(at_most(f"{size} searchable by words, seconds", by_words, 15.0))
        self.targets.append(at_most(f"{size} searchable by meaning, seconds", by_meaning, 120.0))

    def report(self, seconds: float) -> Report:
        """Everything measured."""
        times = [
            {
                "by": mode,
                "p50 ms": quantile([1000 * one for one in times], 0.5),
                "p95 ms": quantile([1000 * one for one in times], 0.95),
            }
            for mode, times in self.times.items()
        ]
        return Report(
            "search",
            self.quick,
            (
                Table("Is the right paragraph among the first 5 passages?", self.found),
                Table("A query, from text to passages, the model included", times),
                Table("Indexing", self.indexed),
            ),
            self.targets,
            (
                "One set of weights, chosen on the even articles of both sets; the odd ones are the report.",
                "recall@5 and MRR count the right paragraph among the passages shown; answer@5 wants the answer's words in them.",
                "Every paragraph has a random date, so that the rule for newer content has every chance to do harm.",
                "Intervals: 95%, bootstrap over articles.",
                f"Load of the machine at the end (this benchmark included): {psutil.getloadavg()[0]:.1f}; "
                "`processor s` is what indexing itself needed.",
            ),
            seconds,
        )

    def _index(self, ai_id: str, documents: Sequence[tuple[Document, Section]]) -> tuple[float, float]:
        """Seconds until searchable by words, and by meaning."""
        self.say(f"{ai_id}: indexing {len(documents)} documents")
        started, worked = time.perf_counter(), _processor_seconds()
        passages = self.place.put(ai_id, documents)
        by_words = time.perf_counter() - started
        self.say(f"{ai_id}: embedding {passages} passages")
        self.place.embed()
        by_meaning = time.perf_counter() - started
        self.indexed.append(
            {
                "data": ai_id,
                "passages": passages,
                "by words s": by_words,
                "by meaning s": by_meaning,
                "processor s": _processor_seconds() - worked,
                "passages/s words": passages / by_words,
                "passages/s meaning": passages / (by_meaning - by_words),
            }
        )
        return by_words, by_meaning

    def _ask(self, ai_id: str, questions: Sequence[Reading], mode: Mode) -> list[_Outcome]:
        self.say(f"{ai_id}: {len(questions)} questions, {mode}")
        outcomes = [self._one(ai_id, question, mode) for question in questions]
        self.times[mode].extend(outcome.seconds for outcome in outcomes)
        return outcomes

    def _one(self, ai_id: str, question: Reading, mode: Mode) -> _Outcome:
        started = time.perf_counter()
        passages = self.place.search.find(ai_id, question.question, _DEEP, mode=mode)
        seconds = time.perf_counter() - started
        right = [passage.document_id == _number(question.paragraph) for passage in passages]
        shown = "\n".join(passage.text for passage in passages[:_K])
        return _Outcome(
            question,
            right.index(True) if True in right else None,
            any(answer in shown for answer in question.answers),
            seconds,
        )

    def _judge(self, name: str, rows: dict[Mode, list[_Outcome]]) -> None:
        recall = {mode: sum(one.hit for one in rows[mode]) / len(rows[mode]) for mode in _MODES}
        rank = {mode: sum(one.reciprocal for one in rows[mode]) / len(rows[mode]) for mode in _MODES}
        for what, of in (("recall@5", recall), ("MRR", rank)):
            better = max(of["lexical"], of["dense"])
            self.targets.append(
                at_least(
                    f"{name} {what} fused, the better one less a point", of["fused"], better - _NEAR_ENOUGH
                )
            )


def _row(name: str, half: Half, mode: Mode, outcomes: Sequence[_Outcome]) -> dict[str, Cell]:
    groups = [one.question.article for one in outcomes]
    return {
        "data": name,
        "articles": f"{half} ({'tuned on' if half == 'even' else 'report'})",
        "by": mode,
        "recall@5": mean([one.hit for one in outcomes], groups),
        "MRR": mean([one.reciprocal for one in outcomes], groups),
        "first": mean([one.rank == 0 for one in outcomes], groups),
        "answer@5": mean([one.has_answer for one in outcomes], groups),
    }


def _first(found: Sequence[Reading], quick: bool) -> Sequence[Reading]:
    """All readings, or those of the first few articles."""
    few = list(dict.fromkeys(reading.article for reading in found))[: _QUICK_ARTICLES if quick else None]
    return [reading for reading in found if reading.article in few]


def _number(paragraph: str) -> str:
    """The id of the document that holds the paragraph."""
    return ids.digest(paragraph)[:16]


def _some(questions: Sequence[Reading], quick: bool) -> Sequence[Reading]:
    if not quick or len(questions) <= _QUICK_QUESTIONS:
        return questions
    return random.Random(0).sample(questions, _QUICK_QUESTIONS)


def _document(
    ai_id: str, number: str, title: str, language: str, text: str, kind: Kind = Kind.PAGE
) -> tuple[Document, Section]:
    age = timedelta(days=random.Random(f"{ai_id}/{number}").randrange(3000))
    document = Document(
        id=number,
        ai_id=ai_id,
        source_id="bench",
        key=number,
        title=title,
        kind=kind,
        url=None,
        published_at=clock.now() - age,
        language=language,
        question=None,
        hash=number,
        imported_at=clock.now(),
    )
    return document, Section(text=text)


def _processor_seconds() -> float:
    """What this process and its children have computed so far."""
    this = psutil.Process()
    return float(sum(sum(one.cpu_times()[:2]) for one in (this, *this.children(recursive=True))))
