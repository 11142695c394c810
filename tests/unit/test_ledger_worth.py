"""What an extension is worth: calls, verdicts, costs, lifts, rank; and what its author is told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
from sqlalchemy import update
from turnkit import OWNER, PASSED, World, world

from inhouse.accounts.actors import Actor
from inhouse.conversations import trace
from inhouse.conversations.picks import Picks
from inhouse.conversations.tables import trace_consents
from inhouse.conversations.verdicts import Verdicts
from inhouse.core import ids
from inhouse.core.errors import Conflict, NotAllowed, NotFound, UsageError
from inhouse.lab.comparing.intervals import Interval
from inhouse.lab.experiments import reading, shelf
from inhouse.lab.experiments.design import Design, Experiment, Way
from inhouse.lab.experiments.experiments import Experiments
from inhouse.lab.experiments.metrics import Metric
from inhouse.lab.experiments.reading import Unit
from inhouse.lab.ledger import counting, lifts, notices, stability, worth
from inhouse.lab.ledger import worths as worths_module
from inhouse.lab.ledger.identity import extension_key, tool_key
from inhouse.lab.ledger.lifts import Lift
from inhouse.lab.ledger.notices import Notices
from inhouse.lab.ledger.tables import author_notices, repeats_off, tool_repeats
from inhouse.lab.ledger.worth import Line, Ranked
from inhouse.lab.ledger.worths import Worths
from inhouse.releases import releases as releases_shelf
from inhouse.releases.cases import Cases, Expect
from inhouse.releases.extensions import Version
from inhouse.releases.release import Candidate, Release
from inhouse.releases.tables import extensions
from inhouse.store.database import Database, Tx
from inhouse.web.pages import ledger_words
from ledgerkit import START, attach, consent, fan, tool, turn

DAY = timedelta(days=1)


@pytest.fixture
def here(db: Database) -> World:
    return world(db)


@pytest.fixture
def lab(here: World) -> Experiments:
    return Experiments(here.db, here.releases)


@pytest.fixture
def worths(here: World, lab: Experiments) -> Worths:
    return Worths(here.db, lab, now=lambda: START + DAY)


def person(name: str) -> Actor:
    return Actor(kind="person", name=name, person_id=name)


# Counting


def test_nobody_has_judged_is_said_and_not_counted(here: World, worths: Worths) -> None:
    attach(here.db, here.ai.id)
    turn(here.db, here.ai.id, fan(here.db, here.ai.id), 1)
    [one] = worths.of_ai(OWNER, here.ai.id)
    assert (one.line.called, one.line.turns, one.line.rightly, one.line.lift) == (1, 1, None, None)
    assert one.standing == "not known enough"


def test_a_fan_counts_once_and_the_teams_word_goes_first(here: World, worths: Worths) -> None:
    attach(here.db, here.ai.id)
    first, second, third = (fan(here.db, here.ai.id) for _ in range(3))
    for number in range(1, 5):
        turn(here.db, here.ai.id, first, number, thumb="up")
    wrong = turn(here.db, here.ai.id, second, 1, thumb="up")
    Verdicts(here.db).correct(OWNER, here.ai.id, wrong, "It is £15.")
    picked = turn(here.db, here.ai.id, third, 1, answer="£14", thumb="down")
    Picks(here.db, here.releases, here.scripted).pick(
        OWNER, here.ai.id, "How much?", "£14", "Who knows?", turn_id=picked
    )
    with here.db.read() as tx:
        assert sorted(counting.judged(tx, here.ai.id, START - DAY)["prices"]) == [0.0, 1.0, 1.0]
    [one] = worths.of_ai(OWNER, here.ai.id)
    assert one.line.rightly is not None and (one.line.rightly.n, one.line.turns) == (3, 6)
    assert one.line.rightly.low < one.line.rightly.value < one.line.rightly.high


def test_what_another_ai_heard_is_not_counted(here: World, worths: Worths) -> None:
    attach(here.db, here.ai.id)
    attach(here.db, here.other.id)
    turn(here.db, here.other.id, fan(here.db, here.other.id), 1, thumb="down")
    [own] = worths.of_ai(OWNER, here.ai.id)
    [both] = worths.of_all(OWNER)
    assert (own.line.called, own.line.rightly) == (0, None)
    assert (both.line.called, both.line.ais) == (1, 2) and both.line.rightly is not None
    with pytest.raises(NotFound):
        worths.of_ai(person("eve"), here.ai.id)
    with pytest.raises(NotAllowed):
        worths.of_all(person("eve"))


def test_what_deciding_costs_is_what_the_model_did_before_the_call() -> None:
    def chat(began: float, tokens: int, parent: int | None = None) -> dict[str, Any]:
        detail = {"prompt_tokens": tokens, "completion_tokens": 10}
        return {"kind": "chat", "began_ms": began, "ended_ms": began + 50, "parent": parent, "detail": detail}

    def call(began: float, extension: str) -> dict[str, Any]:
        return {
            "kind": "tool",
            "began_ms": began,
            "ended_ms": began + 30,
            "detail": {"extension": extension},
        }

    spans = [
        call(200, "prices"),
        chat(10, 100),
        chat(80, 40),
        chat(210, 7, 0),
        chat(300, 500),
        call(400, "other"),
        chat(500, 900),
    ]
    read = trace.read({"version": 2, "spans": spans})
    assert counting.of_trace(read, "prices") == counting.Cost(30.0, 100.0, 160.0)
    assert counting.of_trace(read, "other") == counting.Cost(30.0, 50.0, 510.0)
    assert counting.of_trace(read, "third") is None
    by_itself = call(90, "prices") | {"detail": {"extension": "prices", "way": "built_in"}}
    read = trace.read({"version": 2, "spans": [chat(10, 9), by_itself]})
    assert counting.of_trace(read, "prices") is None, "that is not what it costs outside"


def test_costs_need_five_turns(here: World, worths: Worths) -> None:
    attach(here.db, here.ai.id)
    who = fan(here.db, here.ai.id)
    decided = {"kind": "chat", "began_ms": 1.0, "ended_ms": 61.0, "detail": {"prompt_tokens": 200}}
    for number in range(1, 5):
        turn(here.db, here.ai.id, who, number, spans=[decided])
    assert worths.of_ai(OWNER, here.ai.id)[0].line.deciding_tokens is None
    turn(here.db, here.ai.id, who, 5, spans=[decided])
    found = worths.of_ai(OWNER, here.ai.id)[0].line
    assert found.deciding_tokens is not None and (found.deciding_tokens.value, found.deciding_tokens.n) == (
        200,
        5,
    )
    assert found.deciding_ms is not None and found.deciding_ms.value == 60


def test_only_what_both_agreed_to_can_be_learnt_from(here: World, worths: Worths) -> None:
    attach(here.db, here.ai.id, kind="mcp")
    agreed, silent = fan(here.db, here.ai.id, agreed=START - DAY), fan(here.db, here.ai.id)
    for number, thumb in enumerate((None, "up", "down"), start=1):
        turn(here.db, here.ai.id, agreed, number, thumb=thumb)
        turn(here.db, here.ai.id, silent, number)
    turn(here.db, here.ai.id, agreed, 4, at=START - 2 * DAY)
    assert worths.of_ai(OWNER, here.ai.id)[0].line.shared == 0, "the owner has not agreed"
    with here.db.write() as tx:
        tx.execute(trace_consents.insert().values(consent(here.ai.id, None, START - 3 * DAY)))
    line = worths.of_ai(OWNER, here.ai.id)[0].line
    assert (line.shared, line.examples) == (2, 6)


@pytest.mark.parametrize(("kind", "wanted"), [("mcp", 6), ("table", 0), ("sql-table", 0)])
def test_examples_of_the_owners_own_rows_are_nothing_to_learn_from(
    here: World, worths: Worths, kind: str, wanted: int
) -> None:
    attach(here.db, here.ai.id, kind=kind)
    assert worths.of_ai(OWNER, here.ai.id)[0].line.examples == wanted


def test_of_one_fan_next_to_nothing_is_known() -> None:
    one, all_wrong = counting.share([0.4]), counting.share([0.0] * 40)
    assert one is not None and one.low < 0.05 and one.high > 0.9 and one.value == 0.4
    assert all_wrong is not None and all_wrong.low == 0 and 0.05 < all_wrong.high < 0.12


def test_the_share_of_few_fans_holds_as_often_as_it_says() -> None:
    random = np.random.default_rng(3)
    for n in (2, 5, 12):
        drawn = (random.beta(0.5, 0.5, n) for _ in range(400))
        found = [counting.share([float(figure) for figure in fans]) for fans in drawn]
        assert sum(one is not None and one.low <= 0.5 <= one.high for one in found) >= 0.95 * 400


def test_one_fan_condemns_no_extension(here: World, worths: Worths) -> None:
    attach(here.db, here.ai.id)
    angry = fan(here.db, here.ai.id)
    for number in range(1, 6):
        turn(here.db, here.ai.id, angry, number, thumb="down" if number < 4 else "up")
    [one] = worths.of_ai(OWNER, here.ai.id)
    assert one.line.rightly is not None and one.line.rightly.value == 0.4
    assert one.standing == "not known enough" and "wrong" not in one.reasons


# Lifts


def released(here: World, ai_id: str, *entries: str) -> Release:
    candidate = Candidate(brief_version=1, index_revision=0, extensions=entries)
    with here.db.write() as tx:
        made = releases_shelf.add(tx, ai_id, candidate, PASSED, job_id=None, by=None)
    here.releases.go_live(OWNER, ai_id, made.id)
    return made


def replayed(
    here: World,
    lab: Experiments,
    ai_id: str,
    pairs: Sequence[tuple[float, float]],
    without: str = "prices",
    passages: int | None = None,
) -> Experiment:
    """An experiment that has counted these pairs in one look."""
    Cases(here.db).add(OWNER, ai_id, [f"{ids.new_id('q')}?"], Expect(must_contain=("x",)))
    way = lab.way(OWNER, ai_id, None, None, without, passages=passages)
    values = {"name": "Worth", "mode": "replay", "ways": (way,), "primary": Metric.RIGHT, "effect": 0.05}
    begun = lab.start(OWNER, lab.draft(OWNER, Design.model_validate(values)).id)
    counted(here, begun, ai_id, pairs)
    return begun


def counted(here: World, begun: Experiment, ai_id: str, pairs: Sequence[tuple[float, float]]) -> None:
    units = [Unit(ai_id, False, 1, {Metric.RIGHT: pair}, {}) for pair in pairs]
    with here.db.write() as tx:
        named = [(ids.digest(f"{begun.id}:{number}"), unit) for number, unit in enumerate(units)]
        shelf.add_look(tx, begun, reading.read(begun.design, units), START, named)


def measured(
    here: World, worths: Worths, ai_id: str, pairs: Sequence[tuple[float, float]], extension: str = "prices"
) -> Experiment:
    """The same by the ledger's own button."""
    Cases(here.db).add(OWNER, ai_id, [f"{ids.new_id('q')}?"], Expect(must_contain=("x",)))
    begun = worths.measure(OWNER, ai_id, extension)
    counted(here, begun, ai_id, pairs)
    return begun


HELPS = [(0.0, 1.0)] * 40 + [(1.0, 1.0)] * 60 + [(1.0, 0.0)] * 5
#: Clear by its own 95%, and by no more than that.
BARELY = [(0.0, 1.0)] * 13 + [(1.0, 1.0)] * 90
WEAK = [(0.0, 1.0)] * 8 + [(1.0, 1.0)] * 92


def test_a_replay_that_answers_otherwise_too_says_nothing_of_an_extension(
    here: World, lab: Experiments, worths: Worths
) -> None:
    attach(here.db, here.ai.id)
    released(here, here.ai.id, "prices@v1")
    replayed(here, lab, here.ai.id, HELPS, passages=5)
    [one] = worths.of_ai(OWNER, here.ai.id)
    assert one.line.lift is None
    replayed(here, lab, here.ai.id, HELPS)
    [one] = worths.of_ai(OWNER, here.ai.id)
    assert one.line.lift is not None


def test_lift_is_read_from_the_replay_with_and_without_it(here: World, worths: Worths) -> None:
    attach(here.db, here.ai.id)
    attach(here.db, here.ai.id, "other")
    released(here, here.ai.id, "prices@v1", "other@v1")
    measured(here, worths, here.ai.id, HELPS)
    lines = {one.line.name: one.line for one in worths.of_ai(OWNER, here.ai.id)}
    lift = lines["prices"].lift
    assert lines["other"].lift is None
    assert lift is not None and (lift.n, lift.metric, lift.mode) == (105, Metric.RIGHT, "replay")
    assert lift.effect == pytest.approx(35 / 105) and lift.is_clear and not lift.is_needless


def test_lifts_of_several_ais_are_one_stream(here: World, lab: Experiments, worths: Worths) -> None:
    alone = []
    for ai in (here.ai, here.other):
        attach(here.db, ai.id)
        released(here, ai.id, "prices@v1")
        replayed(here, lab, ai.id, HELPS)
        alone.append(worths.of_ai(OWNER, ai.id)[0].line.lift)
    [both] = worths.of_all(OWNER)
    lift = both.line.lift
    assert lift is not None and (lift.n, lift.ais, len(lift.experiments)) == (210, 2, 2)
    assert (
        alone[0] is not None and lift.low is not None and alone[0].low is not None and lift.low > alone[0].low
    )


def test_pressing_until_it_is_clear_is_not_free(here: World, worths: Worths) -> None:
    attach(here.db, here.ai.id)
    released(here, here.ai.id, "prices@v1")

    def found() -> Lift:
        lift = worths.of_ai(OWNER, here.ai.id)[0].line.lift
        assert lift is not None and lift.is_apart
        return lift

    measured(here, worths, here.ai.id, BARELY)
    assert found().is_clear and found().runs == 1
    for _ in range(9):
        measured(here, worths, here.ai.id, [(1.0, 1.0)] * 20)
    measured(here, worths, here.ai.id, BARELY)
    assert not found().is_clear and found().runs == 11
    [one] = worths.of_ai(OWNER, here.ai.id)
    assert "chance" in one.reasons and "11 measurements" in ledger_words.evidence(one.line, str)
    [over_all] = worths.of_all(OWNER)
    assert over_all.line.lift is not None and not over_all.line.lift.is_clear
    measured(here, worths, here.ai.id, HELPS)
    assert found().is_clear, "what is clear enough is seen however late it comes"


def test_many_extensions_share_one_rate_of_false_discoveries(here: World, worths: Worths) -> None:
    names = [f"table{number}" for number in range(10)]
    for name in names:
        attach(here.db, here.ai.id, name)
    released(here, here.ai.id, *(f"{name}@v1" for name in names))
    for name in names:
        measured(here, worths, here.ai.id, BARELY if name == names[-1] else [(1.0, 1.0)] * 20, name)
    lifts_of = {one.line.name: one.line.lift for one in worths.of_ai(OWNER, here.ai.id)}
    last = lifts_of[names[-1]]
    assert last is not None and last.low is not None and last.low > 0 and not last.is_clear


def test_an_experiment_outside_of_the_family_is_no_discovery_of_it(
    here: World, lab: Experiments, worths: Worths
) -> None:
    attach(here.db, here.ai.id)
    released(here, here.ai.id, "prices@v1")
    replayed(here, lab, here.ai.id, HELPS)
    [one] = worths.of_ai(OWNER, here.ai.id)
    assert one.line.lift is not None and one.line.lift.is_apart and not one.line.lift.is_clear


def test_pairs_put_together_decide_nothing_that_none_of_their_experiments_does(
    here: World, worths: Worths
) -> None:
    for ai in (here.ai, here.other):
        attach(here.db, ai.id)
        released(here, ai.id, "prices@v1")
    for ai, pairs, clear in ((here.ai, WEAK, False), (here.other, WEAK, False), (here.other, HELPS, True)):
        measured(here, worths, ai.id, pairs)
        lift = worths.of_all(OWNER)[0].line.lift
        assert lift is not None and lift.is_clear is clear
    assert lift is not None and lift.ais == 2 and lift.runs == 3 and len(lift.experiments) == 2


def test_an_experiment_over_several_ais_says_nothing_of_one_alone(
    here: World, lab: Experiments, worths: Worths
) -> None:
    for ai in (here.ai, here.other):
        attach(here.db, ai.id)
        released(here, ai.id, "prices@v1")
    Cases(here.db).add(OWNER, here.ai.id, ["?"], Expect(must_contain=("x",)))
    ways = tuple(lab.way(OWNER, ai.id, None, None, "prices") for ai in (here.ai, here.other))
    values = {"name": "Both", "mode": "replay", "ways": ways, "primary": Metric.RIGHT, "effect": 0.05}
    design = Design.model_validate(values | {"family": "ledger"})
    counted(here, lab.start(OWNER, lab.draft(OWNER, design).id), here.ai.id, HELPS)
    [alone], [over_all] = worths.of_ai(OWNER, here.ai.id), worths.of_all(OWNER)
    assert alone.line.lift is not None and alone.line.lift.is_apart and not alone.line.lift.is_clear
    assert over_all.line.lift is not None and over_all.line.lift.is_clear


def test_ways_that_differ_in_more_are_no_measurement_of_it(here: World, lab: Experiments) -> None:
    attach(here.db, here.ai.id)
    first, second = released(here, here.ai.id), released(here, here.ai.id, "prices@v1", "other@v1")
    third = released(here, here.ai.id, "prices@v1")
    for way, wanted in (((first, second), None), ((first, third), False), ((third, first), True)):
        ways = (Way(ai_id=here.ai.id, first=way[0].id, second=way[1].id),)
        values = {"name": "?", "mode": "replay", "ways": ways, "primary": Metric.RIGHT, "effect": 0.05}
        Cases(here.db).add(OWNER, here.ai.id, ["?"], Expect(must_contain=("x",)))
        counted(here, lab.start(OWNER, lab.draft(OWNER, Design.model_validate(values)).id), here.ai.id, HELPS)
        with here.db.read() as tx:
            found = lifts.newest(tx, here.ai.id).get("prices")
            assert (found.turned if found else None) is wanted
            if found and wanted:
                lift = lifts.of_ai(tx, found, ())
                assert lift.effect == pytest.approx(-35 / 105) and lift.high is not None and lift.high < 0


def test_measuring_starts_a_replay_of_the_live_release(here: World, worths: Worths) -> None:
    attach(here.db, here.ai.id)
    live = released(here, here.ai.id, "prices@v1")
    Cases(here.db).add(OWNER, here.ai.id, ["?"], Expect(must_contain=("x",)))
    begun = worths.measure(OWNER, here.ai.id, "prices")
    [way] = begun.design.ways
    assert (way.first, way.second, way.without, begun.state) == (live.id, live.id, "prices", "running")
    with pytest.raises(NotFound):
        worths.measure(OWNER, here.ai.id, "nothing")


def test_without_cases_nothing_is_measured_and_no_draft_is_left(
    here: World, lab: Experiments, worths: Worths
) -> None:
    attach(here.db, here.ai.id)
    released(here, here.ai.id, "prices@v1")
    with pytest.raises(UsageError):
        worths.measure(OWNER, here.ai.id, "prices")
    assert lab.listing(OWNER) == []


# Rank


def line(name: str = "prices", **changes: Any) -> Line:
    lift = Lift(
        mode="replay", metric=Metric.RIGHT, effect=0.1, low=0.04, high=0.16, n=200, matters=0.05, experiments=("e",),
        controlled=True,
    )  # fmt: skip
    share = Interval(value=0.9, low=0.8, high=0.95, n=40)
    values: dict[str, Any] = {
        "key": name, "kind": "table", "name": name, "title": "Table", "tools": ("look_up",), "acts": False, "ais": 1,
        "called": 90, "done": 80, "failed": 5, "refused": 5, "turns": 70, "rightly": share, "lift": lift,
        "call_ms": None, "deciding_ms": None, "deciding_tokens": Interval(value=200, low=180, high=220, n=60),
        "examples": 40, "shared": 80, "held": {"look_up": stability.NOTHING}, "built_in": False,
    }  # fmt: skip
    return Line(**values | changes)


def lifted(low: float, high: float, controlled: bool = True) -> Lift:
    made = line().lift
    assert made is not None
    return made.model_copy(
        update={"effect": (low + high) / 2, "low": low, "high": high, "controlled": controlled}
    )


@pytest.mark.parametrize(
    ("changes", "standing", "reasons"),
    [
        ({}, "worth building in", ()),
        ({"rightly": None}, "worth building in", ()),
        ({"turns": 3}, "not known enough", ("seldom",)),
        ({"lift": None, "shared": 0}, "not known enough", ("unmeasured", "few")),
        ({"lift": lifted(-0.02, 0.2)}, "not known enough", ("unclear",)),
        ({"lift": lifted(0.02, 0.2, controlled=False)}, "not known enough", ("chance",)),
        ({"lift": lifted(-0.2, -0.01, controlled=False)}, "not known enough", ("chance",)),
        ({"lift": lifted(-0.02, 0.03)}, "not worth it", ("needless",)),
        ({"lift": lifted(-0.2, -0.01)}, "not worth it", ("harmful",)),
        ({"rightly": Interval(value=0.2, low=0.1, high=0.4, n=30)}, "not worth it", ("wrong",)),
        ({"rightly": Interval(value=0.2, low=0.1, high=0.4, n=9)}, "worth building in", ()),
        ({"built_in": True}, "built in", ()),
    ],
)
def test_where_a_line_stands_follows_from_intervals(
    changes: dict[str, Any], standing: str, reasons: tuple[str, ...]
) -> None:
    [found] = worth.ranked([line(**changes)])
    assert (found.standing, found.reasons) == (standing, reasons)


def test_what_costs_most_outside_comes_first() -> None:
    cheap = line("cheap", deciding_tokens=None)
    seldom, dear, known = line("seldom", turns=3), line("dear"), line("known", built_in=True)
    assert [one.line.name for one in worth.ranked([known, seldom, cheap, dear])] == [
        "dear", "cheap", "seldom", "known",
    ]  # fmt: skip


def test_a_generation_that_knows_every_tool_has_it_built_in(here: World, lab: Experiments) -> None:
    attach(here.db, here.ai.id, tools=[tool("one"), tool("two")])
    for known, wanted in (([], False), (["one"], False), (["one", "two"], True)):
        keys = {tool_key(tool(name)) for name in known}
        [found] = Worths(here.db, lab, lambda keys=keys: keys).of_ai(OWNER, here.ai.id)  # type: ignore[misc]
        assert found.line.built_in is wanted


def test_a_tool_is_the_same_in_whatever_words_its_arguments_are_described() -> None:
    plain = tool()
    told = {
        **plain.parameters,
        "title": "Look up",
        "properties": {"name": {"type": "string", "description": "Which."}},
    }
    other = {**plain.parameters, "properties": {"name": {"type": "integer"}}}
    assert tool_key(plain) == tool_key(plain.model_copy(update={"parameters": told}))
    assert tool_key(plain) != tool_key(plain.model_copy(update={"parameters": other}))
    assert tool_key(plain) != tool_key(tool("other"))


# Notices


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def told(here: World, worths: Worths) -> tuple[Notices, Clock]:
    at = Clock()
    return Notices(here.db, worths, at), at


def refused(here: World, actor: Actor, at: Clock) -> str | None:
    with here.db.read() as tx:
        return notices.refusal(tx, actor, [tool()], at())


def test_an_author_is_told_thirty_days_ahead(here: World, told: tuple[Notices, Clock]) -> None:
    desk, at = told
    attach(here.db, here.ai.id, author="ann")
    attach(here.db, here.other.id)  # the operator's own
    assert "was not told" in (refused(here, OWNER, at) or "")
    made = desk.announce(OWNER, "prices")
    assert {one.author for one in made} == {"ann", None} and desk.announce(OWNER, "prices") == []
    assert "2026-02-04" in (refused(here, OWNER, at) or "")
    at.now += notices.AHEAD - timedelta(minutes=1)
    assert refused(here, OWNER, at) is not None
    at.now += timedelta(minutes=1)
    assert refused(here, OWNER, at) is None


def test_an_author_may_agree_earlier_and_nobody_else_for_them(
    here: World, told: tuple[Notices, Clock]
) -> None:
    desk, at = told
    attach(here.db, here.ai.id, author="ann")
    [made] = desk.announce(OWNER, "prices")
    with pytest.raises(NotAllowed):
        desk.agree(OWNER, made.id)
    with pytest.raises(NotFound):
        desk.agree(person("eve"), made.id)
    assert refused(here, OWNER, at) is not None
    assert desk.agree(person("ann"), made.id).agreed_by == "ann"
    assert refused(here, OWNER, at) is None


def test_every_author_counts(here: World, told: tuple[Notices, Clock]) -> None:
    desk, at = told
    attach(here.db, here.ai.id, author="ann")
    attach(here.db, here.other.id, author="bob")
    first, second = sorted(desk.announce(OWNER, "prices"), key=lambda one: str(one.author))
    desk.agree(person("ann"), first.id)
    assert refused(here, OWNER, at) is not None
    desk.agree(person("bob"), second.id)
    assert refused(here, OWNER, at) is None


def test_whoever_builds_their_own_in_tells_nobody(here: World, told: tuple[Notices, Clock]) -> None:
    attach(here.db, here.ai.id, author="ann")
    assert refused(here, person("ann"), told[1]) is None
    attach(here.db, here.ai.id)
    assert refused(here, OWNER, told[1]) is None


def test_two_extensions_of_one_name_are_told_apart_by_their_keys(
    here: World, told: tuple[Notices, Clock]
) -> None:
    mine = attach(here.db, here.ai.id, author="ann")
    attach(here.db, here.other.id, tools=[tool("other")], author="bob")
    with pytest.raises(UsageError, match="by its key"):
        told[0].announce(OWNER, "prices")
    key = extension_key(mine.kind, mine.name, mine.tools)
    assert [one.author for one in told[0].announce(OWNER, key)] == ["ann"]
    with pytest.raises(NotFound):
        told[0].announce(OWNER, "nothing")
    with pytest.raises(NotAllowed):
        told[0].announce(person("ann"), key)


def test_what_is_built_in_is_not_announced(here: World, lab: Experiments) -> None:
    attach(here.db, here.ai.id, author="ann")
    known = Worths(here.db, lab, lambda: {tool_key(tool())})
    with pytest.raises(Conflict):
        Notices(here.db, known).announce(OWNER, "prices")


def test_built_in_is_told_once_for_each_generation(here: World, told: tuple[Notices, Clock]) -> None:
    attach(here.db, here.ai.id, author="ann")
    attach(here.db, here.other.id, tools=[tool("other")], author="bob")
    for generation, wanted in (("gen_1", 1), ("gen_1", 0), ("gen_2", 1)):
        with here.db.write() as tx:
            assert len(notices.built_in(tx, generation, [tool()], START)) == wanted
    found = told[0].of_author(person("ann"))
    assert [(one.kind, one.generation_id) for one in found] == [("built in", "gen_1"), ("built in", "gen_2")]
    assert told[0].of_author(person("bob")) == []


def test_unread_until_it_is_opened(here: World, told: tuple[Notices, Clock]) -> None:
    desk, ann = told[0], person("ann")
    attach(here.db, here.ai.id, author="ann")
    desk.announce(OWNER, "prices")

    def unread(who: Actor, ai_id: str | None = None) -> int:
        with here.db.read() as tx:
            return desk.unread(tx, who, ai_id)

    assert (unread(ann), unread(ann, here.ai.id), unread(ann, here.other.id), unread(OWNER)) == (1, 1, 0, 0)
    desk.open(person("bob"))
    desk.open(ann, here.other.id)
    assert unread(ann) == 1
    desk.open(ann)
    assert unread(ann) == 0 and desk.of_author(ann)[0].read_at == START
    assert [one.author for one in desk.of_ai(OWNER, here.ai.id)] == ["ann"]
    with pytest.raises(NotFound):
        desk.of_ai(person("eve"), here.ai.id)


def test_what_the_model_does_without_is_told(
    here: World, lab: Experiments, told: tuple[Notices, Clock]
) -> None:
    attach(here.db, here.ai.id, author="ann")
    candidate = Candidate(brief_version=1, index_revision=0, generation_id="gen_1", extensions=("prices@v1",))
    with here.db.write() as tx:
        made = releases_shelf.add(tx, here.ai.id, candidate, PASSED, job_id=None, by=None)
    here.releases.go_live(OWNER, here.ai.id, made.id)
    replayed(here, lab, here.ai.id, [(1.0, 1.0)] * 400)
    assert told[0].tell_needless("gen_2") == 0 and told[0].tell_needless(None) == 0
    assert told[0].tell_needless("gen_1") == 1 and told[0].tell_needless("gen_1") == 0
    [found] = told[0].of_author(person("ann"))
    assert (found.kind, found.generation_id) == ("generalised away", "gen_1") and found.line is not None


def test_the_ledger_is_counted_before_anything_is_locked(
    here: World, worths: Worths, told: tuple[Notices, Clock], monkeypatch: pytest.MonkeyPatch
) -> None:
    attach(here.db, here.ai.id, author="ann")
    locked, counted_while = [False], []
    write, lines = here.db.write, worths.lines

    @contextmanager
    def watched() -> Iterator[Tx]:
        with write() as tx:
            locked[0] = True
            yield tx
            locked[0] = False

    def watched_lines(tx: Tx) -> list[Ranked]:
        counted_while.append(locked[0])
        return lines(tx)

    monkeypatch.setattr(here.db, "write", watched)
    monkeypatch.setattr(worths, "lines", watched_lines)
    told[0].announce(OWNER, "prices")
    told[0].tell_needless("gen_1")
    assert counted_while == [False, False]


def test_who_dropped_it_while_it_was_counted_is_told_nothing(
    here: World, worths: Worths, told: tuple[Notices, Clock], monkeypatch: pytest.MonkeyPatch
) -> None:
    attach(here.db, here.ai.id, author="ann")
    attach(here.db, here.other.id, author="bob")
    holders = worths_module.holders

    def dropped(tx: Tx, key: str) -> list[Version]:
        found = holders(tx, key)
        gone = update(extensions).where(extensions.c.ai_id == here.other.id).values(removed_at=START)
        with here.db.write() as other:
            other.execute(gone)
        return found

    monkeypatch.setattr(worths_module, "holders", dropped)
    assert [one.author for one in told[0].announce(OWNER, "prices")] == ["ann"]


def test_erasing_an_ai_takes_its_ledger_along() -> None:
    assert all("ai_id" in table.c for table in (author_notices, repeats_off, tool_repeats))
