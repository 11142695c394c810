"""The owner's own answers: which question is theirs, and which is only like it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from inhouse.content.index import View
from inhouse.content.search import Found
from inhouse.core.passages import Passage, Place
from inhouse.runtime import faq
from inhouse.runtime.request import Exchange


class Cosines:
    """A ``Retriever`` that was told how alike the questions are."""

    def __init__(self, cosines: Mapping[str, float]) -> None:
        self.cosines = cosines

    async def similar(self, question: str, texts: Sequence[str]) -> Sequence[float]:
        return [self.cosines[text] for text in texts]

    async def relevance(self, question: str, texts: Sequence[str]) -> Sequence[float]:
        raise AssertionError("not asked for")

    async def find(self, view: View, question: str, history: Sequence[Exchange], k: int) -> Found:
        raise AssertionError("not asked for")


def entry(question: str, answer: str, *, heading: str | None = None) -> Passage:
    return Passage(
        id=question,
        ai_id="ai_1",
        document_id=question,
        title="Page" if heading else question,
        url=None,
        place=Place(heading=heading),
        text=answer,
        language="en",
        published_at=None,
    )


def found(question: str, cosines: Mapping[str, float], *entries: Passage) -> str | None:
    known = asyncio.run(faq.find(question, entries, Cosines(cosines)))
    return known.text if known else None


POST = entry("Postage", "Everything goes on Thursdays.")
DOG = entry("Can I bring my dog?", "Yes, dogs are welcome.")
OVEN = entry("Can it go in the oven?", "No, only the Sunday Dish can.")


@pytest.mark.parametrize(
    ("question", "cosine", "answer"),
    [
        ("May I bring the dog along?", 0.98, DOG.text),  # the same question
        ("Are dogs welcome?", 0.93, DOG.text),  # near, and all of its words stand there
        ("Are cats welcome?", 0.93, None),  # near, and one word doesn't
        ("Are dogs welcome?", 0.85, None),  # not near
    ],
)
def test_only_the_question_that_was_asked_is_answered(
    question: str, cosine: float, answer: str | None
) -> None:
    assert found(question, {DOG.title: cosine}, POST, DOG) == answer


def test_the_nearest_of_several_is_given_wherever_it_stands() -> None:
    assert found("May I bring a dog?", {OVEN.title: 0.971, DOG.title: 0.99}, OVEN, POST, DOG) == DOG.text


def test_a_heading_that_asks_is_a_question_too() -> None:
    headed = entry("x", "Monday.", heading="When are you closed?")
    assert found("When are you closed?", {"When are you closed?": 1.0}, headed) == "Monday."


def test_without_questions_nothing_is_compared() -> None:
    assert found("Postage", {}, POST) is None


def test_only_a_question_of_its_own_that_is_near_in_meaning_is_looked_at() -> None:
    near, far = DOG.model_copy(update={"cosine": 0.9}), DOG.model_copy(update={"cosine": 0.8})
    post = POST.model_copy(update={"cosine": 0.95})
    assert faq.likely([post, near]) == near
    assert faq.likely([far, near]) is None, "the best one counts, as the search has it"
    assert faq.likely([post]) is None and faq.likely([DOG]) is None
