"""What a generation is taught: rows as the runtime asks, and nothing on both sides."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from inhouse.content.lexical import terms
from inhouse.content.sentences import sentences
from inhouse.lab import curriculum
from inhouse.lab.curriculum import Lesson, Part
from inhouse.lab.datasets import DataMissing, data_folder
from inhouse.lab.internalising import own_guards
from inhouse.lab.skills import written
from inhouse.lab.skills.grounded import Embed, Row, from_written
from inhouse.runtime import prompts


def _vectors(texts: Sequence[str]) -> np.ndarray:
    """Vectors without a model: letters counted."""
    counts = np.array([[text.count(chr(97 + at)) + 1 for at in range(26)] for text in texts], np.float32)
    return counts / np.linalg.norm(counts, axis=1, keepdims=True)


EMBED = Embed(_vectors, _vectors)


def test_a_written_answer_stands_in_its_notes() -> None:
    """As at run time, where an answer that stands on no sentence is not given."""
    astray = []
    for one in written.sets():
        said = [set(terms(s)) for title, text in one.notes for s in [title, *sentences(text)]]
        for asked in one.asked:
            if asked.a:
                own = set(terms(asked.a)) - {"yes", "no"}
                if max(len(own & sentence) / max(1, len(own)) for sentence in said) < 0.7:
                    astray.append(asked.a)
    assert len(astray) < 0.02 * sum(len(one.asked) for one in written.sets()), astray


def test_rows_ask_as_the_runtime_does() -> None:
    one = next(one for one in written.sets() if any(asked.before for asked in one.asked))
    [group] = from_written([one], EMBED, seed=0)
    row = next(row for row in group if row.before is not None)
    asked = [(said["role"], said["content"]) for said in row.messages()]
    wanted = prompts.grounded(row.notes, row.question, row.before)
    assert asked[:-1] == [(message.role, message.content) for message in wanted]
    assert f"Earlier: {row.before[0]}" in asked[1][1]


def test_a_strangers_note_comes_beside_every_second_set() -> None:
    sets = written.sets()
    groups = list(from_written(sets, EMBED, seed=0))
    more = sum(
        group[0].notes.count("\n\n") >= len(one.notes) for group, one in zip(groups, sets, strict=True)
    )
    assert 0.3 < more / len(sets) < 0.7


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    lesson = Lesson("written", "Apache-2.0", [[Row("# A\nB", "What?", "B", ("Who?", "A"))]])
    name = curriculum.write(curriculum.lines([lesson]), tmp_path / "rows.jsonl")
    [told] = curriculum.read(tmp_path / "rows.jsonl")
    assert (told.lesson, told.answer, len(name)) == ("written", "B", 64)


def test_training_and_development_share_no_paragraph() -> None:
    try:
        data = data_folder()
    except DataMissing:
        pytest.skip("the data is not here")
    questions: dict[Part, set[str]] = {
        part: {
            row.question
            for lesson in curriculum.lessons(data, part, EMBED)
            for group in lesson.groups
            for row in group
            if row.answerable and row.before is None
        }
        for part in ("train", "development")
    }
    both = questions["train"] & questions["development"]
    assert len(both) <= 3, both  # a few short questions are asked of more than one owner


def test_an_installation_rehearses_plain_text_of_both_languages_and_none_that_judges() -> None:
    lessons = {lesson.name: lesson for lesson in curriculum.written_rehearsal(EMBED)}
    said = [row.messages()[-1]["content"] for group in lessons["texts"].groups for row in group]
    assert len(said) > 100
    assert sum("。" in text for text in said) >= 20
    judged = {text for _, text in curriculum.written_notes("development")}
    assert not judged & set(said)
    assert not set(own_guards._texts()) & set(said)


def test_any_beginning_of_what_is_rehearsed_is_a_sample_of_it() -> None:
    rows = [json.loads(line) for line in curriculum.rehearsed(curriculum.written_rehearsal(EMBED))]
    assert rows == [json.loads(line) for line in curriculum.rehearsed(curriculum.written_rehearsal(EMBED))]
    for part in (rows[:100], rows[:300], rows):
        written_ones = [row for row in part if row["kind"] == "written"]
        unknown = sum(row["messages"][-1]["content"] == prompts.NO_ANSWER for row in written_ones)
        assert 0.2 < unknown / len(written_ones) < 0.4
        assert 0.05 < 1 - len(written_ones) / len(part) < 0.4
    units = [row["unit"] for row in rows]
    assert len(list(itertools.groupby(units))) == len(set(units)), "rows that share notes stay together"
