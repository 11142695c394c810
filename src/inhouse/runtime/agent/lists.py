"""Lists of things in a request: "the Fold Mug, two Moon Bowls and a plate"."""

from __future__ import annotations

from dataclasses import dataclass

import regex

_DETERMINER = regex.compile(r"^(?:(?:the|your|an|a|our|each|both|one|of)\s+)+", regex.I)
#: Numbers as words.
QUANTITIES = {
    word: number
    for number, word in enumerate(
        ["two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"], start=2
    )
}
_QUANTITY = regex.compile(rf"^(?P<number>\d{{1,3}}|{'|'.join(QUANTITIES)})\s+(?=\p{{L}})", regex.I)
_PAIR = regex.compile(r"\s+(?:and|or|&|versus|vs\.?|plus)\s+|と|、", regex.I)
_LEADING = regex.compile(r"^(?:and|or|&|plus)\s+", regex.I)
_MOST_ITEMS, _LONGEST = 8, 60


@dataclass(frozen=True)
class Item:
    """A thing, and how many of it."""

    name: str
    quantity: int = 1


def items(text: str) -> list[Item]:
    """The things that a list names, in order; empty where it is no list of names."""
    found = [_item(part) for part in _split(text.strip(" ,.?!:？。"))]
    if not 0 < len(found) <= _MOST_ITEMS or not all(0 < len(item.name) <= _LONGEST for item in found):
        return []
    return found


def is_named(item: Item) -> bool:
    """Whether a thing is called by a name of its own: in capitals, or in a script that has none."""
    words = [
        word for word in item.name.split() if word.casefold() not in ("of", "the", "and", "&", "de", "la")
    ]
    return all(not word[0].islower() for word in words)


def _split(text: str) -> list[str]:
    """By commas where there are some, so that a name may hold an "and"; the last two may be parted by one alone."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if len(parts) == 1:
        return [part for part in _PAIR.split(text) if part]
    last = parts.pop()
    if _LEADING.match(last):
        return [*parts, _LEADING.sub("", last)]
    pair = list(_PAIR.finditer(last))
    return [*parts, last[: pair[-1].start()], last[pair[-1].end() :]] if pair else [*parts, last]


def _item(text: str) -> Item:
    text = _DETERMINER.sub("", text.strip())
    found = _QUANTITY.match(text)
    if found is None:
        return Item(text)
    number = found["number"].lower()
    return Item(_DETERMINER.sub("", text[found.end() :]), QUANTITIES.get(number) or int(number))
