"""Requests that an extension reads by itself: only where every word of them is accounted for."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, time
from typing import Any

import pytest

from inhouse.core.events import Ended
from inhouse.runtime.extensions.base import Context, Understanding
from inhouse.runtime.extensions.calculator.extension import Calculator
from inhouse.runtime.extensions.search.extension import SearchExtension
from inhouse.runtime.extensions.search.searxng import SearXNG
from inhouse.runtime.extensions.specialist import Specialist, SpecialistSettings
from inhouse.runtime.extensions.table.extension import Table, TableSettings

TODAY = date(2026, 11, 25)
CSV = """name,kind,price,weight,in stock,ships in days,link
Fold Mug,mug,£24.00,300 g,yes,3,https://shop.example/fold
Moon Mug,mug,£18.00,340 g,no,9,
Moon Bowl,bowl,£30.50,820 g,yes,6,
折りマグ,mug,£20.00,310 g,yes,3,
"""


def context(today: date = TODAY) -> Context:
    return Context("ai_1", None, "call_1", datetime.combine(today, time(), UTC))


@pytest.mark.parametrize(
    ("request_", "sum_"),
    [
        ("What's 15% off £98?", "15% off £98"),
        ("What is £24.00 + £30?", "£24.00 + £30"),
        ("£12 and £13.50 together", "£12 + £13.50"),
        ("the total of £12, £4 and £3", "£12 + £4 + £3"),
        ("What is the difference between £40 and £12.50?", "abs(£40 - £12.50)"),
        ("three mugs at £32 each", "3 * £32"),
        ("How many inches is 12 cm?", "12 cm to inches"),
        ("£64 split between 4 people", "£64 / 4"),
        ("What is £50 with 20% VAT?", "£50 + 20%"),
        ("half of £13", "£13 / 2"),
        ("3 and 4", None),
        ("Do you have 3 mugs?", None),
        ("Is it open on 24 December?", None),
        ("What is 10% of it?", None),
        ("What happened in 1066?", None),
        ("How much are two mugs?", None),
        ("9" * 400, None),
    ],
)
def test_sums(request_: str, sum_: str | None) -> None:
    read = Calculator().understood("calculate", request_, TODAY)
    assert (read.arguments if read else None) == ({"expression": sum_} if sum_ else None)
    if read:
        result = asyncio.run(Calculator().call("calculate", read.arguments, context()))
        assert result.value and result.value in result.text


@pytest.mark.parametrize(
    ("request_", "asked", "value"),
    [
        ("How many days until 25 December 2026?", {"until": "25 December 2026"}, "30 days"),
        ("3 weeks before 4 May 2027", {"from": "4 May 2027", "add": "-3 weeks"}, "13 April 2027"),
        ("What date is 4 days after today?", {"from": "today", "add": "4 days"}, "29 November 2026"),
        ("2026年3月3日の30日後はいつですか？", {"from": "2026年3月3日", "add": "30 days"}, "2 April 2026"),
        ("How many days until the fair?", None, ""),
        ("How long does it take?", None, ""),
        ("What day is market day?", None, ""),
    ],
)
def test_dates(request_: str, asked: dict[str, str] | None, value: str) -> None:
    read = Calculator().understood("dates", request_, TODAY)
    assert (read.arguments if read else None) == asked
    if read:
        assert asyncio.run(Calculator().call("dates", read.arguments, context())).value == value


NAMED = {"column": "name", "is": "=", "value": "Fold Mug"}


@pytest.mark.parametrize(
    ("request_", "asked", "text"),
    [
        ("How much is the Fold Mug?", {"where": [NAMED], "show": ["price"]}, "Fold Mug: price £24.00"),
        ("How heavy are Fold Mugs?", {"where": [NAMED], "show": ["weight"]}, "Fold Mug: weight 300 g"),
        ("Is the Fold Mug in stock?", {"where": [NAMED], "show": ["in_stock"]}, "Fold Mug: in stock yes"),
        (
            "Which is the cheapest mug?",
            {
                "where": [{"column": "kind", "is": "=", "value": "mug"}],
                "sort": {"column": "price", "descending": False},
                "limit": 1,
                "show": ["price"],
            },
            "Moon Mug: price £18.00",
        ),
        (
            "Which mugs under £30 ship within 5 days?",
            {
                "where": [
                    {"column": "kind", "is": "=", "value": "mug"},
                    {"column": "ships_in_days", "is": "<=", "value": 5},
                    {"column": "price", "is": "<", "value": "£30"},
                ],
                "limit": 10,
                "show": ["ships_in_days"],
            },
            "Fold Mug: ships in days 3\n折りマグ: ships in days 3",
        ),
        (
            "折りマグはいくらですか？",
            {"where": [{"column": "name", "is": "=", "value": "折りマグ"}], "show": ["price"]},
            "折りマグ: price £20.00",
        ),
    ],
)
def test_look_ups(request_: str, asked: dict[str, Any], text: str) -> None:
    table = Table(TableSettings(title="products", csv=CSV, language="en"))
    read = table.understood("look_up", request_, TODAY)
    assert read is not None and read.certain and read.arguments == asked
    result = asyncio.run(table.call("look_up", read.arguments, context()))
    assert result.text == text
    asyncio.run(table.aclose())


@pytest.mark.parametrize(
    "request_",
    [
        "How much is the Sun Plate?",
        "How much are the Fold Mug and the Moon Bowl?",
        "How much is the Fold Mug for students?",
        "What does the maker of the Fold Mug say?",
        "How wide is the Fold Mug?",
        "Is the Fold Mug dishwasher safe?",
        "What do two of them cost?",
        "How many mugs are there?",
        "Hello!",
        "Which?",
        "Fold Mug " * 200,
    ],
)
def test_what_has_a_word_left_over_is_left_to_a_model(request_: str) -> None:
    table = Table(TableSettings(title="products", csv=CSV, language="en"))
    assert table.understood("look_up", request_, TODAY) is None
    asyncio.run(table.aclose())


def test_counts() -> None:
    table = Table(TableSettings(title="products", csv=CSV, language="en"))
    read = table.understood("count", "How many mugs are in stock?", TODAY)
    assert read is not None
    assert asyncio.run(table.call("count", read.arguments, context())).data == {"total": 2}
    assert table.understood("count", "How much is the Fold Mug?", TODAY) is None
    assert table.understood("count", "How many mugs do the English drink?", TODAY) is None
    asyncio.run(table.aclose())


def test_a_search_and_a_specialist_read_anything_and_are_never_certain() -> None:
    search = SearchExtension(SearXNG("http://127.0.0.1:9"))
    assert isinstance(search, Understanding)
    read = search.understood("search", "What happened at the pottery fair this week?", TODAY)
    assert read is not None and not read.certain
    assert read.arguments == {"query": "pottery fair", "newer_than_days": 7}
    assert search.understood("search", "What is it?", TODAY) is None

    async def friendly(*_: str) -> Ended:
        return Ended(answer="I'm well!", kind="chat")

    chemist = Specialist(SpecialistSettings(ai="chemist", about="glazes"), friendly)
    asked = chemist.understood("ask", "Ask the chemist how hot the ash glaze is fired", TODAY)
    assert asked is not None and asked.arguments == {"question": "how hot the ash glaze is fired"}
    assert asyncio.run(chemist.call("ask", asked.arguments, context())).empty, "friendliness is no answer"
