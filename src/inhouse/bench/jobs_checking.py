"""What became of a job, judged by what is true: never by the system's own code.

An answer is taken apart into the pieces that a reader sees (lines, sentences, cells of a table). Each has to be one of
the job's facts, or a line that says what was not done; anything else that is stated is an invention.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

_CITED = re.compile(r"\s*\[\d{1,2}\]")
_NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z“])")
#: Words of a line that says that something was not done.
_NOT_DONE = re.compile(
    r"could not|can[’']t be|did not get to|don[’']t know|do not know|not found|is missing|took longer|So this part|have not done|have not found|pass (?:this|it) on"
    r"|no (?:unit|date) that is known|left out what|can[’']t be (?:asked|counted|worked)"
    r"|Would you like|ask a person|somebody",
    re.I,
)
#: Characters of a part of a sentence that count as told, and of a fact that is a sentence.
_PART, _SENTENCE_CHARS = 8, 30


class Verdict(StrEnum):
    """What an answer is."""

    FULLY = "fully"
    """All that can be known is there, and what can't is named."""
    PARTLY = "partly"
    """Some is there, and the rest is named as not done."""
    UNSAID = "partly, rest unsaid"
    """Some is there, and nothing is said of the rest."""
    HONEST = "could not"
    """Nothing is there, and it says so."""
    INVENTED = "invented"
    """Something is stated that is not so, or that no source bears."""


@dataclass(frozen=True)
class Fact:
    """Something that an answer has to hold: all of these texts in one piece of it."""

    texts: tuple[str, ...]
    final: bool = True
    """Whether it is asked for; else it is a step on the way, which may be told."""

    def stands_in(self, piece: str) -> bool:
        """Whether a piece of an answer tells it."""
        plain = _plain(piece)
        return all(
            re.search(rf"(?<![\w.]){re.escape(_plain(text))}(?![\w]|\.\d)", plain) for text in self.texts
        )


@dataclass(frozen=True)
class Job:
    """A request with what is true of it."""

    template: str
    text: str
    facts: tuple[Fact, ...]
    figures: frozenset[str] = frozenset()
    """Other figures that may be told: of the rows and sentences that it is about."""
    unknown: int = 0
    """How many parts nobody can answer."""
    held_out: bool = False
    """Whether its wording was not used in development."""


@dataclass(frozen=True)
class Judged:
    """A verdict and, where something was invented, what."""

    verdict: Verdict
    invented: tuple[str, ...] = field(default=())


def judge(job: Job, answer: str) -> Judged:
    """Judge an answer by its job's facts."""
    pieces = list(_pieces(answer))
    stated = [piece for piece in pieces if not _NOT_DONE.search(piece) and _is_statement(piece)]
    says_not_done = any(_NOT_DONE.search(piece) for piece in pieces)
    allowed = {_bare(n) for n in _NUMBER.findall(job.text)} | {_bare(n) for n in job.figures}
    allowed |= {_bare(n) for fact in job.facts for text in fact.texts for n in _NUMBER.findall(text)}
    invented = tuple(piece for piece in stated if not _bears(piece, job.facts, allowed))
    if invented:
        return Judged(Verdict.INVENTED, invented)
    wanted = [fact for fact in job.facts if fact.final]
    there = [fact for fact in wanted if any(fact.stands_in(piece) for piece in stated)]
    any_told = any(fact.stands_in(piece) for fact in job.facts for piece in stated)
    if len(there) == len(wanted) and (says_not_done or not job.unknown) and wanted:
        return Judged(Verdict.FULLY)
    if not wanted and says_not_done and not any_told:
        return Judged(Verdict.FULLY)  # nothing can be known of it, and that is said
    if any_told:
        return Judged(Verdict.PARTLY if says_not_done else Verdict.UNSAID)
    return Judged(Verdict.HONEST if says_not_done else Verdict.UNSAID)


def _bears(piece: str, facts: Sequence[Fact], allowed: set[str]) -> bool:
    """Whether a piece tells a fact, or a part of one in its own words, and no figure besides."""
    figures = {_bare(number) for number in _NUMBER.findall(piece)}
    part = _plain(piece).strip(" .,;:")
    told = any(fact.stands_in(piece) or _is_part(part, fact) for fact in facts)
    return told and figures <= allowed


def _is_part(part: str, fact: Fact) -> bool:
    """Whether the words are some of a fact's own sentence: true, and too little."""
    return len(part) >= _PART and any(
        part in _plain(text) for text in fact.texts if len(text) > _SENTENCE_CHARS
    )


def _pieces(answer: str) -> Iterator[str]:
    for line in _CITED.sub("", answer).splitlines():
        line = line.strip().removeprefix("- ").strip()
        if line.startswith("|"):
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            yield from (f"{cells[0]}: {cell}" for cell in cells[1:] if set(cell) - set("- "))
        elif line:
            # A line that says what was not done may quote the request, which holds sentences of its own.
            yield from [line] if _NOT_DONE.search(line) else _SENTENCE.split(line)


def _is_statement(piece: str) -> bool:
    """Headings of a table and marks state nothing."""
    return bool(re.search(r"\w", piece)) and not re.fullmatch(r": [A-Za-z ]+", piece)


def _plain(text: str) -> str:
    return " ".join(re.sub(r"(?<=\d),(?=\d{3})", "", text).lower().split())


def _bare(number: str) -> str:
    plain = number.replace(",", "")
    return plain.rstrip("0").rstrip(".") if "." in plain else plain
