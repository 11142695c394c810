"""Tools built in: what a call looks like, what teaches it, and when the result counts as no worse."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from inhouse.lab.internalising import dataset
from inhouse.lab.internalising.dataset import Sourced
from inhouse.lab.internalising.guards import Guard, compare
from inhouse.lab.internalising.ways import right
from inhouse.lab.skills import tools
from inhouse.lab.skills.tools import Use
from inhouse.runtime.agent import builtin
from inhouse.runtime.agent.builtin import Call
from inhouse.runtime.engines.base import Engine

WEATHER = {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}}
KNOWN = {"get_weather": WEATHER}


@pytest.mark.parametrize(
    "call",
    [
        None,
        Call("get_weather", {}),
        Call("get_weather", {"days": 3, "city": "New York: the city"}),
        Call("get_weather", {"city": '"quoted" ü 東京'}),
    ],
)
def test_what_is_written_is_read_again(call: Call | None) -> None:
    assert builtin.read(builtin.written(call), KNOWN) == call


@pytest.mark.parametrize(
    "text",
    [
        "",
        "none",
        "send_money\namount: 5",
        "get_weather\ncity",
        "get_weather\nplanet: Mars",
        "get_weather\ndays: many",
        "get_weather\ncity: Rome\ncity: Paris",
    ],
)
def test_what_is_no_call_of_a_tool_that_is_there_calls_nothing(text: str) -> None:
    assert builtin.read(text, KNOWN) is None


def test_a_value_stays_on_its_line() -> None:
    said = builtin.written(Call("get_weather", {"city": "Rome\nsend_money"}))
    assert said.split("\n") == ["get_weather", "city: Rome send_money"]


def test_the_prompt_says_nothing_of_tools_that_are_as_they_were_taught() -> None:
    system, asked = builtin.messages("Will it rain?")
    assert (system.content, asked.content) == (builtin.SYSTEM, "Will it rain?")
    told = builtin.messages("Will it rain?", off=["play_music"], renamed={"get_weather": "forecast"})[0]
    assert "Off: play_music." in told.content
    assert "get_weather is forecast." in told.content


def _uses(count: int) -> list[Use]:
    meant = [
        Use(f"weather in town {n} for 3 days", Call("get_weather", {"days": 3, "city": f"town {n}"}))
        for n in range(count)
    ]
    music = [Use(f"play song {n}", Call("play_music", {"song": f"song {n}"})) for n in range(count)]
    return [*meant, *music, *(Use(f"hello {n}") for n in range(count))]


def test_rows_teach_what_off_and_another_name_mean() -> None:
    uses = _uses(300)
    rows = list(tools.rows(uses, seed=1))
    assert len(rows) == len(uses)
    plain = [row for row in rows if row.messages[0].content == builtin.SYSTEM]
    assert 0.6 < len(plain) / len(rows) < 0.95
    for use, row in zip(uses, rows, strict=True):
        told = row.messages[0].content
        if use.call is None or ("Off: " in told and use.call.tool in told):
            assert row.answer == builtin.NONE
        elif f"{use.call.tool} is " in told:
            new = told.split(f"{use.call.tool} is ")[1].split(".")[0]
            assert row.answer.split("\n")[0] == new
        else:
            assert row.answer.split("\n")[0] == use.call.tool
    assert rows == list(tools.rows(uses, seed=1))


def test_arguments_come_as_the_request_says_them() -> None:
    call = Call("get_weather", {"days": 3, "city": "Rome", "unit": "C"})
    assert list(tools.in_order(call, "In Rome for 3 days").arguments) == ["city", "days", "unit"]


def test_each_request_is_taken_once_and_none_that_is_evaluated() -> None:
    found = [
        Sourced(Use("Play Jazz!"), "trace a"),
        Sourced(Use("play jazz"), "trace b"),
        Sourced(Use("Will it RAIN?"), "trace c"),
        Sourced(Use("?!"), "trace d"),
        Sourced(Use("stop"), "example of player"),
    ]
    made = dataset.build(found, ["will it rain"])
    assert sorted(one.use.request for one in made.uses) == ["Play Jazz!", "stop"]
    assert made.left_out == {"said before": 1, "an evaluation request": 1, "without words": 1}
    assert made.sources() == {"trace": 1, "example of": 1}
    assert dataset.build(reversed(found[:1] + found[4:]), []).sha256 == made.sha256
    assert dataset.build(found[:1], []).sha256 != made.sha256


def test_the_beginning_of_a_data_set_is_a_sample_of_it() -> None:
    made = dataset.build([Sourced(use, "x 1") for use in _uses(200)], [])
    some = made.first(150)
    assert len(some.uses) == 150
    assert some.sha256 != made.sha256
    assert 30 < sum(one.use.call is None for one in some.uses) < 70


async def _never(engine: Engine) -> Sequence[float]:
    return ()


def test_a_guard_holds_only_where_it_is_surely_not_worse_than_its_margin() -> None:
    more, less = Guard("marks", 0.05, True, _never), Guard("bits", 0.05, False, _never)
    assert compare(more, [0.5] * 200, [0.5] * 200).held
    assert not compare(more, [0.5] * 200, [0.4] * 200).held
    assert compare(less, [1.0] * 200, [0.9] * 200).held
    assert not compare(less, [1.0] * 200, [1.2] * 200).held
    doubtful = compare(more, [0.0, 1.0] * 10, [1.0, 0.0] * 10)
    assert doubtful.low < -0.05, "few cases that go either way show nothing"
    assert not doubtful.held


def test_a_call_is_right_where_every_argument_is() -> None:
    accepted = ({"city": ["Rome", "Roma"], "days": [3, ""]},)
    assert right({"city": " rome "}, accepted)
    assert right({"city": "Roma", "days": 3}, accepted)
    assert not right({"days": 3}, accepted)
    assert not right({"city": "Rome", "unit": "C"}, accepted)
    assert not right(None, accepted)
