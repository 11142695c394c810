"""Where sentences end."""

from __future__ import annotations

import pytest

from inhouse.content.sentences import sentences, spans

CASES = [
    ["Hello there.", "How are you?", "Fine!"],
    ["Dr. Smith met Mrs. Jones at 5 p.m. on Sunday.", "They talked."],
    ["The U.S. Senate voted.", "It passed."],
    ["He lives in the U.S.", "He likes it."],
    ["Clay costs $3.50 per kg, e.g. white stoneware.", "Glaze is extra."],
    ["J. K. Rowling wrote it.", "So did I."],
    ["We ship with Hanes Inc. and others.", "Wait…", "What?"],
    ['"Stop!" he said.', "Nobody did."],
    ["She asked, “Why?”", "Nobody knew."],
    ["Read www.example.com/a.html or v1.2.3 first.", "Then ask."],
    ["See No. 5 and Fig. 3 for more.", "Done."],
    ["It was great!!!", "Really?!"],
    ["Is it warm (it is.)?", "Yes."],
    ["私は陶芸家です。", "毎日土を触ります。", "楽しいですか？", "はい！"],
    ["彼は「はい。行きます。」と言った。", "そして帰った。"],
    ["価格は3.5万円です（税込。送料別）。", "ご注文はこちら。"],
    ["すごい！？", "本当に。"],
    ["¿Dónde está?", "Está aquí."],
    ["यह एक वाक्य है।", "यह दूसरा है।"],
    ["Jacques Lefevre (c. 1455–1536) wrote.", "He read."],
    ["I was born in Jan. 1990 in St. Ives.", "The end."],
]


@pytest.mark.parametrize("expected", CASES, ids=lambda case: case[0][:20])
def test_sentences_end_where_a_reader_says(expected: list[str]) -> None:
    text = ("" if any("\u3040" < mark < "\u9fff" for mark in expected[0]) else " ").join(expected)
    assert sentences(text) == expected


def test_lines_of_a_list_stand_alone_and_wrapped_lines_do_not() -> None:
    text = "Our rules\n- Be kind\n- Pay on time\n\nThis line was wrapped by a program that counts to sixty or so\nand goes on here. Next one."
    assert sentences(text) == [
        "Our rules",
        "- Be kind",
        "- Pay on time",
        "This line was wrapped by a program that counts to sixty or so\nand goes on here.",
        "Next one.",
    ]


def test_numbered_lines_are_not_cut_after_the_number() -> None:
    assert sentences("1. Wedge the clay.\n2. Throw it.") == ["1. Wedge the clay.", "2. Throw it."]


def test_spans_point_into_the_text() -> None:
    text = "  One.  Two?\n\nThree  "
    assert [text[start:end] for start, end in spans(text)] == ["One.", "Two?", "Three"]


@pytest.mark.parametrize("text", ["", "   \n", "...", "。。。", "."])
def test_odd_texts_do_not_break_it(text: str) -> None:
    assert "".join(sentences(text)) == text.strip()


def test_a_megabyte_takes_a_moment_only() -> None:
    assert len(sentences("A sentence of words. " * 50_000)) == 50_000
    assert len(sentences("短い文です。" * 50_000)) == 50_000
    assert sentences("「" * 20_000 + "短い。" * 20_000 + "」" * 20_000)
