"""Whether answers hold: normalising, the rule, and the job that repeats calls while dates pass."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from turnkit import OWNER, World, world

from inhouse.conversations.sharing import Consents
from inhouse.conversations.tables import trace_consents
from inhouse.core.errors import NotFound
from inhouse.lab.ledger import repeating as job
from inhouse.lab.ledger import repeats, stability
from inhouse.lab.ledger.fitness import fitness
from inhouse.lab.ledger.identity import tool_key
from inhouse.lab.ledger.normalising import digest_of
from inhouse.lab.ledger.repeats import RepeatSwitch
from inhouse.lab.ledger.stability import Answer
from inhouse.lab.ledger.tables import tool_repeats
from inhouse.runtime.extensions.base import Example, Json, Result, Source, Tool
from inhouse.store.database import Database
from ledgerkit import (
    NAMES,
    START,
    Days,
    Desk,
    attach,
    consent,
    fan,
    repeating,
    tool,
    turn,
    watch,
)

DAY = timedelta(days=1)


@pytest.fixture
def here(db: Database) -> World:
    return world(db)


def answers(said: str, every: float = 3.0) -> list[Answer]:
    return [Answer(START + number * every * DAY, letter) for number, letter in enumerate(said)]


def judged(*said: str, every: float = 3.0) -> stability.Stability:
    return stability.judge({str(call): answers(one, every) for call, one in enumerate(said)})


def test_few_repeats_say_nothing() -> None:
    assert judged().verdict == "not known yet"
    assert judged(*["A"] * 9).calls == 0, "an answer alone was not repeated"
    assert judged(*["AAAAA"] * 9).verdict == "not known yet"
    assert judged(*["A" * 200] * 4).verdict == "not known yet", "four calls are no tool"


def test_a_tool_that_never_changes_is_stable_once_enough_days_were_watched() -> None:
    found = judged(*["A" * 72] * 5)
    assert (found.verdict, found.changes, found.changed, found.calls) == ("stable", 0, 0, 5)
    assert found.most_a_month is not None and found.most_a_month <= 30 / stability.HOLDS_DAYS
    assert found.interval is not None and found.interval[0] == 0 and found.interval[1] > 0.4
    assert judged(*["A" * 60] * 5).verdict == "not known yet"


def test_a_long_gap_counts_as_a_week_only() -> None:
    assert judged(*["AA"] * 9, every=400).days == 7
    assert judged(*["A" * 32] * 5, every=7).verdict == "stable"


def test_what_changed_for_good_is_a_change_and_what_came_once_is_a_slip() -> None:
    assert judged("AAABBB", *["AAAAAA"] * 4).verdict == "changes"
    slipped = judged("AAABAA", *["AAAAAA"] * 4)
    assert (slipped.verdict, slipped.changes) == ("not known yet", 0)
    assert judged("AAABAA", "AACAAA", *["AAAAAA"] * 4).changes == 1, "the second slip in a month counts"
    rare = "AAABAA" + "A" * 10 + "CA"
    assert judged(rare, *["A" * len(rare)] * 4).changes == 0, "rare ones don't"
    assert judged("ABCDEF", *["AAAAAA"] * 4).changes == 4
    assert judged("AABABABABA").changes == 3, "two answers that take turns"


def test_a_last_answer_that_differs_waits_for_the_next() -> None:
    found = judged("A" * 100 + "B", *["A" * 101] * 4)
    assert (found.verdict, found.waiting) == ("not known yet", True)
    assert judged("A" * 100 + "BB", *["A" * 102] * 4).verdict == "changes"


def test_changes_on_one_day_are_one_and_a_rare_one_is_outlived() -> None:
    assert judged(*["AAAABBBB"] * 12).changes == 1
    assert judged(*["AAA" + "B" * 100] * 5).verdict == "changes"
    assert judged(*["AAA" + "B" * 160] * 5).verdict == "stable", "one in 480 days"


def test_the_bound_grows_with_changes_and_shrinks_with_days() -> None:
    assert stability.most_a_day(0, 0) is None
    none, some, later = (stability.most_a_day(k, d) or 0 for k, d in ((0, 100), (3, 100), (3, 400)))
    assert none == pytest.approx(3.5 / 100, rel=0.02) and some > none
    assert later == pytest.approx(some / 4)


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("The kiln  is hot.\n", "The kiln is hot.", True),
        ("14", "15", False),
        ('{"price": 3, "request_id": "a"}', '{"requestId": "b", "price": 3}', True),
        ('{"price": 3, "updated_at": "a"}', '{"price": 3, "updated_at": "b"}', False),
        ('{"generated_at": "10:01"}', '{"generated_at": "10:02"}', False),
        ('{"zone": "Rome", "generated_at": "1"}', '{"zone": "Rome", "generated_at": "2"}', False),
        ('{"hits": [{"id": 1, "took": 3}]}', '{"hits": [{"id": 1, "took": 9}]}', True),
        ('{"broken": ', '{"broken":', True),
    ],
)
def test_the_same_answer_has_the_same_digest_however_it_is_wrapped(
    first: str, second: str, same: bool
) -> None:
    asked = {"city": "Rome"}
    assert (digest_of(Result(text=first), asked) == digest_of(Result(text=second), asked)) is same


def test_sources_and_their_dates_are_part_of_an_answer() -> None:
    plain = Result(text="x", sources=(Source(title="A", url="https://a.example", text="t"),))
    moved = Result(text="x", sources=(Source(title="A", url="https://a.example", text="t", date=START),))
    assert digest_of(plain, {}) != digest_of(moved, {}) != digest_of(Result(text="x"), {})


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (lambda asked, now: f"{asked['name']}: £14", "stable"),
        (lambda asked, now: f"{asked['name']}: £14, at {now:%H:%M}", "changes"),
        (lambda asked, now: f"{'good morning' if now.hour < 12 else 'good evening'}", "changes"),
        (lambda asked, now: f"{asked['name']}: £{14 + (now - START).days // 30}", "changes"),
        (
            lambda asked, now: "£15" if asked["name"] == NAMES[3] and now > START + 100 * DAY else "£14",
            "changes",
        ),
    ],
    ids=["holds", "time of day", "hour", "every month", "one fact, once"],
)
def test_the_job_finds_out_what_a_tool_does(here: World, answer: object, verdict: stability.Verdict) -> None:
    days = Days()
    attach(here.db, here.ai.id)
    watch(repeating(here.db, Desk(answer), days), days, here.ai.id, 230)  # type: ignore[arg-type]
    with here.db.read() as tx:
        found = repeats.of_ai(tx, here.ai.id, "prices")[tool_key(tool())]
        said = fitness(tx, tool())
    assert found.verdict == verdict
    assert (said is None) == (verdict == "stable")
    if verdict == "changes":
        assert said is not None and "does not give facts that hold" in said


def test_what_says_that_it_is_static_is_measured_all_the_same(here: World) -> None:
    days, static = (
        Days(),
        tool().model_copy(update={"description": "Static: never changes.", "repeatable": True}),
    )
    attach(here.db, here.ai.id, tools=[static])
    watch(
        repeating(here.db, Desk(lambda asked, now: f"{(now - START).days // 50}"), days),
        days,
        here.ai.id,
        230,
    )
    with here.db.read() as tx:
        assert fitness(tx, static) is not None


def test_a_change_at_one_ai_is_a_change_of_the_tool_everywhere(here: World) -> None:
    days = Days()
    for ai, said in ((here.ai, "£14"), (here.other, None)):
        attach(here.db, ai.id)
        days.now = START
        desk = Desk(lambda asked, now, said=said: said or f"£{(now - START).days // 40}")  # type: ignore[misc]
        watch(repeating(here.db, desk, days), days, ai.id, 230)
    with here.db.read() as tx:
        [own] = repeats.of_ai(tx, here.ai.id, "prices").values()
        assert own.verdict == "stable" and fitness(tx, tool()) is not None


def test_a_new_version_with_other_facts_is_a_change(here: World) -> None:
    days, desk = Days(), Desk(lambda asked, now: "£14")
    attach(here.db, here.ai.id)
    made = repeating(here.db, desk, days)
    watch(made, days, here.ai.id, 60)
    attach(here.db, here.ai.id, version="v2")
    desk.answer = lambda asked, now: "£15"
    watch(made, days, here.ai.id, 75)
    with here.db.read() as tx:
        [found] = repeats.of_ai(tx, here.ai.id, "prices").values()
    assert (found.verdict, found.changed) == ("changes", len(NAMES))


@pytest.mark.parametrize(
    "more",
    [
        {"tools": [tool(effect="acting")]},
        {"cost": 0.01},
        {"kind": "specialist"},
        {"tools": [tool(examples=())]},
        {"tools": [Tool(name="x", title="x", description="x", parameters={"type": "object", "required": ["a"]},
                        examples=(Example(request="?", arguments={}),))]},
    ],
    ids=["acts", "costs", "asks another AI", "nothing to ask", "examples that don't fit"],
)  # fmt: skip
def test_what_must_not_be_repeated_is_not(here: World, more: dict[str, object]) -> None:
    desk, days = Desk(lambda asked, now: "x"), Days()
    attach(here.db, here.ai.id, **more)  # type: ignore[arg-type]
    assert repeating(here.db, desk, days).repeat(here.ai.id) == [] and desk.asked == []


def test_a_day_has_a_quota_and_who_waits_longest_comes_first(here: World) -> None:
    desk, days = Desk(lambda asked, now: "x"), Days()
    attach(here.db, here.ai.id)
    made = repeating(here.db, desk, days, daily=5)
    assert len(made.repeat(here.ai.id)) == 5 and made.repeat(here.ai.id) == []
    days.now += DAY + timedelta(minutes=1)
    assert len(made.repeat(here.ai.id)) == 5
    assert {one["name"] for one in desk.asked[:8]} == set(NAMES)
    assert repeating(here.db, desk, days, daily=0).repeat(here.ai.id) == []


def test_a_call_is_not_due_again_before_its_time_but_soon_after_a_surprise(here: World) -> None:
    said = {"now": "x"}
    desk, days = Desk(lambda asked, now: said["now"]), Days()
    attach(here.db, here.ai.id)
    made = repeating(here.db, desk, days)
    assert len(made.repeat(here.ai.id)) == len(NAMES) and made.repeat(here.ai.id) == []
    days.now += timedelta(hours=20)
    assert len(made.repeat(here.ai.id)) == len(NAMES)
    said["now"], days.now = "y", days.now + timedelta(hours=20)
    assert len(made.repeat(here.ai.id)) == len(NAMES)
    assert len(made.repeat(here.ai.id)) == len(NAMES), "the surprise is confirmed at once"
    assert made.repeat(here.ai.id) == []


def test_a_tool_that_fails_is_counted_and_says_nothing(here: World) -> None:
    days = Days()
    attach(here.db, here.ai.id)
    watch(repeating(here.db, Desk(lambda asked, now: "broken"), days), days, here.ai.id, 10)
    with here.db.read() as tx:
        [found] = repeats.of_ai(tx, here.ai.id, "prices").values()
    assert (found.verdict, found.calls, found.answers) == ("not known yet", 0, 0) and found.failed > len(
        NAMES
    )


def test_the_team_switches_it_off_and_nobody_else(here: World) -> None:
    desk, days, switch = Desk(lambda asked, now: "x"), Days(), RepeatSwitch(here.db)
    attach(here.db, here.ai.id)
    switch.switch(OWNER, here.ai.id, on=False)
    assert repeating(here.db, desk, days).repeat(here.ai.id) == []
    with here.db.write() as tx:
        assert job.queue_due(tx, 24) == []
    with pytest.raises(job.RepeatsOff):
        job.queue_now(here.db, OWNER, 24, here.ai.id)
    switch.switch(OWNER, here.ai.id, on=True)
    assert repeating(here.db, desk, days).repeat(here.ai.id) != []
    stranger = OWNER.__class__(kind="person", name="Eve", person_id="per_eve")
    with pytest.raises(NotFound):
        switch.switch(stranger, here.ai.id, on=False)


def test_the_upkeep_queues_each_ai_once(here: World) -> None:
    attach(here.db, here.ai.id)
    with here.db.write() as tx:
        assert job.queue_due(tx, 0) == []
        [queued] = job.queue_due(tx, 24)
        assert queued.ai_id == here.ai.id and job.queue_due(tx, 24) == []


def shared(here: World, *arguments: Json, agreed: datetime = START - DAY) -> str:
    who = fan(here.db, here.ai.id, agreed=agreed)
    with here.db.write() as tx:
        tx.execute(trace_consents.insert().values(consent(here.ai.id, None, START - 2 * DAY)))
    for number, one in enumerate(arguments, start=1):
        turn(here.db, here.ai.id, who, number, arguments=one)
    return who


def test_calls_of_fans_who_agreed_are_watched_and_no_words_are_kept(here: World) -> None:
    desk, days = Desk(lambda asked, now: "x"), Days()
    attach(here.db, here.ai.id, tools=[tool(examples=("bowl",))])
    shared(here, {"name": "the blue jug"}, {"name": "anna.smith@example.com"})
    repeating(here.db, desk, days).repeat(here.ai.id)
    assert desk.asked == [{"name": "bowl"}, {"name": "the blue jug"}], "what is masked is another call"
    with here.db.read() as tx:
        kept = str([dict(row) for row in tx.execute(select(tool_repeats)).mappings()])
    assert "jug" not in kept and "bowl" not in kept


def test_who_did_not_agree_or_takes_it_back_is_not_asked_for(here: World) -> None:
    desk, days = Desk(lambda asked, now: "x"), Days()
    attach(here.db, here.ai.id, tools=[tool(examples=("bowl",))])
    turn(here.db, here.ai.id, fan(here.db, here.ai.id), 1, arguments={"name": "a secret"})
    shared(here, {"name": "the blue jug"})
    made = repeating(here.db, desk, days)
    made.repeat(here.ai.id)
    Consents(here.db).withdraw(OWNER, here.ai.id)
    days.now += 4 * DAY
    made.repeat(here.ai.id)
    names: Sequence[str] = [one["name"] for one in desk.asked]
    assert names == ["bowl", "the blue jug", "bowl"]


def test_old_repeats_are_forgotten(here: World) -> None:
    desk, days = Desk(lambda asked, now: "x"), Days()
    attach(here.db, here.ai.id)
    made = repeating(here.db, desk, days)
    made.repeat(here.ai.id)
    days.now += repeats.KEPT + DAY
    made.repeat(here.ai.id)
    with here.db.read() as tx:
        assert {row.at for row in tx.execute(select(tool_repeats.c.at))} == {days.now}
