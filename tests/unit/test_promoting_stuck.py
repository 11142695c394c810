"""Moving the base: what would keep one AI from ever settling, or settle it by what no longer holds."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from promotekit import NO_VOICE, VOICE, Lab, train
from sqlalchemy import event
from test_experiments import come
from turnkit import OWNER

from inhouse.core import clock
from inhouse.lab.promoting import queueing, shelf
from inhouse.lab.promoting.measuring import Unmeasurable
from inhouse.lab.promoting.promotion import Promotion
from inhouse.releases.dialogue import BrokeOff
from inhouse.releases.gate import GateKeeper
from inhouse.releases.release import Share
from inhouse.runtime.engines.base import Score, ScoreRequest
from inhouse.store.database import Database
from inhouse.tuning import shelf as tuning_shelf
from inhouse.web.pages import promotion_words


@pytest.fixture
def lab(db: Database, tmp_path: Path) -> Lab:
    return Lab(db, tmp_path)


def checked(lab: Lab) -> Promotion:
    made = lab.promotions.start(OWNER, lab.new)
    lab.work()
    return made


def in_canary(lab: Lab) -> Promotion:
    lab.release(lab.ada, lab.trained(lab.ada))
    lab.release(lab.bob)
    made = checked(lab)
    lab.promotions.canary(OWNER, lab.new, 0.5)
    assert lab.live(lab.ada) == [(lab.old, 0.5), (lab.new, 0.5)]
    return made


def revoke(lab: Lab) -> None:
    with lab.db.write() as tx:
        tuning_shelf.taint(tx, lab.ada.id, "src_1")


def test_content_taken_back_during_a_canary_ends_that_ais_split(lab: Lab) -> None:
    made = in_canary(lab)
    revoke(lab)
    lab.promotions.go_live(OWNER, lab.new)
    assert lab.live(lab.ada) == [(lab.old, 1.0)] and lab.live(lab.bob) == [(lab.new, 1.0)]
    lab.work()
    assert lab.move(made, lab.ada).state == "skipped"
    lab.release(lab.ada, train(lab.db, lab.blobs, lab.ada.id, lab.old, "anew", dict(VOICE)).hash)
    lab.tend()
    lab.work()
    assert lab.live(lab.ada) == [(lab.new, 1.0)], "with its next adapter it comes along"


def test_a_roll_back_ends_every_split_whatever_the_ais_move_says(lab: Lab) -> None:
    made = in_canary(lab)
    lab.promotions.ask_again(OWNER, lab.new)
    with lab.db.write() as tx:  # as an earlier version left it
        shelf.set_move(tx, lab.move(made, lab.ada), "skipped")
    lab.promotions.roll_back(OWNER, lab.new)
    assert lab.live(lab.ada) == [(lab.old, 1.0)] and lab.move(made, lab.ada).state == "rolled back"


def test_what_was_imported_before_the_move_is_no_other_release(lab: Lab) -> None:
    lab.release(lab.ada)
    made = checked(lab)
    lab.release(lab.ada, index=9)
    lab.promotions.roll_back(OWNER, lab.new)
    assert lab.move(made, lab.ada).state == "rolled back" and lab.live(lab.ada) == [(lab.old, 1.0)]


def test_an_adapter_that_was_trained_instead_of_another_one_is_not_used(lab: Lab) -> None:
    lab.spoils.add(lab.new)
    lab.release(lab.ada, lab.trained(lab.ada))
    made = checked(lab)
    assert lab.move(made, lab.ada).way == "retrained" and len(lab.trainer.ran) == 1
    lab.release(lab.ada, lab.trained(lab.ada, "second"))
    lab.promotions.go_live(OWNER, lab.new)
    lab.work()
    assert lab.move(made, lab.ada).state == "live" and len(lab.trainer.ran) == 2


def test_an_adapter_that_was_trained_anew_is_used_again_beside_the_same_one(lab: Lab) -> None:
    lab.spoils.add(lab.new)
    adapter = lab.trained(lab.ada)
    lab.release(lab.ada, adapter)
    made = checked(lab)
    lab.release(lab.ada, adapter, index=4)
    lab.promotions.go_live(OWNER, lab.new)
    lab.work()
    assert lab.move(made, lab.ada).state == "live" and len(lab.trainer.ran) == 1


def test_a_gate_that_breaks_off_does_not_repeat_the_training(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.spoils.add(lab.new)
    lab.release(lab.ada, lab.trained(lab.ada))

    def breaks_off(*_: object, **__: object) -> None:
        raise BrokeOff()

    with monkeypatch.context() as patch:
        patch.setattr(GateKeeper, "judge", breaks_off)
        made = checked(lab)
        for _ in range(2):
            assert lab.move(made, lab.ada).state == "skipped"
            lab.tend()
            lab.work()
    lab.tend()
    lab.work()
    assert lab.move(made, lab.ada).way == "retrained" and len(lab.trainer.ran) == 1


def test_one_that_was_judged_and_stayed_is_trained_anew_when_it_is_asked_again(lab: Lab) -> None:
    lab.spoils.add(lab.new)
    lab.trainer.voice = dict(NO_VOICE)
    lab.release(lab.ada, lab.trained(lab.ada))
    made = checked(lab)
    assert lab.move(made, lab.ada).state == "left"
    lab.promotions.ask_again(OWNER, lab.new)
    lab.work()
    assert len(lab.trainer.ran) == 2


def test_who_is_asked_is_found_without_a_query_for_each_ai(lab: Lab) -> None:
    for ai in (lab.ada, lab.bob, lab.cy):
        lab.release(ai)
    lab.release(lab.bob, generation=lab.new)
    asked: list[object] = []
    with lab.db.read() as tx:
        event.listen(tx, "before_cursor_execute", lambda *args: asked.append(args))
        assert queueing.live_elsewhere(tx, lab.new) == sorted([lab.ada.id, lab.cy.id])
    assert len(asked) == 2


@pytest.mark.parametrize("gone", ["generation", "corpus"])
def test_what_cannot_be_heard_any_more_is_trained_anew(
    lab: Lab, gone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = lab.trained(lab.ada)
    lab.release(lab.ada, name)
    if gone == "corpus":
        with lab.db.read() as tx:
            lab.blobs.path(tuning_shelf.get(tx, lab.ada.id, name).corpus_hash).unlink()
    else:
        asked = lab.score

        async def score(generation: str, request: ScoreRequest) -> Score:
            if generation == lab.old:
                raise Unmeasurable(reason=f"{generation} is not here.")
            return await asked(generation, request)

        monkeypatch.setattr(lab, "score", score)
    made = checked(lab)
    move = lab.move(made, lab.ada)
    assert (move.state, move.way) == ("passed", "retrained")


def test_fans_from_before_an_ai_was_split_are_no_figures_of_its_canary(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = lab.release(lab.ada), lab.release(lab.ada)
    lab.release(lab.bob)
    half = [Share(release_id=name, share=0.5) for name in (one.id, two.id)]
    lab.releases.split(OWNER, lab.ada.id, half)
    made = checked(lab)
    lab.promotions.canary(OWNER, lab.new, 0.5)
    lab.releases.go_live(OWNER, lab.ada.id, two.id)

    class Here:
        db, ai = lab.db, lab.ada

    at = clock.now() + timedelta(minutes=5)
    monkeypatch.setattr(clock, "now", lambda: at)
    come(Here, 40, {two.id: 0.9})  # type: ignore[arg-type]
    at += timedelta(hours=1)
    lab.tend()
    lab.work()
    assert lab.move(made, lab.ada).state == "canary"
    at += timedelta(hours=1)
    watched = lab.promotions.watched(OWNER, made.id)
    assert watched is not None and watched.fans == (0, 0) and watched.ais == 2
    lab.release(lab.ada, index=5)
    watched = lab.promotions.watched(OWNER, made.id)
    assert watched is not None and watched.ais == 1, "what went its own way has no two sides any more"


def test_the_canarys_sentence_counts_only_those_that_are_split(lab: Lab) -> None:
    lab.release(lab.ada)
    lab.release(lab.bob)
    made = lab.promotions.start(OWNER, lab.new)
    lab.release(lab.bob, generation=lab.new)
    lab.work()
    assert lab.move(made, lab.bob).state == "there"
    lab.promotions.canary(OWNER, lab.new, 0.2)
    told = promotion_words.sentence(lab.promotions.standing(OWNER, made.id), str)
    assert told.startswith("At 1 of 2 AIs, 20% of the fans")
