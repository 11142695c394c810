"""A request comes apart where it says so, or where the tools understand the parts; else it stays one thing."""

from __future__ import annotations

import asyncio

import pytest

from inhouse.runtime.agent.asking import reads
from inhouse.runtime.agent.clauses import clauses
from inhouse.runtime.agent.lists import Item, items
from inhouse.runtime.agent.planning import plan
from inhouse.runtime.agent.plans import MOST_TASKS
from inhouse.runtime.extensions.base import Limits
from inhouse.runtime.extensions.calculator.extension import Calculator
from inhouse.runtime.extensions.calling import Attached
from inhouse.runtime.extensions.table.extension import Table, TableSettings

CSV = """name,kind,price,height,ships in days
Fold Mug,mug,£24.00,9 cm,3
Moon Bowl,bowl,£30.50,7 cm,6
Tall Jug,jug,£48.00,25 cm,9
折りマグ,mug,£20.00,9 cm,3
月のボウル,bowl,£32.00,9 cm,3
"""


@pytest.fixture(scope="module")
def tools() -> list[Attached]:
    calculator, table = Calculator(), Table(TableSettings(title="products", csv=CSV, language="en"))
    made = [(calculator, asyncio.run(calculator.tools())), (table, asyncio.run(table.tools()))]
    return [Attached("shop", tool, Limits(), handler) for handler, offered in made for tool in offered]


def planned(request: str, tools: list[Attached]) -> list[str]:
    return [task.shown for task in plan(request, lambda text: reads(tools, text))]


@pytest.mark.parametrize(
    ("request_", "tasks"),
    [
        (
            "How much are the Fold Mug and the Moon Bowl together?",
            ["What is the price of the Fold Mug?", "What is the price of the Moon Bowl?", "① + ②"],
        ),
        ("What do two Fold Mugs cost with 15% off?", ["What is the price of the Fold Mugs?", "15% off (2 * ①)"]),
        (
            "How much is the Fold Mug? And what is that with 20% off, split between 4 people?",
            ["How much is the Fold Mug?", "(20% off ①) / 4"],
        ),
        (
            "Which is the cheapest of the Fold Mug, the Moon Bowl and the Tall Jug, and what is it with 10% off?",
            [
                "What is the price of the Fold Mug?",
                "What is the price of the Moon Bowl?",
                "What is the price of the Tall Jug?",
                "Which is the cheapest of the Fold Mug, the Moon Bowl and the Tall Jug?",
                "10% off ④",
            ],
        ),
        ("How tall is the Tall Jug in inches?", ["How tall is the Tall Jug?", "① to inches"]),
        (
            "When would the Moon Bowl arrive if I order it today?",
            ["How long does the Moon Bowl take to ship?", "What date is ① after today?"],
        ),
        ("How many days is it until the Kiln Opening?", ["When is the Kiln Opening?", "How many days until ①?"]),
        (
            "Compare what Calder Clay, Ash and Sons, and Lowick say about glazing and put it in a table.",
            [
                "What does Calder Clay say about glazing?",
                "What does Ash and Sons say about glazing?",
                "What does Lowick say about glazing?",
                "Put it in a table",
            ],
        ),
        (
            "Compare the price and height of the Fold Mug and the Tall Jug.",
            [
                "What is the price of the Fold Mug?",
                "What is the height of the Fold Mug?",
                "What is the price of the Tall Jug?",
                "What is the height of the Tall Jug?",
                "Put it in a table",
            ],
        ),
        (
            "For each of the Fold Mug and the Moon Bowl, how tall is it?",
            ["How tall is the Fold Mug?", "How tall is the Moon Bowl?"],
        ),
        (
            "What is your return policy, and do you ship to Norway?",
            ["What is your return policy?", "Do you ship to Norway?"],
        ),
        (
            "How much is the Fold Mug, and how tall is it?",
            ["How much is the Fold Mug?", "How tall is ①?"],
        ),
        ("折りマグと月のボウルは合計でいくらですか？", ["折りマグの値段はいくらですか？", "月のボウルの値段はいくらですか？", "① + ②"]),
    ],
)  # fmt: skip
def test_what_is_several_comes_apart(request_: str, tasks: list[str], tools: list[Attached]) -> None:
    assert planned(request_, tools) == tasks


@pytest.mark.parametrize(
    "request_",
    [
        "How much is the Fold Mug?",
        "Who wrote Romeo and Juliet?",
        "When it is cold, do you heat the studio?",
        "What type of undergarment, if any, was included into the Apollo spacesuit?",
        "Which famous Indian took a plea and put himself at the mercy of the courts?",
        "What is the difference between the Fold Mug and the Moon Bowl?",
        "How much are salt and pepper?",
        "I bought a mug last week. It broke when I washed it. What can I do?",
        "What do you do, and why?",
        "Thanks, that was kind of you and of your sister.",
        "play something by Simon and Garfunkel",
        "What is {1} and {2}?",
        "営業時間を教えてください。",
        "and " * 2000,
        "",
    ],
)
def test_what_is_one_thing_stays_one(request_: str, tools: list[Attached]) -> None:
    assert len(planned(request_, tools)) == 1


def test_the_askers_own_braces_are_no_slots(tools: list[Attached]) -> None:
    [task] = plan("What is {1}?", lambda text: False)
    assert task.text == "What is (1)?"


def test_a_plan_is_bounded(tools: list[Attached]) -> None:
    request = " ".join(f"What is the price of the mug number {n}?" for n in range(40))
    assert len(plan(request, lambda text: reads(tools, text))) <= MOST_TASKS


def test_without_a_calculator_nothing_is_made_to_be_calculated() -> None:
    assert len(plan("What do two Fold Mugs cost with 15% off?", lambda text: False)) == 1


def test_statements_go_with_what_is_asked_after_them() -> None:
    assert clauses("I have a kiln. Do you buy kilns? It is old. What would you pay?") == [
        "I have a kiln. Do you buy kilns?",
        "It is old. What would you pay?",
    ]


def test_lists_of_things() -> None:
    assert items("the Fold Mug, two Moon Bowls and a Tall Jug") == [
        Item("Fold Mug"),
        Item("Moon Bowls", 2),
        Item("Tall Jug"),
    ]
    assert items("Ash and Sons, Lowick") == [Item("Ash and Sons"), Item("Lowick")]
    assert items(", ".join(f"Mug {n}" for n in range(30))) == []
