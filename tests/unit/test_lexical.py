"""Words of any script."""

from __future__ import annotations

import pytest

from inhouse.content.lexical import query_words, terms


@pytest.mark.parametrize(
    ("one", "other", "language"),
    [
        ("firing kilns", "fired kiln", "en"),
        ("ＭＵＧ", "mug", "en"),
        ("Tassen", "Tasse", "de"),
        ("Café", "cafe", "und"),
        ("STRASSE", "straße", "de"),
        ("the potter’s", "the potter's", "en"),
        ("ｶﾞﾗｽ", "ガラス", "ja"),
    ],
)
def test_forms_of_a_word_are_one_term(one: str, other: str, language: str) -> None:
    assert terms(one, language) == terms(other, language)


def test_scripts_without_spaces_become_pairs() -> None:
    assert terms("湯呑みABC3個", "ja") == ["湯呑", "呑み", "abc3", "個"]
    assert terms("สวัสดี", "th")[0] == "สว"


def test_figures_and_punctuation() -> None:
    assert terms("1,240 °C — 12.50€!", "en") == ["1", "240", "c", "12", "50"]


def test_a_query_is_stemmed_in_every_language_of_the_index() -> None:
    [word] = query_words("Tassen", ["de", "en"])
    assert word == {"tass", "tassen"}
    assert query_words("mug mugs", ["en"]) == [frozenset({"mug"})]


def test_endless_words_are_cut() -> None:
    assert max(len(term) for term in terms("x" * 5000, "en")) == 40
