"""What a column of a table holds: numbers with their unit, yes or no, dates, or text. It is found from its cells."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

import regex

from inhouse.content import plain

Value = str | float | None
"""What cells are compared by: folded text, an ISO date, a number, 1.0 for yes and 0.0 for no; ``None`` for an empty cell."""

#: One cell in ten may say something else, such as "on request", before prices are no longer a column of numbers.
_FITTING = 0.9
_LONGEST = 40
_MOST_DIGITS = 15
"""A float keeps no more of them."""
_MOST_DECIMALS = 6
_SAMPLE_CHARS = 30

_CODES = "AUD BRL CAD CHF CNY CZK DKK EUR GBP HKD HUF INR JPY KRW MXN NOK NZD PLN SEK SGD THB TRY TWD USD ZAR"
_CURRENCY = rf"(?:(?:[A-Z]{{1,2}})?\p{{Sc}}|{'|'.join(_CODES.split())}|kr\.?|zł|Kč|Ft|Fr\.|円|元|원)"
_MEASURE = r"(?:%|kg|mg|g|ml|cl|l|mm|cm|km|oz|lb)"
_QUANTITY = regex.compile(
    rf"[-−+]?(?P<before>{_CURRENCY}\s*)?[-−+]?(?P<digits>\d(?:[\d.,'’ ]*\d)?)(?:[.,][-–])?"
    rf"(?P<after>\s*(?:{_CURRENCY}|{_MEASURE}))?",
    regex.IGNORECASE,
)
_MONEY = regex.compile(_CURRENCY, regex.IGNORECASE)
_SIGN = regex.compile(r"\p{Sc}|円")
#: A number by its decimal mark: the other mark, spaces and apostrophes part its thousands (or India's lakhs).
_FORMS = {
    mark: regex.compile(
        rf"(?P<whole>\d+|\d{{1,3}}(?:[{other}'’ ]\d{{2,3}})*[{other}'’ ]\d{{3}})(?:[{mark}](?P<part>\d+))?"
    )
    for mark, other in ((".", ","), (",", "."))
}
#: An article number or a postcode, of which no zero may be lost.
_CODE = regex.compile(r"0\d+")
_EMPTY = frozenset(["", "-", "–", "—", "?", "n/a", "na", "null", "none", "k.a.", "tbd"])

_YEAR_FIRST = regex.compile(r"(\d{4})\s?[-/.年]\s?(\d{1,2})\s?[-/.月]\s?(\d{1,2})日?(?:[T ].*)?")
_YEAR_LAST = regex.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4})(?:[T ,].*)?")

_YES = "yes y true wahr vrai ja oui si sí sim да tak 예 네 はい あり 有り 有 可 是 対応 ○ ◯ ✓ ✔ ✅"
_NO = "no n false falsch faux nein non não nej nee нет nie 아니요 いいえ なし 無し 無 不可 否 非対応 × ✗ ✘ ❌"


def fold(text: str) -> str:
    """Text as it is compared: whatever its case, width and spacing."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


_TRUTH = {fold(word): 1.0 for word in _YES.split()} | {fold(word): 0.0 for word in _NO.split()}
#: What programs write, in words.
_SPOKEN = {"true": "yes", "y": "yes", "false": "no", "n": "no"}


class Kind(StrEnum):
    """What the cells of a column are."""

    NUMBER = "number"
    YES_NO = "yes or no"
    DATE = "date"
    TEXT = "text"


@dataclass(frozen=True)
class Quantity:
    """A number as a cell has it, with what stands before and after it, such as "£" or " kg"."""

    number: float
    before: str
    after: str
    decimals: int

    @property
    def unit(self) -> str:
        return (self.before or self.after).strip()


@dataclass(frozen=True)
class Column:
    """A column: its name (unique, lower snake case) and how its cells are read and written."""

    name: str
    kind: Kind
    before: str = ""
    after: str = ""
    decimals: int = 0
    mark: str = "."
    """The decimal mark, where a number could be read either way."""
    day_first: bool | None = None
    """Whether 03/04/2026 is in April; ``None`` where the cells don't tell, so that such a date is none."""
    samples: tuple[str, ...] = ()
    """Two of its different cells, shortened."""

    @property
    def label(self) -> str:
        """The name as words."""
        return self.name.replace("_", " ")

    @property
    def unit(self) -> str:
        """The unit of its numbers, such as "£" or "kg", or nothing."""
        return (self.before or self.after).strip()

    @property
    def is_money(self) -> bool:
        """Whether its numbers are amounts of money."""
        return bool(self.unit and _MONEY.fullmatch(self.unit))

    def value(self, text: str) -> Value:
        """What a cell, or what it is compared with, stands for; ``None`` where it is empty or not of this kind."""
        if self.kind is Kind.TEXT:
            return fold(text) or None
        if self.kind is Kind.YES_NO:
            return _TRUTH.get(fold(text))
        if self.kind is Kind.DATE:
            return _day(text, self.day_first)
        found = quantity(text, self.mark)
        return found.number if found and self._is_own(found.unit) else None

    def shown(self, cell: str) -> str:
        """The cell as people read it: as it was written, with the column's unit where it names none."""
        if self.kind is Kind.YES_NO:
            return _SPOKEN.get(cell.casefold(), cell)
        found = quantity(cell, self.mark) if self.kind is Kind.NUMBER and self.unit else None
        return f"{self.before}{cell}{self.after}" if found and not found.unit else cell

    def written(self, number: float, decimals: int | None = None) -> str:
        """A number as this column writes it, such as "£32.00"."""
        digits = f"{abs(number):.{self.decimals if decimals is None else decimals}f}"
        return f"{'-' if number < 0 else ''}{self.before}{digits.replace('.', self.mark)}{self.after}"

    def _is_own(self, unit: str) -> bool:
        """Other currencies can't be compared; where no cell names a unit, any will do."""
        return not unit or not self.unit or unit.casefold() == self.unit.casefold()


def find_column(name: str, header: str, cells: Sequence[str], mark: str) -> Column:
    """The column's kind and form from all of its cells. ``mark`` is the decimal mark where they don't show one."""
    filled = [cell for cell in cells if fold(cell) not in _EMPTY]
    candidates = (
        Column(name, Kind.YES_NO),
        _numbers(name, header, filled, mark),
        Column(name, Kind.DATE, day_first=_day_first(filled)),
    )
    fitting = (candidate for candidate in candidates if candidate and _fits(candidate, filled))
    column = next(fitting, Column(name, Kind.TEXT))
    return replace(column, samples=samples(column, filled))


def told_mark(cells: Iterable[str]) -> str | None:
    """The decimal mark that most of the numbers among these cells show; ``None`` where none shows one."""
    told = Counter(
        mark for cell in cells if (found := _quantity(cell)) and (mark := _decimal_mark(found["digits"]))
    )
    return told.most_common(1)[0][0] if told else None


def quantity(text: str, mark: str) -> Quantity | None:
    """A number with its unit. ``mark`` is the decimal mark where the number could be read either way."""
    found = _quantity(text)
    if found is None:
        return None
    parts = _FORMS[_decimal_mark(found["digits"]) or mark].fullmatch(found["digits"])
    if parts is None:
        return None
    whole, part = "".join(filter(str.isdecimal, parts["whole"])), parts["part"] or ""
    if len(whole) + len(part) > _MOST_DIGITS:
        return None
    number = float(f"{whole}.{part}")
    head = found.string[: found.start("digits")]
    signed = -number if "-" in head or "−" in head else number
    return Quantity(signed, found["before"] or "", found["after"] or "", len(part))


def _quantity(text: str) -> regex.Match[str] | None:
    # Checked first, as most cells are text and none of it is a number.
    if len(text) > _LONGEST or not any(map(str.isdecimal, text)):
        return None
    return _QUANTITY.fullmatch(unicodedata.normalize("NFKC", text).strip())


def _decimal_mark(digits: str) -> str | None:
    """The decimal mark that a number itself shows; ``None`` for one that has no mark or can be read either way."""
    points, commas = digits.count("."), digits.count(",")
    if points and commas:
        mark = "." if digits.rfind(".") > digits.rfind(",") else ","
    elif points + commas > 1:
        mark = "," if points else "."
    elif points + commas == 1:
        mark = "." if points else ","
        whole, part = digits.split(mark)
        if len(part) == 3 and len(whole) <= 3 and whole != "0":
            return None
    else:
        return None
    return mark if _FORMS[mark].fullmatch(digits) else None


def _numbers(name: str, header: str, cells: Sequence[str], mark: str) -> Column | None:
    """The column as one of numbers, in the unit that most cells name, or that the header does."""
    if any(map(_CODE.fullmatch, cells)):
        return None
    mark = told_mark(cells) or mark
    found = [number for cell in cells if (number := quantity(cell, mark))]
    units = Counter((number.before, number.after) for number in found if number.unit)
    before, after = units.most_common(1)[0][0] if units else _header_unit(header, mark)
    decimals = min(max((number.decimals for number in found), default=0), _MOST_DECIMALS)
    return Column(name, Kind.NUMBER, before, after, decimals, mark)


def _header_unit(header: str, mark: str) -> tuple[str, str]:
    """A currency sign in the header, such as "Price (£)", where it goes in that sort of writing."""
    sign = _SIGN.search(unicodedata.normalize("NFKC", header))
    if sign is None:
        return "", ""
    if sign[0] == "円":
        return "", sign[0]
    return (sign[0], "") if mark == "." else ("", f" {sign[0]}")


def _fits(column: Column, cells: Sequence[str]) -> bool:
    return bool(cells) and sum(column.value(cell) is not None for cell in cells) >= _FITTING * len(cells)


def _day(text: str, day_first: bool | None) -> str | None:
    normal = unicodedata.normalize("NFKC", text).strip()[:_LONGEST]
    if found := _YEAR_FIRST.fullmatch(normal):
        year, month, day = found.groups()
    elif day_first is not None and (found := _YEAR_LAST.fullmatch(normal)):
        first, _, second, year = found.groups()
        day, month = (first, second) if day_first else (second, first)
    else:
        return None
    try:
        return date(int(year), int(month), int(day)).isoformat()
    except ValueError:
        return None


def _day_first(cells: Sequence[str]) -> bool | None:
    """Whether days stand before months: told by one above 12, or by points, which only that order is written with."""
    found = [match.groups() for cell in cells if (match := _YEAR_LAST.fullmatch(cell[:_LONGEST]))]
    if any(int(first) > 12 for first, _, _, _ in found):
        return True
    if any(int(second) > 12 for _, _, second, _ in found):
        return False
    return True if found and all(sign == "." for _, sign, _, _ in found) else None


def samples(column: Column, cells: Sequence[str]) -> tuple[str, ...]:
    different: dict[str, None] = {}
    for cell in cells:
        if column.value(cell) is not None:
            different[plain.shortened(column.shown(cell), _SAMPLE_CHARS)] = None
        if len(different) == 2:
            break
    return tuple(different)
