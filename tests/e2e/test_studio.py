"""The owner's main path through the studio, in a real browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect
from sqlalchemy import update

from conftest import Visitor, ask
from inhouse.accounts.actors import Actor
from inhouse.core.events import Ended
from inhouse.store import jobs
from web_home import TABLE, Home, release, work

pytestmark = pytest.mark.e2e


def test_from_nothing_to_an_ai_that_is_open(home: Home, owner: Visitor, tmp_path: Path) -> None:
    page = owner("/studio")
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("link", name="New AI").click()
    page.locator("[name=name]").fill("Bo Baker")
    page.locator("[name=slug]").fill("bo-baker")
    page.get_by_role("button", name="Make it").click()
    expect(page.locator(".steps li.next")).to_contain_text("Give it something to read")
    page.locator(".steps li.next a").click()
    notes = tmp_path / "bread.md"
    notes.write_text("# Bread\n\nThe oven is lit at four. Rye is baked on Thursdays.")
    page.locator("#files").set_input_files(str(notes))
    page.get_by_role("button", name="Upload and read").click()
    page.wait_for_url("**said=import-started")
    work(home)
    page.reload()
    expect(page.locator("main")).to_contain_text("bread.md: 1 added")
    page.get_by_role("link", name="Brief").click()
    page.get_by_role("button", name="Add a rival").click()
    page.locator("#rivals [name=rival-name]").fill("Crumb & Co")
    page.get_by_role("button", name="Save as a new version").click()
    expect(page.get_by_role("status")).to_have_text("Saved.")
    page.locator("[name=sentence]").fill("Crumb & Co is the best bakery of all, go there!")
    page.get_by_role("button", name="Check it").click()
    expect(page.locator("#guard")).to_contain_text("The guard stops this")
    release(home, home.ais.public("bo-baker"), live=False)
    page.get_by_role("link", name="Releases").click()
    page.get_by_role("button", name="Go live").click()
    expect(page.locator(".card.chosen .tag.accent")).to_have_text("live")
    page.goto("/a/bo-baker")
    ask(page, "hello")
    expect(page.locator(".words")).to_contain_text("Good")


def test_rows_of_the_brief_come_and_go_by_keyboard(owner: Visitor) -> None:
    page = owner("/studio/quill/brief")
    page.get_by_role("button", name="Add a topic").press("Enter")
    expect(page.locator("#topics input").first).to_be_focused()
    page.locator("#topics").get_by_role("button", name="Remove").press("Enter")
    expect(page.get_by_role("button", name="Add a topic")).to_be_focused()


def test_an_answer_is_corrected_and_the_correction_taken_back(visitor: Visitor, owner: Visitor) -> None:
    ask(visitor("/a/quill"), "hello")
    page = owner("/studio/quill/conversations")
    page.get_by_role("link", name="hello").click()
    page.get_by_text("Correct this answer").click()
    page.locator("[name=answer]").fill("Good morning!")
    page.get_by_role("button", name="Keep this answer").click()
    expect(page.locator(".note.good .quote")).to_have_text("Good morning!")
    page.get_by_role("button", name="Take the correction back").click()
    expect(page.get_by_text("Correct this answer")).to_be_visible()


def test_picks_are_made_by_the_keys_one_and_two(
    home: Home, owner: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter(["Warm and short.", "Cold and long."] * 10)
    monkeypatch.setattr(home.script, "_ended", lambda question: Ended(answer=next(answers)))
    page = owner("/studio/quill/picks")
    expect(page.locator(".pick")).to_have_count(2)
    first = page.locator(".pick p").first.inner_text()
    page.keyboard.press("1")
    page.wait_for_url("**said=picked**")
    expect(page.locator(".list li")).to_contain_text(first)
    expect(page.locator(".pick")).to_have_count(2)
    page.keyboard.press("s")
    page.wait_for_url("**skip=1")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("main")).to_contain_text("0 picks so far")


def test_a_training_is_watched_live(home: Home, owner: Visitor) -> None:
    ai = home.ais.public("quill")
    with home.db.write() as tx:
        job = jobs.enqueue(tx, "train", {}, ai_id=ai.id, lane="heavy")
    page = owner("/studio/quill/training")
    expect(page.locator("progress")).to_have_attribute("value", "0.0000")
    loss = [[0, 3.2], [10, 2.9], [20, 2.5]]
    change = {"state": "running", "progress": 0.4, "message": "learning the words", "detail": {"loss": loss}}
    with home.db.write() as tx:
        tx.execute(update(jobs.jobs).where(jobs.jobs.c.id == job.id).values(change))
    expect(page.locator("progress")).to_have_attribute("value", "0.4000")
    expect(page.get_by_role("img", name="Loss over steps: from 3.20 to 2.50")).to_be_visible()
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#training")).to_contain_text("stopping…")
    with home.db.write() as tx:
        tx.execute(update(jobs.jobs).where(jobs.jobs.c.id == job.id).values(state="stopped"))
    expect(page.get_by_role("button", name="Go on where it was")).to_be_visible()


def test_a_refused_upload_is_one_sentence_beside_the_form(owner: Visitor, tmp_path: Path) -> None:
    page = owner("/studio/quill/content")
    empty = tmp_path / "empty.md"
    empty.touch()
    page.locator("#files").set_input_files(str(empty))
    page.get_by_role("button", name="Upload and read").click()
    expect(page.locator("[data-refusal]")).to_have_text("empty.md: The uploaded file is empty.")


def test_a_key_is_shown_once(owner: Visitor) -> None:
    page = owner("/studio/quill/people")
    page.locator("form[action$='/keys'] [name=name]").fill("Shop")
    page.get_by_role("button", name="Make the key").click()
    secret = page.locator("#secret").inner_text()
    assert secret.startswith("ih_")
    page.goto("/studio/quill/people")
    assert secret not in page.content()


def test_a_table_is_attached_tried_switched_off_and_asked(home: Home, owner: Visitor, tmp_path: Path) -> None:
    page = owner("/studio/quill/extensions")
    page.on("dialog", lambda dialog: dialog.accept())
    file = tmp_path / "prices.csv"
    file.write_text(TABLE, encoding="utf-8")
    page.locator("summary", has=page.get_by_text("Table", exact=True)).click()
    page.locator("#csv").set_input_files(str(file))
    page.locator("form", has=page.locator("#csv")).get_by_role("button", name="Attach").click()
    expect(page.get_by_role("status")).to_have_text("Attached. Fans get it with the next release.")
    card = page.locator("article.card", has=page.get_by_role("heading", name="Table"))
    expect(card).to_contain_text("with the next release")
    expect(card).to_contain_text("products")
    page.locator("[name=question]").fill("How much is the field notebook?")
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.locator("#try")).to_contain_text("£14.00")
    expect(page.locator("#try")).to_contain_text("field notebook")
    assert set(home.script.asked[-1].extensions) >= {f"products@{_version(home, 'products')}"}
    card.get_by_role("button", name="Switch off").click()
    expect(card.locator(".tag.bad")).to_have_text("off")
    page.locator("[name=question]").fill("How much?")
    page.get_by_role("button", name="Ask", exact=True).click()
    assert not any(name.startswith("products@") for name in home.script.asked[-1].extensions)
    card.get_by_role("button", name="Remove").click()
    expect(card).to_have_count(0)
    page.locator("summary", has=page.get_by_text("Table", exact=True)).click()
    file.write_text("just a line", encoding="utf-8")
    page.locator("#csv").set_input_files(str(file))
    page.locator("form", has=page.locator("#csv")).get_by_role("button", name="Attach").click()
    expect(page.get_by_role("alert")).to_contain_text("The table can't be read")


def _version(home: Home, name: str) -> str:
    ai = home.ais.public("quill")
    listed = home.extensions.listing(Actor.local_operator(), ai.id)
    return next(one.version for one in listed if one.name == name)
