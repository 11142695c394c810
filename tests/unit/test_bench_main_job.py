"""The main job's benchmark: what it brings, how it judges, and what it compares."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from inhouse.bench import main_material, registry
from inhouse.bench.installation import Answer, answer_of
from inhouse.bench.main_job import abstained_rightly, f1s, no_worse, style_rows
from inhouse.bench.main_story import Answers, Asks
from inhouse.bench.report import Estimate
from inhouse.bench.style import judge
from inhouse.bench.training_speed import Round, train_only
from inhouse.lab.readings import Reading

_READINGS = [
    (Reading("Rivers", "The Rhine is 1,230 km long.", "How long is the Rhine?", ("1,230 km",)), True),
    (Reading("Towns", "Nothing here.", "Who is the mayor?", ("Ada",)), False),
]


def _answer(text: str, abstained: bool = False) -> Answer:
    return Answer(text, "abstained" if abstained else "grounded", abstained, (), 5, 1.0)


def _answers(*said: Answer) -> Answers:
    return Answers(readings=said, own=(), messages=())


def test_it_is_registered() -> None:
    assert "main-job" in registry.BENCHMARKS


def test_abstaining_is_right_only_where_the_pages_hold_nothing() -> None:
    right = [_answer("1,230 km"), _answer("I don't know.", abstained=True)]
    assert f1s(_READINGS, right) == [1.0, 1.0]
    assert abstained_rightly(_READINGS, right) == [True, True]
    wrong = [_answer("I don't know.", abstained=True), _answer("Ada")]
    assert f1s(_READINGS, wrong) == [0.0, 0.0]
    assert abstained_rightly(_READINGS, wrong) == [False, False]


def test_an_adapter_that_loses_two_points_misses_the_target() -> None:
    asks = Asks(_READINGS, own=(), messages=())
    good = _answers(_answer("1,230 km"), _answer("No.", abstained=True))
    bad = _answers(_answer("1,230 km"), _answer("Ada"))
    assert all(target.met for target in no_worse("author", asks, on=good, off=bad))
    assert not any(target.met for target in no_worse("author", asks, on=bad, off=good))


def test_pieces_are_two_sentences_long() -> None:
    cut = main_material.pieces(
        "One sentence is here. Another one follows it. A third\nstands quite alone here."
    )
    assert cut == ["One sentence is here. Another one follows it.", "A third stands quite alone here."]
    assert main_material.pieces("Short.") == []


def test_what_the_adapter_saw_is_not_what_the_classifier_learns(data: Path) -> None:
    everything = main_material.unseen(data, "")
    book = (data / "bierce" / "the-devils-dictionary.txt").read_text("utf-8")
    assert len(everything) > 800
    assert main_material.unseen(data, book) == []


def test_messages_ask_nothing_and_no_classifier_sees_their_dialogues(data: Path) -> None:
    said = main_material.messages(data, 50)
    assert len(set(said)) == 50
    assert not any(message.endswith("?") for message in said)


def test_a_small_bank_is_a_folder_of_its_shortest_documents(data: Path, tmp_path: Path) -> None:
    files = list(main_material.bank(data, tmp_path / "bank", 3).iterdir())
    assert len(files) == 3
    assert all(json.loads(file.read_text("utf-8"))["content"] for file in files)


def test_the_classifier_tells_two_writers_apart_and_judges_documents_it_did_not_see() -> None:
    author = [[f"Verily the {word} doth vex mankind, quoth he."] for word in ("cat", "dog", "king", "bank")]
    others = [
        [f"you can open the {word} account online today"] for word in ("gold", "blue", "basic", "joint")
    ]
    judged = judge(author, others, {"on": ["Verily the moon doth vex."], "off": []})
    assert judged["asked"] == {"on": [True], "off": []}
    assert [label for label, _ in judged["known"]] == [True] * 4 + [False] * 4


def test_the_style_table_begins_with_what_is_known() -> None:
    judged = {"known": [[True, True], [False, False]], "asked": {"on": [True, False]}}
    rows = style_rows(judged, {"on": 5})
    shares = [row["taken for the author's"] for row in rows]
    assert [one.value for one in shares if isinstance(one, Estimate)] == [1.0, 0.0, 0.5]
    assert "2 of 5 messages" in str(rows[-1]["text"])


def test_only_training_rows_are_timed() -> None:
    lines = b'{"split":"train","n":1}\n{"split":"held_out","n":2}\n'
    assert train_only(lines) == b'{"split":"train","n":1}\n'
    assert Round(trainer=300, bare=200).ratio == 1.5


def test_an_answer_of_the_api_is_read() -> None:
    told = {
        "choices": [{"message": {"content": "Yes."}}],
        "inhouse": {"kind": "grounded", "abstained": False, "citations": [{"document": "FAQ"}]},
        "usage": {"completion_tokens": 3},
    }
    assert answer_of(told, 0.5) == Answer("Yes.", "grounded", False, ("FAQ",), 3, 0.5)
    with pytest.raises(KeyError):
        answer_of({"choices": []}, 0.5)
