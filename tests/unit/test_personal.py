"""Personal data: found in what people write, replaced the same way throughout a trace, and nothing else touched."""

from __future__ import annotations

import time

import pytest

from inhouse.bench import personal
from inhouse.conversations.personal.mask import Mask
from inhouse.conversations.personal.numbers import is_iban, is_luhn


def masked(text: str, language: str = "en") -> str:
    return Mask([text], language).text(text)


def test_what_the_finders_were_made_with_is_found_and_harmless_words_stay() -> None:
    found = personal.measure(personal.written("tuned"))
    assert [piece for piece in found.pieces if not piece.found] == []
    assert found.touched == ()


def test_most_of_what_was_held_out_is_found() -> None:
    """The bar is below what was measured: a finder that breaks shows here, a new form does not."""
    found = personal.measure(personal.written("held"))
    assert sum(piece.found for piece in found.pieces) / len(found.pieces) >= 0.9
    assert len(found.touched) / found.harmless <= 0.05


def test_placeholders_are_typed_and_the_same_throughout_a_trace() -> None:
    question = "I'm Anna Smith. Write to anna@smith.example about my order A-4471."
    mask = Mask([question, "Thanks!\nAnna"], "en")
    assert mask.text(question) == "I'm [NAME_1]. Write to [EMAIL_1] about my order [ORDER_1]."
    assert mask.text("Smith ordered it, said Anna.") == "[NAME_1] ordered it, said [NAME_1]."
    assert dict(mask.removed) == {"NAME": 1, "EMAIL": 1, "ORDER": 1}


def test_two_people_are_two_placeholders() -> None:
    assert masked("My name is Anna. My wife Julia wants one too.") == (
        "My name is [NAME_1]. My wife [NAME_2] wants one too."
    )


def test_the_copy_from_request_to_argument_stays_exact() -> None:
    question = "Track order 48213907 for petra@example.org, two mugs please"
    mask = Mask([question], "en")
    arguments = {
        "order": 48213907,
        "mail": "PETRA@example.org",
        "count": 2,
        "more": [{"note": "for petra@example.org"}, True, None],
    }
    assert mask.value(arguments) == {
        "order": "[ORDER_1]",
        "mail": "[EMAIL_1]",
        "count": 2,
        "more": [{"note": "for [EMAIL_1]"}, True, None],
    }
    assert "[ORDER_1]" in mask.text(question)


def test_a_name_that_is_a_word_goes_only_where_it_is_a_name() -> None:
    assert masked("My name is Will. When will it ship?") == "My name is [NAME_1]. When will it ship?"


def test_placeholders_of_two_traces_have_nothing_in_common() -> None:
    assert masked("I'm Anna") == masked("I'm Julia") == "I'm [NAME_1]"


def test_full_width_marks_are_read_as_plain_ones() -> None:
    assert masked("電話は０９０－１２３４－５６７８です", "ja") == "電話は[PHONE_1]です"


@pytest.mark.parametrize("number", ["4111 1111 1111 1111", "5555-5555-5555-4444", "378282246310005"])
def test_cards_are_known_by_their_checksum(number: str) -> None:
    assert is_luhn(number) and masked(f"It was {number} yesterday") == "It was [CARD_1] yesterday"
    wrong = number[:-1] + str((int(number[-1]) + 1) % 10)
    assert not is_luhn(wrong) and wrong in masked(f"It was {wrong} yesterday")


def test_accounts_are_known_by_their_checksum() -> None:
    assert is_iban("DE89 3704 0044 0532 0130 00") and not is_iban("DE88 3704 0044 0532 0130 00")
    assert masked("Pay GB29 NWBK 6016 1331 9268 19 TODAY") == "Pay [IBAN_1] TODAY"


@pytest.mark.parametrize(
    "text",
    [
        "A " * 2000,
        "1 " * 2000,
        "a." * 2000,
        "x" * 4000,
        "@a." * 1300,
        "東京都渋谷区" * 600,
        "名前は" + "花" * 3900,
    ],
)
def test_no_message_takes_the_finders_long(text: str) -> None:
    began = time.perf_counter()
    Mask([text[:2000]], "en")
    assert time.perf_counter() - began < 5  # half a second here; what grows faster would take minutes
