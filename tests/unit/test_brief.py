"""The brief as a value, as a file, as versions and as rules."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from pydantic import ValidationError
from sqlalchemy import select

from inhouse.accounts.actors import Actor, Scope
from inhouse.accounts.tables import ais, audit, teams
from inhouse.brief import file
from inhouse.brief.brief import Brief, Limits, Product, Rival, Topic, Voice
from inhouse.brief.briefs import BriefChanged, Briefs
from inhouse.brief.differences import differences
from inhouse.brief.rules import compile_rules
from inhouse.core import clock
from inhouse.core.errors import NotAllowed, NotFound, TooLarge
from inhouse.store.database import Database

BRIEF = Brief(
    name="Kiln & Co",
    voice=Voice(description="Plain and warm.", samples=("Clay forgives.",)),
    products=(Product(name="Moon mug", aliases=("Luna",), url="https://kiln.example/moon"),),
    rivals=(Rival(name="Acme Pottery", aliases=("Acme",), domains=("ACME.example",), scripts=("アクメ",)),),
    avoid=(Topic(name="politics", terms=("election",)),),
    limits=Limits(max_answer_chars=400, no=("medical",)),
)


def test_a_fresh_brief_is_warm_in_both_languages() -> None:
    brief = Brief()
    for language in ("en", "ja"):
        assert brief.voice.greeting.of(language)
        assert "AI" in brief.say(brief.disclosure, language)
        assert "{name}" not in brief.say(brief.disclosure, language)
    assert brief.say(brief.abstain, "fr") == brief.abstain.en


@pytest.mark.parametrize(
    "wrong",
    [
        {"rivals": [{"name": "Acme", "domains": ["https://acme.example/x"]}]},
        {"rivals": [{"name": "A"}]},
        {"products": [{"name": "Moon", "url": "javascript:alert(1)"}]},
        {"limits": {"max_answer_chars": 10**6}},
        {"facts": ["x"] * 201},
        {"voice": {"description": "x" * 2001}},
        {"colour": "red"},
        {"name": "Acme", "rivals": [{"name": "ACME"}]},
    ],
)
def test_what_makes_no_sense_or_is_too_much_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Brief.model_validate(wrong)


def test_a_file_gives_back_the_brief_that_made_it() -> None:
    assert file.load(file.dump(BRIEF)) == BRIEF
    assert file.load(file.dump(Brief())) == Brief() == file.load("")


def test_markdown_describes_the_voice_below_its_front_matter() -> None:
    brief = file.load("---\nname: Kiln\n---\nWe speak *plainly*.\n")
    assert (brief.name, brief.voice.description) == ("Kiln", "We speak *plainly*.")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name: Kiln\nrivals:\n  - name: Acme\n  - name: B\n", "Line 4, rivals.2.name"),
        ("name: Kiln\ncolour: red\n", "Line 2, colour"),
        (
            "---\nname: Kiln\nlimits:\n  max_answer_chars: lots\n---\nVoice.",
            "Line 4, limits.max_answer_chars",
        ),
        ("name: [unclosed\n", "Line 2"),
        ("- a\n- b\n", "write fields"),
        ("facts: &a [x]\nvoice: *a\n", "Line 2"),
        ("---\nvoice:\n  description: Warm.\n---\nCold.", "not in both"),
        ("name: !!python/object/apply:os.system [ls]\n", "Line 1"),
    ],
)
def test_what_is_wrong_in_a_file_is_named_by_line_and_field(text: str, words: str) -> None:
    with pytest.raises(file.BadBrief) as caught:
        file.load(text)
    assert words in caught.value.message


def test_no_is_a_word_and_not_a_truth_value() -> None:
    brief = file.load("name: no\nlimits:\n  no: [prices]\n")
    assert (brief.name, brief.limits.no) == ("no", ("prices",))
    assert file.load(file.dump(brief)) == brief


def test_an_oversized_file_is_refused() -> None:
    with pytest.raises(TooLarge):
        file.load("#" * (file.MOST_CHARS + 1))


def test_changes_are_told_in_words() -> None:
    changed = BRIEF.model_copy(update={"limits": Limits(max_answer_chars=600), "rivals": ()})
    assert differences(BRIEF, changed) == [
        'rivals: removed "Acme Pottery"',
        "limits, max answer chars: 400 → 600",
        'limits, no: removed "medical"',
    ]


def test_rules_hold_all_names_and_derive_the_bare_one() -> None:
    rules = compile_rules(
        Brief(name="Kiln", rivals=(Rival(name="Mudlark Studio", domains=("mudlarks.example",)),))
    )
    assert rules.rivals[0].names == ("Mudlark Studio", "mudlarks.example")
    assert rules.rivals[0].hints == ("Mudlark", "mudlarks")
    assert rules.own == ("Kiln",)


@dataclass(frozen=True)
class Place:
    briefs: Briefs
    operator: Actor
    ai_id: str


@pytest.fixture
def place(db: Database) -> Place:
    with db.write() as tx:
        tx.execute(teams.insert().values(id="team_1", name="Kiln", created_at=clock.now()))
        tx.execute(
            ais.insert().values(
                id="ai_1", team_id="team_1", slug="kiln", name="Kiln", kind="business", languages=["en"],
                is_open=False, created_at=clock.now(),
            )
        )  # fmt: skip
    return Place(Briefs(db), Actor.local_operator(), "ai_1")


def test_versions_begin_at_nothing_and_grow(place: Place, db: Database) -> None:
    assert place.briefs.current(place.operator, "ai_1").brief == Brief()
    saved = place.briefs.save(place.operator, "ai_1", BRIEF, 0)
    assert saved.number == 1
    assert place.briefs.current(place.operator, "ai_1") == saved
    assert place.briefs.get(place.operator, "ai_1", 0).brief == Brief()
    history = place.briefs.history(place.operator, "ai_1")
    assert [change.number for change in history] == [1]
    assert 'rivals: added "Acme Pottery"' in history[0].changes
    with db.read() as tx:
        assert tx.execute(select(audit.c.action)).scalars().all() == ["saved brief"]


def test_saving_the_same_again_makes_no_version(place: Place) -> None:
    place.briefs.save(place.operator, "ai_1", BRIEF, 0)
    assert place.briefs.save(place.operator, "ai_1", BRIEF, 1).number == 1


def test_saving_on_top_of_an_older_version_is_refused(place: Place) -> None:
    place.briefs.save(place.operator, "ai_1", BRIEF, 0)
    with pytest.raises(BriefChanged) as caught:
        place.briefs.save(place.operator, "ai_1", Brief(name="Mine"), 0)
    assert "version 1" in caught.value.message


def test_who_may_only_look_may_not_save_and_strangers_see_nothing(place: Place) -> None:
    viewer = Actor(kind="key", name="a key", key_id="key_1", ai_id="ai_1", scopes=frozenset({Scope.VIEW}))
    stranger = Actor(kind="key", name="a key", key_id="key_2", ai_id="ai_2", scopes=frozenset({Scope.MANAGE}))
    assert place.briefs.current(viewer, "ai_1").number == 0
    with pytest.raises(NotAllowed):
        place.briefs.save(viewer, "ai_1", BRIEF, 0)
    with pytest.raises(NotFound):
        place.briefs.current(stranger, "ai_1")


def test_a_version_that_is_not_there_is_named(place: Place) -> None:
    with pytest.raises(NotFound):
        place.briefs.get(place.operator, "ai_1", 7)


def test_erasing_removes_one_ais_versions(place: Place, db: Database) -> None:
    place.briefs.save(place.operator, "ai_1", BRIEF, 0)
    with db.write() as tx:
        assert place.briefs.erase(tx, "ai_2") == 0
        assert place.briefs.erase(tx, "ai_1") == 1
    with db.read() as tx:
        assert place.briefs.current_version(tx, "ai_1") == 0
