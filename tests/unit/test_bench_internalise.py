"""What the benchmarks of building in teach is none of what their guards and reports ask."""

from __future__ import annotations

import re
from pathlib import Path

from inhouse.bench import internalise, search_inside
from inhouse.lab import curriculum, readings
from inhouse.lab.internalising.dataset import Dataset


def _texts(taught: Dataset) -> set[str]:
    return {one.use.request for one in taught.uses}


def test_no_guard_asks_a_question_that_taught(data: Path) -> None:
    guarded = {one.question for one in curriculum.qed(data, "development")}
    assert guarded
    assert not guarded & _texts(internalise.taught(data))
    assert not guarded & _texts(search_inside.taught(search_inside.sets(data), data))


def test_what_guards_read_taught_no_generation(data: Path) -> None:
    taught = {one.paragraph for one in curriculum._xquad(data, "train")}
    developed = {one.paragraph for one in curriculum._xquad(data, "development")}
    unseen = {one.paragraph for one in readings.xquad(data, "report")}
    assert len(unseen) > 100
    assert not unseen & (taught | developed) and not taught & developed


def test_the_names_that_tools_are_renamed_to_were_never_taught(data: Path) -> None:
    made = internalise.taught(data)
    words = {word for text in _texts(made) for word in re.findall(r"[a-z]+", text.casefold())}
    assert len(words) > 2000
    assert not {part for name in internalise._RENAMED.values() for part in name.split("_")} & words


def test_no_reported_question_taught_to_search(data: Path) -> None:
    both = search_inside.sets(data)
    taught = _texts(search_inside.taught(both, data))
    without = {one.text for one in search_inside.without(data, "report")}
    searched = {one.question for one in both.fireact[1::2]}
    for reported in (without, searched):
        assert reported
        assert not reported & taught
