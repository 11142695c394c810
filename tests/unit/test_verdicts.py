"""Verdicts, picks and hand-overs."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from turnkit import OWNER, World, world

from inhouse.conversations import picks as picks_module
from inhouse.conversations import verdicts as verdicts_module
from inhouse.conversations.fans import Fan
from inhouse.conversations.handovers import Handovers
from inhouse.conversations.picks import NothingToAsk, Picks, SameAnswers
from inhouse.conversations.turns import Turn
from inhouse.conversations.verdicts import NothingToCorrect, Verdicts
from inhouse.core.errors import NotFound, TooLarge, TooMany, UsageError
from inhouse.releases import amendments, cases
from inhouse.store.database import Database


@pytest.fixture
def here(db: Database) -> World:
    made = world(db)
    made.release()
    return made


def ask(here: World, fan: Fan, question: str = "Tea?", **options: Any) -> Turn:
    async def main() -> Turn:
        turn = await here.conversations.begin(fan, question, **options)
        async for _event in here.conversations.follow(fan, turn.id):
            pass
        return here.conversations.turn(fan, turn.id)

    return asyncio.run(main())


def held(here: World) -> tuple[int, int, int]:
    """How many cases, pinned answers and training examples there are."""
    with here.db.read() as tx:
        pins = amendments.pinned(amendments.in_force(tx, here.ai.id))
        return (
            len(cases.active(tx, here.ai.id)),
            len(pins),
            len(verdicts_module.examples(tx, here.ai.id)),
        )


def test_a_thumb_is_kept_changed_and_taken_back(here: World) -> None:
    fan, verdicts = here.fan(), Verdicts(here.db)
    turn = ask(here, fan)
    verdicts.thumb(fan, turn.id, "down")
    assert here.conversations.turn(fan, turn.id).thumb == "down"
    assert here.conversations.listing(OWNER, here.ai.id)[0].thumbs_down == 1
    verdicts.thumb(fan, turn.id, "none")
    assert here.conversations.turn(fan, turn.id).thumb is None
    with pytest.raises(NotFound):
        verdicts.thumb(here.fan(), turn.id, "up")


def test_a_correction_holds_from_the_next_question_on_and_undoing_it_undoes_all_three(here: World) -> None:
    fan, verdicts = here.fan(), Verdicts(here.db)
    turn = ask(here, fan)
    made = verdicts.correct(OWNER, here.ai.id, turn.id, "Black tea.")
    assert held(here) == (1, 1, 1)
    assert ask(here, here.fan()).answer == "Black tea."
    assert verdicts.corrections(OWNER, here.ai.id, [turn.id])[turn.id].id == made.id
    verdicts.undo(OWNER, here.ai.id, made.id)
    verdicts.undo(OWNER, here.ai.id, made.id)
    assert held(here) == (0, 0, 0)
    assert ask(here, here.fan()).answer == "Green tea, most days."


def test_a_second_correction_of_a_turn_replaces_the_first(here: World) -> None:
    fan, verdicts = here.fan(), Verdicts(here.db)
    turn = ask(here, fan)
    verdicts.correct(OWNER, here.ai.id, turn.id, "Black tea.")
    verdicts.correct(OWNER, here.ai.id, turn.id, "White tea.")
    assert held(here) == (1, 1, 1)
    assert ask(here, here.fan()).answer == "White tea."


def test_a_correction_that_breaks_half_way_leaves_nothing(
    here: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn = ask(here, here.fan())
    monkeypatch.setattr(verdicts_module, "_correction", lambda _row: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        Verdicts(here.db).correct(OWNER, here.ai.id, turn.id, "Black tea.")
    monkeypatch.undo()
    assert held(here) == (0, 0, 0)


def test_a_corrected_follow_up_becomes_a_case_with_what_was_asked_before(here: World) -> None:
    fan = here.fan()
    first = ask(here, fan, "Tea?")
    second = ask(here, fan, "Why?", conversation_id=first.conversation_id)
    Verdicts(here.db).correct(OWNER, here.ai.id, second.id, "Because.")
    with here.db.read() as tx:
        assert cases.active(tx, here.ai.id)[0].questions == ("Tea?", "Why?")


def test_corrections_stay_within_their_ai_and_their_limits(here: World) -> None:
    turn, verdicts = ask(here, here.fan()), Verdicts(here.db)
    with pytest.raises(NotFound):
        verdicts.correct(OWNER, here.other.id, turn.id, "x")
    with pytest.raises(UsageError):
        verdicts.correct(OWNER, here.ai.id, turn.id, " ")
    with pytest.raises(TooLarge):
        verdicts.correct(OWNER, here.ai.id, turn.id, "x" * 9000)
    made = verdicts.correct(OWNER, here.ai.id, turn.id, "x")
    with pytest.raises(NotFound):
        verdicts.undo(OWNER, here.other.id, made.id)


def test_picks_are_kept_counted_and_a_fifth_is_held_out(here: World) -> None:
    picks = Picks(here.db, here.releases, here.scripted)
    made = picks.pick(OWNER, here.ai.id, "Tea?", "Green.", "Black.")
    assert [pick.id for pick in picks.listing(OWNER, here.ai.id)] == [made.id]
    assert picks.listing(OWNER, here.other.id) == []
    with pytest.raises(NotFound):
        picks.undo(OWNER, here.other.id, made.id)
    picks.undo(OWNER, here.ai.id, made.id)
    assert picks.listing(OWNER, here.ai.id) == []
    held_out = sum(picks_module.is_held_out(f"question {number}") for number in range(1000))
    assert 150 < held_out < 250
    with pytest.raises(SameAnswers):
        picks.pick(OWNER, here.ai.id, "Tea?", "Green.", "Green. ")


def test_a_pair_is_the_live_answer_with_and_without_the_adapter(here: World) -> None:
    picks = Picks(here.db, here.releases, here.scripted)
    with pytest.raises(NothingToAsk):
        asyncio.run(picks.propose(OWNER, here.ai.id))
    turn = ask(here, here.fan())
    with pytest.raises(SameAnswers):
        asyncio.run(picks.propose(OWNER, here.ai.id))
    here.release(adapter=here.adapters.put(here.ai.id, "a1"))
    here.scripted.answer = lambda request: "Ours." if request.adapter else "Theirs."
    pair = asyncio.run(picks.propose(OWNER, here.ai.id))
    assert {pair.first, pair.second} == {"Ours.", "Theirs."}
    made = picks.pick(OWNER, here.ai.id, pair.prompt, "Ours.", "Theirs.", turn_id=pair.turn_id)
    assert made.fan_id == turn.fan_id
    with pytest.raises(NothingToAsk):
        asyncio.run(picks.propose(OWNER, here.ai.id))


def test_a_persons_reply_stands_in_the_fans_thread_and_the_ai_knows_of_it(here: World) -> None:
    fan, handovers = here.fan(), Handovers(here.db)
    turn = ask(here, fan)
    wish = handovers.request(fan, turn.conversation_id, contact="a@b.c", note="Call me")
    assert handovers.request(fan, turn.conversation_id, note="Please").id == wish.id
    assert [h.id for h in handovers.listing(OWNER, here.ai.id)] == [wish.id]
    reply = handovers.reply(OWNER, here.ai.id, wish.id, "We will.")
    assert [t.author for t in here.conversations.history(fan, turn.conversation_id)] == ["ai", "person"]
    assert handovers.listing(OWNER, here.ai.id) == []
    assert handovers.get(OWNER, here.ai.id, wish.id).state == "answered"
    ask(here, fan, "When?", conversation_id=turn.conversation_id)
    assert here.scripted.requests[-1].history[0].answer.endswith("We will.")
    with pytest.raises(NothingToCorrect):
        Verdicts(here.db).correct(OWNER, here.ai.id, reply.id, "x")
    assert handovers.close(OWNER, here.ai.id, wish.id).state == "closed"


def test_hand_overs_are_fenced_and_bounded(here: World) -> None:
    fan, handovers = here.fan(), Handovers(here.db)
    turn = ask(here, fan)
    wish = handovers.request(fan, turn.conversation_id)
    with pytest.raises(NotFound):
        handovers.request(here.fan(), turn.conversation_id)
    with pytest.raises(NotFound):
        handovers.reply(OWNER, here.other.id, wish.id, "x")
    with pytest.raises(UsageError):
        handovers.reply(OWNER, here.ai.id, wish.id, " ")
    with pytest.raises(TooLarge):
        handovers.request(fan, None, note="x" * 3000)
    for _ in range(4):
        handovers.request(fan)
    with pytest.raises(TooMany):
        handovers.request(fan)
