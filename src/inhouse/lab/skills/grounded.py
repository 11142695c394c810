"""The skill of grounded answering: training rows that look just as the runtime will ask.

Each paragraph becomes one set of notes: its own passages among near misses, in any order, in number as the runtime sends
them. Several questions share the notes, so that the trainer reads them once: those that they answer, and the nearest ones
that they don't. A near miss comes from the same article where there is one, which is what makes abstaining hard.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from inhouse.lab.readings import Reading, paragraphs
from inhouse.lab.skills.written import WrittenSet
from inhouse.runtime import prompts

Vectors = npt.NDArray[np.float32]
Note = tuple[str, str]

#: Share of questions that stand alone and are asked after another one all the same, which they don't need.
_CHANGES_OF_SUBJECT = 0.1


@dataclass(frozen=True)
class Embed:
    """Unit vectors of questions and of passages, one row a text."""

    questions: Callable[[Sequence[str]], Vectors]
    passages: Callable[[Sequence[str]], Vectors]


@dataclass(frozen=True)
class Row:
    """One question on one set of notes. ``answer`` is `prompts.NO_ANSWER` where the notes don't hold one."""

    notes: str
    question: str
    answer: str
    before: prompts.Before | None = None

    @property
    def answerable(self) -> bool:
        """Whether the notes hold the answer."""
        return self.answer != prompts.NO_ANSWER

    def messages(self) -> list[dict[str, str]]:
        """The row as the trainer reads it."""
        asked = prompts.grounded(self.notes, self.question, self.before)
        said = [{"role": m.role, "content": m.content} for m in asked]
        return [*said, {"role": "assistant", "content": self.answer}]


@dataclass(frozen=True)
class _Passage:
    article: str
    paragraph: str
    text: str


def from_readings(
    readings: Sequence[Reading],
    split: Callable[[str], Sequence[str]],
    embed: Embed,
    *,
    seed: int,
    unanswerable: float = 0.4,
) -> Iterator[list[Row]]:
    """Groups of rows, each group on the same notes. ``split`` cuts a paragraph into passages."""
    draw = random.Random(seed)
    pool = [_Passage(a, p, piece) for a, p in paragraphs(readings) for piece in split(p)]
    vectors = embed.passages([f"{passage.article}\n{passage.text}" for passage in pool])
    asked = embed.questions([reading.question for reading in readings])
    nearest_passages = np.argsort(-(asked @ vectors.T), axis=1)
    by_paragraph: dict[str, list[int]] = {}
    for place, reading in enumerate(readings):
        by_paragraph.setdefault(reading.paragraph, []).append(place)
    for paragraph, own in by_paragraph.items():
        chosen = _choose_passages(draw, pool, paragraph, nearest_passages[own[0]])
        notes = _notes([(passage.article, passage.text) for passage in chosen])
        texts = " ".join(passage.text for passage in chosen)
        group = [
            Row(notes, readings[i].question, readings[i].answers[0])
            for i in own
            if readings[i].answers[0] in texts
        ]
        # A question of this paragraph whose passage was left out is the nearest of all misses.
        missing = [i for i in own if not any(answer in texts for answer in readings[i].answers)]
        centre = np.mean([vectors[pool.index(passage)] for passage in chosen], axis=0)
        near = [
            i for i in np.argsort(-(asked @ centre))[:40].tolist() if _is_miss(readings[i], paragraph, texts)
        ]
        wanted = max(1, round(max(1, len(group)) * unanswerable / (1 - unanswerable)))
        misses = (missing + draw.sample(near, min(len(near), wanted)))[:wanted]
        group += [Row(notes, readings[i].question, prompts.NO_ANSWER) for i in misses]
        draw.shuffle(group)
        yield _with_changes_of_subject(draw, group)


def from_written(sets: Sequence[WrittenSet], embed: Embed, *, seed: int) -> Iterator[list[Row]]:
    """Groups of rows from sets written for this, each beside a note of another owner every second time."""
    draw = random.Random(seed)
    pool = [(at, note) for at, one in enumerate(sets) for note in one.notes]
    vectors = embed.passages(["\n".join(note) for _, note in pool])
    for at, one in enumerate(sets):
        chosen = list(one.notes)
        if draw.random() < 0.5:
            own = [place for place, (whose, _) in enumerate(pool) if whose == at]
            ranked = np.argsort(-(vectors @ vectors[own].mean(axis=0)))
            strangers = [pool[place][1] for place in ranked.tolist() if pool[place][0] != at]
            chosen.append(draw.choice(strangers[:3]))
        draw.shuffle(chosen)
        notes = _notes(chosen)
        group = [Row(notes, asked.q, asked.a or prompts.NO_ANSWER, asked.before) for asked in one.asked]
        yield _with_changes_of_subject(draw, group)


def _notes(notes: Sequence[Note]) -> str:
    return "\n\n".join(prompts.note(title, text) for title, text in notes)


def _with_changes_of_subject(draw: random.Random, group: Sequence[Row]) -> list[Row]:
    """Some questions asked after another of the group, so that the model learns when that doesn't matter."""
    answered = [(row.question, row.answer) for row in group if row.answerable and row.before is None]
    return [
        replace(row, before=draw.choice(others))
        if row.before is None
        and (others := [one for one in answered if one[0] != row.question])
        and draw.random() < _CHANGES_OF_SUBJECT
        else row
        for row in group
    ]


def _choose_passages(
    draw: random.Random, pool: Sequence[_Passage], paragraph: str, ranked: npt.NDArray[np.int64]
) -> list[_Passage]:
    """One to three passages: at least one of the paragraph's own, the rest whatever a search would bring."""
    own = [passage for passage in pool if passage.paragraph == paragraph]
    others = [pool[i] for i in ranked[:12].tolist() if pool[i].paragraph != paragraph]
    size = draw.choice((1, 2, 2, 3, 3))
    kept = draw.sample(own, min(len(own), size))
    chosen = kept + others[: size - len(kept)]
    draw.shuffle(chosen)
    return chosen


def _is_miss(reading: Reading, paragraph: str, texts: str) -> bool:
    return reading.paragraph != paragraph and not any(
        answer.casefold() in texts.casefold() for answer in reading.answers
    )
