"""Passages are of the right size, end where sentences end, and keep every word and their place."""

from __future__ import annotations

from datetime import UTC, datetime

from inhouse.content.sentences import sentences
from inhouse.content.splitting import MOST_TOKENS, split, tokens
from inhouse.content.values import Document, Kind, Section
from inhouse.core.passages import Place

NOW = datetime(2026, 1, 2, tzinfo=UTC)
SENTENCE = "The kiln is fired twice a week and cools down over the whole of the next day. "
SENTENCE_JA = "窯は週に二度焚かれ、次の日いっぱいかけてゆっくりと冷めていきます。"


def document(**changes: object) -> Document:
    return Document(
        id="d", ai_id="a", source_id="s", key="k", title="Kiln", kind=Kind.PAGE, url=None, published_at=None,
        language="en", question=None, hash="0", imported_at=NOW,
    ).model_copy(update=changes)  # fmt: skip


def test_a_short_item_stays_whole() -> None:
    text = "New mugs are up!\n\nLink in bio. See you at the market?"
    [piece] = split(document(), [Section(text=text)])
    assert piece.text == text


def test_a_long_section_is_cut_evenly_at_sentence_ends() -> None:
    for sentence in (SENTENCE, SENTENCE_JA):
        # Each sentence differs, else equal passages would be kept once.
        text = " ".join(f"{sentence.strip()[:-1]} {number}{sentence.strip()[-1]}" for number in range(20))
        pieces = split(document(), [Section(text=text)])
        sizes = [tokens(piece.text) for piece in pieces]
        assert len(pieces) > 2
        assert min(sizes) >= 50
        assert max(sizes) <= MOST_TOKENS + 20
        assert [one for piece in pieces for one in sentences(piece.text)] == sentences(text)


def test_title_question_and_heading_are_context_and_not_text() -> None:
    asked = document(question="Do you ship abroad?", title="Shipping")
    [piece] = split(asked, [Section(text="Yes, we do.", place=Place(heading="FAQ > Shipping"))])
    assert piece.text == "Yes, we do."
    assert piece.context == "Shipping\nDo you ship abroad?\nFAQ > Shipping"
    assert piece.full.endswith("Yes, we do.")


def test_moments_of_a_recording_are_read_together_with_the_first_ones_place() -> None:
    cues = [Section(text=f"and then number {at}", place=Place(second=at * 2.0)) for at in range(60)]
    pieces = split(document(), cues)
    assert 3 <= len(pieces) <= 10
    assert pieces[0].place.second == 0
    assert pieces[1].place.second and pieces[1].place.second > 10


def test_sections_with_different_headings_are_never_joined() -> None:
    sections = [
        Section(text="A.", place=Place(heading="one")),
        Section(text="B.", place=Place(heading="two")),
    ]
    assert [piece.text for piece in split(document(), sections)] == ["A.", "B."]


def test_a_text_without_any_end_is_cut_all_the_same() -> None:
    for text in ("word " * 3000, "あ" * 4000, "x" * 20_000):
        pieces = split(document(), [Section(text=text)])
        assert max(tokens(piece.text) for piece in pieces) < 400
