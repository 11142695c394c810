"""The scripted dialogues and how a turn is scored, without a model."""

from __future__ import annotations

from collections import Counter

import pytest
from pydantic import ValidationError

from inhouse.bench.dialogue import Answered, faults, row, targets
from inhouse.bench.dialogue_data import Dialogue, Turn, dialogues
from inhouse.bench.report import Estimate
from inhouse.core.events import Ended
from inhouse.core.passages import Citation, Passage, Place

DISH = Passage(
    id="psg_1",
    ai_id="kilnfold",
    document_id="doc_1",
    title="The pots",
    url=None,
    place=Place(heading="Sunday Dish"),
    text="It's ovenproof up to 220 °C.",
    language="en",
    published_at=None,
)
CITED = Citation(number=1, passage_id="psg_1", document="The pots", url=None, place=Place(), quote="220 °C")
ASKED = Turn(say="How hot?", kind="follow_up", passage=(("sunday dish", "220"),), contains="220")


def answered(turn: Turn = ASKED, ended: Ended | None = None, *found: Passage) -> Answered:
    return Answered("d", turn, ended or Ended(answer="220 °C", kind="grounded", citations=(CITED,)), found)


def test_sixty_dialogues_are_reported_and_none_of_them_is_tuned_on() -> None:
    reported, dev = dialogues("reported"), dialogues("dev")
    assert (len(reported), len(dev)) == (60, 15)
    assert max(Counter(one.id for one in [*reported, *dev]).values()) == 1
    said = {
        turn.say for one in reported for turn in one.turns if turn.kind in ("question", "follow_up", "change")
    }
    assert not {turn.say for one in dev for turn in one.turns if turn.kind == "question"} & said


def test_follow_ups_come_after_something_and_name_their_passage() -> None:
    for dialogue in [*dialogues("reported"), *dialogues("dev")]:
        assert dialogue.turns[0].kind not in ("follow_up", "change"), dialogue.id
        assert all(turn.passage for turn in dialogue.turns if turn.kind == "follow_up"), dialogue.id


def test_a_dialogue_of_two_turns_or_with_an_unknown_field_is_refused() -> None:
    with pytest.raises(ValidationError):
        Dialogue(id="short", world="bank", turns=(ASKED, ASKED))
    with pytest.raises(ValidationError):
        Turn.model_validate({"say": "Hi", "kind": "friendly", "mood": "good"})


def test_a_passage_is_right_where_one_alternative_stands_in_it_with_its_heading() -> None:
    assert ASKED.held_by([DISH])
    assert not ASKED.held_by([DISH.model_copy(update={"place": Place()})])
    assert not ASKED.held_by([])


def test_words_spread_over_two_passages_do_not_make_a_right_one() -> None:
    one = DISH.model_copy(update={"text": "Not for the hob."})
    other = DISH.model_copy(update={"place": Place(), "text": "220 °C"})
    assert not ASKED.held_by([one, other])


def test_a_good_turn_meets_the_targets_and_is_no_fault() -> None:
    good = [answered(ASKED, None, DISH)]
    assert all(target.met for target in targets(good))
    assert faults(good) == []
    assert good[0].cited_right


def test_a_wrong_abstention_misses_its_target_and_is_listed() -> None:
    bad = [answered(ASKED, Ended(answer="I don't know", kind="abstained", abstained=True), DISH)]
    assert [target.met for target in targets(bad)] == [False, True]
    assert "wrong abstention" in faults(bad)[0]


def test_answering_what_nothing_holds_is_a_fault_but_no_wrong_abstention() -> None:
    unknown = [answered(Turn(say="Her shoe size?", kind="unknown")), answered(ASKED, None, DISH)]
    assert all(target.met for target in targets(unknown))
    assert "answered what it can't know" in faults(unknown)[0]


def test_friendly_words_must_be_answered_as_chat() -> None:
    thanks = [answered(Turn(say="Thanks", kind="friendly"), Ended(answer="220 °C", kind="grounded"))]
    cell = row("thanks", thanks, "friendly")["answered as chat"]
    assert isinstance(cell, Estimate) and cell.value == 0.0
    assert "not as chat" in faults(thanks)[0]
