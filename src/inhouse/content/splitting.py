"""A document's sections cut into passages: whole sentences, some 60 to 140 tokens, each with its exact place."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import regex

from inhouse.content import lexical, sentences
from inhouse.content.values import Document, Section
from inhouse.core.passages import Place

#: Tokens of the embedding model, estimated.
MOST_TOKENS = 140
_AIM_TOKENS = 110
_FEW_TOKENS = 60
#: A sentence this long is cut where it can be: the embedding model reads 512 tokens.
_LONGEST_SENTENCE = 280
_MOST_PIECES = 20_000

_WIDE = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]")
_SOFT_BREAK = regex.compile(r"[,;:、，；：]\s*|\s+")


@dataclass(frozen=True)
class Piece:
    """A passage before it has a row. ``text`` stands letter by letter in the section."""

    text: str
    context: str
    """What the text does not say itself: title, question, heading, one a line."""
    place: Place

    def words(self, language: str) -> list[str]:
        """The terms that the passage is found by; what it stands under counts twice."""
        return 2 * lexical.terms(self.context, language) + lexical.terms(self.text, language)

    @property
    def full(self) -> str:
        """What is embedded."""
        return f"{self.context}\n{self.text}" if self.context else self.text


def split(document: Document, sections: Sequence[Section]) -> list[Piece]:
    """The document's passages in reading order; the same text below the same heading is kept once."""
    pieces: dict[tuple[str, str], Piece] = {}
    for section in _joined(sections):
        context = _context(document, section.place)
        for text in texts(section.text):
            pieces.setdefault((context, text), Piece(text, context, section.place))
    return list(pieces.values())[:_MOST_PIECES]


def tokens(text: str) -> int:
    """How many tokens the embedding model makes of the text, estimated within some 15%."""
    wide = len(_WIDE.findall(text))
    return math.ceil(wide / 1.6 + (len(text) - wide) / 4.2)


def _context(document: Document, place: Place) -> str:
    lines = (document.title, document.question, place.heading)
    return "\n".join(dict.fromkeys(line.strip() for line in lines if line and line.strip()))


def _joined(sections: Sequence[Section]) -> Iterator[Section]:
    """Sections, where neighbours that are only moments of one recording are read as one until it is long enough."""
    held: Section | None = None
    for section in sections:
        if held is not None and _belong_together(held, section):
            held = Section(text=f"{held.text}\n{section.text}", place=held.place)
            continue
        if held is not None:
            yield held
        held = section
    if held is not None:
        yield held


def _belong_together(first: Section, second: Section) -> bool:
    if (
        first.place.second is None
        or second.place.second is None
        or first.place.heading != second.place.heading
    ):
        return False
    return tokens(first.text) < _FEW_TOKENS and tokens(first.text) + tokens(second.text) <= MOST_TOKENS


def texts(text: str) -> Iterator[str]:
    """One section cut into pieces of about equal length that end where sentences end."""
    spans = [part for span in sentences.spans(text) for part in _cut_long(text, *span)]
    sizes = [tokens(text[start:end]) for start, end in spans]
    for first, last in _groups(sizes):
        yield text[spans[first][0] : spans[last][1]]


def _groups(sizes: Sequence[int]) -> Iterator[tuple[int, int]]:
    """First and last index of each run of sentences."""
    whole = sum(sizes)
    aim = whole if whole <= MOST_TOKENS else whole / math.ceil(whole / _AIM_TOKENS)
    first, held = 0, 0
    for at, size in enumerate(sizes):
        # Cut before this sentence where that comes nearer to the aim than cutting after it.
        if at > first and (held + size / 2 > aim or held + size > max(aim, MOST_TOKENS)):
            yield first, at - 1
            first, held = at, 0
        held += size
    if sizes:
        yield first, len(sizes) - 1


def _cut_long(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """A sentence as it is, or in parts where it is longer than any model reads."""
    while tokens(text[start:end]) > _LONGEST_SENTENCE:
        cut = _soft_cut(text, start, end)
        yield start, cut
        start = cut
        while start < end and text[start].isspace():
            start += 1
    if start < end:
        yield start, end


def _soft_cut(text: str, start: int, end: int) -> int:
    share = MOST_TOKENS / tokens(text[start:end])
    most = start + max(20, int((end - start) * share))
    breaks = [match.end() for match in _SOFT_BREAK.finditer(text, start + (most - start) // 2, most)]
    return breaks[-1] if breaks else most
