"""Vectors of questions are made once and kept within a bound."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from inhouse.content.embedding.base import EmbedderFailed, Matrix
from inhouse.content.embedding.fake import FakeEmbedder
from inhouse.content.embedding.remembered import Remembered


class Counting(FakeEmbedder):
    def __init__(self) -> None:
        super().__init__()
        self.asked: list[list[str]] = []

    def queries(self, texts: Sequence[str]) -> Matrix:
        self.asked.append(list(texts))
        return super().queries(texts)


def test_each_question_is_embedded_once() -> None:
    inner = Counting()
    kept = Remembered(inner)
    first = kept.queries(["a mug", "a dish", "a mug"])
    again = kept.queries(["a dish", "a lamp", "a mug"])
    assert inner.asked == [["a mug", "a dish"], ["a lamp"]]
    assert np.array_equal(again, FakeEmbedder().queries(["a dish", "a lamp", "a mug"]))
    assert np.array_equal(first[0], first[2])


def test_the_longest_unused_is_forgotten() -> None:
    inner = Counting()
    kept = Remembered(inner, most=2)
    for text in ("one", "two", "one", "three", "one", "two"):
        kept.queries([text])
    assert inner.asked == [["one"], ["two"], ["three"], ["two"]]


def test_more_questions_than_are_kept_are_still_answered() -> None:
    assert Remembered(Counting(), most=1).queries(["one", "two", "three"]).shape == (3, 64)


def test_a_failure_is_passed_on_and_not_kept() -> None:
    inner = Counting()
    kept = Remembered(inner)
    inner.broken = True
    with pytest.raises(EmbedderFailed):
        kept.queries(["one"])
    inner.broken = False
    assert kept.queries(["one"]).any()


def test_passages_are_made_anew() -> None:
    inner = Counting()
    Remembered(inner).passages(["a", "a"])
    assert inner.embedded == ["a", "a"]
