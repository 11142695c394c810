"""The pictures of generations: the tree's boxes, the strips of gains against their margins, the learning curve."""

from __future__ import annotations

from itertools import pairwise

import pytest

from inhouse.core import clock
from inhouse.tuning.family import Branch
from inhouse.tuning.generations import Generation
from inhouse.web.family_chart import BOX_WIDTH, family_picture
from inhouse.web.generation_charts import curves_picture, strips


def branch(name: str, *children: Branch) -> Branch:
    generation = Generation(
        id=name,
        name=name,
        parent=None,
        recipe={},
        data_hashes={},
        scores={},
        file_hash="",
        quantisation="Q8_0",
        delta=None,
        created_at=clock.now(),
    )
    return Branch(generation, children)


def test_a_parent_stands_above_the_middle_of_its_children_and_no_box_covers_another() -> None:
    drawn = family_picture([branch("a", branch("b", branch("c"), branch("d")), branch("e")), branch("f")])
    assert drawn is not None
    at = {box.generation.id: box for box in drawn.boxes}
    assert at["b"].x == (at["c"].x + at["d"].x) / 2 and at["a"].x == (at["b"].x + at["e"].x) / 2
    assert at["a"].y < at["b"].y == at["e"].y < at["c"].y == at["d"].y
    assert at["f"].y == at["a"].y and at["f"].x >= at["e"].x + BOX_WIDTH
    for row in {box.y for box in drawn.boxes}:
        places = sorted(box.x for box in drawn.boxes if box.y == row)
        assert all(right - left > BOX_WIDTH for left, right in pairwise(places))
    assert len(drawn.lines) == 4 and drawn.width >= at["f"].x + BOX_WIDTH
    assert family_picture([]) is None


def test_gains_are_drawn_in_margins_so_that_their_limits_stand_in_one_line() -> None:
    good, lost, exact = strips([(-0.01, 0.0, 0.01, 0.05), (-0.09, -0.05, -0.02, 0.03), (0.2, 0.3, 0.4, 0.02)])
    assert good.limit == lost.limit == exact.limit < 50 == good.middle
    assert lost.low < lost.limit and good.low > good.limit
    assert (exact.low, exact.middle, exact.high) == (96, None, 100)  # ten margins and more: a stub


def test_without_a_margin_nothing_may_be_lost() -> None:
    [strip] = strips([(-0.02, 0.0, 0.01, 0.0)])
    assert strip.limit == 50 and strip.low < 50
    assert strips([(0.0, 0.0, 0.0, 0.0)])[0].low == 50
    assert strips([]) == []


def test_the_curve_has_a_tick_for_each_number_of_examples() -> None:
    drawn = curves_picture([("exact", [(100, 10, 18, 25), (300, 35, 41, 48), (5400, 68, 74, 80)])])
    assert drawn is not None
    assert [tick.label for tick in drawn.across] == ["100", "300", "5,400"]
    [line] = drawn.lines
    xs, ys = zip(*line.dots, strict=True)
    assert list(xs) == sorted(xs) and list(ys) == sorted(ys, reverse=True)
    assert xs[1] - xs[0] == pytest.approx((xs[2] - xs[0]) * 0.2754, rel=0.01)  # powers: log 3 over log 54
    assert curves_picture([("exact", [(100, 10, 18, 25)])]) is None
