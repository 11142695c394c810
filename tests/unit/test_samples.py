"""The sample shop: its files are read by the real parts, agree with each other, and keep the shop's own rules."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from inhouse import core
from inhouse.brief.file import load
from inhouse.brief.rules import compile_rules
from inhouse.content.files import FolderFiles, Limits
from inhouse.content.importers import factory
from inhouse.content.importers.base import Options, Outcome, Skipped
from inhouse.content.sentences import sentences
from inhouse.content.values import Item
from inhouse.releases.cases import Expect
from inhouse.runtime.guard.guard import Guard

SHOP = Path(core.__file__).parents[1] / "samples" / "kilnfold"
CONTENT = ("posts", "ja", "faq.jsonl", "products.md")
#: What is written as if it were today.
TODAY = datetime(2026, 11, 23, tzinfo=UTC)


def outcomes(name: str) -> list[Outcome]:
    files = FolderFiles(SHOP / name, Limits())
    return [o for unit in factory.plan(files).units for o in factory.read(files, unit, Options())]


def items(*names: str) -> list[Item]:
    return [one for name in names for one in outcomes(name) if isinstance(one, Item)]


def text_of(item: Item) -> str:
    return "\n".join(section.text for section in item.sections)


def rows(name: str) -> list[dict[str, str]]:
    return [json.loads(line) for line in (SHOP / name).read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def guard() -> Guard:
    return Guard(compile_rules(load((SHOP / "brief.yaml").read_text(encoding="utf-8"))))


@pytest.mark.parametrize(
    ("name", "number"), [("posts", 82), ("ja", 10), ("faq.jsonl", 33), ("products.md", 1)]
)
def test_everything_is_imported_and_nothing_skipped(name: str, number: int) -> None:
    read = outcomes(name)
    assert [one for one in read if isinstance(one, Skipped)] == []
    assert len(read) == number


def test_what_is_not_content_is_not_imported_with_the_whole_folder() -> None:
    keys = {item.key.split("#")[0].split("/")[0] for item in items(".")}
    assert keys == set(CONTENT)


def test_every_document_has_a_date_an_address_of_its_own_and_its_language() -> None:
    found = items(*CONTENT)
    assert all(item.published_at is not None and item.published_at < TODAY for item in found)
    assert len({item.url for item in found}) == len(found)
    assert {item.language for item in items("ja")} == {"ja"}
    assert {item.language for item in items("posts", "faq.jsonl", "products.md")} == {"en"}


def test_posts_are_short_and_their_file_names_say_their_dates() -> None:
    for item in items("posts"):
        assert 50 <= len(text_of(item).split()) <= 140, item.key
        assert item.published_at is not None
        assert item.key.startswith(item.published_at.strftime("%Y-%m-%d")), item.key


def test_the_brief_is_whole() -> None:
    brief = load((SHOP / "brief.yaml").read_text(encoding="utf-8"))
    assert (len(brief.products), len(brief.rivals)) == (12, 3)
    voice = brief.voice
    for lines in (voice.greeting, voice.thanks, voice.small_talk, voice.farewell):
        assert len(lines.en) >= 3
        assert len(lines.ja) >= 2


def test_nothing_that_the_shop_says_breaks_its_own_rules(guard: Guard) -> None:
    brief = load((SHOP / "brief.yaml").read_text(encoding="utf-8"))
    voice = brief.voice
    said = [text for item in items(*CONTENT) for text in sentences(text_of(item))]
    said += [row["reply"] for row in rows("voice.jsonl")] + [row["chosen"] for row in rows("picks.jsonl")]
    said += [*voice.samples, *brief.facts]
    for lines in (voice.greeting, voice.thanks, voice.small_talk, voice.farewell):
        said += [*lines.en, *lines.ja]
    for wording in (
        brief.disclosure,
        brief.abstain,
        brief.hand_over,
        *(topic.instead for topic in brief.avoid),
    ):
        said += [brief.fill(wording.en, "en"), brief.fill(wording.ja, "ja")]
    assert [(text, found) for text in said if (found := guard.check(text)) is not None] == []


def test_chat_lines_are_short_hold_no_figures_and_do_not_repeat() -> None:
    pairs = [(row["message"], row["reply"]) for row in rows("voice.jsonl")]
    pairs += [(row["prompt"], row["chosen"]) for row in rows("picks.jsonl")]
    assert len({message for message, _ in pairs}) == len(pairs)
    assert len({reply for _, reply in pairs}) == len(pairs)
    for _, reply in pairs:
        assert len(reply) <= 160, reply
        assert not re.search(r"\d|://|@", reply), reply
    begins = Counter(" ".join(reply.split()[:3]) for _, reply in pairs)
    assert begins.most_common(1)[0][1] <= 3


def test_what_a_pick_rejects_is_longer_than_what_it_chooses() -> None:
    assert all(len(row["rejected"]) > len(row["chosen"]) for row in rows("picks.jsonl"))


def test_cases_are_such_as_the_gate_reads() -> None:
    cases = yaml.safe_load((SHOP / "cases.yaml").read_text(encoding="utf-8"))
    assert 15 <= len(cases) <= 20
    for case in cases:
        assert set(case) == {"name", "questions", "expect"}
        assert 1 <= len(case["questions"]) <= 8
        assert Expect.model_validate(case["expect"]) != Expect()


def test_prices_agree_everywhere_but_where_the_readme_says() -> None:
    """Each pot's price stands in one sentence with its name; older prices are those that are listed."""
    page = "\n".join(text_of(item) for item in items("products.md"))
    prices = dict(re.findall(r"The (\w[\w ]+?) (?:is [\w ]+\. It )?costs £(\d+)", page))
    assert prices["Fold Mug"] == "32"
    older = {"Fold Mug": {"26", "28"}}
    for item in items("posts", "faq.jsonl"):
        for name, price in re.findall(
            r"The (Fold Mug|Thimble|Askew Teapot|Stalk Vase) costs £(\d+)", text_of(item)
        ):
            assert price == prices.get(name, price) or price in older.get(name, set()), item.key
    notes = {
        product.name: product.note for product in load((SHOP / "brief.yaml").read_text("utf-8")).products
    }
    assert all(f"£{price}" in notes[name] for name, price in prices.items() if name in notes)


@pytest.mark.parametrize(
    ("fact", "newest"),
    [
        (r"Fold Mug costs £(\d+)", "32"),
        (r"[Pp]ostage in the UK is £([\d.]+\d)|[Pp]ostage in the UK is £(\d)", "6"),
        (r"First Pot costs £(\d+)", "72"),
        (r"takes? about (\w+) weeks", "fourteen"),
        (r"vouchers are now valid for (\d+) months", "24"),
    ],
)
def test_the_newest_note_holds(fact: str, newest: str) -> None:
    dated = sorted(
        (i.published_at, m) for i in items("posts") if i.published_at for m in re.findall(fact, text_of(i))
    )
    last = dated[-1][1]
    assert newest in (last if isinstance(last, tuple) else (last,))
