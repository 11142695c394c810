"""A piece of personal data in a text, and how texts are read for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import regex

Kind = Literal["URL", "EMAIL", "IBAN", "CARD", "ORDER", "PHONE", "BIRTH", "ID", "HANDLE", "ADDRESS", "NAME"]

#: Full-width letters, digits and marks as plain ones, character by character: places in the text stay the same.
_PLAIN = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}
_PLAIN |= dict.fromkeys(map(ord, "‐‑‒–—−ー"), ord("-"))


@dataclass(frozen=True)
class Found:
    """Personal data at ``start`` to ``end`` of a text."""

    kind: Kind
    start: int
    end: int


def plain(text: str) -> str:
    """The same text in plain marks; every character stays in its place. Long vowels of Japanese words become hyphens."""
    return text.translate(_PLAIN)


def groups(kind: Kind, pattern: regex.Pattern[str], text: str) -> Iterator[Found]:
    """What a pattern finds: its group ``it`` where it has one, else the whole."""
    name = "it" if "it" in pattern.groupindex else 0
    for match in pattern.finditer(text):
        start, end = match.span(name)
        if end > start:
            yield Found(kind, start, end)
