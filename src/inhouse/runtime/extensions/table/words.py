"""Which rows of a table hold the words that somebody looks for, and how well each fits."""

from __future__ import annotations

import math
import unicodedata
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import regex

from inhouse.content import lexical

_MOST_PIECES = 20
#: Runs of one script each: where words are not spaced, a change of script parts them more often than not.
_SPACELESS = regex.compile(
    r"[\p{Han}々〆]+|[\p{Katakana}ー]+|\p{Hiragana}+|\p{Hangul}+|\p{Thai}+|\p{Lao}+|\p{Khmer}+|\p{Myanmar}+"
)
_HIRAGANA = regex.compile(r"\p{Hiragana}")
#: What a question has around the words that are looked for.
_FILLERS = frozenset((
    "a", "an", "and", "any", "are", "at", "by", "can", "do", "does", "for", "from", "have", "how", "i", "in", "is", "it",
    "me", "my", "of", "on", "or", "please", "show", "some", "that", "the", "there", "these", "they", "this", "to", "was",
    "what", "which", "who", "with", "you", "your",
))  # fmt: skip
_WORD = regex.compile(r"[\p{L}\p{N}\p{M}'’]+")


@dataclass(frozen=True)
class Match:
    """How well each row fits what is looked for. Without words, every row does."""

    words: int = 0
    """How many different words are looked for: a row fits wholly that holds as many."""
    _held: Mapping[int, int] = field(default_factory=dict)
    _rarity: Mapping[int, float] = field(default_factory=dict)

    @property
    def least(self) -> int:
        """How many of the words a row has to hold to be found at all."""
        return min(1, self.words)

    def held(self, row: int) -> int:
        """How many of the words the row holds."""
        return self._held.get(row, 0)

    def rarity(self, row: int) -> float:
        """How rare the words are that the row holds, together."""
        return self._rarity.get(row, 0.0)


class WordIndex:
    """The words of every row, by their stems; where words are not spaced, every two characters that stand together."""

    def __init__(self, texts: Sequence[str], language: str) -> None:
        self._language = language
        self._size = len(texts)
        self._rows: defaultdict[str, array[int]] = defaultdict(lambda: array("I"))
        for row, text in enumerate(texts):
            for term in set(lexical.terms(text, language)):
                self._rows[term].append(row)

    def match(self, words: str) -> Match:
        """The rows that hold any of the words, each with how many and how rare they are."""
        pieces = looked_for(words, self._language)
        held: Counter[int] = Counter()
        rarity: defaultdict[int, float] = defaultdict(float)
        for piece in pieces:
            rows = self._holding(piece)
            weight = math.log1p(self._size / len(rows)) if rows else 0.0
            for row in rows:
                held[row] += 1
                rarity[row] += weight
        # Of "?!" nothing can be looked for: no row holds it, and that is not to ask for all of them.
        return Match(max(1, len(pieces)), held, rarity)

    def _holding(self, piece: str) -> Sequence[int] | set[int]:
        if len(piece) == 1 and _SPACELESS.match(piece):
            return set[int]().union(*(rows for term, rows in self._rows.items() if piece in term))
        return self._rows.get(piece, ())


def looked_for(words: str, language: str) -> list[str]:
    """The different stems, and parts of unspaced runs, that a row may hold."""
    normal = unicodedata.normalize("NFKC", words).casefold()
    runs = _SPACELESS.findall(normal)
    spaced = _WORD.findall(_SPACELESS.sub(" ", normal))
    telling = [word for word in spaced if word not in _FILLERS]
    if not telling and not runs:
        telling = spaced
    pieces = [*lexical.terms(" ".join(telling), language), *_parts(runs)]
    return list(dict.fromkeys(pieces))[:_MOST_PIECES]


def _parts(runs: Sequence[str]) -> Iterable[str]:
    """Single characters and pairs. A single kana is a particle or an ending, unless nothing else is looked for."""
    for run in runs:
        if len(run) == 1 and _HIRAGANA.match(run) and len(runs) > 1:
            continue
        yield from [run] if len(run) == 1 else (run[at : at + 2] for at in range(len(run) - 1))
