"""The calculator: sums with units and money, and dates. It asks nobody and knows no exchange rates."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from inhouse.runtime.extensions.base import Context, Example, Json, Reading, Result, Tool, ToolFailed
from inhouse.runtime.extensions.calculator import amounts, dates, reading, sums


def _schema(properties: Json, required: Sequence[str] = ()) -> Json:
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


def _text(description: str, most: int) -> Json:
    return {"type": "string", "minLength": 1, "maxLength": most, "description": description}


def _examples(requests: Mapping[str, Json]) -> tuple[Example, ...]:
    return tuple(Example(request=request, arguments=arguments) for request, arguments in requests.items())


CALCULATE = Tool(
    name="calculate",
    title="Work out a sum",
    description=(
        "Works out sums, percentages, prices in one currency, and conversions of units such as cups to ml or F to C. "
        "Use it for every question that needs a number to be calculated."
    ),
    parameters=_schema(
        {
            "expression": _text(
                'The sum, such as "3 * £32 + £4.50", "15% of 80" or "3 cups to ml"', sums.MOST_CHARS
            )
        },
        ["expression"],
    ),
    examples=_examples(
        {
            "How much are three mugs at £32 each with £4.50 postage?": {"expression": "3 * £32 + £4.50"},
            "What is 350F in Celsius?": {"expression": "350 F to C"},
            "how many ml is 3 cups": {"expression": "3 cups to ml"},
            "What's 15% of 80?": {"expression": "15% of 80"},
            "The bowl is £45. What does it cost with 20% off?": {"expression": "20% off £45"},
            "A class costs $120 plus 8.25% tax. What do I pay?": {"expression": "$120 + 8.25%"},
            "There are 4 of us and the bill is €186.40. How much is that each?": {
                "expression": "€186.40 / 4"
            },
            "I'm 5 foot 9, how tall is that in cm?": {"expression": "5 ft 9 in to cm"},
            "How fast is 60 mph in km/h?": {"expression": "60 mph to km/h"},
            "What does the parcel weigh if the pot is 1.2 kg and the padding 300 g?": {
                "expression": "1.2 kg + 300 g"
            },
            "How many square metres is a wall of 3.5 m by 2.4 m?": {"expression": "3.5 m * 2.4 m"},
            "3,200円のマグカップを3個と送料500円で、いくらになりますか？": {
                "expression": "3 * ¥3,200 + ¥500"
            },
        }
    ),
)
DATES = Tool(
    name="dates",
    title="Count days",
    description=(
        "Finds the date and weekday some days, weeks, months, years or working days after or before a date, "
        "the days until a date, or a date's weekday. Use it for every question about when, or how long until."
    ),
    parameters=_schema(
        {
            "from": {
                **_text('The day to count from, such as "3 March 2026" or "next Friday"', dates.MOST_CHARS),
                "default": "today",
            },
            "add": _text('What to add, such as "90 days", "-1 year" or "10 working days"', dates.MOST_CHARS),
            "until": _text('The day to count to, such as "25 December"', dates.MOST_CHARS),
        }
    ),
    examples=_examples(
        {
            "how many days until Christmas?": {"until": "25 December"},
            "I bought it on 3 March 2026. When are the 90 days over?": {
                "from": "3 March 2026",
                "add": "90 days",
            },
            "What date is it in two weeks?": {"add": "2 weeks"},
            "If you send it today and it takes 10 working days, when is it here?": {"add": "10 working days"},
            "What day of the week is 14 August 2026?": {"from": "14 August 2026"},
            "How many days are there from 1 May to 12 June?": {"from": "1 May", "until": "12 June"},
            "What was the date three months ago?": {"add": "-3 months"},
            "How long is it until next Friday?": {"until": "next Friday"},
            "How many days is it since 5 January 2026?": {"from": "5 January 2026", "until": "today"},
            "2026年3月3日の30日後はいつですか？": {"from": "2026年3月3日", "add": "30 days"},
        }
    ),
)


class Calculator:
    """Two tools without settings: ``calculate`` and ``dates``."""

    async def tools(self) -> Sequence[Tool]:
        """Always the same two."""
        return CALCULATE, DATES

    def understood(self, tool: str, request: str, today: date) -> Reading | None:
        """The sum or the count of days, where the request spells it out."""
        if tool == DATES.name:
            asked = reading.days_in(request, today)
            return Reading(arguments=asked) if asked is not None else None
        written = reading.sum_in(request)
        return Reading(arguments={"expression": written}) if written is not None else None

    async def call(self, tool: str, arguments: Mapping[str, Any], context: Context) -> Result:
        """Work it out. Raises ``ToolFailed`` with a sentence that says what can't be worked out, and why."""
        if tool == CALCULATE.name:
            # In a thread: reading all units, the first time, takes a quarter of a second.
            return await asyncio.to_thread(_calculated, arguments["expression"])
        if tool == DATES.name:
            return _counted(arguments, context.now.date())
        raise ToolFailed(reason=f'The calculator has no tool named "{tool}".')

    async def aclose(self) -> None:
        """Nothing is held."""


def _calculated(expression: str) -> Result:
    solved = sums.solve(expression)
    number, exact = amounts.written(solved.amount)
    note = " (US measures)" if solved.is_us else ""
    text = f"{solved.asked} {'=' if exact else '≈'} {number}{note}"
    return Result(text=text, data=amounts.as_data(solved.amount), value=number)


def _counted(arguments: Mapping[str, Any], today: date) -> Result:
    start = dates.day(arguments.get("from", "today"), today)
    add, until = arguments.get("add"), arguments.get("until")
    if add and until:
        raise ToolFailed(
            reason="Ask either for a date after some time, or for the days until a date, not for both at once."
        )
    if until:
        return _between(start, dates.day(until, today), today)
    if isinstance(start, dates.Yearly):
        start = start.after(today)
    return _after(start, dates.step(add)) if add else _weekday(start)


def _between(start: date | dates.Yearly, end: date | dates.Yearly, today: date) -> Result:
    """The days from one to the other; a year that is not told is the one that fits."""
    if isinstance(start, dates.Yearly):
        start = start.after(today) if isinstance(end, dates.Yearly) else start.before(end)
    if isinstance(end, dates.Yearly):
        end = end.after(start)
    days = (end - start).days
    weeks, rest = divmod(abs(days), 7)
    parts = [dates.counted(number, unit) for number, unit in ((weeks, "week"), (rest, "day")) if number]
    in_weeks = f" ({' and '.join(parts)})" if weeks else ""
    length = f"{dates.counted(abs(days), 'day')}{in_weeks}"
    if days < 0:
        text = f"{dates.written(end)} is {length} before {dates.written(start)}"
    else:
        text = f"From {dates.written(start)} until {dates.written(end)}: {length}"
    return Result(text=text, data={"days": days}, value=dates.counted(abs(days), "day"))


def _after(start: date, step: dates.Step) -> Result:
    found = step.after(start)
    side = "before" if step.number < 0 else "after"
    note = " (working days are Monday to Friday, holidays not counted)" if step.unit == "working day" else ""
    text = f"{step.text} {side} {dates.written(start)} is {dates.written(found, weekday=True)}{note}"
    return Result(text=text, data={"date": found.isoformat()}, value=dates.written(found))


def _weekday(day: date) -> Result:
    text = f"{dates.written(day)} is a {dates.written(day, weekday=True).split(',')[0]}"
    return Result(text=text, data={"date": day.isoformat()}, value=dates.written(day))
