"""Experiments from draft to decision, on both databases: assignment, looks, replay, and what may break them."""

from __future__ import annotations

import json
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select, update
from turnkit import FAILED, OWNER, PASSED, World, world
from typer.testing import CliRunner

from inhouse.accounts.actors import Actor, Scope
from inhouse.accounts.ais import AIs
from inhouse.cli import experiments as commands
from inhouse.content import index
from inhouse.content.values import Document, Kind, Section
from inhouse.conversations.tables import conversations, fans, turns
from inhouse.core import clock, ids
from inhouse.core.errors import NotFound, UsageError
from inhouse.core.events import Ended, Timing
from inhouse.core.passages import Place
from inhouse.lab.experiments import experiments as module
from inhouse.lab.experiments import observing, shelf
from inhouse.lab.experiments.design import Design, Experiment, GuardRail, NotADraft, NotRunning, Taken, Way
from inhouse.lab.experiments.experiments import Experiments
from inhouse.lab.experiments.looking import Looking
from inhouse.lab.experiments.metrics import Metric
from inhouse.lab.experiments.replay import Replaying
from inhouse.lab.experiments.tables import experiment_units, experiments
from inhouse.releases import releases as releases_shelf
from inhouse.releases import routing
from inhouse.releases.cases import Cases, Expect
from inhouse.releases.gate import GateKeeper
from inhouse.releases.release import AnswersSoAlready, Candidate, GateFailed, Release
from inhouse.runtime.answering import BY_GENERATION, Answering
from inhouse.runtime.request import ReplyRequest
from inhouse.store import jobs
from inhouse.store.database import Database
from inhouse.store.jobs import Job, Worker

DAY = timedelta(days=1)


@pytest.fixture
def here(db: Database) -> World:
    return world(db)


@pytest.fixture
def lab(here: World) -> Experiments:
    return Experiments(here.db, here.releases)


def drafted(here: World, lab: Experiments, *more: Way, **changes: Any) -> tuple[Experiment, Release, Release]:
    second, first = here.release(), here.release()
    way = Way(ai_id=here.ai.id, first=first.id, second=second.id)
    values = {"name": "Old or new", "ways": (way, *more), "primary": Metric.ANSWERED, "effect": 0.1}
    return lab.draft(OWNER, Design.model_validate(values | changes)), first, second


def come(here: World, count: int, answered: dict[str, float], start: int = 0, ai_id: str = "") -> None:
    """Fans with a turn each, by the release that they are routed to; of each release, a part is answered."""
    ai_id = ai_id or here.ai.id
    now, seen = clock.now(), dict.fromkeys(answered, 0.0)
    with here.db.write() as tx:
        live = routing.get(tx, ai_id)
        assert live is not None
        people, threads, said = [], [], []
        for number in range(start, start + count):
            fan_id, thread = f"fan_{ai_id[-6:]}_{number}", f"con_{ai_id[-6:]}_{number}"
            release_id = routing.release_of(live, fan_id)
            seen[release_id] += answered[release_id]
            knows = seen[release_id] >= 1
            seen[release_id] -= knows
            ended = Ended(answer="…", abstained=not knows, timing=Timing(total_ms=900, prompt_tokens=200))
            people.append(
                {
                    "id": fan_id,
                    "ai_id": ai_id,
                    "token_hash": ids.digest(fan_id),
                    "created_at": now,
                    "seen_at": now,
                }
            )
            threads.append(
                {
                    "id": thread,
                    "ai_id": ai_id,
                    "fan_id": fan_id,
                    "origin": "page",
                    "created_at": now,
                    "changed_at": now,
                }
            )
            said.append(_turn(ai_id, fan_id, thread, release_id, now, ended))
        tx.execute(fans.insert(), people)
        tx.execute(conversations.insert(), threads)
        tx.execute(turns.insert(), said)


def _turn(
    ai_id: str, fan_id: str, thread: str, release_id: str, at: Any, ended: Ended, **changes: Any
) -> dict[str, Any]:
    return {
        "id": ids.new_id("turn"), "ai_id": ai_id, "conversation_id": thread, "fan_id": fan_id, "number": 1,
        "author": "ai", "state": "done", "question": "?", "answer": "…", "ended": ended.model_dump(mode="json"),
        "seq": 3, "release_id": release_id, "amendment": 0, "index_revision": 0, "attempts": 1, "thumb": None,
        "stop_requested": False, "created_at": at, "asked_at": at, "ended_at": at,
    } | changes  # fmt: skip


def later(monkeypatch: pytest.MonkeyPatch, by: timedelta) -> None:
    at = clock.now() + by
    monkeypatch.setattr(clock, "now", lambda: at)


def look(here: World, lab: Experiments, experiment: Experiment) -> Job:
    job = lab.look(OWNER, experiment.id)
    handler = Looking(here.db, lab).handler
    Worker(here.db, {handler.name: handler}, "quick").run_one()
    with here.db.read() as tx:
        return jobs.get(tx, job.id)


def test_a_better_way_is_found_and_fans_go_back_until_it_is_released(
    here: World, lab: Experiments, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiment, first, second = drafted(here, lab)
    begun = lab.start(OWNER, experiment.id)
    assert begun.hash == experiment.design.hash(experiment.id)
    with pytest.raises(NotADraft):
        lab.start(OWNER, experiment.id)
    come(here, 300, {first.id: 0.5, second.id: 0.9})
    assert look(here, lab, experiment).result == {"new": 0, "state": "running"}, "no window has closed yet"
    later(monkeypatch, 2 * DAY)
    done = look(here, lab, experiment)
    assert done.result == {"new": 300, "state": "decided", "outcome": "better"}
    ended = lab.get(OWNER, experiment.id)
    assert ended.state == "decided" and ended.verdict is not None and ended.ended_at is not None
    assert ended.looks[0].figures.strays == 0 and sum(ended.looks[0].figures.counts[here.ai.id]) == 300
    with here.db.read() as tx:
        live = routing.get(tx, here.ai.id)
        kept = tx.execute(select(experiment_units)).mappings().all()
    assert live is not None and live.experiment_id is None
    assert [share.release_id for share in live.shares] == [first.id]
    assert not any("fan_" in str(dict(row)) for row in kept), "no fan's id is kept with the figures"
    with pytest.raises(NotRunning):
        lab.stop(OWNER, experiment.id)
    with pytest.raises(NotRunning):
        lab.look(OWNER, experiment.id)


def test_what_was_imported_while_fans_were_split_is_asked_for_as_the_experiment_ends(
    here: World, lab: Experiments
) -> None:
    experiment, first, _second = drafted(here, lab)
    lab.start(OWNER, experiment.id)
    document = Document(
        id="doc_1", ai_id=here.ai.id, source_id="src_1", key="doc_1", title="Kiln", kind=Kind.POST, url=None,
        published_at=None, language="en", question=None, hash="0", imported_at=clock.now(),
    )  # fmt: skip
    with here.db.write() as tx:
        index.put_document(tx, here.ai.id, document, [Section(text="The kiln is large.", place=Place())])
        assert here.releases.refresh(tx, here.ai.id) is None
    lab.stop(OWNER, experiment.id)
    with here.db.read() as tx:
        (gate,) = jobs.listing(tx, name="gate")
    assert gate.payload["refreshes"] == first.id


def test_the_new_way_goes_live_where_that_was_registered(
    here: World, lab: Experiments, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiment, first, second = drafted(here, lab, adopt=True)
    lab.start(OWNER, experiment.id)
    come(here, 300, {first.id: 0.5, second.id: 0.9})
    later(monkeypatch, 2 * DAY)
    look(here, lab, experiment)
    with here.db.read() as tx:
        live = here.releases.current(tx, here.ai.id)
    assert live is not None and live.id == second.id


def test_several_looks_count_each_fan_once(
    here: World, lab: Experiments, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiment, first, second = drafted(here, lab)
    lab.start(OWNER, experiment.id)
    same = {first.id: 0.7, second.id: 0.7}
    come(here, 40, same)
    later(monkeypatch, 2 * DAY)
    look(here, lab, experiment)
    come(here, 40, same, start=40)
    later(monkeypatch, 2 * DAY)
    look(here, lab, experiment)
    assert look(here, lab, experiment).result == {"new": 0, "state": "running"}
    assert [one.figures.units for one in lab.get(OWNER, experiment.id).looks] == [40, 80]
    later(monkeypatch, 90 * DAY)
    assert look(here, lab, experiment).result == {"new": 0, "state": "decided", "outcome": "open"}


def test_a_look_that_breaks_off_leaves_nothing(
    here: World, lab: Experiments, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiment, first, second = drafted(here, lab)
    lab.start(OWNER, experiment.id)
    come(here, 300, {first.id: 0.5, second.id: 0.9})
    later(monkeypatch, 2 * DAY)
    with monkeypatch.context() as broken:
        broken.setattr(shelf, "end", lambda *_: 1 / 0)
        assert look(here, lab, experiment).state == "failed"
    found = lab.get(OWNER, experiment.id)
    assert found.state == "running" and not found.looks
    with here.db.read() as tx:
        assert not shelf.unit_names(tx, experiment.id)
        live = routing.get(tx, here.ai.id)
        assert live is not None and live.experiment_id == experiment.id
    assert look(here, lab, experiment).result == {"new": 300, "state": "decided", "outcome": "better"}


def test_starting_is_for_all_ais_or_for_none(here: World, lab: Experiments) -> None:
    good, bad = here.release(here.other), here.release(here.other, gate=FAILED, live=False)
    experiment, _first, _second = drafted(here, lab, Way(ai_id=here.other.id, first=good.id, second=bad.id))
    with pytest.raises(GateFailed):
        lab.start(OWNER, experiment.id)
    with here.db.read() as tx:
        live = routing.get(tx, here.ai.id)
    assert live is not None and live.experiment_id is None and len(live.shares) == 1
    assert lab.get(OWNER, experiment.id).state == "draft"
    lab.discard(OWNER, experiment.id)
    with pytest.raises(NotFound):
        lab.get(OWNER, experiment.id)


def test_an_ai_is_in_one_experiment_at_a_time_and_each_draws_anew(here: World, lab: Experiments) -> None:
    one, first, second = drafted(here, lab)
    lab.start(OWNER, one.id)
    before = _has_second(here, second)
    assert before == _has_second(here, second)
    with here.db.read() as tx:
        routed = [here.releases.route(tx, here.ai.id, f"fan_{n}").release_id == second.id for n in range(20)]
    assert routed == before[:20]
    assert 140 < sum(before) < 260
    way = Way(ai_id=here.ai.id, first=first.id, second=second.id)
    two = lab.draft(OWNER, one.design.model_copy(update={"ways": (way,)}))
    with pytest.raises(Taken):
        lab.start(OWNER, two.id)
    lab.stop(OWNER, one.id)
    lab.start(OWNER, two.id)
    after = _has_second(here, second)
    both = sum(a and b for a, b in zip(before, after, strict=True))
    assert 50 < both < 150, "who had the new way before says nothing of who has it now"


def _has_second(here: World, second: Release) -> list[bool]:
    with here.db.read() as tx:
        live = routing.get(tx, here.ai.id)
    assert live is not None
    return [routing.release_of(live, f"fan_{number}") == second.id for number in range(400)]


def test_a_turn_on_the_wrong_way_voids(
    here: World, lab: Experiments, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiment, first, second = drafted(here, lab)
    lab.start(OWNER, experiment.id)
    come(here, 100, {first.id: 0.5, second.id: 0.9})
    with here.db.write() as tx:
        tx.execute(update(turns).values(release_id=second.id))
    later(monkeypatch, 2 * DAY)
    assert (look(here, lab, experiment).result or {})["outcome"] in ("strays", "ratio")
    assert lab.get(OWNER, experiment.id).state == "void"


def test_what_was_registered_can_not_be_changed_unseen(here: World, lab: Experiments) -> None:
    experiment, _first, _second = drafted(here, lab)
    lab.start(OWNER, experiment.id)
    eased = experiment.design.model_copy(update={"alpha": 0.2}).model_dump(mode="json")
    with here.db.write() as tx:
        tx.execute(update(experiments).values(design=eased))
    assert look(here, lab, experiment).result == {"new": 0, "state": "void", "outcome": "changed"}


def test_who_releases_something_else_leaves(
    here: World, lab: Experiments, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiment, first, second = drafted(here, lab, window_hours=1)
    lab.start(OWNER, experiment.id)
    come(here, 30, {first.id: 0.7, second.id: 0.7})
    later(monkeypatch, timedelta(hours=2))
    come(here, 30, {first.id: 0.7, second.id: 0.7}, start=30)
    later(monkeypatch, timedelta(minutes=1))
    elsewhere = here.release()
    later(monkeypatch, 2 * DAY)
    assert (look(here, lab, experiment).result or {})["new"] == 30, (
        "those whose window was cut off don't count"
    )
    assert look(here, lab, experiment).result == {"new": 0, "state": "stopped", "outcome": "left"}
    with here.db.read() as tx:
        live = here.releases.current(tx, here.ai.id)
    assert live is not None and live.id == elsewhere.id, "what the owner released stays"


def test_nobody_sees_or_starts_another_teams_experiment(here: World, lab: Experiments) -> None:
    experiment, _first, _second = drafted(here, lab)
    foreign = Actor(
        kind="key", name="a key", key_id="key_1", ai_id=here.other.id, scopes=frozenset({Scope.MANAGE})
    )
    for call in (lab.get, lab.start, lab.stop, lab.look, lab.discard):
        with pytest.raises(NotFound):
            call(foreign, experiment.id)
    with pytest.raises(NotFound):
        lab.draft(foreign, experiment.design)
    assert lab.listing(foreign, here.other.id) == []
    release = here.release(here.other)
    with pytest.raises(NotFound):
        way = Way(ai_id=here.ai.id, first=release.id, second=experiment.design.ways[0].second)
        lab.draft(OWNER, experiment.design.model_copy(update={"ways": (way,)}))


def test_what_a_fans_turns_were_like(here: World) -> None:
    now = clock.now()
    here.release()
    come(here, 2, {here.release().id: 1.0})
    fan_id, thread = f"fan_{here.ai.id[-6:]}_0", f"con_{here.ai.id[-6:]}_0"
    guarded = Ended(answer="…", kind="guarded", timing=Timing(total_ms=3100, prompt_tokens=400))
    rows = [
        _turn(
            here.ai.id,
            fan_id,
            thread,
            "rel",
            now,
            guarded,
            number=2,
            thumb="up",
            created_at=now + timedelta(minutes=5),
        ),
        _turn(
            here.ai.id,
            fan_id,
            thread,
            "rel",
            now,
            guarded,
            number=3,
            state="failed",
            created_at=now + timedelta(hours=9),
        ),
        _turn(here.ai.id, fan_id, thread, "rel", now, guarded, number=4, created_at=now - timedelta(days=3)),
    ]
    with here.db.write() as tx:
        tx.execute(turns.insert(), rows)
    with here.db.read() as tx:
        found = observing.newcomers(tx, here.ai.id, now - DAY, now - DAY, now + DAY)
        assert [name for name, _ in found] == [fan_id, f"fan_{here.ai.id[-6:]}_1"]
        seen = observing.during(tx, here.ai.id, found, timedelta(hours=1), "fan")[fan_id].values
        alone = observing.during(tx, here.ai.id, found, timedelta(hours=1), "first_turn")[fan_id].values
        history = observing.earlier(tx, here.ai.id, [fan_id], now - DAY)[fan_id]
        assert observing.newcomers(tx, here.other.id, now - DAY, now - DAY, now + DAY) == []
        assert observing.during(tx, here.other.id, found, timedelta(hours=1), "fan") == {}
    assert seen[Metric.LIKED] == 0.5 and seen[Metric.GUARDED] == 0.5 and seen[Metric.FAILED] == 0.0
    assert seen[Metric.SECONDS] == pytest.approx(2.0) and seen[Metric.TOKENS] == 300
    assert alone[Metric.LIKED] == 0.0 and alone[Metric.SECONDS] == pytest.approx(0.9)
    assert history[Metric.GUARDED] == 1.0


def replay(here: World, lab: Experiments, answerer: Any = None) -> Job:
    handler = Replaying(here.db, lab, here.releases, answerer or here.scripted).handler
    with here.db.read() as tx:
        job = jobs.listing(tx, name=module.REPLAY_JOB)[0]
    Worker(here.db, {handler.name: handler}, "heavy").run_one()
    with here.db.read() as tx:
        return jobs.get(tx, job.id)


def asked_offline(here: World, lab: Experiments, cases: int, **changes: Any) -> Experiment:
    """The new way (with an adapter) knows the green tea."""
    second = here.release(adapter=here.adapters.put(here.ai.id, "a1"))
    first = here.release()
    for number in range(cases):
        Cases(here.db).add(OWNER, here.ai.id, [f"Tea {number}?"], Expect(must_contain=("green",)))
    here.scripted.answer = lambda request: "Green." if request.adapter else "Black."
    way = Way(ai_id=here.ai.id, first=first.id, second=second.id)
    values = {"name": "Offline", "mode": "replay", "ways": (way,), "primary": Metric.RIGHT, "effect": 0.1}
    return lab.draft(OWNER, Design.model_validate(values | changes))


def test_a_replay_asks_the_cases_both_ways_and_stops_when_it_is_clear(here: World, lab: Experiments) -> None:
    guards = (GuardRail(metric=Metric.TOKENS, margin=50),)
    experiment = asked_offline(here, lab, 40, guards=guards)
    lab.start(OWNER, experiment.id)
    assert (replay(here, lab).result or {})["state"] == "decided"
    ended = lab.get(OWNER, experiment.id)
    assert ended.verdict is not None and ended.verdict.outcome == "better"
    assert ended.looks[-1].figures.units < 40, "it needed fewer than there were"
    assert ended.looks[-1].figures.estimates[0].means == (0.0, 1.0)
    with here.db.read() as tx:
        live = routing.get(tx, here.ai.id)
    assert live is not None and len(live.shares) == 1, "fans are not touched"


def test_a_killed_replay_goes_on_after_what_it_knew(here: World, lab: Experiments) -> None:
    experiment = asked_offline(here, lab, 30)
    answer = here.scripted.answer

    def breaks(request: ReplyRequest) -> str:
        if len(here.scripted.requests) > 25:
            raise KeyError("killed")
        return "Black."

    here.scripted.answer = breaks
    lab.start(OWNER, experiment.id)
    assert replay(here, lab).state == "failed"
    assert lab.get(OWNER, experiment.id).looks[-1].figures.units == 10
    here.scripted.answer = answer
    asked = len(here.scripted.requests)
    lab.look(OWNER, experiment.id)
    replay(here, lab)
    ended = lab.get(OWNER, experiment.id)
    assert ended.state == "decided"
    assert len(here.scripted.requests) - asked == 2 * (ended.looks[-1].figures.units - 10)


def test_a_replay_asks_the_same_release_with_and_without_an_extension(here: World, lab: Experiments) -> None:
    candidate = Candidate(brief_version=1, index_revision=0, extensions=("calculator@1", "prices@2"))
    with here.db.write() as tx:
        made = releases_shelf.add(tx, here.ai.id, candidate, PASSED, job_id=None, by=None)
    here.releases.go_live(OWNER, here.ai.id, made.id)
    for number in range(30):
        Cases(here.db).add(OWNER, here.ai.id, [f"{number} and 1?"], Expect(must_contain=("sum",)))
    here.scripted.answer = lambda request: "The sum." if "calculator@1" in request.extensions else "No idea."
    way = lab.way(OWNER, here.ai.id, None, None, "calculator")
    values = {"name": "Worth", "mode": "replay", "ways": (way,), "primary": Metric.RIGHT, "effect": 0.1}
    experiment = lab.draft(OWNER, Design.model_validate(values))
    lab.start(OWNER, experiment.id)
    replay(here, lab)
    ended = lab.get(OWNER, experiment.id)
    assert ended.verdict is not None and ended.verdict.outcome == "better"
    assert {tuple(request.extensions) for request in here.scripted.requests} == {
        ("prices@2",),
        ("calculator@1", "prices@2"),
    }
    with pytest.raises(NotFound):
        unknown = way.model_copy(update={"without": "calc"})
        lab.draft(OWNER, experiment.design.model_copy(update={"ways": (unknown,)}))


def test_a_replay_asks_the_same_release_answering_otherwise(here: World, lab: Experiments) -> None:
    here.release()
    for number in range(30):
        Cases(here.db).add(OWNER, here.ai.id, [f"Tea {number}?"], Expect(must_contain=("green",)))
    here.scripted.answer = lambda request: "Green." if request.answering.passages == 5 else "Black."
    way = lab.way(OWNER, here.ai.id, None, None, passages=5, prompt="Name the tea.")
    values = {"name": "Five", "mode": "replay", "ways": (way,), "primary": Metric.RIGHT, "effect": 0.1}
    experiment = lab.draft(OWNER, Design.model_validate(values))
    lab.start(OWNER, experiment.id)
    replay(here, lab)
    ended = lab.get(OWNER, experiment.id)
    assert ended.verdict is not None and ended.verdict.outcome == "better"
    asked = {request.answering for request in here.scripted.requests}
    assert asked == {BY_GENERATION, Answering(passages=5, prompt="Name the tea.")}


def test_a_way_that_answers_otherwise_is_no_release_and_is_registered(here: World, lab: Experiments) -> None:
    _, first, _ = drafted(here, lab)
    same = lab.way(OWNER, here.ai.id, first.number, first.number, passages=5)
    values = {"name": "Five", "ways": (same,), "primary": Metric.ANSWERED, "effect": 0.1}
    with pytest.raises(UsageError, match="Fans get releases"):
        Design.model_validate(values)
    design = Design.model_validate(values | {"mode": "replay"})
    with pytest.raises(AnswersSoAlready):
        as_it_is = same.model_copy(update={"answering": BY_GENERATION})
        lab.draft(OWNER, design.model_copy(update={"ways": (as_it_is,)}))
    with pytest.raises(UsageError, match="1 to 8"):
        lab.way(OWNER, here.ai.id, None, None, passages=9)
    other = same.model_copy(update={"answering": Answering(passages=6)})
    assert design.hash("exp_1") != design.model_copy(update={"ways": (other,)}).hash("exp_1")
    plain = Design.model_validate(values | {"ways": (Way(ai_id="ai", first="a", second="b"),)})
    document = plain.model_dump(mode="json")
    del document["asks"], document["ways"][0]["answering"]
    before = json.dumps({"id": "exp_1", "design": document}, sort_keys=True, ensure_ascii=False)
    assert plain.hash("exp_1") == ids.digest(before), "what was registered before hashes as it did"


def test_online_two_releases_that_answer_otherwise_are_compared(
    here: World, lab: Experiments, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = here.release()
    here.releases.propose_answering(OWNER, here.ai.id, 5)
    keeper = GateKeeper(here.db, here.releases, here.adapters, here.scripted)
    Worker(here.db, {"gate": keeper.handler}, "heavy").run_one()
    second = here.releases.by_number(OWNER, here.ai.id, 2)
    way = lab.way(OWNER, here.ai.id, None, 2)
    values = {"name": "Five", "ways": (way,), "primary": Metric.ANSWERED, "effect": 0.1, "adopt": True}
    experiment = lab.draft(OWNER, Design.model_validate(values))
    lab.start(OWNER, experiment.id)
    with here.db.read() as tx:
        drawn = {here.releases.route(tx, here.ai.id, f"fan_{n}").answering.passages for n in range(50)}
    assert drawn == {None, 5}
    come(here, 300, {first.id: 0.5, second.id: 0.9})
    later(monkeypatch, 2 * DAY)
    assert (look(here, lab, experiment).result or {})["outcome"] == "better"
    with here.db.read() as tx:
        assert here.releases.route(tx, here.ai.id, "fan_1").answering == Answering(passages=5)


def test_a_replay_without_cases_does_not_start(here: World, lab: Experiments) -> None:
    experiment = asked_offline(here, lab, 0)
    with pytest.raises(UsageError):
        lab.start(OWNER, experiment.id)
    assert lab.get(OWNER, experiment.id).state == "draft"


def test_what_a_family_did_not_plan_finds_nothing(
    here: World, lab: Experiments, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = here.release(here.other), here.release(here.other)
    way = Way(ai_id=here.other.id, first=old.id, second=new.id)
    values = {"name": "The one that was planned", "ways": (way,), "primary": Metric.ANSWERED, "effect": 0.1}
    planned = lab.draft(OWNER, Design.model_validate(values | {"family": "tools", "planned": 1}))
    lab.start(OWNER, planned.id)
    experiment, first, second = drafted(here, lab, family="tools", planned=1)
    lab.start(OWNER, experiment.id)
    come(here, 90, {first.id: 0.5, second.id: 0.95})
    later(monkeypatch, 2 * DAY)
    assert look(here, lab, experiment).result == {"new": 90, "state": "running", "outcome": None}
    primary = lab.get(OWNER, experiment.id).looks[-1].figures.estimates[0]
    assert primary.low is not None and primary.low > 0, "alone it would do"


def test_the_upkeep_queues_looks_once(here: World, lab: Experiments) -> None:
    experiment, _first, _second = drafted(here, lab)
    with here.db.write() as tx:
        assert module.queue_looks(tx) == []
    lab.start(OWNER, experiment.id)
    with here.db.write() as tx:
        assert len({job.id for _ in range(2) for job in module.queue_looks(tx)}) == 1


def test_the_commands_from_draft_to_decision(
    here: World, lab: Experiments, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = SimpleNamespace(db=here.db, ais=AIs(here.db), releases=here.releases, experiments=lab)

    def finish(_services: Any, job: Job, report: Any) -> Job:
        handler = Replaying(here.db, lab, here.releases, here.scripted).handler
        Worker(here.db, {handler.name: handler}, "heavy").run_one()
        with here.db.read() as tx:
            return jobs.get(tx, job.id)

    monkeypatch.setattr(commands, "services", lambda: parts)
    monkeypatch.setattr(commands, "actor", lambda: OWNER)
    monkeypatch.setattr(commands.working, "finish", finish)
    asked_offline(here, lab, 30)

    def run(*arguments: str) -> str:
        done = CliRunner().invoke(commands.app, list(arguments), catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.output

    said = (
        "new",
        "Offline",
        "--way",
        "ada:2:1",
        "--replay",
        "--metric",
        "right",
        "--effect",
        "0.1",
        "--json",
    )
    made = json.loads(run(*said, "--guard", "tokens:50"))
    assert made["state"] == "draft" and made["design"]["guards"] == [{"metric": "tokens", "margin": 50.0}]
    run("start", made["id"])
    shown = " ".join(run("show", made["id"]).split())
    assert "(decided) The new way is better: +100.0 points in right answers" in shown
    assert {row["state"] for row in json.loads(run("list", "--ai", "ada", "--json"))} == {"draft", "decided"}
    for wrong in (
        ("--way", "ada:one"),
        ("--way", "ada:1:2", "--effect", "-1"),
        ("--way", "ada:1", "--guard", "luck:1"),
    ):
        with pytest.raises(UsageError):
            run("new", "Wrong", *wrong)
    with pytest.raises(NotFound):
        run("without", "ada", "calculator")
