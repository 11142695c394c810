"""Tools built in: what a call looks like, what teaches it, and when the result counts as no worse."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import anyio
import pytest

from inhouse.lab.internalising import arms, dataset, guards, ways
from inhouse.lab.internalising.arms import Arm, Asked, Taught
from inhouse.lab.internalising.dataset import Sourced
from inhouse.lab.internalising.guards import Guard, compare
from inhouse.lab.internalising.measuring import Measuring
from inhouse.lab.internalising.report import ArmKind, GuardKind
from inhouse.lab.internalising.ways import Called, Request, right
from inhouse.lab.skills import tools
from inhouse.lab.skills.tools import Use
from inhouse.runtime.agent import builtin
from inhouse.runtime.agent.builtin import Call
from inhouse.runtime.engines.base import Engine
from inhouse.runtime.extensions.base import Tool

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
    assert rows == list(tools.rows(uses, seed=1))
    plain = [row for row in rows if row.messages[0].content == builtin.SYSTEM]
    assert [row.messages[1].content for row in plain] == [use.request for use in uses]
    by_request = {use.request: use.call for use in uses}
    seen = Counter[str]()
    for row in rows:
        told, call = row.messages[0].content, by_request[row.messages[1].content]
        off = told.partition("Off: ")[2].partition(".")[0].split(", ")
        new = re.search(rf"{call.tool} is (\w+)\.", told) if call else None
        if call is None or call.tool in off:
            seen["off"] += call is not None
            assert row.answer == builtin.NONE
        else:
            seen["renamed"] += new is not None
            assert row.answer.split("\n")[0] == (new[1] if new else call.tool)
    calling = sum(use.call is not None for use in uses)
    assert all(0.3 < seen[kind] / calling < 0.6 for kind in ("off", "renamed"))


def test_other_names_are_many_and_turns_without_a_tool_name_some_too() -> None:
    rows = list(tools.rows(_uses(300), seed=1))
    names = {name for row in rows for name in re.findall(r" is (\w+)\.", row.messages[0].content)}
    assert len(names) > 150
    hello = [row for row in rows if row.messages[1].content.startswith("hello")]
    named = [row for row in hello if row.messages[0].content != builtin.SYSTEM]
    assert 0.15 < len(named) / len(hello) < 0.35


def test_one_tool_alone_is_taught_too() -> None:
    uses = [use for use in _uses(40) if use.call is None or use.call.tool == "get_weather"]
    rows = list(tools.rows(uses, seed=1))
    assert f"{builtin.SYSTEM} Off: get_weather." in {row.messages[0].content for row in rows}
    assert sum(row.messages[0].content == builtin.SYSTEM for row in rows) == len(uses), "no row comes twice"
    assert list(tools.rows([Use("hello")], seed=1)) == [tools.Row(builtin.messages("hello"), builtin.NONE)]


def test_another_name_is_nobody_elses_and_no_word_of_the_runtime(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools, "_VERBS", set())
    monkeypatch.setattr(tools, "_THINGS", set())
    uses = [
        Use("turn off none of the search play", Call("search", {"q": f"play {n}"})) for n in range(60)
    ] + [Use("play", Call("play", {}))] * 60
    said = " ".join(row.messages[0].content for row in tools.rows(uses, seed=1))
    names = set(re.findall(r" is (\w+)\.", said))
    assert names and not names & {"none", "off", "search", "play"}
    for row in tools.rows(uses, seed=1):
        given = re.findall(r" is (\w+)\.", row.messages[0].content)
        assert len(given) == len(set(given))


def test_arguments_come_as_the_request_says_them() -> None:
    call = Call("get_weather", {"days": 3, "city": "Rome", "unit": "C"})
    assert list(tools.in_order(call, "In Rome for 3 days").arguments) == ["city", "days", "unit"]


def test_each_request_is_taken_once_and_none_that_is_evaluated() -> None:
    found = [
        Sourced(Use("Play Jazz!"), "trace: a"),
        Sourced(Use("play jazz"), "trace: b"),
        Sourced(Use("Will it RAIN?"), "trace: c"),
        Sourced(Use("?!"), "trace: d"),
        Sourced(Use("stop"), "example: player"),
    ]
    made = dataset.build(found, ["will it rain"])
    assert sorted(one.use.request for one in made.uses) == ["Play Jazz!", "stop"]
    assert made.left_out == {"said before": 1, "an evaluation request": 1, "without words": 1}
    assert made.sources() == {"trace": 1, "example": 1}
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
    more = Guard(GuardKind.GROUNDED, "marks", 0.05, True, _never)
    less = Guard(GuardKind.VOICE, "bits", 0.05, False, _never)
    assert compare(more, [0.5] * 200, [0.5] * 200).held
    assert not compare(more, [1.0] * 10, [1.0] * 10).held, "ten cases rule nothing out"
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


TOOL = Tool(name="get_weather", title="Weather", description="Tells the weather.", parameters=WEATHER)
TAUGHT = [Taught(ways.attached([TOOL])[0], "other_1")]
ROME = Request("Weather in Rome?", "get_weather", ({"city": ["Rome"]},))
HELLO = Request("Hello!")


def _called(request: Request, tool: str, city: str = "Rome", first_ms: float = 5.0) -> Called:
    return Called(request, tool, {"city": city} if tool else None, 20, first_ms)


def test_a_request_is_on_one_side_whoever_says_it() -> None:
    found = [Sourced(use, "x: 1") for use in _uses(200)]
    _, judges = dataset.apart(found)
    assert 90 < len(judges) < 150, "about a fifth"
    assert dataset.apart(reversed(found))[1] == judges[::-1]
    assert dataset.apart([Sourced(Use("HELLO 7!"), "y: 2")])[1] == (
        dataset.apart([Sourced(Use("hello 7"), "x: 1")])[1] and [Sourced(Use("HELLO 7!"), "y: 2")]
    )


def test_what_an_arm_counts_as_right_is_what_is_right_in_that_arm() -> None:
    told = [_called(ROME, "get_weather"), _called(HELLO, "get_weather")]
    found = arms.figures(ArmKind.BUILT_IN, told, [], TAUGHT)
    assert found.right_tool is not None and found.right_tool.value == 1
    assert found.false_calls is not None and found.false_calls.value == 1
    assert found.not_there is not None and found.not_there.value == 0
    off = arms.figures(ArmKind.OFF, [_called(ROME, "get_weather"), _called(ROME, "")], [], TAUGHT)
    assert off.not_there is not None and off.not_there.value == 0.5
    assert off.false_calls is not None and off.false_calls.value == 0.5
    renamed = arms.figures(
        ArmKind.RENAMED, [_called(ROME, "other_1"), _called(ROME, "get_weather")], [], TAUGHT
    )
    assert renamed.exact is not None and renamed.exact.value == 0.5
    assert renamed.not_there is not None and renamed.not_there.value == 0.5


def test_requests_that_no_model_was_asked_for_cost_no_tokens() -> None:
    told = [_called(ROME, "get_weather"), Called(HELLO, "", None, 0, 0.0)]
    found = arms.figures(ArmKind.OUTSIDE, told, [], TAUGHT)
    assert found.prompt_tokens is not None and found.prompt_tokens.value == 10
    assert found.prompt_tokens.n == 2
    assert found.first_ms is not None and found.first_ms.n == 1


def test_a_new_generation_is_held_against_the_same_requests() -> None:
    many = [Request(f"Weather in {n}?", "get_weather", ({"city": ["Rome"]},)) for n in range(100)]
    new = [_called(one, "get_weather") for one in [*many, HELLO]]
    old = [_called(one, "get_weather", "Rome" if n % 2 else "Oslo") for n, one in enumerate(many[::2])]
    calls = {ArmKind.BUILT_IN: new, ArmKind.OUTSIDE: new, ArmKind.PROMPT: old}
    against = {(one.figure, one.against): one for one in arms.primary(calls, 0.05)}
    assert against["exact", ArmKind.PROMPT].n == 50
    assert against["exact", ArmKind.PROMPT].low > 0.3
    assert against["right tool", ArmKind.OUTSIDE].held


def test_turns_without_a_tool_are_a_guard() -> None:
    hello = [Request(f"hello {n}") for n in range(200)]
    quiet, loud = ([_called(one, tool) for one in hello] for tool in ("", "get_weather"))
    assert guards.no_tool(quiet, quiet).held
    assert not guards.no_tool(quiet, loud).held


def test_what_was_measured_is_not_asked_again(tmp_path: Path) -> None:
    asked: list[str] = []

    async def way(request: Request) -> Called:
        asked.append(request.text)
        if len(asked) == 15:
            raise KeyboardInterrupt  # nothing catches it, as nothing catches kill -9
        return _called(request, request.tool)

    many = [Request(f"weather {n}", "get_weather") for n in range(30)]
    arm = Arm(ArmKind.BUILT_IN, way, [HELLO], way, many)

    def measured() -> tuple[list[Called], list[Called]]:
        return Measuring(tmp_path, anyio.run, lambda *_: None).arm(arm)

    with pytest.raises(KeyboardInterrupt):
        measured()
    first = len(asked)
    warm, cold = measured()
    assert asked.count("Hello!") == 1, "the first piece was kept"
    assert len(asked) == first + 30
    assert [one.request for one in (*warm, *cold)] == [HELLO, *many]
    assert measured() == (warm, cold)
    assert len(asked) == first + 30


def test_slower_ways_are_asked_an_even_part() -> None:
    meant = [Request(f"weather {n}", "get_weather") for n in range(700)]
    asked = Asked(meant, [Request(f"hello {n}") for n in range(300)])
    assert len(asked.every) == 1000
    assert 200 < len(asked.few) < 400
    assert 20 < len(asked.cold) < 40


def test_margins_are_named_by_what_they_are() -> None:
    one = Guard(GuardKind.VOICE, "bits", 0.05, False, _never)
    wider = Guard(GuardKind.VOICE, "bits", 0.06, False, _never)
    assert guards.laid_down([one], 0.02) == guards.laid_down([one], 0.02)
    assert len({guards.laid_down(*those) for those in (([one], 0.02), ([wider], 0.02), ([one], 0.03))}) == 3
