"""What the benchmarks of building in teach is none of what their guards and reports ask."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from inhouse.bench import internalise, search_inside
from inhouse.lab import curriculum, readings
from inhouse.lab.internalising.dataset import Dataset
from inhouse.lab.skills.grounded import Embed, Vectors

PARTS: tuple[curriculum.Part, ...] = ("train", "development")


def _texts(taught: Dataset) -> set[str]:
    return {one.use.request for one in taught.uses}


def test_no_guard_asks_a_question_that_taught(data: Path) -> None:
    guarded = {one.question for one in curriculum.qed(data, "development")}
    assert guarded
    assert not guarded & _texts(internalise.taught(data))
    assert not guarded & _texts(search_inside.taught(search_inside.sets(data), data))


def test_what_guards_read_taught_no_generation(data: Path) -> None:
    def embed(texts: Sequence[str]) -> Vectors:
        return np.ones((len(texts), 2), dtype=np.float32)

    asked = curriculum.told(curriculum.unseen(data, Embed(embed, embed)))
    taught = {one.paragraph for part in PARTS for one in curriculum._xquad(data, part)}
    read = {note for told in asked for note in re.split(r"\n+", told.messages[-2].content)}
    assert len(asked) > 500 and len(taught) > 100
    for paragraph in taught:
        assert not any(len(note) > 60 and note in paragraph for note in read)
    questions = {one.question for one in readings.xquad(data, "report")}
    assert not questions & _texts(internalise.taught(data))
    assert not questions & _texts(search_inside.taught(search_inside.sets(data), data))


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
