"""The frozen training set."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from inhouse.brief.brief import Brief, Voice
from inhouse.brief.corpus import (
    BRIEF,
    LEAST_HELD_OUT,
    LONGEST_ANSWER,
    Corpus,
    Correction,
    QAPair,
    VoiceItem,
    build_corpus,
)

ITEMS = [VoiceItem(f"doc_{i}", "src_1", f"Title {i}", f"Thought number {i} on clay.") for i in range(200)]


def test_order_does_not_matter_and_content_does() -> None:
    assert build_corpus(ITEMS).hash == build_corpus(ITEMS[::-1]).hash
    assert build_corpus(ITEMS).hash != build_corpus(ITEMS[1:]).hash


def test_a_tenth_of_the_documents_is_held_out_whole() -> None:
    corpus = build_corpus(
        ITEMS,
        [QAPair(item.document_id, "src_1", f"What of {item.title}?", item.text[::-1]) for item in ITEMS],
    )
    sides: dict[str, set[str]] = {}
    for row in corpus.rows:
        if row.sources[0] != BRIEF:
            sides.setdefault(row.sources[0], set()).add(row.split)
    assert all(len(splits) == 1 for splits in sides.values())
    assert sum(splits == {"held_out"} for splits in sides.values()) == 20


def test_growing_moves_nothing_from_the_training_to_what_is_held_out_or_back_but_little() -> None:
    def held_out(items: list[VoiceItem]) -> set[str]:
        return {row.sources[0] for row in build_corpus(items).rows if row.split == "held_out"}

    before, after = held_out(ITEMS[:190]), held_out(ITEMS)
    assert len(before - after) <= 2


def test_of_one_long_document_some_pieces_are_held_out() -> None:
    book = "\n\n".join(f"Entry {i}. " + f"Clay number {i} is patient. " * 20 for i in range(40))
    rows = build_corpus([VoiceItem("doc_1", "src_1", "Book", book)]).rows
    held = [row for row in rows if row.split == "held_out"]
    assert len(held) >= LEAST_HELD_OUT
    assert len({row.unit for row in held}) == len(held)
    assert len(held) <= len(rows) / 3


def test_the_same_words_are_kept_once_with_all_their_sources_and_never_on_both_sides() -> None:
    first, second = ITEMS[:2]
    twin = VoiceItem(second.document_id, "src_2", "Again", first.text.upper())
    rows = [row for row in build_corpus([*ITEMS, twin]).rows if first.source_id in row.sources]
    [both] = [row for row in rows if twin.source_id in row.sources]
    assert set(both.sources) == {first.document_id, "src_1", second.document_id, "src_2"}
    assert len(rows) == len(ITEMS)


def test_a_long_text_becomes_several_rows_and_loses_no_word() -> None:
    text = "\n\n".join(f"Paragraph {i}. " + "Clay is patient. " * 20 for i in range(10))
    rows = [
        row
        for row in build_corpus([VoiceItem("doc_1", "src_1", "Clay", text)]).rows
        if BRIEF not in row.sources
    ]
    assert len(rows) > 3
    assert all(len(row.messages[-1][1]) <= LONGEST_ANSWER for row in rows)
    said = " ".join(row.messages[-1][1] for row in rows).split()
    assert sorted(said) == sorted(text.split())


def test_rows_are_what_the_trainer_reads() -> None:
    corpus = build_corpus(
        [VoiceItem("doc_1", "src_1", "粘土", "土は正直です。", "ja")],
        corrections=[Correction("ver_1", "Open on Sunday?", "No, we rest.")],
        brief=Brief(name="Kiln", voice=Voice(samples=("Clay forgives.",))),
        system="You speak for Kiln.",
    )
    rows = [json.loads(line) for line in corpus.jsonl.decode().splitlines()]
    assert {row["kind"] for row in rows} == {"voice", "correction"}
    correction = next(row for row in rows if row["kind"] == "correction")
    assert [m["role"] for m in correction["messages"]] == ["system", "user", "assistant"]
    assert correction["split"] == "train" and correction["source_ids"] == ["ver_1"]
    japanese = next(row for row in rows if row["source_ids"] == ["doc_1", "src_1"])
    assert "粘土" in japanese["messages"][1]["content"]
    assert {"doc_1", "src_1", "ver_1", BRIEF} == corpus.sources


def test_nothing_in_gives_the_briefs_own_lines() -> None:
    assert set(build_corpus().counts()) == {"voice/train"}
    assert Corpus(()).jsonl == b""


def test_empty_and_tiny_texts_are_left_out() -> None:
    items = [
        VoiceItem("doc_1", "s", "", ""),
        VoiceItem("doc_2", "s", "T", "  \n "),
        VoiceItem("doc_3", "s", "T", "a"),
    ]
    assert build_corpus(items).sources == {BRIEF}


@given(st.text(max_size=3000), st.text(max_size=200))
def test_any_text_makes_rows_within_the_limits(text: str, title: str) -> None:
    corpus = build_corpus([VoiceItem("doc_1", "src_1", title, text)])
    for line in corpus.jsonl.decode().split("\n")[:-1]:
        assert len(json.loads(line)["messages"][-1]["content"]) <= LONGEST_ANSWER
