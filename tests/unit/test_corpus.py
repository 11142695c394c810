"""The frozen training set."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from inhouse.brief.brief import Brief, Voice
from inhouse.brief.corpus import (
    BRIEF,
    LONGEST_ANSWER,
    Corpus,
    Correction,
    QAPair,
    Replay,
    VoiceItem,
    build_corpus,
    is_held_out,
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
    for row in corpus.rows:
        if row.sources[0] != BRIEF:
            assert (row.split == "held_out") == is_held_out(row.sources[0])
    assert 10 <= corpus.counts()["voice/held_out"] <= 35


def test_the_same_words_are_kept_once_with_all_their_sources_and_never_on_both_sides() -> None:
    held = next(item for item in ITEMS if is_held_out(item.document_id))
    train = next(item for item in ITEMS if not is_held_out(item.document_id))
    twin = VoiceItem(train.document_id, "src_2", "Again", held.text.upper())
    rows = [row for row in build_corpus([held, twin]).rows if BRIEF not in row.sources]
    assert [row.split for row in rows] == ["held_out"]
    assert set(rows[0].sources) == {held.document_id, "src_1", train.document_id, "src_2"}


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
        replay=[Replay("skill", (("user", "Hi"), ("assistant", "Hello")))],
        system="You speak for Kiln.",
    )
    rows = [json.loads(line) for line in corpus.jsonl.decode().splitlines()]
    assert {row["kind"] for row in rows} == {"voice", "correction", "replay"}
    correction = next(row for row in rows if row["kind"] == "correction")
    assert [m["role"] for m in correction["messages"]] == ["system", "user", "assistant"]
    assert correction["split"] == "train" and correction["source_ids"] == ["ver_1"]
    japanese = next(row for row in rows if row["source_ids"] == ["doc_1", "src_1"])
    assert "粘土" in japanese["messages"][1]["content"]
    assert {"doc_1", "src_1", "ver_1", "skill", BRIEF} == corpus.sources


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
