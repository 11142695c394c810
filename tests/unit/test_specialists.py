"""One AI asks another: within its team, from the other's own live release, and no further."""

from __future__ import annotations

import asyncio

import pytest
from turnkit import OWNER, World, world

from inhouse.accounts.ais import AIs
from inhouse.accounts.tables import teams
from inhouse.conversations.colleagues import ColleagueList
from inhouse.conversations.specialists import Specialists
from inhouse.core import clock
from inhouse.core.errors import NotFound
from inhouse.core.events import Ended
from inhouse.core.passages import Citation, Place
from inhouse.releases.cases import Cases, Expect
from inhouse.releases.release import NotLive
from inhouse.runtime.extensions.base import Context, Result, ToolFailed
from inhouse.runtime.extensions.colleagues import AskColleagues, Colleague
from inhouse.runtime.extensions.specialist import Specialist, SpecialistSettings
from inhouse.store.database import Database

SETTINGS = SpecialistSettings(ai="bob", about="bread", examples=("How long does rye keep?",))


@pytest.fixture
def here(db: Database) -> World:
    return world(db)


def ask(here: World, slug: str = "bob", asker: str | None = None) -> Ended:
    specialists = Specialists(here.db, here.releases, here.scripted)
    return asyncio.run(specialists.ask(asker or here.ai.id, slug, "How long does rye keep?", "en"))


def test_the_others_live_release_answers_without_tools_or_fans(here: World) -> None:
    here.release(here.other)
    assert ask(here).answer == "Green tea, most days."
    [request] = here.scripted.requests
    assert (request.ai_id, request.fan_id, request.question) == (
        here.other.id,
        None,
        "How long does rye keep?",
    )


def test_who_is_not_there_cannot_be_asked(here: World) -> None:
    with pytest.raises(NotLive):
        ask(here)
    with here.db.write() as tx:
        tx.execute(teams.insert().values(id="team_2", name="Others", created_at=clock.now()))
    stranger = AIs(here.db).create(OWNER, "team_2", "eve", "Eve")
    here.release(here.other)
    here.release(stranger)
    for slug, asker in (
        ("eve", here.ai.id),
        ("nobody", here.ai.id),
        ("ada", here.ai.id),
        ("bob", stranger.id),
    ):
        with pytest.raises(NotFound):
            ask(here, slug, asker)
    AIs(here.db).archive(OWNER, here.other.id)
    with pytest.raises(NotFound):
        ask(here)
    assert here.scripted.requests == []


def test_its_answer_and_sources_come_back_and_not_knowing_is_nothing_found() -> None:
    cited = Citation(
        number=1, passage_id="p", document="Rye", url="https://b.example/rye", place=Place(), quote="A week."
    )
    answers = {
        "known": Ended(answer="A week.", citations=(cited,)),
        "unknown": Ended(answer="I don't know.", abstained=True),
    }
    asked: list[tuple[str, ...]] = []

    async def other(*told: str) -> Ended:
        asked.append(told)
        return answers[told[2]]

    async def call(question: str) -> Result:
        context = Context("ai_1", "fan_1", "call_1", clock.now(), language="ja")
        return await Specialist(SETTINGS, other).call("ask", {"question": question}, context)

    known, unknown = asyncio.run(call("known")), asyncio.run(call("unknown"))
    assert asked[0] == ("ai_1", "bob", "known", "ja")
    assert (known.text, known.sources[0].url, known.empty) == ("A week.", "https://b.example/rye", False)
    assert unknown.empty


def test_its_tool_is_chosen_by_the_owners_examples() -> None:
    [tool] = asyncio.run(Specialist(SETTINGS, None).tools())  # type: ignore[arg-type]
    assert tool.examples[0].arguments == {"question": "How long does rye keep?"}
    assert "bread" in tool.description and tool.effect == "reading"


def test_colleagues_are_those_that_may_be_asked_now_and_know_the_subject(here: World) -> None:
    listed = ColleagueList(here.db)
    assert listed.of(here.ai.id, "How long does rye keep?") == []  # nobody is live
    here.release(here.other)
    Cases(here.db).add(OWNER, here.other.id, ["How long does rye keep?"], Expect(must_abstain=False))
    Cases(here.db).add(OWNER, here.other.id, ["What is love?"], Expect(must_abstain=True))
    with here.db.write() as tx:
        tx.execute(teams.insert().values(id="team_2", name="Others", created_at=clock.now()))
    stranger = AIs(here.db).create(OWNER, "team_2", "eve", "Eve")
    here.release(stranger)
    [bob] = listed.of(here.ai.id, "How long does rye keep?")
    assert (bob.slug, bob.questions) == ("bob", ("How long does rye keep?",))
    AIs(here.db).edit(OWNER, stranger.id, is_open=True)
    assert [one.slug for one in listed.of(here.ai.id, "Is Eve there?")] == ["eve", "bob"]
    assert ask(here, "eve").answer == "Green tea, most days."
    AIs(here.db).edit(OWNER, stranger.id, is_open=False)
    with pytest.raises(NotFound):
        ask(here, "eve")


def test_each_colleague_is_a_tool_and_its_answer_is_told_as_it_is() -> None:
    asked: list[tuple[str, ...]] = []

    async def ask(*told: str) -> Ended:
        asked.append(told)
        return Ended(answer="A week.", kind="grounded" if told[2] == "Rye?" else "chat")

    async def colleagues(asker: str, question: str) -> list[Colleague]:
        return [Colleague("bob-s", "Bob", "bread", ("How long does rye keep?",))]

    extension = AskColleagues(colleagues, ask)
    context = Context("ai_1", None, "call_1", clock.now(), said="Rye?")
    [tool] = asyncio.run(extension.offered(context))
    assert (tool.name, tool.takes_any_question, tool.examples[0].request) == (
        "ask_bob_s",
        "question",
        "How long does rye keep?",
    )
    result = asyncio.run(extension.call("ask_bob_s", {"question": "Rye?"}, context))
    assert (result.text, result.whole, result.empty) == ("A week.", True, False)
    assert asked == [("ai_1", "bob-s", "Rye?", "en")]
    assert asyncio.run(extension.call("ask_bob_s", {"question": "Hi"}, context)).empty
    with pytest.raises(ToolFailed):
        asyncio.run(extension.call("ask_", {"question": "Hi"}, context))
