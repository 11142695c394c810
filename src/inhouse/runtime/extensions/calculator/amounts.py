"""Amounts: exact numbers of units or of one currency, what can be done with them, and how they are written."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from decimal import (
    ROUND_HALF_UP,
    Context,
    Decimal,
    DecimalException,
    DivisionByZero,
    InvalidOperation,
    Overflow,
    Underflow,
)
from fractions import Fraction

from inhouse.runtime.extensions.base import Json, ToolFailed
from inhouse.runtime.extensions.calculator.units import (
    MONEY,
    TEMPERATURES,
    Units,
    converted,
    measures_in,
    money_in,
    multiplied,
    unit_text,
)

_MOST_DIGITS = 30
_MOST_POWER = 6
#: Longer fractions are rounded to forty digits, which nobody sees, so that no number grows without end.
_MOST_BITS = 2048
_EXACT = Context(prec=60, traps=[InvalidOperation, DivisionByZero, Overflow, Underflow])
_KEPT = Context(prec=40)
_SHOWN = Context(prec=10, rounding=ROUND_HALF_UP)

_NO_RATES = "Exchange rates are not known here: money can only be calculated in one currency."
_TOO_LARGE = "The numbers in this sum are too large or too small to calculate with."
_NO_TEMPERATURE = "Temperatures can be converted and compared, but not added or multiplied."
_NO_ROOT = "There is no such root of a number below zero."


@dataclass(frozen=True)
class Amount:
    """So many of a unit. ``amount`` makes one within limits."""

    number: Fraction
    units: Units = field(default_factory=dict)

    @property
    def is_money(self) -> bool:
        """Whether it is a sum of money, and not a price for something."""
        return any(self.units == {code: 1} for code in MONEY)

    def negated(self) -> Amount:
        """Less than nothing."""
        return replace(self, number=-self.number)

    def plus(self, other: Amount) -> Amount:
        """The sum, in the first one's units."""
        first, second = alike(self, other)
        _refuse_temperatures(first)
        return amount(first.number + second.number, first.units)

    def times(self, other: Amount) -> Amount:
        """The product, with the units of both."""
        _refuse_temperatures(self, other)
        return amount(self.number * other.number, multiplied(self.units, other.units))

    def over(self, other: Amount) -> Amount:
        """The quotient. Raises ``ZeroDivisionError``."""
        _refuse_temperatures(self, other)
        return amount(self.number / other.number, multiplied(self.units, other.units, -1))

    def modulo(self, other: Amount) -> Amount:
        """What is left over. Raises ``ZeroDivisionError``."""
        first, second = alike(self, other)
        _refuse_temperatures(first)
        return amount(first.number % second.number, first.units)

    def raised(self, exponent: Fraction) -> Amount:
        """The power, of the number and of its units. Raises ``ZeroDivisionError``."""
        _refuse_temperatures(self)
        powers = {name: power * exponent for name, power in self.units.items()}
        if any(power.denominator != 1 for power in powers.values()):
            raise ToolFailed(reason=f'There is no such root of "{unit_text(self.units)}".')
        units = {name: int(power) for name, power in powers.items() if power}
        return amount(_power(self.number, exponent), units)

    def converted(self, units: Units) -> Amount:
        """The same in other units. Raises ``ToolFailed`` where they measure something else."""
        if units == self.units:
            return self
        ours, theirs = money_in(self.units), money_in(units)
        if ours and theirs and ours.keys() != theirs.keys():
            raise ToolFailed(reason=_NO_RATES)
        number = None
        if ours == theirs and units and self.units:
            number = converted(self.number, measures_in(self.units), measures_in(units))
        if number is None:
            names = [f'"{unit_text(each)}"' if each else "a plain number" for each in (self.units, units)]
            raise ToolFailed(reason=f"These measure different things: {' and '.join(names)}.")
        return amount(number, units)

    def reduced(self) -> Amount:
        """The same in as few units as can be: a kilogram over a gram is 1000."""
        measures = measures_in(self.units)
        if len(measures) < 2:
            return self
        bare = converted(self.number, measures, {})
        return self._merged() if bare is None else amount(bare, money_in(self.units))

    def _merged(self) -> Amount:
        """Two units of one kind, such as feet by metres, made one."""
        number, units = self.number, dict(money_in(self.units))
        for name, power in measures_in(self.units).items():
            for other in measures_in(units):
                factor = converted(Fraction(1), {name: 1}, {other: 1})
                if factor is not None:
                    number *= factor**power
                    units[other] += power
                    break
            else:
                units[name] = power
        return amount(number, {name: power for name, power in units.items() if power})


def amount(number: Fraction, units: Units | None = None) -> Amount:
    """An amount within limits. Raises ``ToolFailed`` beyond them, and where currencies meet."""
    units = units or {}
    money = money_in(units)
    if len(money) > 1:
        raise ToolFailed(reason=_NO_RATES)
    if any(abs(power) > 1 for power in money.values()):
        raise ToolFailed(reason="Money can't be multiplied by money.")
    if not TEMPERATURES.isdisjoint(units) and sum(map(abs, units.values())) != 1:
        raise ToolFailed(reason=_NO_TEMPERATURE)
    most = 10**_MOST_DIGITS
    if abs(number) > most or 0 < abs(number) < Fraction(1, most):
        raise ToolFailed(reason=_TOO_LARGE)
    if any(abs(power) > _MOST_POWER for power in units.values()):
        raise ToolFailed(reason=_TOO_LARGE)
    return Amount(number if _bits(number) <= _MOST_BITS else _fraction(_decimal(number)), units)


def alike(first: Amount, second: Amount) -> tuple[Amount, Amount]:
    """Both in the first one's units. Beside money, a plain number is money: "£96 + 4.50"."""
    if second.is_money and not first.units:
        return replace(first, units=second.units), second
    if first.is_money and not second.units:
        return first, replace(second, units=first.units)
    return first, second.converted(first.units)


def rounded(number: Fraction, places: int) -> Fraction:
    """To so many decimal places, halves away from zero, as people do it."""
    scaled = math.floor(abs(number) * 10**places + Fraction(1, 2))
    return Fraction(scaled if number > 0 else -scaled, 10**places)


def written(value: Amount) -> tuple[str, bool]:
    """For reading, such as "£100.50", "709.764709 ml" or "12,345", and whether that is exact."""
    digits = _digits(value)
    sign, number = "-" * digits.startswith("-"), _grouped(digits.lstrip("-"))
    code = next((code for code, power in money_in(value.units).items() if power > 0), None)
    symbol, units = (MONEY[code][0], measures_in(value.units)) if code else ("", value.units)
    text = unit_text(units, one=digits == "1")
    space = "" if not text or text.startswith("/") else " "
    return f"{sign}{symbol}{number}{space}{text}", Fraction(digits) == value.number


def as_data(value: Amount) -> Json:
    """For programs: ``{"value": "100.50", "unit": "GBP"}``; the unit of a plain number is empty."""
    return {"value": _digits(value), "unit": unit_text(value.units, one=True)}


def _digits(value: Amount) -> str:
    """Money with its decimal places, anything else with ten digits at most and none that are idle."""
    if value.is_money:
        places = MONEY[next(iter(value.units))][1]
        return f"{_decimal(rounded(value.number, places)):.{places}f}"
    text = f"{_SHOWN.divide(Decimal(value.number.numerator), Decimal(value.number.denominator)):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _grouped(digits: str) -> str:
    """With commas from five digits on."""
    whole, point, rest = digits.partition(".")
    return (f"{int(whole):,}" if len(whole) >= 5 else whole) + point + rest


def _refuse_temperatures(*amounts: Amount) -> None:
    """Twice 10 °C is not 20 °C, nor is it 293 °C."""
    if any(not TEMPERATURES.isdisjoint(each.units) for each in amounts):
        raise ToolFailed(reason=_NO_TEMPERATURE)


def _power(base: Fraction, exponent: Fraction) -> Fraction:
    """Exact where that is short, else to forty digits."""
    if exponent.denominator == 1 and _bits(base) * abs(exponent) <= _MOST_BITS:
        return base ** int(exponent)
    if not base:
        return base if exponent > 0 else 1 / base
    if base < 0 and exponent.denominator != 1:
        raise ToolFailed(reason=_NO_ROOT)
    try:
        power = _EXACT.power(_decimal(base), _decimal(exponent))
    except DecimalException:
        raise ToolFailed(reason=_TOO_LARGE) from None
    # Before it becomes a fraction: that would write out all of its digits.
    if abs(power.adjusted()) > _MOST_DIGITS:
        raise ToolFailed(reason=_TOO_LARGE)
    return _fraction(power)


def _bits(number: Fraction) -> int:
    return max(number.numerator.bit_length(), number.denominator.bit_length())


def _decimal(number: Fraction) -> Decimal:
    return _EXACT.divide(Decimal(number.numerator), Decimal(number.denominator))


def _fraction(number: Decimal) -> Fraction:
    return Fraction(_KEPT.plus(number))
