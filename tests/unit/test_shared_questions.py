"""Replays of what fans agreed to share, on both databases: what is asked, with whose consent, and what is kept of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import func, select, update
from turnkit import OWNER, PASSED, World, agreed, world
from typer.testing import CliRunner

from inhouse.accounts.ais import AIs
from inhouse.cli import experiments as commands
from inhouse.conversations import traces
from inhouse.conversations.fandata import FanData
from inhouse.conversations.fans import Fan
from inhouse.conversations.ledger import Ledger
from inhouse.conversations.sharing import Consents
from inhouse.conversations.tables import conversations, tool_calls, turns
from inhouse.conversations.turns import RUNNING
from inhouse.core.errors import UsageError
from inhouse.lab.experiments.asking import AskedWithout
from inhouse.lab.experiments.design import Design, Experiment, GuardRail, Way
from inhouse.lab.experiments.experiments import Experiments
from inhouse.lab.experiments.metrics import Metric
from inhouse.lab.experiments.replay import Replaying
from inhouse.lab.experiments.tables import experiment_looks, experiment_units
from inhouse.releases import releases as releases_shelf
from inhouse.releases.cases import Cases, Expect
from inhouse.releases.release import Candidate
from inhouse.releases.revocation import Revocation
from inhouse.releases.tables import extension_versions
from inhouse.runtime.engines.base import Priority
from inhouse.runtime.request import ReplyRequest
from inhouse.store.database import Database
from inhouse.store.jobs import Worker


@pytest.fixture
def here(db: Database) -> World:
    made = world(db, fan_turns_per_minute=1000)
    made.release(adapter=made.adapters.put(made.ai.id, "a1"))
    made.release()
    return made


@pytest.fixture
def lab(here: World) -> Experiments:
    return Experiments(here.db, here.releases)


def say(here: World, fan: Fan, question: str, thread: str | None = None) -> str:
    async def main() -> str:
        turn = await here.conversations.begin(fan, question, conversation_id=thread)
        async for _event in here.conversations.follow(fan, turn.id):
            pass
        return turn.conversation_id

    return asyncio.run(main())


def sharing(here: World, questions: int, name: str = "x") -> Fan:
    """A fan who agreed, and then asked so many questions, each in a conversation of its own."""
    fan = agreed(here)
    for number in range(questions):
        say(here, fan, f"What of {name} {number}?")
    return fan


def drafted(here: World, lab: Experiments, **changes: Any) -> Experiment:
    """The release with the adapter against the plain one; the one with it writes more tokens and never declines."""
    way = lab.way(OWNER, here.ai.id, 2, 1)
    values = {"name": "Asked again", "mode": "replay", "asks": "shared", "ways": (way,)}
    values |= {"primary": Metric.ANSWERED, "effect": 0.1}
    return lab.draft(OWNER, Design.model_validate(values | changes))


def replay(here: World, lab: Experiments) -> Any:
    handler = Replaying(here.db, lab, here.releases, here.scripted).handler
    here.scripted.requests.clear()
    return Worker(here.db, {handler.name: handler}, "heavy").run_one()


def rows(here: World) -> list[dict[str, Any]]:
    with here.db.read() as tx:
        return [dict(row._mapping) for row in tx.execute(select(experiment_units))]


def after(here: World, asked: int, do: Callable[[], object]) -> None:
    """Something happens while the question of this number is answered."""

    def answer(request: ReplyRequest) -> str:
        if len(here.scripted.requests) == asked:
            do()
        return "Green tea."

    here.scripted.answer = answer


def test_what_fans_shared_is_asked_both_ways_and_nobody_is_charged(here: World, lab: Experiments) -> None:
    fan, silent = sharing(here, 11), here.fan()
    thread = say(here, fan, "I'm Anna Smith, where is order 48213?")
    say(here, fan, "And when does it come?", thread)
    say(here, silent, "Nobody may ask this again?")
    with here.db.read() as tx:
        before = [tx.execute(select(func.count()).select_from(one)).scalar() for one in (turns, tool_calls)]
        ids = [*tx.execute(select(turns.c.id)).scalars(), *tx.execute(select(conversations.c.id)).scalars()]
    experiment = drafted(here, lab, guards=(GuardRail(metric=Metric.TOKENS, margin=50),))
    lab.start(OWNER, experiment.id)
    replay(here, lab)
    asked = [one.question for one in here.scripted.requests]
    assert len(asked) == 26 and len(set(asked)) == 13 and "Nobody may ask this again?" not in asked
    [first, _second] = [one for one in here.scripted.requests if one.question == "And when does it come?"]
    assert [one.question for one in first.history] == ["I'm [NAME_1], where is order [ORDER_1]?"]
    assert {(one.fan_id, one.may_act, one.priority) for one in here.scripted.requests} == {
        (None, False, Priority.GATE)
    }
    assert sum(one.adapter is not None for one in here.scripted.requests) == 13
    figures = lab.get(OWNER, experiment.id).looks[-1].figures
    assert (figures.units, figures.shared) == (13, 13) and figures.estimates[1].metric == Metric.TOKENS
    with here.db.read() as tx:
        assert before == [
            tx.execute(select(func.count()).select_from(one)).scalar() for one in (turns, tool_calls)
        ]
        kept = str([*rows(here), *tx.execute(select(experiment_looks)).all()])
    assert not any(word in kept for word in [*ids, fan.id, "What of", "Anna", "tea"])


def test_who_withdraws_meanwhile_is_not_asked_any_more(here: World, lab: Experiments) -> None:
    leaves, stays = sharing(here, 15, "leaving"), sharing(here, 15, "staying")
    experiment = drafted(here, lab)
    lab.start(OWNER, experiment.id)
    after(here, 2, lambda: Consents(here.db).withdraw_for(leaves))
    replay(here, lab)
    asked = [one.question for one in here.scripted.requests]
    assert sum("leaving" in one for one in asked[2:]) == 0 and sum("staying" in one for one in asked) >= 28
    assert lab.get(OWNER, experiment.id).state == "decided"
    assert {fan.id for fan in (leaves, stays)} & set(str(rows(here)).split("'")) == set()


def test_where_the_owner_withdraws_it_comes_to_an_end(here: World, lab: Experiments) -> None:
    sharing(here, 15)
    experiment = drafted(here, lab)
    lab.start(OWNER, experiment.id)
    after(here, 20, lambda: Consents(here.db).withdraw(OWNER, here.ai.id))
    replay(here, lab)
    ended = lab.get(OWNER, experiment.id)
    assert ended.looks[-1].figures.units == 10 and ended.verdict is not None
    assert (ended.state, ended.verdict.outcome) == ("decided", "open")


def test_an_erased_fan_is_not_asked_and_nothing_leads_back(
    here: World, lab: Experiments, tmp_path: Path
) -> None:
    fan = sharing(here, 25)
    experiment = drafted(here, lab)
    lab.start(OWNER, experiment.id)
    data = FanData(here.db, Revocation(here.adapters), Ledger(tmp_path / "erasures.log"))
    after(here, 20, lambda: data.erase(fan))
    replay(here, lab)
    assert len(here.scripted.requests) == 20 and len(rows(here)) == 10
    with here.db.read() as tx:
        assert tx.execute(select(func.count()).select_from(turns)).scalar() == 0


def test_a_killed_replay_goes_on_after_what_it_knew(here: World, lab: Experiments) -> None:
    sharing(here, 18)
    experiment = drafted(here, lab)
    lab.start(OWNER, experiment.id)

    def dies() -> None:
        raise KeyError("killed")

    after(here, 25, dies)
    replay(here, lab)
    assert lab.get(OWNER, experiment.id).looks[-1].figures.units == 10
    known = {row["unit"] for row in rows(here)}
    here.scripted.answer = "Green tea."
    lab.look(OWNER, experiment.id)
    replay(here, lab)
    assert len(here.scripted.requests) == 16
    assert len(rows(here)) == 18 and known < {row["unit"] for row in rows(here)}
    assert lab.get(OWNER, experiment.id).state == "decided"


def test_of_both_only_cases_can_be_right(here: World, lab: Experiments) -> None:
    sharing(here, 12)
    for number in range(8):
        Cases(here.db).add(OWNER, here.ai.id, [f"Tea {number}?"], Expect(must_contain=("green",)))
    here.scripted.answer = lambda request: "A green one." if request.question.startswith("Tea") else "No."
    guards = (GuardRail(metric=Metric.ANSWERED, margin=0.1),)
    experiment = drafted(here, lab, asks="both", primary=Metric.RIGHT, guards=guards)
    lab.start(OWNER, experiment.id)
    replay(here, lab)
    figures = lab.get(OWNER, experiment.id).looks[-1].figures
    right, answered = figures.estimates
    assert (figures.units, figures.shared) == (20, 12)
    assert right.n == (8, 8) and right.means == (1.0, 1.0) and answered.n == (20, 20)


def test_both_are_bound_by_what_was_registered(here: World, lab: Experiments) -> None:
    sharing(here, 60)
    for number in range(60):
        Cases(here.db).add(OWNER, here.ai.id, [f"Tea {number}?"], Expect(must_contain=("green",)))
    experiment = drafted(here, lab, asks="both", most_units=100, effect=0.001)
    lab.start(OWNER, experiment.id)
    replay(here, lab)
    assert lab.get(OWNER, experiment.id).looks[-1].figures.units == 100


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"primary": Metric.RIGHT}, "Nobody said what a right answer"),
        ({"guards": (GuardRail(metric=Metric.RIGHT, margin=0.1),)}, "Nobody said what a right answer"),
        ({"mode": "online"}, "Online, fans ask"),
    ],
)
def test_what_shared_questions_can_not_tell_is_refused(
    here: World, lab: Experiments, changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        drafted(here, lab, **changes)


@pytest.mark.parametrize(("asks", "said"), [("shared", "no shared questions"), ("both", "no cases")])
def test_without_anything_to_ask_it_does_not_start(
    here: World, lab: Experiments, asks: str, said: str
) -> None:
    say(here, here.fan(), "Does anybody share this?")
    experiment = drafted(here, lab, asks=asks)
    with pytest.raises(UsageError, match=said):
        lab.start(OWNER, experiment.id)
    assert lab.get(OWNER, experiment.id).state == "draft"


def extended(here: World, *entries: str) -> str:
    """A live release with extensions; those named ``paid`` cost something by the call."""
    for entry in entries:
        name, _, version = entry.partition("@")
        row = {
            "id": f"ext_{name}", "ai_id": here.ai.id, "name": name, "kind": "mcp", "title": name, "version": version,
            "settings": {}, "limits": {"cost": 2.0 if name == "paid" else 0.0}, "tools": [], "author": None,
            "created_at": here.ai.created_at, "signature": "-",
        }  # fmt: skip
        with here.db.write() as tx:
            known = {column.name for column in extension_versions.c}
            tx.execute(extension_versions.insert(), [{k: v for k, v in row.items() if k in known}])
    candidate = Candidate(brief_version=1, index_revision=0, extensions=entries)
    with here.db.write() as tx:
        made = releases_shelf.add(tx, here.ai.id, candidate, PASSED, job_id=None, by=None)
    here.releases.go_live(OWNER, here.ai.id, made.id)
    return made.id


def test_what_costs_by_the_call_is_left_out_of_shared_questions(here: World, lab: Experiments) -> None:
    extended(here, "free@1", "paid@1")
    sharing(here, 3)
    Cases(here.db).add(OWNER, here.ai.id, ["Tea?"], Expect(must_contain=("green",)))
    way = lab.way(OWNER, here.ai.id, None, None, "free")
    lab.start(OWNER, drafted(here, lab, asks="both", ways=(way,)).id)
    replay(here, lab)
    seen = {(one.question == "Tea?", tuple(one.extensions)) for one in here.scripted.requests}
    assert seen == {
        (True, ("free@1", "paid@1")),
        (True, ("paid@1",)),
        (False, ("free@1",)),
        (False, ()),
    }
    paid = lab.way(OWNER, here.ai.id, None, None, "paid")
    with pytest.raises(AskedWithout, match="without paid"):
        lab.start(OWNER, drafted(here, lab, ways=(paid,)).id)


def test_what_was_registered_before_there_was_a_choice_hashes_as_it_did(here: World) -> None:
    way = Way(ai_id="ai_1", first="rel_1", second="rel_2")
    design = Design(name="Old", ways=(way,), primary=Metric.ANSWERED, effect=0.1)
    assert design.hash("exp_1") == "28b91268b70b9495400fbd4710c72a1bd913e984473317ee8193019f838a7a5a"
    shared = design.model_copy(update={"mode": "replay", "asks": "shared"})
    assert shared.hash("exp_1") != shared.model_copy(update={"asks": "both"}).hash("exp_1")


def test_one_shared_question_is_read_as_all_are(here: World) -> None:
    fan, silent = sharing(here, 2), here.fan()
    say(here, silent, "Nobody reads this?")
    with here.db.read() as tx:
        found = traces.covered(tx, here.ai.id)
        assert [traces.shared(tx, here.ai.id, one) for one in found] == list(
            traces.Traces(here.db).consented()
        )
        others = set(tx.execute(select(turns.c.id)).scalars()) - set(found)
        assert len(others) == 1 and traces.shared(tx, here.ai.id, others.pop()) is None
        assert traces.covered(tx, here.other.id) == []
        assert traces.shared(tx, here.other.id, found[0]) is None
    with here.db.write() as tx:
        tx.execute(update(turns).where(turns.c.fan_id == fan.id).values(state=RUNNING[0]))
        assert traces.covered(tx, here.ai.id) == []


def test_the_command_says_what_was_asked(
    here: World, lab: Experiments, monkeypatch: pytest.MonkeyPatch
) -> None:
    sharing(here, 4)
    Cases(here.db).add(OWNER, here.ai.id, ["Tea?"], Expect(must_contain=("green",)))
    parts = SimpleNamespace(db=here.db, ais=AIs(here.db), releases=here.releases, experiments=lab)

    def finish(_services: Any, job: Any, _report: Any) -> Any:
        replay(here, lab)
        return job

    monkeypatch.setattr(commands, "services", lambda: parts)
    monkeypatch.setattr(commands, "actor", lambda: OWNER)
    monkeypatch.setattr(commands.working, "finish", finish)

    def run(*arguments: str) -> str:
        done = CliRunner().invoke(commands.app, list(arguments), catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.output

    made = json.loads(run("new", "Again", "--way", "ada:2:1", "--replay", "--ask", "both", "--json"))
    assert made["design"]["asks"] == "both"
    assert "Counted: 1 cases and 4 shared questions (1 looks)" in run("start", made["id"])
