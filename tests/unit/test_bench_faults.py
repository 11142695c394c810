"""The pure parts of ``bench faults`` and ``bench overhead``: journals, tables, prompts; no process is started."""

from __future__ import annotations

import json
import random
from types import SimpleNamespace

import pytest

from inhouse.bench.asking import Asked, note
from inhouse.bench.faults import Tally, row
from inhouse.bench.faults_fans import losses
from inhouse.bench.faults_house import runs
from inhouse.bench.overhead import Pair, Side, make_twins, targets_of


def line(text: str = "", finish: str | None = None) -> str:
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish}
    return "data: " + json.dumps({"id": "turn_1", "choices": [choice]})


def stored(state: str, answer: str = "Yes.", question: str = "Well?") -> SimpleNamespace:
    return SimpleNamespace(state=state, answer=answer, question=question)


def test_a_stream_goes_into_the_journal() -> None:
    asked = Asked("Well?")
    for one in (line("Ye"), "", ": comment", line("s."), line(finish="stop"), "data: [DONE]"):
        note(asked, one)
    assert asked == Asked("Well?", "turn_1", "Yes.", ended=True)


def test_an_error_in_a_stream_ends_nothing() -> None:
    asked = Asked("Well?", "turn_1")
    note(asked, 'data: {"error": {"message": "The answer was cut off."}}')
    assert not asked.ended


@pytest.mark.parametrize(
    ("asked", "row", "wrong"),
    [
        (Asked("Well?"), None, 0),
        (Asked("Well?", "turn_1"), None, 1),
        (Asked("Well?", "turn_1"), stored("interrupted"), 0),
        (Asked("Well?", "turn_1"), stored("streaming"), 1),
        (Asked("Well?", "turn_1", "Yes.", True), stored("done"), 0),
        (Asked("Well?", "turn_1", "Yes.", True), stored("interrupted"), 1),
        (Asked("Well?", "turn_1", "No.", True), stored("done"), 1),
        (Asked("Well?", "turn_1", "Yes.", True), stored("done", answer=""), 1),
        (Asked("Other?", "turn_1"), stored("done"), 1),
    ],
)
def test_the_journal_is_compared_with_what_is_stored(
    asked: Asked, row: SimpleNamespace | None, wrong: int
) -> None:
    assert len(losses([asked], {"turn_1": row} if row else {})) == wrong


def test_a_phase_counts_its_victims() -> None:
    made = row("train", Tally(["server", "trainer", "server"], [1.0, 2.0, 3.0], ["lost"], 4))
    assert (made["kills"], made["of"], made["faults"]) == (3, "server 2, trainer 1", 1)


@pytest.mark.parametrize(
    ("module", "found"),
    [("trainer", True), ("trainer.program", True), ("training", False), ("tuning", False)],
)
def test_a_victim_is_known_by_its_module(module: str, found: bool) -> None:
    command = SimpleNamespace(cmdline=lambda: ["python", "-m", f"inhouse.tuning.{module}", "job.json"])
    assert runs(command, "inhouse.tuning.trainer") is found


def test_twins_are_as_long_and_differ_from_the_first_word_on() -> None:
    first, second = make_twins(random.Random(3), 256)
    assert first.partition(": ")[2] == second.partition(": ")[2]
    assert first.partition(":")[0] != second.partition(":")[0]
    assert 120 < len(first.split()) < 140  # a token for each word, and one for its comma


def test_one_disturbed_round_misses_no_target() -> None:
    even = Pair(Side(1.0, 100.0), Side(1.0, 100.0))
    targets = targets_of("load", [even, even, Pair(Side(9.0, 10.0), Side(1.0, 100.0))])
    assert all(target.met for target in targets)
    assert not any(target.met for target in targets_of("load", [Pair(Side(2.0, 50.0), Side(1.0, 100.0))]))
