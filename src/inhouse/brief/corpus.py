"""The corpus: a frozen training set made of values, named by the hash of its content.

``build_corpus`` reads no database and draws no lots: the same values in any order give the same bytes. See
``docs/design/corpus.md``.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

from inhouse.brief.brief import LANGUAGES, Brief, Lines
from inhouse.brief.instructions import instruction
from inhouse.core.ids import digest

Kind = Literal["voice", "qa", "correction"]
Split = Literal["train", "held_out"]

HELD_OUT_SHARE = 0.1
LEAST_HELD_OUT = 5
MANY_DOCUMENTS = 30
"""From so many on, documents are held out whole; of fewer, pieces are, or there would be nothing to measure by."""
LONGEST_ANSWER = 900
"""Characters: about what a small model's training window of 256 tokens holds in English."""
LONGEST_QUESTION = 500
SHORTEST = 3
MOST_ROWS = 50_000
#: What stands for the brief itself in a row's sources.
BRIEF = "brief"


@dataclass(frozen=True)
class VoiceItem:
    """One document of the owner's own words."""

    document_id: str
    source_id: str
    title: str
    text: str
    language: str = "en"


@dataclass(frozen=True)
class QAPair:
    """A question that the owner has answered; ``document_id`` and ``source_id`` say where."""

    document_id: str
    source_id: str
    question: str
    answer: str


@dataclass(frozen=True)
class Correction:
    """What the owner would have said; ``verdict_id`` is what it came from."""

    verdict_id: str
    question: str
    answer: str


@dataclass(frozen=True)
class Row:
    """One dialogue to learn from. ``sources`` are what it was made of: revoking one of them taints the corpus."""

    kind: Kind
    messages: tuple[tuple[str, str], ...]
    sources: tuple[str, ...]
    split: Split = "train"
    unit: str = ""
    """What is held out, and drawn for intervals, as one: a document, or a piece of one where there are few."""

    @property
    def line(self) -> str:
        """The row as one line of canonical JSON."""
        messages = [{"role": role, "content": content} for role, content in self.messages]
        value = {
            "kind": self.kind,
            "messages": messages,
            "source_ids": list(self.sources),
            "split": self.split,
            "unit": self.unit,
        }
        return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


@dataclass(frozen=True)
class Corpus:
    """Rows in canonical order."""

    rows: tuple[Row, ...]

    @cached_property
    def jsonl(self) -> bytes:
        """One row a line, in UTF-8, the same bytes for the same rows."""
        return "".join(f"{row.line}\n" for row in self.rows).encode()

    @cached_property
    def hash(self) -> str:
        """SHA-256 of ``jsonl`` in hex: the corpus's name."""
        return digest(self.jsonl)

    @cached_property
    def sources(self) -> frozenset[str]:
        """All that went into it: ids of documents, sources and verdicts, ``brief``."""
        return frozenset(source for row in self.rows for source in row.sources)

    def counts(self) -> dict[str, int]:
        """How many rows there are of each kind and split, such as ``{"voice/train": 80}``."""
        names = [f"{row.kind}/{row.split}" for row in self.rows]
        return {name: names.count(name) for name in sorted(set(names))}


def build_corpus(
    items: Sequence[VoiceItem] = (),
    qa_pairs: Sequence[QAPair] = (),
    corrections: Sequence[Correction] = (),
    brief: Brief | None = None,
    *,
    system: str = "",
) -> Corpus:
    """Make the training set. ``system`` goes before every row, as it will at run time.

    About a tenth of the documents is held out whole, and of fewer than ``MANY_DOCUMENTS`` a tenth of their pieces. Of
    rows that say the same, one is kept; answers longer than ``LONGEST_ANSWER`` characters are cut at paragraphs and
    sentences into several rows.
    """
    rows = [
        *(row for item in items for row in _voice(item, system)),
        *(_dialogue("qa", q.question, q.answer, (q.document_id, q.source_id), system) for q in qa_pairs),
        *(_dialogue("correction", c.question, c.answer, (c.verdict_id,), system) for c in corrections),
        *(row for row in _of_brief(brief or Brief(), system)),
    ]
    return Corpus(tuple(_split(_distinct([row for row in rows if row is not None]))))


def _split(rows: Sequence[Row]) -> Iterator[Row]:
    """Hold out the units whose hashes are smallest: the same ones as long as the AI's documents stay about the same."""
    many = len({row.sources[0] for row in rows if _may_be_held_out(row)}) >= MANY_DOCUMENTS
    placed = [replace(row, unit=row.sources[0] if many else digest(row.messages[-1][1])[:16]) for row in rows]
    units = sorted({row.unit for row in placed if _may_be_held_out(row)}, key=digest)
    wanted = max(LEAST_HELD_OUT, round(HELD_OUT_SHARE * len(units)))
    held_out = frozenset(units[: min(wanted, len(units) // 3)])
    for row in placed:
        yield replace(row, split="held_out") if row.unit in held_out and _may_be_held_out(row) else row


def _may_be_held_out(row: Row) -> bool:
    return row.kind in ("voice", "qa") and row.sources[0] != BRIEF


def _voice(item: VoiceItem, system: str) -> Iterator[Row | None]:
    for number, part in enumerate(_parts(item.text)):
        asked = instruction(item.title, part, item.language, first=number == 0)
        yield _dialogue("voice", asked, part, (item.document_id, item.source_id), system)


def _of_brief(brief: Brief, system: str) -> Iterator[Row | None]:
    """The owner's own lines for greetings, thanks and small talk, and their samples."""
    said: tuple[tuple[Lines, dict[str, str]], ...] = (
        (brief.voice.greeting, {"en": "Hello!", "ja": "こんにちは!"}),
        (brief.voice.thanks, {"en": "Thank you!", "ja": "ありがとう!"}),
        (brief.voice.small_talk, {"en": "How are you?", "ja": "お元気ですか?"}),
        (brief.voice.farewell, {"en": "Goodbye!", "ja": "さようなら!"}),
    )
    for lines, asked in said:
        for language in LANGUAGES:
            for line in getattr(lines, language):
                yield _dialogue("voice", asked[language], brief.fill(line, language), (BRIEF,), system)
    for exchange in brief.voice.exchanges:
        yield _dialogue("voice", exchange.message, exchange.reply, (BRIEF,), system)
    for sample in brief.voice.samples:
        language = "ja" if re.search(r"[\u3040-\u30ff]", sample) else "en"
        yield _dialogue("voice", instruction("", sample, language, first=True), sample, (BRIEF,), system)


def _dialogue(kind: Kind, asked: str, answer: str, sources: tuple[str, ...], system: str) -> Row | None:
    """A row of one exchange, or nothing where there is nothing to learn."""
    asked, answer = _tidy(asked)[:LONGEST_QUESTION], _tidy(answer)
    if len(answer) < SHORTEST or not asked:
        return None
    opening = (("system", system),) if system else ()
    messages = (*opening, ("user", asked), ("assistant", _parts(answer)[0]))
    return Row(kind, messages, tuple(dict.fromkeys(sources)))


def _distinct(rows: Sequence[Row]) -> list[Row]:
    """One of each answer, in canonical order, where a correction comes before everything else that says the same.

    The one that is kept has the sources of all: revoking any of them takes back the words.
    """
    kept: dict[str, Row] = {}
    for row in sorted(rows, key=lambda row: row.line):
        same = kept.setdefault(_sameness(row), row)
        if same is not row:
            kept[_sameness(row)] = replace(same, sources=tuple(dict.fromkeys((*same.sources, *row.sources))))
    return sorted(kept.values(), key=lambda row: digest(row.line))[:MOST_ROWS]


def _sameness(row: Row) -> str:
    """What makes two rows one: the words of the text for voice, of question and answer for the others."""
    said = row.messages[-1:] if row.kind == "voice" and BRIEF not in row.sources else row.messages
    text = " ".join(content for _role, content in said)
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _tidy(text: str) -> str:
    """Without runs of blanks and blank lines, and without control characters."""
    text = "".join(char for char in text if char == "\n" or unicodedata.category(char) != "Cc")
    return re.sub(r"\n{3,}", "\n\n", re.sub(r"[ \t\u3000]+", " ", text)).strip()


def _parts(text: str) -> list[str]:
    """The text in parts of at most ``LONGEST_ANSWER`` characters, cut at paragraphs, else sentences, else anywhere."""
    parts, rest = [], _tidy(text)
    while len(rest) > LONGEST_ANSWER:
        cut = _cut(rest[:LONGEST_ANSWER])
        parts.append(rest[:cut].strip())
        rest = rest[cut:].strip()
    return [part for part in (*parts, rest) if part] or [""]


def _cut(window: str) -> int:
    """The last good place to cut in the second half of the window."""
    for mark in (r"\n\n", r"\n", r"[.!?…][\"')\]]?\s|[。!?]", r"\s"):
        places = [found.end() for found in re.finditer(mark, window) if found.end() > len(window) // 2]
        if places:
            return places[-1]
    return len(window)
