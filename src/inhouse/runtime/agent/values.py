"""Amounts, dates and names in what was found: what a next call may go on with.

A value is only taken where there is one of its sort and no other: of two prices in a sentence neither is taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import regex

from inhouse.core.passages import Citation
from inhouse.runtime.agent.plans import State, Task, Want

_UNITS = (
    r"(?:%|°[CF]|(?:kilo|milli|centi)?(?:met(?:er|re)|gram|lit(?:er|re))s?|inch(?:es)?|feet|foot|ounces?|pounds?|pints?|cups?|miles?"
    r"|kg|mg|g|ml|cl|l|mm|cm|km|m|oz|lb|ft|in|円)"
)
_AMOUNT = regex.compile(
    rf"(?P<before>[£$€¥]\s?)?(?<![\p{{L}}\d.,/-])(?P<number>\d{{1,3}}(?:,\d{{3}})+(?:\.\d+)?|\d+(?:\.\d+)?)(?![\d/-])(?P<after>\s?{_UNITS}(?!\p{{L}}))?"
)
_MONTH = r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)"
_DATE = regex.compile(
    rf"\b\d{{4}}-\d{{2}}-\d{{2}}\b|\b\d{{1,2}}(?:st|nd|rd|th)?\s+(?:of\s+)?{_MONTH}\b(?:,?\s+\d{{4}})?|\b{_MONTH}\s+\d{{1,2}}(?:st|nd|rd|th)?\b(?:,?\s+\d{{4}})?"
    r"|(?:\d{4}年)?\d{1,2}月\d{1,2}日"
)
_DAYS = regex.compile(
    r"\b(?P<number>\d{1,3})\s+(?P<unit>(?:working\s+|business\s+)?(?:day|week|month)s?)\b", regex.I
)
_ORDINAL = regex.compile(r"(?<=\d)(?:st|nd|rd|th)\b(?:\s+of\b)?")
_LONGEST_NAME = 60


@dataclass(frozen=True)
class Finding:
    """What a task came to. ``text`` is what is told of it; ``span`` the words that answer it, where they were picked out."""

    task: Task
    state: State
    text: str = ""
    citations: tuple[Citation, ...] = ()
    value: str = ""
    name: str = ""
    span: str = ""
    line: str = ""
    """Why nothing came of it, where there is more to say than that nothing was found."""

    @property
    def found(self) -> bool:
        return self.state == "done"


@dataclass(frozen=True)
class Amount:
    """A number with its unit as it was written."""

    number: Fraction
    unit: str
    written: str


def of(want: Want, finding: Finding) -> str:
    """The value of that sort in a finding; empty where there is none, or more than one."""
    if want == "name":
        return finding.name if len(finding.name) <= _LONGEST_NAME else ""
    places = [
        finding.value,
        finding.span,
        *(citation.quote for citation in finding.citations[:1]),
        finding.text,
    ]
    found = (_in(want, place) for place in places if place)
    return next(filter(None, found), "")


def amount(text: str) -> Amount | None:
    """The only amount in a text."""
    found = list(_AMOUNT.finditer(_DATE.sub(" ", text)))
    if len(found) != 1:
        return None
    number = Fraction(found[0]["number"].replace(",", ""))
    unit = (found[0]["before"] or found[0]["after"] or "").strip()
    return Amount(number, unit, found[0][0].strip())


def picked(findings: Sequence[Finding], *, most: bool) -> Finding | None:
    """The finding with the least or the greatest amount; nothing where not all have one, units differ, or two are equal."""
    amounts = [amount(of("amount", finding)) for finding in findings]
    if any(one is None for one in amounts) or len({one.unit.casefold() for one in amounts if one}) != 1:
        return None
    numbers = [one.number for one in amounts if one]
    best = max(numbers) if most else min(numbers)
    return findings[numbers.index(best)] if numbers.count(best) == 1 else None


def _in(want: Want, text: str) -> str:
    if want == "amount":
        found = amount(text)
        return found.written if found else ""
    if want == "date":
        dates = {_ORDINAL.sub("", match[0]) for match in _DATE.finditer(text)}
        return dates.pop() if len(dates) == 1 else ""
    bare = regex.fullmatch(r"\s*(\d{1,3})\s*", text)
    if bare:
        return f"{bare[1]} days"
    spans = {f"{match['number']} {match['unit'].lower()}" for match in _DAYS.finditer(text)}
    return spans.pop() if len(spans) == 1 else ""
