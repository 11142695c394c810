"""Finding names in text, however they are written: spelled out, in other scripts, in look-alikes, with a slip."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from inhouse.runtime.guard.folding import is_invisible, skeleton

_SHORT = 3
_SAFE_INSIDE = 6
"""From this many letters on, a name inside a longer word is that name."""
_TYPO_FROM = 7
_SURE_TYPO_FROM = 8
"""From this many letters on, a capitalised slip is a slip of that name and not some other word."""
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True)
class Mention:
    """A name at ``start`` to ``end`` of the text. A weak one may be an ordinary word or a slip of something else."""

    start: int
    end: int
    of: str
    strong: bool


@dataclass(frozen=True)
class _Name:
    raw: str
    letters: str
    of: str
    strong: bool

    @property
    def is_latin(self) -> bool:
        return self.letters.isascii()


class Names:
    """A set of names to look for. ``entries`` are (name as written, whom it names, whether it is sure to)."""

    def __init__(self, entries: Sequence[tuple[str, str, bool]]) -> None:
        made = (_Name(raw, skeleton(raw).letters, of, strong) for raw, of, strong in entries)
        self._names = sorted((n for n in made if n.letters), key=lambda n: -len(n.letters))

    def __bool__(self) -> bool:
        return bool(self._names)

    def find(self, text: str) -> list[Mention]:
        """All mentions, from left to right, none inside another."""
        bones = skeleton(text)
        found: list[Mention] = []
        for name in self._names:
            begin = bones.letters.find(name.letters)
            while begin >= 0:
                last = begin + len(name.letters) - 1
                strength = _strength(text, bones.at[begin : last + 1], bones.until[last], name)
                if strength is not None:
                    found.append(
                        Mention(bones.at[begin], bones.until[last], name.of, strength and name.strong)
                    )
                begin = bones.letters.find(name.letters, begin + 1)
        kept = _outermost(found)
        slips = (s for s in self._slips(text) if all(s.end <= m.start or s.start >= m.end for m in kept))
        return _outermost([*kept, *slips])

    def unfinished(self, text: str) -> int | None:
        """Where the text's end may be the beginning of a name, or of the word that may turn out to be one."""
        bones = skeleton(text)
        starts = [m.start() for m in _WORD.finditer(text) if m.end() == len(text)]
        for name in self._names:
            for size in range(min(len(name.letters), len(bones.letters)), 0, -1):
                if bones.letters.endswith(name.letters[:size]) and not _is_glued(text, bones.at[-size], -1):
                    starts.append(bones.at[-size])
                    break
        return min(starts, default=None)

    def _slips(self, text: str) -> list[Mention]:
        """Words that are one slip of the keyboard away from a long name."""
        long = [n for n in self._names if n.is_latin and len(n.letters) >= _TYPO_FROM]
        if not long:
            return []
        out: list[Mention] = []
        for word in _WORD.finditer(text):
            letters = skeleton(word.group()).letters
            capital = word.group()[0].isupper()
            out.extend(
                Mention(word.start(), word.end(), name.of, capital and len(name.letters) >= _SURE_TYPO_FROM)
                for name in long
                if letters != name.letters and _is_one_slip(letters, name.letters)
            )
        return out


def _strength(text: str, at: Sequence[int], end: int, name: _Name) -> bool | None:
    """Whether the match is a strong mention, a weak one, or (``None``) no mention."""
    left, right = _is_glued(text, at[0], -1), _is_glued(text, end, 0)
    if not name.is_latin:
        inside = len(name.letters) < _SAFE_INSIDE and (
            _is_katakana(text, at[0]) and _is_katakana(text, at[0] - 1)
        )
        return None if inside else True
    if len(name.letters) <= _SHORT:
        exact = unicodedata.normalize("NFKC", text[at[0] : end]).casefold() == name.raw.casefold()
        return True if exact and not left and not right else None
    gaps = _gaps(text, at, name)
    if not gaps:
        sure = len(name.letters) >= _SAFE_INSIDE
        suffix = re.match(r"(?:s|es|'s|ers?)(?![^\W_])", text[end:], re.IGNORECASE)
        return True if sure or (not left and (not right or suffix)) else None
    if left or right:
        return None
    spelled_out = len(gaps) >= len(name.letters) - 1 - name.raw.count(" ")
    written = text[at[0] : end]
    return spelled_out or not (written.islower() and set(gaps) == {" "})


def _gaps(text: str, at: Sequence[int], name: _Name) -> list[str]:
    """What stands between the letters of a match where the name itself has nothing."""
    words = [len(skeleton(word).letters) for word in re.split(r"[\W_]+", name.raw)]
    own, position = set(), 0
    for size in words:
        position += size
        own.add(position)
    between = ((i + 1, text[a + 1 : b]) for i, (a, b) in enumerate(pairwise(at)))
    seen = ((i, "".join(c for c in gap if not is_invisible(c))) for i, gap in between)
    return [gap for i, gap in seen if gap and i not in own]


def _is_glued(text: str, index: int, offset: int) -> bool:
    """Whether a Latin letter or digit stands directly before (-1) or at (0) that place."""
    place = index + offset
    while 0 <= place < len(text) and is_invisible(text[place]):
        place += -1 if offset < 0 else 1
    if not 0 <= place < len(text):
        return False
    char = unicodedata.normalize("NFKC", text[place])
    return char.isalnum() and unicodedata.name(char[0], "").split(" ")[0] in {
        "LATIN",
        "DIGIT",
        "CYRILLIC",
        "GREEK",
    }


def _is_katakana(text: str, index: int) -> bool:
    return 0 <= index < len(text) and "ァ" <= text[index] <= "ヺ"


def _is_one_slip(a: str, b: str) -> bool:
    """One letter more, less, other, or two neighbours swapped."""
    if abs(len(a) - len(b)) > 1:
        return False
    same = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    x, y = a[same:], b[same:]
    return x[1:] == y or x == y[1:] or x[1:] == y[1:] or (x[:2] == y[:2][::-1] and x[2:] == y[2:])


def _outermost(found: list[Mention]) -> list[Mention]:
    """Without what lies inside a longer mention; of equals the strong one."""
    kept: list[Mention] = []
    for mention in sorted(found, key=lambda m: (m.start - m.end, not m.strong, m.start)):
        if all(mention.end <= other.start or mention.start >= other.end for other in kept):
            kept.append(mention)
    return sorted(kept, key=lambda m: m.start)
