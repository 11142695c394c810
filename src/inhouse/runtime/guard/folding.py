"""Folding text so that one name has one form, however it is disguised.

Two forms: ``plain`` keeps words apart and is what cues are looked for in; ``Skeleton`` keeps letters only and is what
names are looked for in, with the place of each letter in the original.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache

#: Look-alikes of Latin letters, Cyrillic and Greek, lower case.
_LOOKALIKES = str.maketrans(
    "авсеѕіјорухкмнтгпибзԁԛԝһьӏѵшαβεγηικμνορτυχωϲıɡ",
    "abcesijopyxkmhtrnubzdqwhblvwabeynikmvoptuxwcig",
)
#: Digits and signs that stand for letters; i, l and 1 can't be told apart and become one.
_LEET = str.maketrans(
    {"0": "o", "1": "l", "i": "l", "3": "e", "4": "a", "@": "a", "5": "s", "$": "s", "7": "t", "8": "b"}
)
_SMALL_KANA = str.maketrans("ァィゥェォッャュョヮヵヶ", "アイウエオツヤユヨワカケ")
_HALF_VOICING = "ﾞﾟ\u3099\u309a"
_INVISIBLE = {"Cf", "Mn", "Me", "Cc"}


def is_invisible(char: str) -> bool:
    """Whether a reader sees nothing there: zero-width characters, soft hyphens, combining marks, controls."""
    return unicodedata.category(char) in _INVISIBLE and char not in "\n\t\r" and char not in _HALF_VOICING


def plain(text: str) -> str:
    """NFKC, case-folded, without what is invisible, look-alikes of Latin letters made Latin where mixed with them."""
    seen = "".join(char for char in text if not is_invisible(char))
    folded = unicodedata.normalize("NFKC", seen).casefold().replace("’", "'").replace("‘", "'")
    return folded.translate(_LOOKALIKES) if any("a" <= char <= "z" for char in folded) else folded


@dataclass(frozen=True)
class Skeleton:
    """The letters of a text. ``at[i]`` is the place in the original of letter ``i``, ``until[i]`` where it ends."""

    letters: str
    at: tuple[int, ...]
    until: tuple[int, ...]


@lru_cache(maxsize=256)
def skeleton(text: str) -> Skeleton:
    """Letters and digits only, each folded to the one form that its disguises share.

    Remembered, because every rule looks at the same beginning of a sentence, and every answer at the same names.
    """
    letters: list[str] = []
    at: list[int] = []
    until: list[int] = []
    for start, end, cluster in _clusters(text):
        for letter in _letters(cluster):
            letters.append(letter)
            at.append(start)
            until.append(end)
    return Skeleton("".join(letters), tuple(at), tuple(until))


def _clusters(text: str) -> list[tuple[int, int, str]]:
    """Characters, a half-width kana together with its voicing mark."""
    out: list[tuple[int, int, str]] = []
    for index, char in enumerate(text):
        if char in _HALF_VOICING and out and out[-1][1] == index:
            start, _, before = out.pop()
            out.append((start, index + 1, before + char))
        else:
            out.append((index, index + 1, char))
    return out


@lru_cache(maxsize=8192)
def _letters(cluster: str) -> str:
    """The folded letters of one character: looked up for each of them, again and again."""
    folded = unicodedata.normalize("NFKC", cluster).casefold()
    folded = "".join(_bare(char) for char in folded).translate(_LOOKALIKES).translate(_LEET)
    folded = "".join(chr(ord(char) + 0x60) if "ぁ" <= char <= "ゖ" else char for char in folded)
    return "".join(char for char in folded.translate(_SMALL_KANA) if char.isalnum() and char != "ー")


def _bare(char: str) -> str:
    """A letter without its accent; kana keep theirs, which there makes another letter."""
    base = unicodedata.normalize("NFD", char)[0]
    return char if "\u3040" <= base <= "\u30ff" else base
