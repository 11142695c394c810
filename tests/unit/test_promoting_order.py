"""Moving the base more than once: in which order it goes back, and what a generation that was fetched since changes."""

from __future__ import annotations

from pathlib import Path

import pytest
from promotekit import Lab, verdict
from turnkit import OWNER

from inhouse.accounts.ais import Ai
from inhouse.lab.promoting import current
from inhouse.lab.promoting.promotion import LaterOneLive, LaterOneUnderway, NotPromotable, OtherBase
from inhouse.store.database import Database


@pytest.fixture
def lab(db: Database, tmp_path: Path) -> Lab:
    made = Lab(db, tmp_path)
    made.release(made.ada)
    return made


def live(lab: Lab, generation: str) -> None:
    lab.promotions.start(OWNER, generation)
    lab.work()
    lab.promotions.go_live(OWNER, generation)


def fetched(lab: Lab) -> str:
    """Another generation is fetched, and new releases start on it."""
    made = lab.generation("fetched", None)
    current.make_current(lab.folder, made)
    return made


def everywhere(lab: Lab, ai: Ai) -> tuple[str | None, list[tuple[str | None, float]]]:
    current.follow(lab.db, lab.settings)
    return lab.current(), lab.live(ai)


def test_two_promotions_are_rolled_back_one_after_the_other(lab: Lab) -> None:
    live(lab, lab.new)
    third = lab.generation("third", verdict(True), lab.new)
    live(lab, third)
    with pytest.raises(LaterOneLive):
        lab.promotions.roll_back(OWNER, lab.new)
    lab.promotions.roll_back(OWNER, third)
    assert everywhere(lab, lab.ada) == (lab.new, [(lab.new, 1.0)])
    lab.promotions.roll_back(OWNER, lab.new)
    assert everywhere(lab, lab.ada) == (lab.old, [(lab.old, 1.0)])


def test_after_a_roll_back_the_promotion_before_it_is_looked_after_again(lab: Lab) -> None:
    live(lab, lab.new)
    third = lab.generation("third", verdict(True), lab.new)
    live(lab, third)
    lab.promotions.roll_back(OWNER, third)
    lab.release(lab.bob)
    lab.tend()
    lab.work()
    assert lab.live(lab.bob) == [(lab.new, 1.0)]


def test_a_roll_back_that_a_kill_kept_from_its_file_is_made_good(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    live(lab, lab.new)
    third = lab.generation("third", verdict(True), lab.new)
    live(lab, third)
    lab.promotions.roll_back(OWNER, third)
    with monkeypatch.context() as patch:
        patch.setattr(current, "follow", lambda *_: None)
        lab.promotions.roll_back(OWNER, lab.new)
    assert lab.current() == lab.new
    assert everywhere(lab, lab.ada)[0] == lab.old


@pytest.mark.parametrize("share", [None, 0.3])
def test_what_a_promotion_under_way_began_from_is_not_taken_from_under_it(
    lab: Lab, share: float | None
) -> None:
    live(lab, lab.new)
    third = lab.generation("third", verdict(True), lab.new)
    lab.promotions.start(OWNER, third)
    lab.work()
    if share:
        lab.promotions.canary(OWNER, third, share)
    before = lab.rows()
    with pytest.raises(LaterOneUnderway, match=r"Roll .* back first"):
        lab.promotions.roll_back(OWNER, lab.new)
    assert lab.rows() == before and lab.current() == lab.new
    lab.promotions.roll_back(OWNER, third)
    lab.promotions.roll_back(OWNER, lab.new)
    assert everywhere(lab, lab.ada) == (lab.old, [(lab.old, 1.0)])


def test_nobody_is_moved_back_from_a_generation_that_was_fetched_since(lab: Lab) -> None:
    live(lab, lab.new)
    newest = fetched(lab)
    lab.release(lab.bob, generation=newest)
    lab.tend()
    assert lab.work() == 0 and lab.live(lab.bob) == [(newest, 1.0)]


def test_what_was_fetched_during_a_promotion_is_not_replaced_by_it(lab: Lab) -> None:
    lab.promotions.start(OWNER, lab.new)
    lab.work()
    newest = fetched(lab)
    before = lab.rows()
    with pytest.raises(OtherBase, match=newest):
        lab.promotions.go_live(OWNER, lab.new)
    assert lab.rows() == before and lab.current() == newest


def test_a_verdict_beside_another_generation_says_nothing_of_this_one(lab: Lab) -> None:
    sibling = lab.generation("sibling", verdict(True), lab.old)
    live(lab, lab.new)
    with pytest.raises(NotPromotable, match="Build it again"):
        lab.promotions.start(OWNER, sibling)
    lab.promotions.roll_back(OWNER, lab.new)
    lab.promotions.start(OWNER, sibling)
