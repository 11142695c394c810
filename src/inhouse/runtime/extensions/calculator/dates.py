"""Dates as people write them, and counting from one to another."""

from __future__ import annotations

import re
import unicodedata
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from babel.dates import format_date
from dateutil.parser import ParserError, parse
from dateutil.relativedelta import relativedelta

from inhouse.runtime.extensions.base import ToolFailed

MOST_CHARS = 40

_DAYS_FROM_TODAY = {
    "today": 0,
    "now": 0,
    "tomorrow": 1,
    "yesterday": -1,
    "day after tomorrow": 2,
    "day before yesterday": -2,
    "今日": 0,
    "明日": 1,
    "昨日": -1,
}
#: Month and day.
_FEASTS = {
    "christmas": (12, 25),
    "christmas day": (12, 25),
    "christmas eve": (12, 24),
    "new year": (1, 1),
    "new year's day": (1, 1),
    "new year's eve": (12, 31),
    "halloween": (10, 31),
    "valentine's day": (2, 14),
}
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WEEKDAY = re.compile(
    "(?:(next|this|last|past|coming) )?(mon|tue|tues|wed|wednes|thu|thur|thurs|fri|sat|satur|sun)(?:day)?"
)
_ISO = re.compile(r"([0-9]{4})[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})(?:[t ][0-9:.]+(?:z|[-+][0-9:]+)?)?")
_JAPANESE = re.compile("(?:([0-9]{4})年)?([0-9]{1,2})月([0-9]{1,2})日")
_NUMBERS = re.compile("([0-9]{1,2})[-/. ]([0-9]{1,2})(?:[-/. ]([0-9]{4}|[0-9]{2}))?")
_MONTH = re.compile("(?<![a-z])(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)")
#: What a date leaves out is told by parsing it twice. Both years have a 29 February.
_DEFAULTS = (datetime(2000, 1, 1), datetime(2004, 2, 2))

_STEP = re.compile("([-+]?) ?([0-9]{1,5}) ?([^0-9]+)")
_STEPS = {
    "day": "day",
    "日": "day",
    "日間": "day",
    "week": "week",
    "週間": "week",
    "month": "month",
    "か月": "month",
    "ヶ月": "month",
    "カ月": "month",
    "year": "year",
    "年": "year",
    "年間": "year",
    "working day": "working day",
    "business day": "working day",
    "weekday": "working day",
    "営業日": "working day",
}


@dataclass(frozen=True)
class Yearly:
    """A day that comes every year: a date without its year."""

    month: int
    day: int

    def after(self, start: date) -> date:
        """The first one on or after a date."""
        return self._first(start, 1)

    def before(self, end: date) -> date:
        """The last one on or before a date."""
        return self._first(end, -1)

    def _first(self, start: date, step: int) -> date:
        # A 29 February may be eight years away.
        for years in range(9):
            with suppress(ValueError):
                found = date(start.year + step * years, self.month, self.day)
                if (found - start).days * step >= 0:
                    return found
        raise ToolFailed(reason="There is no such day in the calendar.")


@dataclass(frozen=True)
class Step:
    """A time to go forward, or back where the number is negative."""

    number: int
    unit: str
    """day, week, month, year or working day."""

    @property
    def text(self) -> str:
        """Without its direction: "10 working days"."""
        return counted(abs(self.number), self.unit)

    def after(self, start: date) -> date:
        """The date that is so much later. Raises ``ToolFailed`` outside the calendar."""
        try:
            if self.unit == "working day":
                return _working_days_after(start, self.number)
            return start + relativedelta(**{f"{self.unit}s": self.number})  # type: ignore[arg-type]
        except (OverflowError, ValueError):
            raise ToolFailed(reason="That is outside the calendar, which has the years 1 to 9999.") from None


def day(text: str, today: date) -> date | Yearly:
    """The day that is meant by "3 March 2026", "2026-03-03", "next Friday" and the like. Raises ``ToolFailed``."""
    plain = _plain(text)
    if plain in _DAYS_FROM_TODAY:
        return today + timedelta(days=_DAYS_FROM_TODAY[plain])
    if plain in _FEASTS:
        return Yearly(*_FEASTS[plain])
    if found := _WEEKDAY.fullmatch(plain):
        return _weekday(today, _WEEKDAYS.index(found[2][:3]), found[1] or "this")
    try:
        if found := _ISO.fullmatch(plain):
            return date(int(found[1]), int(found[2]), int(found[3]))
        if found := _JAPANESE.fullmatch(plain):
            return _dated(found[1], int(found[2]), int(found[3]))
        if found := _NUMBERS.fullmatch(plain):
            return _numbered(found[1], found[2], found[3] or "")
        if _MONTH.search(plain):
            return _named(plain)
    except (ParserError, OverflowError, ValueError):
        pass
    raise ToolFailed(
        reason=f'"{text[:MOST_CHARS]}" is no date that is known here: write it like "3 March 2026".'
    )


def step(text: str) -> Step:
    """The time that is meant by "90 days", "-1 year" and the like. Raises ``ToolFailed``."""
    found = _STEP.fullmatch(_plain(text))
    unit = _STEPS.get(found[3].strip().removesuffix("s")) if found else None
    if found is None or unit is None:
        reason = f'"{text[:MOST_CHARS]}" can\'t be counted: write it like "90 days", "3 months" or "-10 working days".'
        raise ToolFailed(reason=reason)
    return Step(int(f"{found[1]}{found[2]}"), unit)


def written(value: date, *, weekday: bool = False) -> str:
    """For reading: "3 March 2026", or "Tuesday, 3 March 2026"."""
    return format_date(value, "EEEE, d MMMM y" if weekday else "d MMMM y", locale="en")


def counted(number: int, unit: str) -> str:
    """ "1 day" or "90 days"."""
    return f"{number:,} {unit}{'' if number == 1 else 's'}"


def _plain(text: str) -> str:
    text = unicodedata.normalize("NFKC", text[:MOST_CHARS]).replace("−", "-").replace("’", "'").lower()
    return " ".join(text.split()).removeprefix("on ").removeprefix("the ")


def _weekday(today: date, weekday: int, which: str) -> date:
    """ "Next" is never today; "this" may be."""
    ahead = (weekday - today.weekday()) % 7
    if which in ("last", "past"):
        ahead -= 7
    elif which == "next":
        ahead = ahead or 7
    return today + timedelta(days=ahead)


def _dated(year: str | None, month: int, day: int) -> date | Yearly:
    return date(int(year), month, day) if year else Yearly(month, day)


def _numbered(first: str, second: str, year: str) -> date:
    """03/04/2026 is in March or in April, by where one lives; 25/12/2026 is not in doubt."""
    day, month = max(int(first), int(second)), min(int(first), int(second))
    if len(year) != 4 or (day <= 12 and day != month):
        reason = "That date can be read in two ways: write the month by its name, and the year in full."
        raise ToolFailed(reason=reason)
    return date(int(year), month, day)


def _named(text: str) -> date | Yearly:
    """A date with the month's name. Raises ``ValueError`` where the day is not told."""
    one, other = (parse(text, default=default, ignoretz=True) for default in _DEFAULTS)
    if (one.month, one.day) != (other.month, other.day):
        raise ValueError(text)
    return one.date() if one.year == other.year else Yearly(one.month, one.day)


def _working_days_after(start: date, number: int) -> date:
    one = timedelta(days=1 if number > 0 else -1)
    for _ in range(abs(number)):
        start += one
        while start.weekday() >= 5:
            start += one
    return start
