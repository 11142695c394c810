"""Comparing texts, and the tools around documents: what they quote, what they need, what they refuse."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from inhouse.content import given, splitting
from inhouse.content.asked import names_a_subject, subject
from inhouse.content.comparing import compare
from inhouse.content.embedding.fake import FakeEmbedder
from inhouse.content.given import Cut, Given, Reading
from inhouse.content.given_search import GivenSearch
from inhouse.content.search import Found
from inhouse.core.errors import NotFound
from inhouse.core.passages import Place
from inhouse.runtime import given as looking
from inhouse.runtime.extensions.base import Context, Limits, Result, Tool
from inhouse.runtime.extensions.calling import Attached, Caller, Uncounted
from inhouse.runtime.extensions.documents import tools, versions
from inhouse.runtime.extensions.documents.extension import DocumentTools, Reader

OLD = {
    "1. Returns": "You may return a mug within 30 days. Keep the receipt. We pay the postage.",
    "2. Post": "We post on Tuesdays. Parcels are insured up to £100.",
    "3. Lessons": "Lessons last three hours.",
}
NEW = {
    "1. Returns": "You may return a mug within 14 days. Keep the receipt.",
    "2. Gifts": "A gift card is good for two years.",
    "3. Post": "Parcels are insured up to £100. We post on Tuesdays.",
    "4. Lessons": "Lessons last three hours.",
}
NOW = datetime(2026, 11, 25, tzinfo=UTC)


def document(
    text: dict[str, str], name: str = "policy.md", title: str = "Policy", at: datetime | None = None
) -> Given:
    cuts = [
        Cut(text=piece, place=Place(heading=heading))
        for heading, words in text.items()
        for piece in splitting.texts(words)
    ]
    reading = Reading(title=title, language="en", published_at=at, cuts=tuple(cuts))
    return given.given("ai_1", f"giv_{name.replace('.', '')}", reading, origin=name)


def test_statements_are_told_as_changed_new_or_gone_and_what_moved_is_no_change() -> None:
    changes = [
        (change.here.heading, change.old and change.old.text, change.new and change.new.text)
        for change in compare(document(OLD), document(NEW))
    ]
    assert changes == [
        ("1. Returns", "You may return a mug within 30 days.", "You may return a mug within 14 days."),
        ("1. Returns", "We pay the postage.", None),
        ("2. Gifts", None, "A gift card is good for two years."),
    ]
    assert compare(document(OLD), document(OLD)) == []


def test_japanese_is_compared_by_its_characters() -> None:
    old, new = (
        {"返品": "返品は三十日以内です。送料は当店が払います。"},
        {"返品": "返品は十四日以内です。送料は当店が払います。"},
    )
    [change] = compare(document(old), document(new))
    assert (
        change.old
        and change.new
        and (change.old.text, change.new.text)
        == (
            "返品は三十日以内です。",
            "返品は十四日以内です。",
        )
    )


def test_a_comparison_of_a_text_that_repeats_itself_ends() -> None:
    same = {str(n): "All of it. " * 400 for n in range(30)}
    assert compare(document(same), document({**same, "x": "More of it."}))[0].old is None


@pytest.mark.parametrize(
    ("said", "pair"),
    [
        ("What changed since March?", (0, 3)),
        ("What changed since 2025-12?", (0, 3)),
        ("What changed since June 2026?", (2, 3)),
        ("六月以降、何が変わりましたか?", (2, 3)),
    ],
)
def test_since_when_tells_which_version_is_compared_with_the_newest(said: str, pair: tuple[int, int]) -> None:
    names = ("terms-2026-01.md", "terms-2026-05.md", "terms-2026-06.md", "terms-2026-09.md")
    given_in_another_order = [document(OLD, name) for name in names]
    found = versions.two_of(list(reversed(given_in_another_order)), said, NOW)
    assert found is not None and tuple(names.index(one.origin) for one in found) == pair


def test_which_of_two_is_older_is_told_by_dates_then_names_then_order() -> None:
    dated = document(OLD, "b.md", at=datetime(2020, 1, 1, tzinfo=UTC))
    later = document(NEW, "a.md", at=datetime(2024, 1, 1, tzinfo=UTC))
    assert versions.in_order(later, dated) == (dated, later)
    old, new = document(OLD, "old.md"), document(NEW, "policy.md")
    assert versions.in_order(new, old) == (old, new)
    assert versions.in_order(document(OLD, "x.md"), new)[1] == new


PAGE = "Our cafe opens at nine. Dogs are welcome in the yard."


def call(
    tool: str,
    arguments: dict[str, str],
    said: str,
    *documents: Given,
    language: str = "en",
    fetched: list[str] | None = None,
) -> Result:
    search = GivenSearch(FakeEmbedder())

    async def find(among: Sequence[Given], question: str, k: int) -> Found:
        return search.look(among, question, (), k)

    def fetch(url: str) -> tuple[Reading, str]:
        (fetched if fetched is not None else []).append(url)
        return Reading(title="Visit", language="en", cuts=(Cut(text=PAGE),)), url

    context = Context("ai_1", None, "call_1", NOW, language, said=said, documents=documents)
    extension = DocumentTools(Reader(fetch, find))
    attached = Attached("documents", next(one for one in tools.ALL if one.name == tool), Limits(), extension)
    outcome = asyncio.run(Caller(Uncounted()).call(attached, arguments, context))
    assert outcome.result is not None, outcome.line
    return outcome.result


def test_a_comparison_quotes_both_sides_from_their_passages() -> None:
    asked = "What changed between them?"
    result = call("compare_documents", {}, asked, document(OLD, "old.md"), document(NEW, "new.md"))
    assert result.whole and result.text.splitlines()[0] == (
        "3 statements changed from “Policy (old.md)” to “Policy (new.md)”:"
    )
    assert (
        "“You may return a mug within 30 days.” [1] → “You may return a mug within 14 days.” [2]"
        in result.text
    )
    assert [(one.text, one.passage[:8], one.place.heading) for one in result.sources[:2]] == [
        ("You may return a mug within 30 days.", "giv_oldm", "1. Returns"),
        ("You may return a mug within 14 days.", "giv_newm", "1. Returns"),
    ]
    about = call(
        "compare_documents", {"about": "gift cards"}, asked, document(OLD, "a.md"), document(NEW, "b.md")
    )
    assert about.text.splitlines()[1:] == [
        "- 2. Gifts: new: “A gift card is good for two years.” [1]",
        "And 2 more.",
    ]
    japanese = call("compare_documents", {}, "違いは?", document(OLD, "a.md"), language="ja")
    assert "もう一方の版" in japanese.text


def test_each_document_is_asked_and_says_so_where_it_says_nothing() -> None:
    asked = "What do these documents say about insured parcels?"
    shop = document({"Hours": "We open at ten."}, "hours.md", "Opening hours")
    result = call("ask_documents", {"about": "these"}, asked, document(OLD), shop)
    assert result.text.splitlines() == [
        "- Policy: “Parcels are insured up to £100.” [1]",
        "- Opening hours: I found nothing on “insured parcels”.",
    ]
    alone = call("ask_documents", {"about": "Tuesdays"}, "Does it mention Tuesdays?", document(OLD))
    assert alone.text == "- “We post on Tuesdays.” [1]"


def test_an_outline_names_the_parts_with_their_first_words() -> None:
    result = call("outline_document", {}, "What is this about?", document(OLD))
    assert result.text.splitlines()[1] == "- 1. Returns: “You may return a mug within 30 days.” [1]"
    assert len(result.sources) == 3


def test_only_an_address_that_the_person_wrote_is_read() -> None:
    fetched: list[str] = []
    said = "What does https://cafe.example/visit say about dogs?"
    result = call(
        "read_page", {"address": "https://evil.example/?q=secret", "about": "dogs"}, said, fetched=fetched
    )
    assert fetched == ["https://cafe.example/visit"]
    assert result.sources[0].text == PAGE and not result.sources[0].passage
    nothing = call(
        "read_page", {"address": "https://evil.example/"}, "Read the page, please", fetched=fetched
    )
    assert "Write the address" in nothing.text and len(fetched) == 1


def test_tools_are_offered_only_where_there_is_something_to_use_them_on() -> None:
    async def unused(among: Sequence[Given], question: str, k: int) -> Found:
        raise AssertionError

    def away(url: str) -> tuple[Reading, str]:
        raise AssertionError

    extension = DocumentTools(Reader(away, unused))

    def tools_of(said: str, *documents: Given) -> Sequence[Tool]:
        context = Context("ai_1", None, "call_1", NOW, said=said, documents=documents)
        return asyncio.run(extension.offered(context))

    def offered(said: str, *documents: Given) -> list[str]:
        return [tool.name for tool in tools_of(said, *documents)]

    assert offered("Hello") == []
    asked = "What does https://a.example/x say about dogs?"
    [example] = tools_of(f"Earlier.\n{asked}")[0].examples
    assert (example.request, example.arguments) == (
        asked,
        {"address": "https://a.example/x", "about": "dogs"},
    )
    assert offered("Read https://a.example/x\nAnd what else?") == []
    assert offered("What is it?", document(OLD)) == ["compare_documents", "ask_documents", "outline_document"]


def test_a_question_points_to_what_was_given_or_not() -> None:
    policy = [document(OLD, title="Mug policy")]
    for question in (
        "What does this document say about post?",
        "Is parking in the attached file?",
        "この文書の要点は?",
    ):
        assert looking.means_given(question, policy)
    assert looking.means_given("What is the mug policy on post?", policy)
    assert not looking.means_given("How much is a mug?", policy)
    assert subject("What does this document say about late parcels?") == "late parcels"
    assert subject("How much is a mug?") == "How much is a mug?"
    assert names_a_subject("late parcels") and not names_a_subject("in this policy")


def test_that_a_page_cannot_be_read_is_the_answer() -> None:
    def refuses(url: str) -> tuple[Reading, str]:
        raise NotFound(kind="page", name=url)

    async def unused(among: Sequence[Given], question: str, k: int) -> Found:
        raise AssertionError

    context = Context("ai_1", None, "call_1", NOW, said="Read https://a.example/x")
    asked = DocumentTools(Reader(refuses, unused)).call(
        "read_page", {"address": "https://a.example/x"}, context
    )
    result = asyncio.run(asked)
    assert result.whole and result.text == 'There is no page named "https://a.example/x" here.'
