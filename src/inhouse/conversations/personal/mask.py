"""Personal data taken out of one trace: every piece becomes a placeholder of its kind, the same wherever it stands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import regex

from inhouse.conversations.personal import contacts, names, numbers, places
from inhouse.conversations.personal.found import Found, Kind, plain

#: Earlier kinds win where two find the same words; within a kind the longer.
_ORDER: tuple[Kind, ...] = (
    "URL",
    "EMAIL",
    "IBAN",
    "CARD",
    "ID",
    "BIRTH",
    "ORDER",
    "PHONE",
    "ADDRESS",
    "HANDLE",
    "NAME",
)
_SHORTEST_PART = 2


def find(text: str, language: str) -> list[Found]:
    """The personal data of a text, without overlaps, in its order. ``language`` (two letters) says whose phone numbers."""
    read = plain(text)
    japanese = language == "ja" or regex.search(r"\p{Hiragana}|\p{Katakana}", text) is not None
    found = [
        *contacts.links(read),
        *contacts.emails(read),
        *numbers.accounts(read),
        *numbers.cards(read),
        *numbers.papers(read),
        *numbers.birthdays(read),
        *numbers.orders(read),
        *contacts.phones(read, "ja" if japanese else language),
        *places.addresses(read),
        *contacts.handles(read),
        *names.names(read),
    ]
    return _without_overlaps(found)


class Mask:
    """The placeholders of one trace. Nobody can tell from ``[NAME_1]`` of one who ``[NAME_1]`` of another is."""

    def __init__(self, texts: Sequence[str], language: str) -> None:
        """``texts`` are all that people wrote in it: a name told in one is taken out of the others too."""
        self._places: dict[str, str] = {}
        self._small: set[str] = set()
        self.removed: Counter[Kind] = Counter()
        """How many different pieces there are of each kind."""
        for text in texts:
            for found in find(text, language):
                self._add(found.kind, text[found.start : found.end])
        whole = sorted(self._places, key=len, reverse=True)
        self._pattern = regex.compile("|".join(map(_bounded, whole)), regex.I) if whole else None
        self._digits = {_digits(value): place for value, place in self._places.items() if _digits(value)}

    def text(self, text: str) -> str:
        """The text with a placeholder for each piece."""
        if self._pattern is None:
            return text
        read = plain(text)
        pieces, at = [], 0
        for match in self._pattern.finditer(read):
            place = self._place(match.group(), whole=len(match.group()) == len(read.strip()))
            if place is not None:
                pieces += [text[at : match.start()], place]
                at = match.end()
        return "".join([*pieces, text[at:]])

    def value(self, value: Any) -> Any:
        """The same for JSON, such as a call's arguments. A number that was taken out becomes its placeholder, a string."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self.text(str(name)): self.value(inner) for name, inner in value.items()}
        if isinstance(value, list | tuple):
            return [self.value(inner) for inner in value]
        if isinstance(value, int | float) and not isinstance(value, bool):
            return self._digits.get(str(value), value)
        return value

    def _place(self, said: str, whole: bool) -> str | None:
        """A name that is a word too ("Will", "Mark") is the name where it is written as one, or stands alone."""
        place = self._places.get(_key(said))
        if place is None or not place.startswith("[NAME") or whole:
            return place
        return place if not said[:1].islower() or _key(said) in self._small else None

    def _add(self, kind: Kind, said: str) -> None:
        key = _key(plain(said))
        if key in self._places:
            return
        self.removed[kind] += 1
        place = f"[{kind}_{self.removed[kind]}]"
        self._places[key] = place
        for part in _parts(kind, key):
            self._places.setdefault(part, place)
        if said[:1].islower():
            self._small.add(key)


def _parts(kind: Kind, key: str) -> Iterator[str]:
    """What of a piece gives it away alone: the words of a name."""
    if kind != "NAME":
        return
    for part in regex.split(r"[\s・]+", key):
        if len(part) >= _SHORTEST_PART and part not in names.listed("no_names") and part != key:
            yield part


def _key(said: str) -> str:
    """Pieces that differ in case and space only are one."""
    return " ".join(said.casefold().split())


def _bounded(key: str) -> str:
    """A pattern for a piece that stands by itself; words of a language without spaces stand anywhere."""
    pattern = regex.escape(key, special_only=True, literal_spaces=True).replace(" ", r"\s+")
    before = r"(?<![\p{L}\d])" if regex.match(r"[\p{Latin}\d]", key) else ""
    after = r"(?![\p{L}\d])" if regex.search(r"[\p{Latin}\d]$", key) else ""
    if regex.search(r"[\p{Han}\p{Hiragana}\p{Katakana}]", key):
        return pattern
    ja = r"\p{Han}\p{Hiragana}\p{Katakana}"
    before = before and rf"(?<![[\p{{L}}\d]--[{ja}]])"
    after = after and rf"(?![[\p{{L}}\d]--[{ja}]])"
    return f"{before}{pattern}{after}"


def _digits(value: str) -> str:
    bare = value.lstrip("#").strip()
    return bare if bare.isdigit() else ""


def _without_overlaps(found: Sequence[Found]) -> list[Found]:
    kept: list[Found] = []
    for one in sorted(found, key=lambda f: (_ORDER.index(f.kind), f.start - f.end)):
        if all(one.end <= other.start or one.start >= other.end for other in kept):
            kept.append(one)
    return sorted(kept, key=lambda f: f.start)
