"""The small parts of the pages."""

from __future__ import annotations

import re

import pytest

from inhouse.core.errors import TooMany
from inhouse.core.passages import Citation, Credit, Place
from inhouse.web import answers, calls, catalogue, i18n
from inhouse.web.charts import loss_picture
from inhouse.web.citations import address, place_words, source_of
from inhouse.web.highlight import highlighted
from inhouse.web.limits import RateLimit
from inhouse.web.plans import plan_of
from inhouse.web.told import tell
from inhouse.web.visit import local_path


def test_an_answer_is_text_with_paragraphs_lists_and_known_sources() -> None:
    html = answers.markup("<b>Hi</b> [1] [7]\nthere\n- one\n- two\n\nend", "turn_1", {1})
    assert html == (
        '<p>&lt;b&gt;Hi&lt;/b&gt; <a class="chip" href="#turn_1-1">1</a> [7]<br>there</p>'
        "<ul><li>one</li><li>two</li></ul><p>end</p>"
    )


def test_a_table_in_an_answer_is_one_and_text_in_it_stays_text() -> None:
    text = "So:\n|  | Price |\n| --- | --- |\n| <i>Mug</i> | £24 [1] |\n| Bowl | a / b |\n\n| no table |"
    html = answers.markup(text, "turn_1", {1})
    assert html == (
        '<p>So:</p><div class="answer-table" tabindex="0"><table class="table"><thead><tr><td></td><th scope="col">Price</th></tr></thead>'
        '<tbody><tr><th scope="row">&lt;i&gt;Mug&lt;/i&gt;</th><td>£24 <a class="chip" href="#turn_1-1">1</a></td></tr>'
        '<tr><th scope="row">Bowl</th><td>a / b</td></tr></tbody></table></div><p>| no table |</p>'
    )


def test_a_plan_is_told_in_the_readers_language() -> None:
    tasks = [
        {"number": 1, "text": "How much?", "state": "missing", "line": ""},
        {"number": 2, "text": "①", "state": "new"},
    ]
    assert plan_of(tasks, "en") == [
        {"text": "How much?", "state": "missing", "word": "not found"},
        {"text": "①", "state": "new", "word": ""},
    ]
    assert plan_of(tasks, "ja")[0]["word"] not in ("", "not found")


def test_the_quote_is_marked_and_all_is_escaped() -> None:
    assert highlighted("a <i> b c", "b") == 'a &lt;i&gt; <mark id="quote">b</mark> c'
    assert highlighted("whole", "elsewhere") == '<mark id="quote">whole</mark>'


@pytest.mark.parametrize(
    ("url", "place", "expected"),
    [
        ("https://shop.example/a", Place(), "https://shop.example/a#:~:text=Ink%20dries%2C%20soft%2Dly"),
        ("https://shop.example/a#b", Place(), "https://shop.example/a#b:~:text=Ink%20dries%2C%20soft%2Dly"),
        ("https://youtu.be/x?t=3", Place(second=61.4), "https://youtu.be/x?t=61s"),
        ("https://shop.example/a.pdf", Place(page=4), "https://shop.example/a.pdf#page=4"),
        ("javascript:alert(1)", Place(), None),
        (None, Place(), None),
    ],
)
def test_a_citation_opens_at_its_place(url: str | None, place: Place, expected: str | None) -> None:
    citation = Citation(
        number=1, passage_id="p", document="d", url=url, place=place, quote="Ink dries, soft-ly"
    )
    assert address(citation) == expected


def test_a_paper_is_cited_with_who_wrote_it_and_shown_on_our_own_page() -> None:
    citation = Citation(
        number=1,
        passage_id="psg_1",
        document="Cooling",
        url="https://doi.org/10.1000/7",
        place=Place(page=3, heading="Results"),
        quote="Fewer crazed.",
        credit=Credit(authors=("Aiko Mori", "Bo Tan", "Cy Ray"), journal="Glazing", year=2019),
    )
    source = source_of(citation, "kiln", "turn_1", "en")
    assert (source["credit"], source["place"]) == ("Aiko Mori et al., Glazing, 2019", "Results · page 3")
    assert (source["href"], source["away"]) == ("/a/kiln/source/psg_1?turn=turn_1", False)
    assert place_words(citation.place, "ja") == "Results · 3ページ"
    assert Credit(authors=("Aiko Mori", "Bo Tan")).line == "Aiko Mori & Bo Tan"


def test_a_rate_is_refilled_steadily_and_per_name() -> None:
    now = [0.0]
    rate = RateLimit(2, lambda: now[0])
    assert [rate.take("a").remaining, rate.take("a").remaining] == [1, 0]
    with pytest.raises(TooMany, match="30 seconds"):
        rate.take("a")
    rate.take("b")
    now[0] = 31
    assert rate.take("a").remaining == 0
    with pytest.raises(TooMany, match="59 seconds"):
        rate.take("a", 2)
    now[0] = 91
    assert rate.take("a", 2).remaining == 0
    with pytest.raises(TooMany):
        rate.take("c", 3)


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("ja", "ja"),
        ("fr, ja;q=0.3, en;q=0.2", "ja"),
        ("en-GB,ja;q=0.9", "en"),
        ("ja;q=x,de", "en"),
    ],
)
def test_the_browsers_language_is_followed(header: str, language: str) -> None:
    assert i18n.preferred(header) == language


@pytest.mark.parametrize("path", ["//x", "/\\x", "http://x", "x", "", "/a\nb"])
def test_only_our_own_paths_are_gone_to(path: str) -> None:
    assert local_path(path) == "/studio"


def test_the_picture_of_the_loss_stays_in_its_frame() -> None:
    assert loss_picture([(0, 3.0)]) is None
    picture = loss_picture([(0, 3.0), (50, 2.0), (100, 1.5)])
    assert picture is not None
    numbers = [float(number) for number in re.findall(r"[\d.]+", picture.path)]
    assert all(0 <= x <= picture.width for x in numbers[::2])
    assert all(0 <= y <= picture.height for y in numbers[1::2])
    assert (picture.first, picture.last) == (3.0, 1.5)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("32 of 80 passages", "80件中32件のパッセージ"),
        ('rivals: added "open"', "競合: 「open」を追加"),  # what an owner wrote is never translated
        ("limits, max answer chars: 1200 → 600", "制限, 回答の最大文字数: 1200 → 600"),
        ('There is no AI named "x" here.', None),
        ("whatever nobody wrote down", "whatever nobody wrote down"),
    ],
)
def test_sentences_with_figures_are_told_in_japanese(said: str, told: str | None) -> None:
    assert tell("en", said) == said
    assert tell("ja", said) == told if told else tell("ja", said) != said


def test_every_message_has_a_japanese_translation() -> None:
    assert catalogue.missing("ja") == [], (
        "run `python -m inhouse.web.catalogue`, then translate what it prints"
    )


@pytest.mark.parametrize("language", ["en", "ja"])
def test_no_translation_is_stale(language: str) -> None:
    assert catalogue.stale(language) == [], "run `python -m inhouse.web.catalogue`"


def test_translations_keep_their_placeholders() -> None:
    for message in catalogue.read("ja"):
        if not message.id:
            continue
        ids = message.id if isinstance(message.id, tuple) else (message.id,)
        said = message.string if isinstance(message.string, tuple) else (message.string,)
        for words in said:
            assert _holes(str(words)) <= set().union(*(_holes(i) for i in ids)), message.id


def _holes(text: str) -> set[str]:
    return set(re.findall(r"%\(\w+\)s|\{\w+\}", text))


def test_a_tools_call_is_told_in_a_line() -> None:
    call = {
        "title": "Look up products",
        "arguments": {"words": "mug", "where": [{"is": "<", "value": 40}], "sort": None},
    }
    assert calls.words(calls.call_of(call)) == "Look up products: mug, <, 40"
    assert calls.words(calls.call_of({"title": "Clock"})) == "Clock"
    assert len(calls.words(calls.call_of({"title": "x", "arguments": {"a": "y" * 5000}}))) < 200
