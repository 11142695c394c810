"""What a generation is taught, from which data, and which part of it is kept to judge the result.

Kept apart, and never trained on: every sixth article of XQuAD's tuning half, 200 questions of QED, every sixth written
set. XQuAD's other half teaches nothing either: that is what ``bench grounded`` reports on, and what guards ask.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Literal, Protocol

from inhouse.content import splitting
from inhouse.lab import readings
from inhouse.lab.skills import grounded, texts, written
from inhouse.runtime.engines.base import Message

Part = Literal["train", "development"]

_EVERY = 6
_QED_KEPT = 200
#: How often XQuAD's and the written questions come, each time on other notes.
_TURNS = 2
#: Files that are found again, by their making: count one up where what goes into it, or the form of a row, changes.
REHEARSAL, UNSEEN = "rehearsal-3.jsonl", "unseen-1.jsonl"
#: Every so many articles, sets and texts are rehearsed, with another seed than they were taught with.
_REHEARSED, _AGAIN = 2, 9


class Row(Protocol):
    """Something that is taught."""

    def messages(self) -> list[dict[str, str]]:
        """As the trainer reads it."""
        ...


@dataclass(frozen=True)
class Lesson:
    """Rows of one data set, in groups that share their notes."""

    name: str
    licence: str
    groups: Sequence[Sequence[Row]]


@dataclass(frozen=True)
class Told:
    """A row as it was written: its messages end with the answer."""

    lesson: str
    messages: Sequence[Message]

    @property
    def answer(self) -> str:
        """What is to be said."""
        return self.messages[-1].content


def lessons(data: Path, part: Part, embed: grounded.Embed) -> list[Lesson]:
    """Every data set of one part; ``data`` holds the folders ``xquad`` and ``qed``."""
    turns = range(_TURNS if part == "train" else 1)
    wiki, searched, sets = _xquad(data, part), qed(data, part), _written(part)
    return [
        Lesson(
            "xquad",
            "CC BY-SA 4.0",
            [g for turn in turns for g in grounded.from_readings(wiki, _split, embed, seed=turn)],
        ),
        Lesson(
            "qed",
            "text CC BY-SA 3.0",
            list(grounded.from_readings(searched, _split, embed, seed=0)),
        ),
        Lesson(
            "written",
            "Apache-2.0",
            [g for turn in turns for g in grounded.from_written(sets, embed, seed=turn)],
        ),
    ]


def unseen(data: Path, embed: grounded.Embed) -> list[Lesson]:
    """XQuAD's other half, which taught no generation anything: for guards and reports alone."""
    wiki = readings.xquad(data, "report")
    return [Lesson("xquad", "CC BY-SA 4.0", list(grounded.from_readings(wiki, _split, embed, seed=0)))]


def rehearsal(data: Path, embed: grounded.Embed) -> list[Lesson]:
    """A part of the training rows, on notes chosen anew, and plain text of two languages: what a generation knows already, so
    that it keeps it while it learns something else."""
    wiki, searched, sets = _xquad(data, "train"), qed(data, "train"), _written("train")
    articles = list(dict.fromkeys(reading.article for reading in wiki))[::_REHEARSED]
    some = [reading for reading in wiki if reading.article in articles]
    plain, japanese = map(readings.paragraphs, (wiki, readings.jsquad(data, "tune")))
    return [
        Lesson("xquad", "CC BY-SA 4.0", list(grounded.from_readings(some, _split, embed, seed=_AGAIN))),
        Lesson(
            "qed",
            "text CC BY-SA 3.0",
            list(grounded.from_readings(searched[:: 2 * _REHEARSED], _split, embed, seed=_AGAIN)),
        ),
        Lesson("written", "Apache-2.0", list(grounded.from_written(sets[::_REHEARSED], embed, seed=_AGAIN))),
        Lesson("texts", "CC BY-SA 4.0", _texts(text for _, text in [*plain, *japanese][::_REHEARSED])),
    ]


def written_rehearsal(embed: grounded.Embed) -> list[Lesson]:
    """What an installation can rehearse, which has none of the data sets: what ships. Written sets on notes chosen anew, the notes
    of the others as plain text, and Japanese."""
    sets, notes = _written("train")[::_REHEARSED], _written("train")[1::_REHEARSED]
    plain = [text for one in notes for _, text in one.notes]
    return [
        Lesson("written", "Apache-2.0", list(grounded.from_written(sets, embed, seed=_AGAIN))),
        Lesson("texts", "Apache-2.0", _texts([*plain, *texts.japanese()])),
    ]


def written_lessons(embed: grounded.Embed) -> list[Lesson]:
    """The written sets that trained nothing."""
    return [
        Lesson("written", "Apache-2.0", list(grounded.from_written(_written("development"), embed, seed=0)))
    ]


def written_questions(part: Part) -> list[str]:
    """What is asked on the written sets' notes: it is read for, and means no tool. Follow-ups are left out."""
    return [asked.q for one in _written(part) for asked in one.asked if asked.before is None]


def written_notes(part: Part) -> list[tuple[str, str]]:
    """The written sets' notes, each (title, text)."""
    return [note for one in _written(part) for note in one.notes]


def told(lessons: Sequence[Lesson]) -> list[Told]:
    """The rows as they would be read from their file."""
    return [_told(line) for line in lines(lessons)]


def line(messages: Sequence[Mapping[str, str]], kind: str, unit: str, *, rehearsed: bool = False) -> str:
    """A row as the trainer reads it. Rows of one ``unit`` belong together; what is ``rehearsed`` teaches nothing new."""
    row = {"messages": messages, "split": "train", "kind": kind, "unit": unit}
    return json.dumps(row | ({"rehearsed": True} if rehearsed else {}), ensure_ascii=False)


def lines(lessons: Sequence[Lesson]) -> Iterator[str]:
    """The rows as the trainer reads them, one JSON object a line."""
    return chain.from_iterable(chain.from_iterable(_grouped(lesson)) for lesson in lessons)


def rehearsed(lessons: Sequence[Lesson]) -> Iterator[str]:
    """The same as rows that hold a model to what it says already. The groups of all lessons are mixed, so that any beginning is
    a sample; rows that share notes stay together."""
    groups = [list(group) for lesson in lessons for group in _grouped(lesson, rehearsed=True)]
    random.Random(_AGAIN).shuffle(groups)
    return chain.from_iterable(groups)


def write(lines: Iterable[str], path: Path) -> str:
    """Write rows as the trainer reads them, aside and then renamed, so that a file that is there is whole; its SHA-256."""
    text = "".join(f"{line}\n" for line in lines)
    aside = path.with_suffix(".part")
    aside.write_text(text, encoding="utf-8")
    aside.replace(path)
    return hashlib.sha256(text.encode()).hexdigest()


def read(path: Path) -> list[Told]:
    """The rows of a file that ``write`` wrote."""
    return [_told(line) for line in path.read_text("utf-8").splitlines()]


def _told(line: str) -> Told:
    row = json.loads(line)
    return Told(row["kind"], [Message(**said) for said in row["messages"]])


def _grouped(lesson: Lesson, *, rehearsed: bool = False) -> Iterator[Iterator[str]]:
    for number, group in enumerate(lesson.groups):
        unit = f"{lesson.name}/{number}"
        yield (line(row.messages(), lesson.name, unit, rehearsed=rehearsed) for row in group)


def _xquad(data: Path, part: Part) -> list[readings.Reading]:
    tuning = readings.xquad(data, "tune")
    kept = set(list(dict.fromkeys(reading.article for reading in tuning))[::_EVERY])
    return [reading for reading in tuning if (reading.article in kept) == (part == "development")]


def qed(data: Path, part: Part) -> list[readings.Reading]:
    """QED's questions of one part. Guards ask the development part, so that nothing may teach it."""
    questions = readings.qed(data)
    random.Random(1).shuffle(questions)
    return questions[_QED_KEPT:] if part == "train" else questions[:_QED_KEPT]


def _written(part: Part) -> list[written.WrittenSet]:
    return [
        one for place, one in enumerate(written.sets()) if (place % _EVERY == 0) == (part == "development")
    ]


def _texts(found: Iterable[str]) -> list[list[Row]]:
    return [[texts.Row(text)] for text in found]


def _split(paragraph: str) -> list[str]:
    return list(splitting.texts(paragraph))
