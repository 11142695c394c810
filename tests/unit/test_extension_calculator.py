"""Sums, units, money and dates; and that nothing a person can write does more than be refused in a sentence."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inhouse.runtime.extensions.base import Context, Extension, Result, Tool, ToolFailed
from inhouse.runtime.extensions.calculator import dates
from inhouse.runtime.extensions.calculator.amounts import as_data
from inhouse.runtime.extensions.calculator.extension import CALCULATE, DATES, Calculator
from inhouse.runtime.extensions.calculator.sums import MOST_CHARS, solve
from inhouse.runtime.extensions.calculator.units import METRIC, PLAIN, unit
from inhouse.runtime.extensions.calling import misfit

NOW = datetime(2026, 3, 3, 10, tzinfo=UTC)
TODAY = NOW.date()
CONTEXT = Context(ai_id="ai", fan_id=None, call_id="c", now=NOW)
#: Seconds of computing; a busy machine does not count.
SLOW = 1.0


def call(tool: str, **arguments: Any) -> Result:
    calculator: Extension = Calculator()
    return asyncio.run(calculator.call(tool, arguments, CONTEXT))


def calculate(expression: str) -> Result:
    return call("calculate", expression=expression)


def value(expression: str) -> tuple[str, str]:
    data = as_data(solve(expression).amount)
    return data["value"], data["unit"]


def refusal(expression: str) -> str:
    with pytest.raises(ToolFailed) as caught:
        solve(expression)
    return caught.value.message


def counted(start: str = "today", **arguments: str) -> Result:
    return call("dates", **{"from": start}, **arguments)


def uncounted(start: str = "today", **arguments: str) -> str:
    with pytest.raises(ToolFailed) as caught:
        counted(start, **arguments)
    return caught.value.message


# The extension


def test_two_tools_without_settings_that_say_what_they_take() -> None:
    calculator: Extension = Calculator()
    tools = asyncio.run(calculator.tools())
    assert [tool.name for tool in tools] == ["calculate", "dates"]
    for tool in tools:
        assert tool.effect == "reading"
        assert tool.parameters["additionalProperties"] is False
        assert 8 <= len(tool.examples) <= 12
    asyncio.run(calculator.aclose())


@pytest.mark.parametrize("tool", [CALCULATE, DATES], ids=lambda tool: tool.name)
def test_every_example_fits_the_schema_and_is_answered(tool: Tool) -> None:
    for example in tool.examples:
        assert misfit(tool, example.arguments) == ""
        assert call(tool.name, **example.arguments).text


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        (CALCULATE, {}),
        (CALCULATE, {"expression": ""}),
        (CALCULATE, {"expression": "1" * 201}),
        (CALCULATE, {"expression": "1", "more": 1}),
        (DATES, {"from": "x" * 41}),
        (DATES, {"when": "today"}),
    ],
)
def test_other_arguments_do_not_fit(tool: Tool, arguments: dict[str, Any]) -> None:
    assert misfit(tool, arguments)


def test_no_other_tool() -> None:
    with pytest.raises(ToolFailed, match="no tool"):
        call("eval", expression="1")


# Sums


@pytest.mark.parametrize(
    ("expression", "text", "data"),
    [
        ("3 * £32 + £4.50", "3 × £32 + £4.50 = £100.50", {"value": "100.50", "unit": "GBP"}),
        ("3*£32+£4.50", "3 × £32 + £4.50 = £100.50", {"value": "100.50", "unit": "GBP"}),
        ("£100 / 3", "£100 / 3 ≈ £33.33", {"value": "33.33", "unit": "GBP"}),
        ("3 x ￥3,200 ＋ 500円", "3 × ¥3,200 + 500 JPY = ¥10,100", {"value": "10100", "unit": "JPY"}),
        ("0.1+0.2", "0.1 + 0.2 = 0.3", {"value": "0.3", "unit": ""}),
        ("1,234.5 * 10 =", "1,234.5 × 10 = 12,345", {"value": "12345", "unit": ""}),
        ("1234 + 0.50", "1234 + 0.50 = 1234.5", {"value": "1234.5", "unit": ""}),
        ("350 degF in degC", "350 °F ≈ 176.6666667 °C", {"value": "176.6666667", "unit": "°C"}),
        ("3 cups to ml", "3 cups = 709.7647095 ml (US measures)", {"value": "709.7647095", "unit": "ml"}),
        ("2 weeks in days", "2 weeks = 14 days", {"value": "14", "unit": "day"}),
        ("24 hours to days", "24 hours = 1 day", {"value": "1", "unit": "day"}),
        ("-£12345.678", "-£12345.678 ≈ -£12,345.68", {"value": "-12345.68", "unit": "GBP"}),
        ("20 m^2 + 5 m2", "20 m² + 5 m² = 25 m²", {"value": "25", "unit": "m²"}),
    ],
)
def test_a_result_reads_well_and_holds_the_same_for_programs(expression: str, text: str, data: Any) -> None:
    result = calculate(expression)
    assert result.text == text
    assert result.data == data


@pytest.mark.parametrize(
    ("expression", "number"),
    [
        ("2 + 3 * 4", "14"),
        ("(2 + 3) * 4", "20"),
        ("10 - 4 - 3", "3"),
        ("100 / 10 / 2", "5"),
        ("2^3^2", "512"),
        ("2**10", "1024"),
        ("-2^2", "-4"),
        ("2^-1", "0.5"),
        ("--3", "3"),
        ("10 % 3", "1"),
        ("10 % (4 - 1)", "1"),
        ("1/3*3", "1"),
        ("1 1/2 + 1", "2.5"),
        ("1½ + ¼", "1.75"),
        ("3 × 4 ÷ 2 − 1", "5"),
        ("10 / 3", "3.333333333"),
        ("2/3", "0.6666666667"),
        ("sqrt(2)", "1.414213562"),
        ("sqrt(16)", "4"),
        ("2^0.5 * 2^0.5", "2"),
        ("0^0.5", "0"),
        ("8^(1/3)", "2"),
        ("abs(3 - 5)", "2"),
        ("min(5, 3, 4)", "3"),
        ("max(2, 2^2)", "4"),
        ("round(2.5)", "3"),
        ("round(-2.5)", "-3"),
        ("round(2.345, 2)", "2.35"),
        ("pi * 2", "6.283185307"),
        ("100 * 1.05^10", "162.8894627"),
        ("1.0041667^360", "4.467797705"),
        ("1000000 * 1000000", "1000000000000"),
        ("1 / 1000000", "0.000001"),
    ],
)
def test_arithmetic(expression: str, number: str) -> None:
    assert value(expression) == (number, "")


@pytest.mark.parametrize(
    ("expression", "number", "unit"),
    [
        ("15% of 80", "12", ""),
        ("80 + 15%", "92", ""),
        ("80 - 15%", "68", ""),
        ("80 + -15%", "68", ""),
        ("80 * 15%", "12", ""),
        ("100 + 15% of 80", "112", ""),
        ("20% off £45", "36.00", "GBP"),
        ("$120 + 8.25%", "129.90", "USD"),
        ("£80 + (5% + 10%)", "92.00", "GBP"),
        ("(15 + 5)% of 50", "10", ""),
        ("5% + 10%", "0.15", ""),
        ("10% + 5", "5.1", ""),
    ],
)
def test_percent(expression: str, number: str, unit: str) -> None:
    assert value(expression) == (number, unit)


@pytest.mark.parametrize(
    ("expression", "number", "unit"),
    [
        ("350 F to C", "176.6666667", "°C"),
        ("350F to c", "176.6666667", "°C"),
        ("-40°F in °C", "-40", "°C"),
        ("32 degrees Fahrenheit to degrees Celsius", "0", "°C"),
        ("300 K to C", "26.85", "°C"),
        ("max(20 C, 70 F)", "21.11111111", "°C"),
        ("5 kg + 200 g", "5.2", "kg"),
        ("5 KG in lbs", "11.02311311", "lb"),
        ("5 kgs to g", "5000", "g"),
        ("60 mph in km/h", "96.56064", "km/h"),
        ("60 miles per hour to kmh", "96.56064", "km/h"),
        ("100 km / 2 h", "50", "km/h"),
        ("5 ft 9 in to cm", "175.26", "cm"),
        ("-5 ft 9 in in cm", "-175.26", "cm"),
        ("2 lb 3 1/2 oz to g", "1006.408071", "g"),
        ("10 cm in in", "3.937007874", "in"),
        ("1/2 cup to ml", "118.2941183", "ml"),
        ("1½ cups to ml", "354.8823548", "ml"),
        ("8 fl oz in mL", "236.5882365", "ml"),
        ("250 ML to l", "0.25", "l"),
        ("2 UK pints to ml", "1136.5225", "ml"),
        ("2 imperial pints to ml", "1136.5225", "ml"),
        ("1 nautical mile in m", "1852", "m"),
        ("1000 square feet in m2", "92.90304", "m²"),
        ("20 m² in sq ft", "215.2782083", "ft²"),
        ("3.5 m * 2.4 m", "8.4", "m²"),
        ("2 m * 2 m * 2 m in litres", "8000", "l"),
        ("sqrt(16 m^2)", "4", "m"),
        ("round(5 kg / 3, 1)", "1.7", "kg"),
        ("12 ft * 3 m", "118.1102362", "ft²"),
        ("6 m * 2 ft / 3 m in in", "48", "in"),
        ("10 kg / 500 g", "20", ""),
        ("500 W * 2 h in kWh", "1", "kWh"),
        ("90 minutes in hours", "1.5", "h"),
        ("5 min + 30 s in min", "5.5", "min"),
        ("400 mcg to mg", "0.4", "mg"),
        ("500 kcal to kJ", "2092", "kJ"),
        ("1 GB in MB", "1000", "MB"),
        ("3 / 2 s", "1.5", "/s"),
    ],
)
def test_units(expression: str, number: str, unit: str) -> None:
    assert value(expression) == (number, unit)


@pytest.mark.parametrize("name", sorted({*METRIC, *PLAIN} - {"calorie"}))
def test_every_unit_is_one_of_pint_s(name: str) -> None:
    assert unit(name) == {name: 1}


@pytest.mark.parametrize(
    "word", ["mugs", "cats", "camps", "mats", "us", "as", "at", "a", "k", "e", "water", "kcup", ""]
)
def test_other_words_that_pint_knows_are_no_units(word: str) -> None:
    assert unit(word) is None


@pytest.mark.parametrize("name", ["us", "US"])
def test_measures_that_differ_abroad_are_named(name: str) -> None:
    assert calculate(f"1 {name} gallon to l").text.endswith("(US measures)")
    assert calculate("1 l in tablespoons").text.endswith("(US measures)")
    assert "US" not in calculate("1 UK gallon to l").text


@pytest.mark.parametrize(
    ("expression", "number", "unit"),
    [
        ("£1,234.50 * 2", "2469.00", "GBP"),
        ("20 gbp + GBP 5", "25.00", "GBP"),
        ("20 euros / 3", "6.67", "EUR"),
        ("$0.125 + $0", "0.13", "USD"),
        ("¥1000 / 3", "333", "JPY"),
        ("£96 + 4.50", "100.50", "GBP"),
        ("4.50 + £96", "100.50", "GBP"),
        ("£10 / £4", "2.5", ""),
        ("max(£10, £12.50)", "12.50", "GBP"),
        ("£5 - £7", "-2.00", "GBP"),
        ("£20/hour * 30 minutes", "10.00", "GBP"),
        ("£12.50 / 500 g in £/kg", "25", "GBP/kg"),
        ("£0.30/kWh * 500 W * 3 h", "0.45", "GBP"),
        ("£5 per kg * 3 kg", "15.00", "GBP"),
        ("£20 in GBP", "20.00", "GBP"),
    ],
)
def test_money_in_one_currency(expression: str, number: str, unit: str) -> None:
    assert value(expression) == (number, unit)


@pytest.mark.parametrize(
    "expression",
    ["£5 + $3", "£20 in dollars", "20 USD to EUR", "£10 / $2", "max(£1, ¥1)", "£3/kg in $/kg", "£5 % $3"],
)
def test_exchange_rates_are_not_known(expression: str) -> None:
    assert "xchange rates are not known" in refusal(expression)


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("£5 * £3", "multiplied by money"),
        ("3 cups * £12", 'times "cups"'),
        ("5 / 0", "divided by zero"),
        ("5 % 0", "divided by zero"),
        ("0^-1", "divided by zero"),
        ("0^-0.5", "divided by zero"),
        ("1/0 cup", "divided by zero"),
        ("9**9**9", "too large"),
        ("9^9^9^9", "too large"),
        ("(-9)^99999", "too large"),
        ("20 C to C/h", "Temperatures"),
        ("10^31", "too large"),
        ("10^-31", "too large or too small"),
        ("2^-99999999999", "too small"),
        ("((m^6)^6)^6 to m", "too large"),
        ("9" * 40, "too large"),
        ("(-8)^0.5", "no such root"),
        ("sqrt(5 m)", "no such root"),
        ("2^(3 kg)", "plain number"),
        ("5 m in kg", '"m" and "kg"'),
        ("5 kg + 3", 'a plain number and "kg"'),
        ("5 to kg", 'a plain number and "kg"'),
        ("8 oz to ml", '"oz" and "ml"'),
        ("20 C + 5 C", "Temperatures"),
        ("2 * 20 C", "Temperatures"),
        ("20 C^2", "Temperatures"),
        ("3 mugs * £4", '"mugs" is no unit'),
        ("3 cats", '"cats" is no unit'),
        ("5 to nonsense", '"nonsense" is no unit'),
        ("os.system", "nothing to calculate with"),
        ("__import__('os')", "nothing to calculate with"),
        ("lambda: 1", "nothing to calculate with"),
        ("globals()", "no unit"),
        ("1e6", "no unit"),
        ("500 calories to kJ", "kcal"),
        ("max(1,200)", "a space after each comma"),
        ("1,50 + 2", "does not fit"),
        ("1.234,56", "does not fit"),
        ("2 3", "does not fit"),
        ("2(3)", "does not fit"),
        ("5 ft 9", "does not fit"),
        ("* 3", "does not fit"),
        ("£ + 3", "does not fit"),
        (")", "does not fit"),
        ("()", "does not fit"),
        ("(1 + 2", "not closed"),
        ("max(1, 2", "not closed"),
        ("3 +", "ends too early"),
        ("5 kg to", "ends too early"),
        ("", "ends too early"),
        ("sqrt(1, 2)", "one number"),
        ("round(1, 2, 3)", "decimal places"),
        ("round(1, 11)", "decimal places"),
        ("round(1, 0.5)", "decimal places"),
        ("round(1, 2 kg)", "decimal places"),
        ("(" * 50 + "1" + ")" * 50, "too many brackets"),
        ("1" * 201, "at most 200"),
    ],
)
def test_what_cannot_be_calculated_is_refused_in_a_sentence(expression: str, words: str) -> None:
    message = refusal(expression)
    assert words in message
    assert message.endswith(".") or message.endswith('".')


@pytest.mark.parametrize(
    "expression",
    [
        "9**9**9",
        "2^" * 99 + "2",
        "1.1^" * 49 + "1",
        "1.0000001^99999999999999999999",
        "(1/3+1/7)^99*" * 14 + "1",
        "-" * 199 + "1",
        "(" * 100 + ")" * 100,
        "1/997 + " * 24 + "1",
        "sqrt(" * 20 + "2" + ")" * 20,
        "m*" * 99 + "m",
        "9" * 200,
        "0." + "3" * 198,
        "1 ft 1 in " * 18,
        "5%" * 100,
    ],
)
def test_nothing_takes_long(expression: str) -> None:
    solve("1 ft in m")  # All units are read the first time.
    began = time.process_time()
    with suppress(ToolFailed):
        solve(expression)
    assert time.process_time() - began < SLOW


PIECES = [
    "0",
    "1",
    "2",
    "9",
    ".5",
    "0.1",
    "1,234",
    "12",
    "999999",
    "1/3",
    "(",
    ")",
    "+",
    "-",
    "*",
    "/",
    "^",
    "**",
    "%",
    ",",
    "£",
    "$",
    "€",
    "¥",
    "GBP",
    "USD",
    "kg",
    "g",
    "lb",
    "oz",
    "m",
    "cm",
    "ft",
    "in",
    "mile",
    "km/h",
    "h",
    "min",
    "cup",
    "ml",
    "F",
    "C",
    "K",
    "°C",
    "deg",
    "degree",
    "square",
    "cubic",
    "per",
    "of",
    "off",
    "to",
    "as",
    "x",
    "pi",
    "sqrt(",
    "max(",
    "min(",
    "round(",
    "abs(",
    "²",
    "½",
    "pint",
    "us",
    "UK",
    "kWh",
    "£/kg",
    "bit",
]


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from([*PIECES, " "]), max_size=40).map(" ".join) | st.text(max_size=MOST_CHARS))
def test_any_text_is_calculated_or_refused_in_time(expression: str) -> None:
    began = time.process_time()
    try:
        result = calculate(expression[:MOST_CHARS])
    except ToolFailed as failed:
        assert 0 < len(failed.message) < 200
    else:
        assert len(result.text) < 2 * MOST_CHARS
        Fraction(result.data["value"])
    assert time.process_time() - began < SLOW


@given(
    st.lists(st.decimals(-10_000, 10_000, places=2), min_size=1, max_size=10),
)
def test_sums_of_prices_are_exact_to_the_penny(prices: list[Any]) -> None:
    total = solve(" + ".join(f"(£{price})" if price >= 0 else f"(-£{-price})" for price in prices)).amount
    assert total.number == sum(map(Fraction, prices))


@given(st.fractions(-1000, 1000, max_denominator=100))
def test_a_conversion_there_and_back_is_the_same(number: Fraction) -> None:
    text = f"{number.numerator}/{number.denominator}"
    there = solve(f"({text}) lb in kg").amount
    assert there.converted({"pound": 1}).number == number


# Dates


@pytest.mark.parametrize(
    ("start", "add", "text", "found"),
    [
        ("3 March 2026", "90 days", "90 days after 3 March 2026 is Monday, 1 June 2026", "2026-06-01"),
        ("today", "2 weeks", "2 weeks after 3 March 2026 is Tuesday, 17 March 2026", "2026-03-17"),
        ("today", "-1 year", "1 year before 3 March 2026 is Monday, 3 March 2025", "2025-03-03"),
        (
            "31 January 2026",
            "1 month",
            "1 month after 31 January 2026 is Saturday, 28 February 2026",
            "2026-02-28",
        ),
        (
            "29 Feb 2024",
            "+1 year",
            "1 year after 29 February 2024 is Friday, 28 February 2025",
            "2025-02-28",
        ),
        ("2026年3月3日", "3か月", "3 months after 3 March 2026 is Wednesday, 3 June 2026", "2026-06-03"),
    ],
)
def test_a_date_some_time_after_another(start: str, add: str, text: str, found: str) -> None:
    result = counted(start, add=add)
    assert result.text == text
    assert result.data == {"date": found}


@pytest.mark.parametrize(
    ("start", "add", "found"),
    [
        ("3 March 2026", "10 working days", "2026-03-17"),
        ("Friday 6 March 2026", "1 working day", "2026-03-09"),
        ("Saturday 7 March 2026", "1 business day", "2026-03-09"),
        ("Saturday 7 March 2026", "-1 working day", "2026-03-06"),
        ("Sunday 8 March 2026", "0 working days", "2026-03-08"),
        ("3 March 2026", "5営業日", "2026-03-10"),
    ],
)
def test_working_days_leave_out_weekends_and_say_so(start: str, add: str, found: str) -> None:
    result = counted(start, add=add)
    assert result.data == {"date": found}
    assert "Monday to Friday" in result.text
    assert "holidays not counted" in result.text


@pytest.mark.parametrize(
    ("start", "until", "text", "days"),
    [
        (
            "today",
            "25 December",
            "From 3 March 2026 until 25 December 2026: 297 days (42 weeks and 3 days)",
            297,
        ),
        (
            "today",
            "Christmas",
            "From 3 March 2026 until 25 December 2026: 297 days (42 weeks and 3 days)",
            297,
        ),
        ("today", "tomorrow", "From 3 March 2026 until 4 March 2026: 1 day", 1),
        ("today", "17 March", "From 3 March 2026 until 17 March 2026: 14 days (2 weeks)", 14),
        ("today", "today", "From 3 March 2026 until 3 March 2026: 0 days", 0),
        (
            "today",
            "1 January 2026",
            "1 January 2026 is 61 days (8 weeks and 5 days) before 3 March 2026",
            -61,
        ),
    ],
)
def test_the_days_until_a_date(start: str, until: str, text: str, days: int) -> None:
    result = counted(start, until=until)
    assert result.text == text
    assert result.data == {"days": days}


@pytest.mark.parametrize(
    ("start", "until", "days"),
    [
        ("1 May", "12 June", 42),
        ("20 December", "5 January", 16),
        ("20 December", "2027-01-05", 16),
        ("5 January", "today", 57),
        ("4 March", "today", 364),
        ("3 March", "today", 0),
    ],
)
def test_a_year_that_is_not_told_is_the_one_that_fits(start: str, until: str, days: int) -> None:
    assert counted(start, until=until).data == {"days": days}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2026-03-05", "2026-03-05"),
        ("2026/3/5", "2026-03-05"),
        ("2026-03-05T10:00:00Z", "2026-03-05"),
        ("5 March 2026", "2026-03-05"),
        ("March 5", "2026-03-05"),
        ("March 2", "2027-03-02"),
        ("the 5th of March, 2026", "2026-03-05"),
        ("Sept 5, 2026", "2026-09-05"),
        ("2026年3月5日", "2026-03-05"),
        ("3月5日", "2026-03-05"),
        ("２０２６年３月５日", "2026-03-05"),
        ("29 February", "2028-02-29"),
        ("TODAY", "2026-03-03"),
        ("tomorrow", "2026-03-04"),
        ("明日", "2026-03-04"),
        ("yesterday", "2026-03-02"),
        ("next Friday", "2026-03-06"),
        ("on Friday", "2026-03-06"),
        ("last friday", "2026-02-27"),
        ("Tuesday", "2026-03-03"),
        ("next Tuesday", "2026-03-10"),
        ("last Tuesday", "2026-02-24"),
        ("25/12/2026", "2026-12-25"),
        ("12/25/2026", "2026-12-25"),
        ("04.04.2026", "2026-04-04"),
        ("New Year’s Eve", "2026-12-31"),
    ],
)
def test_dates_as_people_write_them(text: str, found: str) -> None:
    assert counted(text).data == {"date": found}


def test_a_date_alone_has_a_weekday() -> None:
    assert counted("14 August 2026").text == "14 August 2026 is a Friday"
    assert call("dates").text == "3 March 2026 is a Tuesday"


@pytest.mark.parametrize("text", ["03/04/2026", "3-4-2026", "03 04 2026", "25/12/26", "25/12", "3.4"])
def test_a_date_that_may_be_two_is_asked_for_by_name(text: str) -> None:
    assert "write the month by its name" in uncounted(text)


@pytest.mark.parametrize(
    "text",
    [
        "nonsense",
        "March",
        "March 2026",
        "2026",
        "10:30",
        "30 February",
        "2026-02-30",
        "13/14/2026",
        "2月30日",
        "5",
    ],
)
def test_what_is_no_date_is_refused(text: str) -> None:
    assert "date" in uncounted(text) or "calendar" in uncounted(text)


@pytest.mark.parametrize(
    "text", ["soon", "90", "days", "1.5 days", "123456 days", "3 hours", "-", "2 weeks and 1 day"]
)
def test_what_is_no_time_to_add_is_refused(text: str) -> None:
    assert "can't be counted" in uncounted(add=text)


@pytest.mark.parametrize("add", ["99999 years", "-3000 years", "-99999 months"])
def test_the_calendar_ends(add: str) -> None:
    assert "outside the calendar" in uncounted(add=add)


def test_the_calendar_ends_for_working_days_too() -> None:
    assert "outside the calendar" in uncounted("30 December 9999", add="10 working days")


def test_add_and_until_are_two_questions() -> None:
    assert "not for both" in uncounted(add="2 days", until="tomorrow")


WORDS = [
    "3",
    "03",
    "31",
    "2026",
    "26",
    "March",
    "mar",
    "3月",
    "日",
    "年",
    "next",
    "Friday",
    "fri",
    "of",
    "the",
    ",",
    "/",
    "-",
    ".",
    ":",
    "T",
    "Z",
    "am",
    "th",
    "9999",
    "99999",
    "december",
    "today",
]


@settings(max_examples=400, deadline=None)
@given(
    st.lists(st.sampled_from(WORDS), max_size=8).map(" ".join)
    | st.lists(st.sampled_from(WORDS), max_size=8).map("".join)
    | st.text(max_size=60)
    | st.text(max_size=20).map(lambda text: f"3 March {text}")
)
def test_any_text_is_a_day_or_refused(text: str) -> None:
    try:
        found = dates.day(text, TODAY)
        if isinstance(found, dates.Yearly):
            found = found.after(TODAY)
        assert isinstance(found, date)
    except ToolFailed as failed:
        assert 0 < len(failed.message) < 200
    try:
        assert isinstance(dates.step(text).after(TODAY), date)
    except ToolFailed as failed:
        assert 0 < len(failed.message) < 200


@given(
    st.dates(date(1000, 1, 1)),
    st.sampled_from(
        ["{0:%Y-%m-%d}", "{0.day} {0:%B} {0:%Y}", "{0:%B} {0.day}, {0:%Y}", "{0:%Y}年{0.month}月{0.day}日"]
    ),
)
def test_every_day_of_the_calendar_is_read_back(day: date, form: str) -> None:
    assert dates.day(form.format(day), TODAY) == day


@given(st.dates(date(1900, 1, 1), date(2100, 1, 1)), st.integers(-500, 500))
def test_working_days_are_as_many_as_were_asked_for(start: date, number: int) -> None:
    end = dates.Step(number, "working day").after(start)
    first, last = min(start, end), max(start, end)
    between = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    assert sum(day.weekday() < 5 for day in between if day != start) == abs(number)
