"""Names in a line that says who wrote something."""

from __future__ import annotations

import regex

#: A word of a name: Aiko, A., J.-P., O’Neill, de, van, 森.
_PART = r"(?:\p{Lu}[\p{L}’'.\-]*|(?:de|da|del|della|der|den|di|dos|du|la|le|van|von|ten|ter|bin|al|el|y)\b)"
_NAME = regex.compile(rf"\p{{Lu}}[\p{{L}}’'.\-]*(?:\s+{_PART}){{1,4}}(?:,?\s+(?:Jr|Sr|II|III)\.?)?")
_SPLIT = regex.compile(r"\s*(?:[,;·•|]|\band\b|&)\s*")
#: Marks that point to addresses, raised or not, and degrees.
_MARKS = regex.compile(
    r"(?<=[\p{L}.])\s*(?:[\d*†‡§¶#∗$+]+(?:,\s*[\d*†‡§¶#∗$+]+)*)|[*†‡§¶∗$+]+"
    r"|(?<=\p{L}{2})\s[a-z](?:,\s?[a-z])*(?=\s*(?:[,;]|$))"
)
_DEGREE = regex.compile(
    r"\b(?:M\.?D\.?|Ph\.?D\.?|MSc|BSc|MPH|MBA|MBBS|FRCP|FRCS|RN|DPhil|DrPH|Prof\.?|Dr\.?|MA|MS|BS)(?=[\s,;]|$)"
)
#: Words that no name has: a line with one is an address or a notice.
_NO_NAME = regex.compile(
    r"(?i)@|https?:|\b(?:university|institute|department|dept|school|hospital|center|centre|college|laborator\w*|"
    r"faculty|division|inc|ltd|corporation|received|accepted|published|copyright|journal|volume|vol|doi|editors?|email|street|"
    r"road|usa|uk|group|research|conference|proceedings|abstract|report|version|draft|january|february|march|april|june|july|"
    r"august|september|october|november|december)\b"
)
_MOST_LETTERS = 60


def names_in(line: str) -> list[str]:
    """The people that a line names, in order; none where it is not a list of names."""
    if _NO_NAME.search(line):
        return []
    line = _DEGREE.sub("", _MARKS.sub(",", line))
    parts = [part.strip(" .,;:") for part in _SPLIT.split(line.removeprefix("By ").removeprefix("by "))]
    parts = [part for part in parts if sum(letter.isalpha() for letter in part) > 1]
    names = [part for part in parts if len(part) <= _MOST_LETTERS and _NAME.fullmatch(part)]
    return names if names and len(names) == len(parts) else []
