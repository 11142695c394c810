"""Dialogues that are asked offline."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from turnkit import Scripted, world

from inhouse.core.events import Event, Token
from inhouse.releases.dialogue import BrokeOff, answers, last_answer
from inhouse.releases.release import Route
from inhouse.runtime.engines.base import Priority
from inhouse.runtime.request import Exchange, ReplyRequest
from inhouse.store.database import Database

SAID = ("How old is she?", "Where is she from?")


class BreaksOff:
    async def reply(self, request: ReplyRequest) -> AsyncIterator[Event]:
        yield Token(text="She")


@pytest.fixture
def route(db: Database) -> Route:
    here = world(db)
    here.release()
    with db.read() as tx:
        release = here.releases.current(tx, here.ai.id)
        assert release is not None
        return here.releases.route_of(tx, here.ai, release)


def test_each_question_is_asked_with_what_was_said_before(route: Route) -> None:
    scripted = Scripted(lambda request: f"About {request.question}")

    async def ask() -> list[str]:
        before = [Exchange("Who is Ada?", "A gardener.")]
        asked = answers(scripted, route, SAID, before=before, priority=Priority.GATE)
        return [ended.answer async for ended in asked]

    assert asyncio.run(ask()) == ["About How old is she?", "About Where is she from?"]
    assert [[one.question for one in request.history] for request in scripted.requests] == [
        ["Who is Ada?"],
        ["Who is Ada?", "How old is she?"],
    ]
    assert {request.priority for request in scripted.requests} == {Priority.GATE}


def test_the_last_answer_is_what_counts(route: Route) -> None:
    scripted = Scripted(lambda request: f"About {request.question}")
    ended = asyncio.run(last_answer(scripted, route, SAID, priority=Priority.BENCH))
    assert ended.answer == "About Where is she from?"


def test_an_answer_that_breaks_off_says_nothing_of_the_question(route: Route) -> None:
    with pytest.raises(BrokeOff) as caught:
        asyncio.run(last_answer(BreaksOff(), route, SAID, priority=Priority.GATE))
    assert "How old" not in str(caught.value)
