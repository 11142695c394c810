"""A call's values come from the request, or there is no call."""

from __future__ import annotations

from typing import Any

import pytest

from inhouse.runtime.agent.arguments import narrowed
from inhouse.runtime.agent.evidence import copied, stands
from inhouse.runtime.extensions.base import Example, Tool


def _examples(*pairs: tuple[str, dict[str, Any]]) -> tuple[Example, ...]:
    return tuple(Example(request=request, arguments=arguments) for request, arguments in pairs)


SUMS = _examples(
    ("What is 15% of 80?", {"expression": "15% of 80"}),
    ("What's on this week?", {"query": "on", "days": 7}),
    ("Any news this week?", {"query": "news", "days": 7}),
)


TOOL = Tool(
    name="any",
    title="Any",
    description="Any.",
    parameters={
        "type": "object",
        "properties": {"column": {"enum": ["stock", "price"]}, "is": {"enum": [">", "<"]}},
    },
    examples=SUMS,
)


@pytest.mark.parametrize(
    ("request_", "arguments", "right"),
    [
        ("What's 15% off £98?", {"expression": "15% of 80"}, False),
        ("What's 15% off £98?", {"expression": "£98 - 15%"}, True),
        ("Three mugs at £32 and £4.50 postage", {"expression": "3 * £32 + £4.50"}, True),
        ("Three mugs at £1,250.00", {"expression": "3 * £1250"}, True),
        ("What time is it in Tokyo?", {"timezone": "Asia/Tokyo"}, True),
        ("What time is it in Tokyo?", {"add": "Not in the notes."}, False),
        ("What is new this week at the fair?", {"query": "fair", "days": 7}, True),
        ("What is new at the fair?", {"query": "fair", "days": 90}, False),
        ("How many Supper Plates are left?", {"column": "stock", "is": ">", "value": 0}, False),
        ("Which cost less than £30?", {"column": "price", "is": "<", "value": 30}, True),
        ("Is it blue?", {}, True),
        ("フォールドマグはいくらですか?", {"words": "フォールドマグ"}, True),
    ],
)
def test_values_come_from_the_request(request_: str, arguments: dict[str, Any], right: bool) -> None:
    assert stands(arguments, request_, TOOL) is right


def test_what_examples_copy_can_only_be_a_piece_of_the_request() -> None:
    examples = _examples(
        ("play Thriller by Jackson", {"song": "Thriller", "mood": "loud"}),
        ("play Hey Jude", {"song": "Hey Jude", "mood": "soft"}),
    )
    assert copied("song", examples) and not copied("mood", examples) and not copied("other", examples)
    text = {"type": "string"}
    tool = Tool(
        name="play",
        title="Play",
        description="Plays.",
        parameters={"type": "object", "properties": {"song": text, "mood": text}},
        examples=examples,
    )
    schema = narrowed(tool, "play Let it be, please!")
    assert schema["properties"]["mood"] == text
    pieces = schema["properties"]["song"]["enum"]
    assert {"Let it be", "Let it be,", "please", "play"} <= set(pieces) and "Thriller" not in pieces
    assert tool.parameters["properties"]["song"] == text, "the tool itself is not changed"
    assert len(narrowed(tool, "word " * 5000)["properties"]["song"]["enum"]) < 1000
