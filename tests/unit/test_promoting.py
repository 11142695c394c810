"""Moving the base: each AI's own check, canary, all, back; what is refused; and what a kill leaves."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from promotekit import NO_VOICE, Lab, verdict
from sqlalchemy import select, update
from test_experiments import come
from turnkit import OWNER

from inhouse.accounts import audit
from inhouse.accounts.actors import Actor
from inhouse.accounts.ais import Ai
from inhouse.core import clock
from inhouse.core.errors import NotAllowed, NotFound, UsageError
from inhouse.lab.promoting import current, placing, queueing, shelf
from inhouse.lab.promoting import promotions as module
from inhouse.lab.promoting.promotion import (
    LaterOneLive,
    LiveAlready,
    NothingPassed,
    NotPromotable,
    NotPromoted,
    Promotion,
    Rules,
    StillChecking,
    Underway,
)
from inhouse.releases.cases import Cases, Expect
from inhouse.releases.release import Share
from inhouse.releases.tables import releases as releases_table
from inhouse.runtime.answering import Answering
from inhouse.runtime.request import ReplyRequest
from inhouse.store import jobs
from inhouse.store.database import Database
from inhouse.tuning import shelf as tuning_shelf
from inhouse.tuning.tuning import NothingToTrain


@pytest.fixture
def lab(db: Database, tmp_path: Path) -> Lab:
    return Lab(db, tmp_path)


def started(lab: Lab, *ais: Ai) -> Promotion:
    """Checked, with these AIs live on the old generation and without adapters."""
    for ai in ais:
        lab.release(ai)
    made = lab.promotions.start(OWNER, lab.new)
    lab.work()
    return made


def test_a_move_goes_from_checks_to_a_canary_to_all_and_back(lab: Lab) -> None:
    before = [lab.release(ai) for ai in (lab.ada, lab.bob)]
    untouched = lab.rows()
    made = lab.promotions.start(OWNER, "new")
    with pytest.raises(StillChecking):
        lab.promotions.go_live(OWNER, lab.new)
    assert lab.work() == 2
    standing = lab.promotions.standing(OWNER, made.id)
    assert standing.counts == {"straight": 2} and standing.progress == 1.0
    assert lab.rows() == untouched and lab.current() == lab.old, "nobody sees anything of a check"

    lab.promotions.canary(OWNER, lab.new, 0.1)
    assert lab.live(lab.ada) == [(lab.old, 0.9), (lab.new, 0.1)] and lab.current() == lab.old
    small = served_new(lab)
    lab.promotions.canary(OWNER, lab.new, 0.5)
    assert small < served_new(lab), "widening moves only those that it takes over"

    lab.promotions.go_live(OWNER, lab.new)
    assert lab.live(lab.ada) == lab.live(lab.bob) == [(lab.new, 1.0)] and lab.current() == lab.new
    with pytest.raises(LiveAlready):
        lab.promotions.canary(OWNER, lab.new, 0.5)
    back = lab.promotions.roll_back(OWNER, lab.new)
    assert {move.state for move in back.moves} == {"rolled back"} and lab.current() == lab.old
    with lab.db.read() as tx:
        served = [lab.releases.current(tx, ai.id) for ai in (lab.ada, lab.bob)]
        actions = [entry.action for entry in audit.listing(tx)]
    assert [one.id for one in served if one] == [one.id for one in before]
    for action in ("began promotion", "began canary", "promoted generation", "rolled promotion back"):
        assert action in actions
    with pytest.raises(NotPromoted):
        lab.promotions.roll_back(OWNER, lab.new)


def served_new(lab: Lab) -> set[str]:
    with lab.db.read() as tx:
        return {
            fan
            for fan in (f"fan_{n}" for n in range(300))
            if lab.releases.route(tx, lab.ada.id, fan).generation_id == lab.new
        }


def test_an_adapter_is_kept_where_it_is_worth_the_same_there(lab: Lab) -> None:
    adapter = lab.trained(lab.ada)
    lab.release(lab.ada, adapter, answering=Answering(passages=5))
    made = lab.promotions.start(OWNER, lab.new)
    lab.work()
    move = lab.move(made, lab.ada)
    assert (move.state, move.way) == ("passed", "kept") and not lab.trainer.ran
    assert move.found["new"]["generation"] == lab.new and move.found["new"]["voice"]["n"] == 5
    lab.promotions.go_live(OWNER, lab.new)
    with lab.db.read() as tx:
        route = lab.releases.route(tx, lab.ada.id, "fan_1")
    assert route.generation_id == lab.new and route.adapter is not None and route.adapter.hash == adapter
    assert route.answering == Answering(passages=5), "what an owner laid down moves with the AI"


def test_an_adapter_that_is_spoilt_is_trained_anew_on_the_new_generation(lab: Lab) -> None:
    lab.spoils.add(lab.new)
    adapter = lab.trained(lab.ada)
    lab.release(lab.ada, adapter)
    made = lab.promotions.start(OWNER, lab.new, Rules(train_seconds=60))
    lab.work()
    move = lab.move(made, lab.ada)
    assert (move.state, move.way) == ("passed", "retrained")
    ((generation, recipe),) = lab.trainer.ran
    assert generation == lab.new and recipe.max_seconds + recipe.preference.max_seconds <= 60
    lab.promotions.go_live(OWNER, lab.new)
    with lab.db.read() as tx:
        served = lab.releases.current(tx, lab.ada.id)
        assert served and served.adapter_hash and served.adapter_hash != adapter
        assert tuning_shelf.get(tx, lab.ada.id, served.adapter_hash).generation_id == lab.new


@pytest.mark.parametrize("failing", [True, False])
def test_an_ai_whose_new_adapter_fails_stays_where_it_is(lab: Lab, failing: bool) -> None:
    lab.spoils.add(lab.new)
    if failing:
        lab.trainer.dies = NothingToTrain()
    lab.trainer.voice = dict(NO_VOICE)
    lab.release(lab.ada, lab.trained(lab.ada))
    lab.release(lab.bob)
    made = lab.promotions.start(OWNER, lab.new)
    lab.work()
    assert lab.move(made, lab.ada).state == "left" and lab.move(made, lab.ada).reason
    lab.promotions.go_live(OWNER, lab.new)
    assert lab.live(lab.ada) == [(lab.old, 1.0)] and lab.live(lab.bob) == [(lab.new, 1.0)]


def test_the_gate_asks_old_and_new_and_a_lost_case_leaves_the_ai_behind(lab: Lab) -> None:
    lab.release(lab.ada)
    Cases(lab.db).add(OWNER, lab.ada.id, ["What tea?"], Expect(must_contain=("green",)))

    def answer(request: ReplyRequest) -> str:
        return "Coffee." if request.generation == lab.new else "Green tea, most days."

    lab.scripted.answer = answer
    made = lab.promotions.start(OWNER, lab.new)
    lab.work()
    move = lab.move(made, lab.ada)
    assert move.state == "left" and "fewer cases" in move.reason
    with pytest.raises(NothingPassed):
        lab.promotions.canary(OWNER, lab.new, 0.1)


def test_what_was_released_meanwhile_is_left_alone_and_asked_again(lab: Lab) -> None:
    made = started(lab, lab.ada, lab.bob)
    lab.release(lab.ada, index=7)
    lab.promotions.canary(OWNER, lab.new, 0.2)
    assert lab.live(lab.ada) == [(lab.old, 1.0)] and lab.move(made, lab.ada).state == "waiting"
    assert lab.live(lab.bob) == [(lab.old, 0.8), (lab.new, 0.2)]
    lab.work()
    assert lab.move(made, lab.ada).state == "canary", "once it passed, it comes along at once"
    assert lab.live(lab.ada) == [(lab.old, 0.8), (lab.new, 0.2)]
    with lab.db.read() as tx:
        assert {r.index_revision for r in _releases(lab, tx, lab.ada)} == {0, 7}


def _releases(lab: Lab, tx, ai: Ai):  # type: ignore[no-untyped-def]
    return list(tx.execute(select(releases_table).where(releases_table.c.ai_id == ai.id)))


def test_what_is_released_while_it_is_checked_is_left_alone(lab: Lab) -> None:
    lab.release(lab.ada)
    lab.release(lab.bob)
    other: list[str] = []

    def answer(request: ReplyRequest) -> str:
        if request.ai_id == lab.ada.id and not other:
            other.append(lab.release(lab.ada, index=3).id)
        return "Green tea, most days."

    lab.scripted.answer = answer
    made = lab.promotions.start(OWNER, lab.new)
    lab.work()
    assert lab.move(made, lab.ada).state == "skipped"
    lab.promotions.go_live(OWNER, lab.new)
    assert lab.live(lab.ada) == [(lab.old, 1.0)]
    lab.work()
    assert lab.live(lab.ada) == [(lab.new, 1.0)]


def test_a_killed_check_does_not_go_on_beside_another_release(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.release(lab.ada)
    made = lab.promotions.start(OWNER, lab.new)
    moving, job = lab.moving(), _job(lab, made, lab.ada)
    monkeypatch.setattr(moving, "_conclude", _killed)
    with pytest.raises(KeyboardInterrupt):
        moving.run(jobs.Progress(lab.db, _held(lab, job)))
    lab.release(lab.ada, index=3)
    lab.moving().run(jobs.Progress(lab.db, _held(lab, job)))
    assert lab.move(made, lab.ada).state == "skipped"


def test_split_traffic_is_skipped_and_asked_again_by_and_by(lab: Lab) -> None:
    one, two = lab.release(lab.ada), lab.release(lab.ada)
    lab.release(lab.bob)
    lab.releases.split(
        OWNER, lab.ada.id, [Share(release_id=one.id, share=0.5), Share(release_id=two.id, share=0.5)]
    )
    made = lab.promotions.start(OWNER, lab.new)
    lab.work()
    assert lab.move(made, lab.ada).state == "skipped"
    lab.promotions.go_live(OWNER, lab.new)
    lab.releases.go_live(OWNER, lab.ada.id, two.id)
    lab.tend()
    lab.work()
    assert lab.live(lab.ada) == [(lab.new, 1.0)]


def test_a_new_ai_comes_along_after_its_generation_went_live(lab: Lab) -> None:
    started(lab, lab.ada)
    lab.release(lab.bob)
    lab.promotions.go_live(OWNER, lab.new)
    assert lab.live(lab.bob) == [(lab.old, 1.0)]
    lab.work()
    assert lab.live(lab.bob) == [(lab.new, 1.0)]


def test_a_roll_back_leaves_alone_what_went_its_own_way(lab: Lab) -> None:
    started(lab, lab.ada, lab.bob, lab.cy)
    lab.promotions.go_live(OWNER, lab.new)
    lab.release(lab.bob, lab.trained(lab.bob), lab.old)  # something else
    lab.release(lab.cy, generation=lab.new, index=9)  # the same with what was imported since
    back = {move.ai_id: move for move in lab.promotions.roll_back(OWNER, lab.new).moves}
    assert back[lab.ada.id].state == "rolled back" and lab.live(lab.ada) == [(lab.old, 1.0)]
    assert back[lab.bob.id].state == "departed" and back[lab.bob.id].reason
    assert back[lab.cy.id].state == "rolled back" and lab.live(lab.cy) == [(lab.old, 1.0)]


def test_a_roll_back_while_it_is_checked_ends_the_checks(lab: Lab) -> None:
    for ai in (lab.ada, lab.bob):
        lab.release(ai)
    made = lab.promotions.start(OWNER, lab.new)
    lab.work(1)
    lab.promotions.roll_back(OWNER, lab.new)
    assert lab.work() == 0
    assert {lab.move(made, ai).state for ai in (lab.ada, lab.bob)} == {"rolled back"}
    lab.promotions.start(OWNER, lab.new)


def test_a_later_promotion_is_rolled_back_first(lab: Lab) -> None:
    started(lab, lab.ada)
    lab.promotions.go_live(OWNER, lab.new)
    third = lab.generation("third", verdict(True), lab.new)
    lab.promotions.start(OWNER, third)
    lab.work()
    lab.promotions.go_live(OWNER, third)
    with pytest.raises(LaterOneLive):
        lab.promotions.roll_back(OWNER, lab.new)
    lab.promotions.roll_back(OWNER, third)
    assert lab.current() == lab.new and lab.live(lab.ada) == [(lab.new, 1.0)]


def test_what_may_serve_nobody_is_refused_with_the_reason_kept(lab: Lab) -> None:
    lab.release(lab.ada)
    bad = lab.generation("bad", verdict(False, "Not better: voice."))
    unmeasured = lab.generation("unmeasured", None)
    (lab.folder / f"{lab.generation('gone', verdict(True))}.gguf").unlink()
    damaged = lab.generation("damaged", verdict(True))
    (lab.folder / f"{damaged}.gguf").write_text("other")
    for name, word in (
        (bad, "voice"),
        (unmeasured, "measured"),
        ("gone", "folder"),
        (damaged, "made"),
    ):
        with pytest.raises(NotPromotable, match=word):
            lab.promotions.start(OWNER, name)
    assert {one.state for one in lab.promotions.listing(OWNER)} == {"refused"}
    with pytest.raises(NotFound):
        lab.promotions.start(OWNER, "gen_none")
    lab.promotions.start(OWNER, lab.new)
    with pytest.raises(Underway):
        lab.promotions.start(OWNER, lab.new)


def test_two_that_begin_at_once_are_one(lab: Lab) -> None:
    lab.promotions.start(OWNER, lab.new)
    with pytest.raises(Underway), lab.db.write() as tx:
        shelf.add(tx, lab.old, lab.old, Rules(), {}, by=None)


def test_only_an_operator_moves_the_base(lab: Lab) -> None:
    stranger = Actor(kind="person", name="Eve", person_id="prs_1")
    for act in (
        lambda: lab.promotions.start(stranger, lab.new),
        lambda: lab.promotions.listing(stranger),
        lambda: lab.promotions.canary(stranger, lab.new, 0.1),
    ):
        with pytest.raises((NotAllowed, NotFound, NotPromoted)):
            act()
    assert lab.promotions.listing(OWNER) == []
    with pytest.raises(UsageError):
        lab.promotions.canary(OWNER, lab.new, 1.5)


def test_a_check_that_is_killed_goes_on_and_makes_one_release(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.release(lab.ada, lab.trained(lab.ada))
    made = lab.promotions.start(OWNER, lab.new)
    moving = lab.moving()
    job = _job(lab, made, lab.ada)
    monkeypatch.setattr(moving, "_conclude", _killed)
    with pytest.raises(KeyboardInterrupt):
        moving.run(jobs.Progress(lab.db, _held(lab, job)))
    asked = lab.asked
    for _ in range(2):  # killed again after the commit
        lab.moving().run(jobs.Progress(lab.db, _held(lab, job)))
    assert lab.asked == asked, "what was heard is not asked again"
    assert lab.move(made, lab.ada).state == "passed"
    with lab.db.read() as tx:
        assert len(_releases(lab, tx, lab.ada)) == 2


def _killed(*_: object) -> None:
    raise KeyboardInterrupt


def _job(lab: Lab, promotion: Promotion, ai: Ai) -> str:
    name = lab.move(promotion, ai).job_id
    assert name is not None
    return name


def _held(lab: Lab, job_id: str) -> jobs.Job:
    """The job as a worker that has just claimed it sees it."""
    with lab.db.write() as tx:
        tx.execute(update(jobs.jobs).where(jobs.jobs.c.id == job_id).values(state="running", worker="w"))
        return jobs.get(tx, job_id)


def live_and_not_followed(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed between the move and its file."""
    started(lab, lab.ada)
    with monkeypatch.context() as patch:
        patch.setattr(module.current, "follow", _killed)
        with pytest.raises(KeyboardInterrupt):
            lab.promotions.go_live(OWNER, lab.new)


def test_a_kill_between_the_move_and_its_file_is_made_good_at_the_next_start(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    live_and_not_followed(lab, monkeypatch)
    assert lab.live(lab.ada) == [(lab.new, 1.0)] and lab.current() == lab.old
    for _ in range(2):
        current.follow(lab.db, lab.settings)
        assert lab.current() == lab.new
    with monkeypatch.context() as patch:
        patch.setattr(module.current, "follow", _killed)
        with pytest.raises(KeyboardInterrupt):
            lab.promotions.roll_back(OWNER, lab.new)
    assert lab.live(lab.ada) == [(lab.old, 1.0)] and lab.current() == lab.new
    current.follow(lab.db, lab.settings)
    assert lab.current() == lab.old


def test_a_process_that_read_the_database_too_early_does_not_write_last(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    live_and_not_followed(lab, monkeypatch)
    make, about_to_write, ended = current._make_current, threading.Event(), threading.Event()

    def slowly(folder: Path, generation: str) -> None:
        about_to_write.set()
        assert not ended.wait(0.3), "the roll-back followed before this one had written"
        make(folder, generation)

    def roll_back() -> None:
        lab.promotions.roll_back(OWNER, lab.new)
        ended.set()

    monkeypatch.setattr(current, "_make_current", slowly)
    with ThreadPoolExecutor() as pool:
        early = pool.submit(current.follow, lab.db, lab.settings)
        assert about_to_write.wait(10)
        monkeypatch.setattr(current, "_make_current", make)
        late = pool.submit(roll_back)
        early.result(10)
        late.result(10)
    assert lab.current() == lab.old and lab.live(lab.ada) == [(lab.old, 1.0)]


def test_a_model_that_was_fetched_since_stays_current(lab: Lab) -> None:
    started(lab, lab.ada)
    lab.promotions.go_live(OWNER, lab.new)
    from_elsewhere = lab.generation("fetched", None)
    module.current.make_current(lab.folder, from_elsewhere)
    current.follow(lab.db, lab.settings)
    assert lab.current() == from_elsewhere


@pytest.mark.parametrize("step", ["canary", "live", "back"])
def test_a_step_is_all_or_nothing(lab: Lab, step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made = started(lab, lab.ada, lab.bob)
    if step == "back":
        lab.promotions.go_live(OWNER, lab.new)
    before = lab.rows(), lab.promotions.standing(OWNER, made.id), lab.current()
    seen: list[str] = []
    real = placing.put_back if step == "back" else placing.place

    def second_fails(*args: object) -> None:
        seen.append("")
        if len(seen) == 2:
            raise KeyboardInterrupt
        real(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(placing, real.__name__, second_fails)
    with pytest.raises(KeyboardInterrupt):
        if step == "canary":
            lab.promotions.canary(OWNER, lab.new, 0.3)
        elif step == "live":
            lab.promotions.go_live(OWNER, lab.new)
        else:
            lab.promotions.roll_back(OWNER, lab.new)
    assert (lab.rows(), lab.promotions.standing(OWNER, made.id), lab.current()) == before


def test_hooks_run_in_the_transaction_of_going_live(lab: Lab) -> None:
    started(lab, lab.ada)
    told: list[str] = []
    lab.promotions.on_live.append(lambda tx, generation: told.append(generation))
    lab.promotions.on_live.append(_killed)
    with pytest.raises(KeyboardInterrupt):
        lab.promotions.go_live(OWNER, lab.new)
    assert lab.live(lab.ada) == [(lab.old, 1.0)] and lab.current() == lab.old
    lab.promotions.on_live.pop()
    lab.promotions.go_live(OWNER, lab.new)
    assert told == [lab.new, lab.new]


def test_a_check_that_crashes_leaves_the_ai_and_the_others_go_on(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    for ai in (lab.ada, lab.bob, lab.cy):
        lab.release(ai)
    made = lab.promotions.start(OWNER, lab.new)
    with lab.db.write() as tx:
        tx.execute(
            update(jobs.jobs)
            .where(jobs.jobs.c.id == _job(lab, made, lab.ada))
            .values(state="failed", error="x")
        )
    lab.work()
    assert lab.move(made, lab.ada).state == "left"
    assert {lab.move(made, ai).state for ai in (lab.bob, lab.cy)} == {"passed"}


def test_a_check_that_is_stopped_is_asked_again_and_leaves_no_training(lab: Lab) -> None:
    lab.spoils.add(lab.new)
    lab.trainer.dies = jobs.Stopped()
    lab.release(lab.ada, lab.trained(lab.ada))
    made = lab.promotions.start(OWNER, lab.new)
    lab.work()
    assert lab.move(made, lab.ada).state == "skipped"
    assert lab.trainer.forgotten == [_job(lab, made, lab.ada)]
    lab.trainer.dies = None
    lab.tend()
    lab.work()
    assert lab.move(made, lab.ada).way == "retrained"


def test_a_busy_engine_is_asked_again_and_what_it_was_asked_is_kept(lab: Lab) -> None:
    lab.release(lab.ada, lab.trained(lab.ada))
    lab.busy = 3
    made = lab.promotions.start(OWNER, lab.new)
    lab.work()
    assert lab.move(made, lab.ada).state == "passed" and lab.asked == 20 + 3
    lab.release(lab.ada, lab.trained(lab.ada, "second"))
    lab.busy = 4
    lab.promotions.roll_back(OWNER, lab.new)
    again = lab.promotions.start(OWNER, lab.new)
    lab.work()
    move = lab.move(again, lab.ada)
    assert move.state == "skipped" and "busy" in move.reason


def test_what_breaks_unexpectedly_leaves_that_ai_behind(lab: Lab) -> None:
    lab.spoils.add(lab.new)
    lab.trainer.dies = ZeroDivisionError()
    for ai in (lab.ada, lab.bob, lab.cy):
        lab.release(ai, lab.trained(ai) if ai is lab.ada else None)
    made = lab.promotions.start(OWNER, lab.new)
    lab.work()
    assert lab.move(made, lab.ada).state == "left"
    assert {lab.move(made, ai).state for ai in (lab.bob, lab.cy)} == {"passed"}


def test_a_few_are_checked_at_a_time(lab: Lab) -> None:
    for ai in (lab.ada, lab.bob, lab.cy):
        lab.release(ai)
    lab.promotions.start(OWNER, lab.new)
    for _ in range(3):
        lab.tend()
        with lab.db.read() as tx:
            assert len([job for job in jobs.listing(tx, name=queueing.JOB) if not job.ended]) == 2


def test_content_that_is_taken_back_meanwhile_goes_nowhere(lab: Lab) -> None:
    made = started(lab, lab.bob)
    del made
    lab.promotions.roll_back(OWNER, lab.new)
    adapter = lab.trained(lab.ada)
    lab.release(lab.ada, adapter)
    again = lab.promotions.start(OWNER, lab.new)
    lab.work()
    assert lab.move(again, lab.ada).state == "passed"
    with lab.db.write() as tx:
        tuning_shelf.taint(tx, lab.ada.id, "src_1")
    lab.promotions.canary(OWNER, lab.new, 0.5)
    assert lab.live(lab.ada) == [(lab.old, 1.0)]
    lab.work()
    assert lab.move(again, lab.ada).state == "skipped"


def test_a_canary_says_what_is_worse(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:

    class Here:
        db, ai = lab.db, lab.ada

    made = started(lab, lab.ada)
    lab.promotions.canary(OWNER, lab.new, 0.5)
    watched = lab.promotions.watched(OWNER, made.id)
    assert watched is not None and watched.fans == (0, 0) and not watched.worse
    at = clock.now() + timedelta(seconds=5)
    monkeypatch.setattr(clock, "now", lambda: at)
    move = lab.move(made, lab.ada)
    assert move.old_release_id and move.new_release_id
    come(Here, 400, {move.old_release_id: 0.9, move.new_release_id: 0.4})  # type: ignore[arg-type]
    later = at + timedelta(hours=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    seen = lab.promotions.watched(OWNER, made.id)
    assert seen is not None and sum(seen.fans) == 400
    assert "answered" in seen.worse and "answered" in seen.broken and "failed" not in seen.worse
    lab.promotions.roll_back(OWNER, lab.new)
    assert lab.promotions.watched(OWNER, made.id) is None
