"""The units and currencies that the calculator knows: their spellings, their factors, and how they are written."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import cache

import pint

from inhouse.runtime.extensions.base import ToolFailed

Units = Mapping[str, int]
"""Pint's names of units and codes of currencies, each with its power: ``{"kilometer": 1, "hour": -1}``."""

MONEY: Mapping[str, tuple[str, int]] = {"GBP": ("£", 2), "USD": ("$", 2), "EUR": ("€", 2), "JPY": ("¥", 0)}
"""Symbol and decimal places. A currency is a label: what one is worth in another is not known here."""
TEMPERATURES = frozenset(("degree_Celsius", "degree_Fahrenheit"))
"""Units whose zero is not nothing."""

_US = frozenset(("teaspoon", "tablespoon", "fluid_ounce", "cup", "pint", "quart", "gallon", "ton"))
_MONEY_WORDS = {
    "dollar": "USD",
    "dollars": "USD",
    "euro": "EUR",
    "euros": "EUR",
    "yen": "JPY",
    **{symbol: code for code, (symbol, _) in MONEY.items()},
    **{code.lower(): code for code in MONEY},
}
METRIC = frozenset(
    (
        "ampere",
        "ampere_hour",
        "bar",
        "bit",
        "byte",
        "calorie",
        "gram",
        "hertz",
        "joule",
        "liter",
        "meter",
        "metric_ton",
        "newton",
        "ohm",
        "pascal",
        "second",
        "volt",
        "watt",
        "watt_hour",
    )
)
"""Units that take prefixes. Pint has a thousand names, down to "cats" (hundredths of technical atmospheres): here are
the ones that people use."""
#: With their symbols in small letters. Pint knows more, and reads "3 mugs" as micrograms.
_PREFIXES: Mapping[str, tuple[str, ...]] = {
    "nano": ("n",),
    "micro": ("µ", "u", "mc"),
    "milli": ("m",),
    "centi": ("c",),
    "deci": ("d",),
    "hecto": ("h",),
    "kilo": ("k",),
    "mega": ("m",),
    "giga": ("g",),
    "tera": ("t",),
}
PLAIN: Mapping[str, tuple[str, str]] = {
    "acre": ("acre", "acres"),
    "british_thermal_unit": ("BTU", "BTU"),
    "carat": ("carat", "carats"),
    "cubic_centimeter": ("cc", "cc"),
    "cup": ("cup", "cups"),
    "day": ("day", "days"),
    "degree": ("degree", "degrees"),
    "degree_Celsius": ("°C", "°C"),
    "degree_Fahrenheit": ("°F", "°F"),
    "fluid_ounce": ("fl oz", "fl oz"),
    "foot": ("ft", "ft"),
    "fortnight": ("fortnight", "fortnights"),
    "gallon": ("gallon", "gallons"),
    "hectare": ("ha", "ha"),
    "horsepower": ("hp", "hp"),
    "hour": ("h", "h"),
    "imperial_cup": ("UK cup", "UK cups"),
    "imperial_fluid_ounce": ("UK fl oz", "UK fl oz"),
    "imperial_gallon": ("UK gallon", "UK gallons"),
    "imperial_pint": ("UK pint", "UK pints"),
    "imperial_quart": ("UK quart", "UK quarts"),
    "inch": ("in", "in"),
    "kelvin": ("K", "K"),
    "kilometer_per_hour": ("km/h", "km/h"),
    "knot": ("knot", "knots"),
    "long_ton": ("long ton", "long tons"),
    "mile": ("mile", "miles"),
    "mile_per_hour": ("mph", "mph"),
    "minute": ("min", "min"),
    "month": ("month", "months"),
    "nautical_mile": ("nautical mile", "nautical miles"),
    "ounce": ("oz", "oz"),
    "pint": ("pint", "pints"),
    "pound": ("lb", "lb"),
    "pound_force_per_square_inch": ("psi", "psi"),
    "quart": ("quart", "quarts"),
    "radian": ("rad", "rad"),
    "stone": ("stone", "stone"),
    "tablespoon": ("tbsp", "tbsp"),
    "teaspoon": ("tsp", "tsp"),
    "ton": ("ton", "tons"),
    "troy_ounce": ("troy oz", "troy oz"),
    "week": ("week", "weeks"),
    "yard": ("yd", "yd"),
    "year": ("year", "years"),
}
"""Units that take no prefix: one of them and many, as people write it."""

#: Where people mean something else than pint does: nobody in a shop converts coulombs to farads.
_ALIASES = {
    "c": "degC",
    "centigrade": "degC",
    "f": "degF",
    "fl_oz": "fluid_ounce",
    "floz": "fluid_ounce",
    "kmh": "kph",
    "kmph": "kph",
    "ml": "ml",
    "tbs": "tablespoon",
    "troy_oz": "troy_ounce",
}
#: Small words that are symbols too, of years and of microseconds: "£3 a kg".
_NO_UNITS = ("a", "as", "us")
_CALORIES = ("calorie", "calories", "cals")
_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def unit(word: str) -> Units | None:
    """The unit or currency of a word such as "kgs", "F", "€" or "dollars"; ``None`` where it is no everyday unit."""
    small = word.lower()
    if code := _MONEY_WORDS.get(small):
        return {code: 1}
    if small in _NO_UNITS:
        return None
    if small in _CALORIES:
        raise ToolFailed(reason='"Calories" can mean two things: write kcal, as on food labels, or cal.')
    for form in (_ALIASES.get(small, word), small, small.removesuffix("s")):
        # Those without a prefix first: "min" is a minute before it is a thousandth of an inch.
        for prefix, name, _ in sorted(_registry().parse_unit_name(form), key=lambda found: bool(found[0])):
            if _is_known(form, prefix, name):
                return {prefix + name: 1}
    return None


def two_word_unit(first: str, second: str) -> Units | None:
    """The unit of two words such as "fl oz", "nautical miles" or "UK pints"."""
    kind, name = first.lower(), second.lower()
    if kind == "us":
        units = unit(name)
        return units if units and is_us(units) else None
    return unit(f"{'imperial' if kind == 'uk' else kind}_{name}")


def multiplied(first: Units, second: Units, sign: int = 1) -> Units:
    """The units of a product, or of a quotient where the sign is -1."""
    powers = {name: first.get(name, 0) + sign * second.get(name, 0) for name in (*first, *second)}
    return {name: power for name, power in powers.items() if power}


def money_in(units: Units) -> Units:
    """The currencies among the units."""
    return {name: power for name, power in units.items() if name in MONEY}


def measures_in(units: Units) -> Units:
    """The units that are no currencies."""
    return {name: power for name, power in units.items() if name not in MONEY}


def is_us(units: Units) -> bool:
    """Whether a measure is among them that is another one elsewhere."""
    return not _US.isdisjoint(units)


def converted(number: Fraction, units: Units, target: Units) -> Fraction | None:
    """The number in the target's units, none of them money; ``None`` where those measure something else."""
    registry = _registry()
    try:
        return Fraction(
            registry.convert(number, registry.UnitsContainer(units), registry.UnitsContainer(target))
        )
    except pint.PintError:
        return None


def unit_text(units: Units, *, one: bool = False) -> str:
    """Such as "km/h", "m²" and "cups", or "cup" where there is one; "/kg" where nothing is above the line."""
    above = "·".join(_symbol(name, power, one) for name, power in units.items() if power > 0)
    return above + "".join(f"/{_symbol(name, -power, True)}" for name, power in units.items() if power < 0)


def _symbol(name: str, power: int, one: bool) -> str:
    if name in PLAIN:
        symbol = PLAIN[name][0 if one else 1]
    else:
        symbol = name if name in MONEY else str(_registry().get_symbol(name))
    return symbol + (str(power).translate(_SUPERSCRIPTS) if power > 1 else "")


def _is_known(form: str, prefix: str, name: str) -> bool:
    """A long prefix goes with any name, and a short one only with the unit's symbol: "mg", but no "mugs"."""
    if not prefix:
        return name in METRIC or name in PLAIN
    if name not in METRIC or prefix not in _PREFIXES:
        return False
    symbol = str(_registry().get_symbol(name)).lower()
    short = (start + symbol for start in _PREFIXES[prefix])
    return form.startswith(prefix) or form.lower() in short


@cache
def _registry() -> pint.UnitRegistry[Fraction]:
    """Pint's units with exact factors. It looks up names and converts: its parser gets nothing to read."""
    return pint.UnitRegistry(non_int_type=Fraction)
