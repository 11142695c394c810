"""Friendly words are told from questions."""

from __future__ import annotations

import pytest

from inhouse.runtime.smalltalk import SmallTalk, asks, exclaims, recognise


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("Hi!", SmallTalk("greeting", "")),
        ("Hi! How are you?", SmallTalk("small_talk", "")),
        ("Hi! Do you ship to Norway?", SmallTalk("greeting", "Do you ship to Norway?")),
        ("Thanks so much, that's helpful!", SmallTalk("thanks", "")),
        ("thanks, and to Sweden?", SmallTalk("thanks", "and to Sweden?")),
        ("Okay, how much is it?", SmallTalk("thanks", "how much is it?")),
        ("Fine, thanks.", SmallTalk("thanks", "")),
        ("Evening all! Are you open?", SmallTalk("greeting", "Are you open?")),
        ("Morning Mug price?", None),
        ("That's reassuring, thank you.", SmallTalk("thanks", "")),
        ("Hi, are you OK?", SmallTalk("small_talk", "")),
        ("Do people thank you?", None),
        ("ok thanks, see you Saturday", SmallTalk("farewell", "")),
        ("Good night", SmallTalk("farewell", "")),
        ("こんにちは、送料はいくらですか？", SmallTalk("greeting", "送料はいくらですか？")),
        ("ありがとうございました。", SmallTalk("thanks", "")),
        ("highlights of the year?", None),
        ("Great wall of China?", None),
        ("How is the glaze made?", None),
        ("いつ届きますか", None),
    ],
)
def test_recognise(message: str, expected: SmallTalk | None) -> None:
    assert recognise(message) == expected


@pytest.mark.parametrize(
    "message", ["What is a mug?", "tell me about glazes", "いつ届きますか", "送料を教えて", "any news?"]
)
def test_asks(message: str) -> None:
    assert asks(message)


@pytest.mark.parametrize("message", ["I love your bowls", "I broke a mug today.", "今日はいい天気でした。"])
def test_says(message: str) -> None:
    assert not asks(message)


def test_exclaims() -> None:
    assert exclaims("Oh no!") and exclaims("What a story!") and exclaims("すてき！")
    assert not exclaims("Tell me more!") and not exclaims("I broke a mug today.")
