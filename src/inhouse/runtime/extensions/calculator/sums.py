"""Sums as people write them: read by a small grammar of our own, and worked out in exact amounts.

::

    answer   = sum [("to" | "in" | "into" | "as") units]
    sum      = product {("+" | "-") product}
    product  = signed {("*" | "/" | "per" | "%" | "of" | "off") signed}
    signed   = {"+" | "-"} power
    power    = operand ["^" signed]
    operand  = number ["%" | units {number units}] | money number | "(" sum ")" ["%" | units] | function | units | "pi"

Nothing is ever handed to a parser that can do more than this one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from inhouse.runtime.extensions.base import ToolFailed
from inhouse.runtime.extensions.calculator.amounts import Amount, alike, amount, rounded
from inhouse.runtime.extensions.calculator.units import (
    Units,
    is_us,
    measures_in,
    money_in,
    multiplied,
    two_word_unit,
    unit,
    unit_text,
)

MOST_CHARS = 200
_MOST_DEPTH = 20
_MOST_PLACES = 10

_TOKEN = re.compile(
    r"""
    (?P<number> [0-9]{1,6}\ [0-9]{1,3}/[0-9]{1,3}(?![0-9./])               # 1 1/2
              | (?<![0-9./^])[0-9]{1,3}/[0-9]{1,3}(?=\ ?[A-Za-z])          # 1/2 cup
              | (?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]+)?|\.[0-9]+  # 1,234.5
    )
    | (?P<money> [£$€¥])
    | (?P<word> [A-Za-zµ°]+)
    | (?P<sign> [-+*/^%(),])
    """,
    re.VERBOSE,
)
#: Signs that look or are meant like the plain ones.
_LOOKALIKES = str.maketrans(
    {chr(code): chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}
    | {"￥": "¥", "￡": "£", "円": " JPY ", "μ": "µ", "℃": "°C", "℉": "°F", "²": "^2", "³": "^3"}
    | dict.fromkeys("×✕·", "*")
    | dict.fromkeys("−–—", "-")
    | {"÷": "/"}
)
_HALVES = {"½": "5", "¼": "25", "¾": "75"}
_WORD_SIGNS = {"x": "*", "times": "*", "per": "/", "plus": "+", "minus": "-"}
_INTO = ("to", "in", "into", "as")
_MODIFIERS = {"square": 2, "sq": 2, "cubic": 3, "cu": 3}
_PI = Fraction("3.14159265358979323846264338327950288419717")


@dataclass(frozen=True)
class Solved:
    """A sum and what it comes to."""

    asked: str
    """The sum for reading, without the units that it was to be converted to: "3 × £32 + £4.50"."""
    amount: Amount
    is_us: bool
    """Whether a measure is in it that is another one elsewhere, such as a cup."""


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    start: int


class _Percent(Amount):
    """A hundredth part, written with a percent sign: "80 + 15%" means 15% of the 80."""


def solve(expression: str) -> Solved:
    """Work out a sum of at most 200 characters. Raises ``ToolFailed`` with a sentence."""
    if len(expression) > MOST_CHARS:
        raise ToolFailed(reason=f"A sum has at most {MOST_CHARS} characters.")
    text = _plain(expression)
    reader = _Reader(_tokens(text))
    try:
        value = reader.answer()
    except ZeroDivisionError:
        raise ToolFailed(reason="Nothing can be divided by zero.") from None
    return Solved(_for_reading(text[: reader.asked_until]), value, reader.is_us)


def _plain(expression: str) -> str:
    """In the characters of the grammar: "1½ × ３ m²" is "1.5 * 3 m^2"."""
    text = expression.translate(_LOOKALIKES).replace("**", "^")
    text = re.sub("([0-9]*) ?([½¼¾])", lambda found: f"{found[1] or 0}.{_HALVES[found[2]]}", text)
    text = re.sub(r"(?<![A-Za-z])(mm|cm|m|km|in|ft)([23])(?![0-9.])", r"\1^\2", text)
    degrees = r"(?<![A-Za-z])(?:°|deg|degrees?) ?(c|f)(?:elsius|entigrade|ahrenheit)?(?![A-Za-z])"
    text = re.sub(degrees, lambda found: f" deg{found[1].upper()}", text, flags=re.IGNORECASE)
    return " ".join(text.split()).rstrip(" =?")


def _for_reading(text: str) -> str:
    text = re.sub(r" ?\bdeg([CF])\b", r" °\1", text.strip())
    text = re.sub(r" ?\* ?| x ", " × ", text)
    text = re.sub(r"(?<=[A-Za-z])\^([23])(?![0-9])", lambda found: "²³"[int(found[1]) - 2], text)
    return re.sub(r"(?<=[\w)%]) ?([+-]) ?", r" \1 ", text)


def _tokens(text: str) -> Sequence[_Token]:
    tokens: list[_Token] = []
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise ToolFailed(reason=f'"{text[at]}" is nothing to calculate with.')
        kind, word = str(found.lastgroup), found[0]
        if sign := _WORD_SIGNS.get(word.lower()):
            kind, word = "sign", sign
        tokens.append(_Token(kind, word, at))
        at = found.end()
        at += text.startswith(" ", at)
    return tokens


class _Reader:
    """Reads tokens from left to right, and works out as it goes."""

    def __init__(self, tokens: Sequence[_Token]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0
        self._in_function = False
        self.is_us = False
        self.asked_until: int | None = None

    def answer(self) -> Amount:
        value = self._sum()
        token = self._peek()
        if token and self._accept(*_INTO):
            self.asked_until = token.start
            value = value.converted(self._target())
        else:
            value = value.reduced()
        if token := self._peek():
            raise _unknown(token) if token.kind == "word" and unit(token.text) is None else _misplaced(token)
        _refuse_money_times(value)
        return value

    def _sum(self) -> Amount:
        left = self._product()
        while sign := self._accept("+", "-"):
            right = self._product()
            left = _added(left, right if sign == "+" else _negated(right))
        return left

    def _product(self) -> Amount:
        left = self._signed()
        while sign := self._accept("*", "/", "%", *(("of", "off") if isinstance(left, _Percent) else ())):
            right = self._signed()
            if sign == "/":
                left = left.over(right)
            elif sign == "%":
                left = left.modulo(right)
            elif sign == "off":
                left = right.times(Amount(1 - left.number))
            else:
                left = left.times(right)
        return left

    def _signed(self) -> Amount:
        negative = False
        while sign := self._accept("+", "-"):
            negative ^= sign == "-"
        value = self._power()
        return _negated(value) if negative else value

    def _power(self) -> Amount:
        base = self._operand()
        if not self._accept("^"):
            return base
        exponent = self._signed()
        if exponent.units:
            raise ToolFailed(reason="A power has to be a plain number.")
        return base.raised(exponent.number)

    def _operand(self) -> Amount:
        token = self._take()
        if token.kind == "number":
            return self._measured(self._number(token))
        if token.text == "(":
            return self._bracketed()
        if token.kind == "sign":
            raise _misplaced(token)
        if token.text in _FUNCTIONS and self._accept("("):
            return self._function(token.text)
        if token.text.lower() == "pi":
            return Amount(_PI)
        self._at -= 1
        units = self._units()
        if units is None:
            raise _unknown(token)
        return self._sum_of_money(token, units) if money_in(units) else amount(Fraction(1), units)

    def _sum_of_money(self, currency: _Token, units: Units) -> Amount:
        """ "£4.50" or "GBP 4.50"."""
        token = self._peek()
        if token is None or token.kind != "number":
            raise _misplaced(currency)
        self._at += 1
        return amount(self._number(token), units)

    def _number(self, token: _Token) -> Fraction:
        if "," in token.text and self._in_function:
            raise ToolFailed(
                reason='Between brackets, write a space after each comma, and none inside a number: "max(1200, 950)".'
            )
        whole, _, part = token.text.rpartition(" ")
        return int(whole or 0) + Fraction(part.replace(",", ""))

    def _measured(self, number: Fraction) -> Amount:
        """The number with its percent sign or units: "15%", "350 F", "5 ft 9 in"."""
        if self._is_percent():
            self._at += 1
            return _Percent(amount(number / 100).number)
        units = self._units()
        if units is None:
            return amount(number)
        value = amount(number, units)
        while (token := self._peek()) and token.kind == "number":
            self._at += 1
            more = self._units()
            if more is None:
                raise _misplaced(token)
            value = value.plus(amount(self._number(token), more))
        return value

    def _is_percent(self) -> bool:
        """Whether a percent sign is next that is no "remainder of": nothing stands after it to divide by."""
        if not self._is_next("%"):
            return False
        after = self._peek(1)
        if after is None or after.kind == "sign":
            return after is None or after.text != "("
        return after.kind == "word" and after.text.lower() in ("of", "off", *_INTO)

    def _bracketed(self) -> Amount:
        self._deeper()
        value = self._sum()
        self._close()
        return value if value.units or isinstance(value, _Percent) else self._measured(value.number)

    def _function(self, name: str) -> Amount:
        self._deeper()
        outside, self._in_function = self._in_function, True
        values = [self._sum()]
        while self._accept(","):
            values.append(self._sum())
        self._in_function = outside
        self._close()
        return _FUNCTIONS[name](values)

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > _MOST_DEPTH:
            raise ToolFailed(reason="The sum has too many brackets inside each other.")

    def _close(self) -> None:
        self._depth -= 1
        if not self._accept(")"):
            raise ToolFailed(reason="A bracket is not closed.")

    def _units(self) -> Units | None:
        """The units that are next, such as "kg", "square feet", "m^2" or "fl oz"; ``None`` where none are."""
        began = self._at
        power = self._modifier()
        units = self._named_units()
        if units is None:
            self._at = began
            return None
        power *= self._unit_power()
        self.is_us |= is_us(units)
        return dict.fromkeys(units, power)

    def _modifier(self) -> int:
        token = self._peek()
        power = _MODIFIERS.get(token.text.lower(), 1) if token else 1
        self._at += power > 1
        return power

    def _named_units(self) -> Units | None:
        token, after = self._peek(), self._peek(1)
        if token is None or token.kind not in ("word", "money"):
            return None
        if after and after.kind == "word" and (units := two_word_unit(token.text, after.text)):
            self._at += 2
            return units
        units = unit(token.text)
        self._at += units is not None
        return units

    def _unit_power(self) -> int:
        """A power is the unit's own: "20 m^2" are twenty square metres."""
        power = self._peek(1)
        if not self._is_next("^") or power is None or not re.fullmatch("[1-9]", power.text):
            return 1
        self._at += 2
        return int(power.text)

    def _target(self) -> Units:
        """Units to convert to, such as "km/h"."""
        target: Units = {}
        sign: str | None = "*"
        while sign:
            token = self._peek()
            units = self._units()
            if units is None:
                raise _unknown(token) if token else _unfinished()
            target = multiplied(target, units, -1 if sign == "/" else 1)
            sign = self._accept("*", "/")
        return amount(Fraction(1), target).units

    def _peek(self, ahead: int = 0) -> _Token | None:
        at = self._at + ahead
        return self._tokens[at] if at < len(self._tokens) else None

    def _take(self) -> _Token:
        token = self._peek()
        if token is None:
            raise _unfinished()
        self._at += 1
        return token

    def _is_next(self, *texts: str) -> bool:
        token = self._peek()
        return token is not None and token.text.lower() in texts

    def _accept(self, *texts: str) -> str | None:
        if not self._is_next(*texts):
            return None
        return self._take().text.lower()


def _refuse_money_times(value: Amount) -> None:
    """Three cups at £12 are £36, not 36 pound-cups."""
    above = {name: power for name, power in measures_in(value.units).items() if power > 0}
    if above and any(power > 0 for power in money_in(value.units).values()):
        reason = f'Money times "{unit_text(above)}" means nothing: write the number without it, or a price like £20/hour.'
        raise ToolFailed(reason=reason)


def _added(left: Amount, right: Amount) -> Amount:
    if not isinstance(right, _Percent):
        return left.plus(right)
    if isinstance(left, _Percent):
        return _Percent(left.number + right.number)
    return left.times(Amount(1 + right.number))


def _negated(value: Amount) -> Amount:
    return _Percent(-value.number) if isinstance(value, _Percent) else value.negated()


def _least(values: Sequence[Amount]) -> Amount:
    return _chosen(values, 1)


def _most(values: Sequence[Amount]) -> Amount:
    return _chosen(values, -1)


def _chosen(values: Sequence[Amount], sign: int) -> Amount:
    best = values[0]
    for value in values[1:]:
        first, second = alike(best, value)
        best = second if sign * second.number < sign * first.number else first
    return best


def _rounded(values: Sequence[Amount]) -> Amount:
    """The first to as many decimal places as the second says, or to none."""
    places = values[1] if len(values) > 1 else Amount(Fraction(0))
    if len(values) > 2 or places.units or places.number not in range(_MOST_PLACES + 1):
        raise ToolFailed(
            reason=f"Rounding is to a number of decimal places from 0 to {_MOST_PLACES}: round(2.345, 2)."
        )
    return amount(rounded(values[0].number, int(places.number)), values[0].units)


def _root(values: Sequence[Amount]) -> Amount:
    return _only("sqrt", values).raised(Fraction(1, 2))


def _absolute(values: Sequence[Amount]) -> Amount:
    value = _only("abs", values)
    return value.negated() if value.number < 0 else value


def _only(name: str, values: Sequence[Amount]) -> Amount:
    if len(values) != 1:
        raise ToolFailed(reason=f"{name} takes one number.")
    return values[0]


_FUNCTIONS: Mapping[str, Callable[[Sequence[Amount]], Amount]] = {
    "abs": _absolute,
    "max": _most,
    "min": _least,
    "round": _rounded,
    "sqrt": _root,
}


def _misplaced(token: _Token) -> ToolFailed:
    return ToolFailed(
        reason=f'"{token.text}" does not fit where it stands. Write sums like "3 * £32 + £4.50".'
    )


def _unknown(token: _Token) -> ToolFailed:
    return ToolFailed(
        reason=f'"{token.text[:40]}" is no unit that is known here. Leave other words out of the sum.'
    )


def _unfinished() -> ToolFailed:
    return ToolFailed(reason='The sum ends too early. Write sums like "3 * £32 + £4.50" or "3 cups to ml".')
