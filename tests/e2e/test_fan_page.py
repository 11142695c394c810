"""A fan's whole visit, in a real browser."""

from __future__ import annotations

import re
import threading

import pytest
from playwright.sync_api import expect

from conftest import Visitor, ask
from inhouse.accounts.actors import Actor
from inhouse.runtime.extensions.base import Result
from web_home import SHIPS, Home, attach_bookings, perform

pytestmark = pytest.mark.e2e
POLICY = "# Returns\n\nYou may return a mug within 30 days.\n"


def test_an_answer_streams_with_its_steps_and_its_sources_open_at_their_place(visitor: Visitor) -> None:
    page = visitor("/a/quill")
    page.locator("#question").fill("Do you ship to Japan?")
    page.keyboard.press("Enter")
    expect(page.locator(".turn .step")).to_have_text("Searching…")
    expect(page.locator(".words.streaming")).to_contain_text("Yes, we ship")
    expect(page.locator(".words li")).to_have_text(["Europe: 3 days", "Japan: 9 days"])
    page.locator(".words .chip", has_text="1").click()
    assert page.url.endswith("-1")
    away = page.locator(".sources a").first.get_attribute("href")
    assert away == "https://shop.example/shipping#:~:text=We%20ship%20worldwide%2C%20Japan%20included."
    page.locator(".sources a").nth(1).click()
    expect(page.locator("mark")).to_have_text("Parcels leave the workshop on Tuesdays and Fridays.")
    expect(page.locator("h1")).to_have_text("A day in the workshop")


def test_what_the_model_says_stays_text(visitor: Visitor) -> None:
    page = visitor("/a/quill")
    ask(page, "hello")
    expect(page.locator(".words")).to_have_text("Hello! <b>Good</b> to see you.")
    page.reload()
    expect(page.locator(".words")).to_have_text("Hello! <b>Good</b> to see you.")
    assert page.locator(".words b").count() == 0


def test_escape_stops_the_answer_and_it_can_be_asked_again(home: Home, visitor: Visitor) -> None:
    page = visitor("/a/quill")
    page.locator("#question").fill("slow please")
    page.keyboard.press("Enter")
    expect(page.locator(".words")).to_contain_text("Yes,")
    page.keyboard.press("Escape")
    expect(page.locator(".turn .note")).to_contain_text("Stopped.")
    assert page.locator(".words").inner_text() != SHIPS
    home.script.pause = 0.001
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".words li")).to_have_count(2)
    assert page.locator(".turn").count() == 1


def test_a_reload_in_the_middle_goes_on_with_the_same_answer(visitor: Visitor) -> None:
    page = visitor("/a/quill")
    page.locator("#question").fill("slow please")
    page.keyboard.press("Enter")
    expect(page.locator(".words")).to_contain_text("Yes,")
    page.reload()
    expect(page.locator(".words li")).to_have_count(2, timeout=15_000)
    assert page.locator(".turn").count() == 1


def test_a_broken_line_is_taken_up_again(visitor: Visitor) -> None:
    page = visitor("/a/quill")
    page.locator("#question").fill("slow please")
    page.keyboard.press("Enter")
    expect(page.locator(".words")).to_contain_text("Yes,")
    page.context.set_offline(True)
    page.wait_for_timeout(300)
    page.context.set_offline(False)
    expect(page.locator(".words li")).to_have_count(2, timeout=15_000)


def test_trouble_is_one_clear_sentence(visitor: Visitor) -> None:
    page = visitor("/a/quill")
    ask(page, "please break")
    expect(page.locator(".turn .note")).to_have_text("The engine is busy. Try again in a moment.")
    expect(page.get_by_role("button", name="Try again")).to_be_visible()


def test_a_thumb_is_kept_and_taken_back(visitor: Visitor) -> None:
    page = visitor("/a/quill")
    ask(page, "hello")
    up = page.get_by_role("button", name="Good answer")
    up.click()
    expect(up).to_have_attribute("aria-pressed", "true")
    page.reload()
    expect(up).to_have_attribute("aria-pressed", "true")
    up.click()
    expect(up).to_have_attribute("aria-pressed", "false")


def test_a_person_is_asked_and_the_reply_stands_in_the_thread(visitor: Visitor, owner: Visitor) -> None:
    fan = visitor("/a/quill")
    ask(fan, "unknown")
    fan.get_by_role("link", name="Pass my question on to a person").click()
    fan.locator("#person [name=note]").fill("Can I visit the workshop?")
    fan.get_by_role("button", name="Pass it on").click()
    expect(fan.get_by_role("status").first).to_contain_text("Passed on.")
    team = owner("/studio/quill/handovers")
    team.get_by_role("link", name="Can I visit the workshop?").click()
    team.locator("[name=text]").fill("Yes, on Saturdays!")
    team.get_by_role("button", name="Send").click()
    expect(team.locator(".said.person")).to_contain_text("Yes, on Saturdays!")
    fan.reload()
    expect(fan.locator(".said.person .words")).to_have_text("Yes, on Saturdays!")


def test_a_fan_sees_and_erases_their_data(visitor: Visitor) -> None:
    page = visitor("/a/quill")
    ask(page, "hello")
    page.get_by_role("link", name="See and erase my data").click()
    expect(page.locator(".facts")).to_contain_text("Conversations")
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Erase my data").click()
    expect(page.locator("h1")).to_have_text("Your data is erased")
    page.goto("/a/quill/data")
    expect(page.locator("main")).to_contain_text("Nothing is kept about you.")


def test_a_fan_agrees_to_share_and_takes_it_back(home: Home, visitor: Visitor, owner: Visitor) -> None:
    page = visitor("/a/quill")
    ask(page, "hello")
    page.goto("/a/quill/data")
    expect(page.locator("#share")).to_have_count(0)
    studio = owner("/studio/quill/settings")
    studio.locator("#share").get_by_role("button", name="I agree").click()
    expect(studio.locator("#share .tag")).to_have_text("on")
    page.goto("/a/quill")
    assert "shared" not in page.locator("body").inner_text(), "nobody is nagged in the conversation"
    page.goto("/a/quill/data")
    share = page.locator("#share")
    expect(share.locator(".tag")).to_have_text("off")
    expect(share).to_contain_text("Nothing here changes if you don't.")
    share.get_by_role("button", name="I agree").focus()
    page.keyboard.press("Enter")
    expect(share.locator(".tag")).to_have_text("on")
    share.get_by_role("button", name="Switch off").click()
    expect(share.locator(".tag")).to_have_text("off")
    expect(share.get_by_role("status")).to_contain_text("Nothing had been put into a data set.")


def test_two_fans_never_see_each_other(visitor: Visitor) -> None:
    first, second = visitor("/a/quill"), visitor("/a/quill")
    ask(first, "Do you ship to Japan?")
    conversation = re.search(r"c=(\w+)", first.url)
    assert conversation
    source = first.locator(".sources a").nth(1).get_attribute("href")
    ask(second, "hello")
    for path in (f"/a/quill?c={conversation[1]}", source):
        reply = second.goto(str(path))
        assert reply is not None and reply.status == 404


def test_the_keyboard_alone_is_enough(visitor: Visitor) -> None:
    page = visitor("/a/quill")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Escape")
    page.locator("body").click(position={"x": 5, "y": 300})
    page.keyboard.press("/")
    expect(page.locator("#question")).to_be_focused()
    page.keyboard.type("two")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("lines")
    expect(page.locator("#question")).to_have_value("two\nlines")
    page.keyboard.press("Enter")
    expect(page.locator(".asked")).to_have_text("two\nlines", use_inner_text=True)
    expect(page.locator("#question")).to_be_focused()


def test_a_question_to_begin_with_is_asked_by_one_press(visitor: Visitor) -> None:
    page = visitor("/a/quill")
    page.get_by_role("button", name="Do you ship to Japan?").click()
    expect(page.locator(".words li")).to_have_count(2)


def test_without_a_script_the_answer_is_a_page(visitor: Visitor) -> None:
    page = visitor("/a/quill", java_script_enabled=False)
    page.locator("#question").fill("Do you ship to Japan?")
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".words li")).to_have_text(["Europe: 3 days", "Japan: 9 days"])
    page.get_by_role("button", name="Good answer").click()
    expect(page.get_by_role("button", name="Good answer")).to_have_attribute("aria-pressed", "true")


def test_the_language_follows_the_browser_until_one_is_chosen(visitor: Visitor) -> None:
    page = visitor("/a/quill", locale="ja-JP")
    expect(page.locator("html")).to_have_attribute("lang", "ja")
    page.get_by_role("button", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    page.reload()
    expect(page.locator("#question")).to_have_attribute("placeholder", "Ask Mara Quill…")


def test_a_plan_is_ticked_off_while_it_is_worked_on_and_its_table_is_one(visitor: Visitor) -> None:
    page = visitor("/a/quill")
    page.locator("#question").fill("Compare what the makers say about glazing in a table.")
    page.keyboard.press("Enter")
    tasks = page.locator(".plan li")
    expect(tasks).to_have_count(3)
    expect(tasks.first).to_have_attribute("data-state", "working")
    expect(page.locator(".answer-table tbody tr")).to_have_count(2)
    expect(page.locator(".answer-table th[scope=row]").first).to_have_text("Calder Clay")
    for _ in ("streamed", "drawn by the server"):
        expect(tasks.first).to_be_hidden()
        page.locator(".plan summary").focus()
        page.keyboard.press("Enter")
        expect(tasks.nth(1)).to_have_text("What does Lowick Kilns say about glazing? (not found)")
        expect(tasks.nth(1)).to_have_attribute("data-state", "missing")
        expect(page.locator(".plan summary")).to_have_text("Plan 2/3")
        page.reload()


def test_a_tool_is_shown_while_it_is_asked_and_after(visitor: Visitor) -> None:
    page = visitor("/a/quill")
    page.locator("#question").fill("How much is it?")
    page.keyboard.press("Enter")
    expect(page.locator(".step")).to_have_text("Look up products: field notebook…")
    page.locator(".turn .words:not(.streaming)").wait_for(state="attached")
    expect(page.locator(".calls li")).to_have_text("Look up products: field notebook")
    page.locator(".sources a").click()
    expect(page.locator(".source-text")).to_have_text("Field notebook: price £14.00; pages 96")
    page.go_back()
    expect(page.locator(".calls li")).to_contain_text("field notebook")


def test_a_fan_agrees_by_keyboard_to_what_is_shown_and_sees_what_came_of_it(
    home: Home, visitor: Visitor
) -> None:
    attach_bookings(home, home.ais.public("quill"))
    page = visitor("/a/quill")
    page.locator("#question").fill("Please book two places")
    page.keyboard.press("Enter")
    card = page.locator(".action")
    expect(card.locator("dd")).to_have_text(
        ["Binding a field notebook by hand", "2", "no", "Ann Example", "Bo <b>Example</b>"]
    )
    card.get_by_role("button", name="Agree and send").focus()
    page.keyboard.press("Enter")
    expect(card.locator("[role=status]")).to_contain_text("It is being sent")
    expect(card).to_be_focused()
    threading.Thread(target=perform, args=(home, Result(text="Number 17."))).start()
    expect(card.locator("[role=status]")).to_have_text("Done.")
    expect(card.locator(".quote")).to_have_text("Number 17.")
    page.reload()
    expect(page.locator(".action .quote")).to_have_text("Number 17.")


_AGREE_AT_ONCE = """() => new MutationObserver((_, watch) => {
  const agree = document.querySelector(".action button[value=agree]");
  if (!agree) return;
  watch.disconnect();
  agree.focus();
  agree.click();
}).observe(document.getElementById("thread"), { childList: true, subtree: true })"""


def test_a_fan_who_agrees_the_moment_the_card_is_drawn_stays_on_the_page(
    home: Home, visitor: Visitor
) -> None:
    attach_bookings(home, home.ais.public("quill"))
    page = visitor("/a/quill")
    page.evaluate("window.stays = true")
    page.evaluate(_AGREE_AT_ONCE)
    page.locator("#question").fill("Please book two places")
    page.keyboard.press("Enter")
    card = page.locator(".action")
    expect(card.locator("[role=status]")).to_contain_text("It is being sent")
    expect(card).to_be_focused()
    assert page.evaluate("window.stays")


def test_a_document_is_attached_asked_about_and_its_words_open_at_their_place(
    home: Home, visitor: Visitor
) -> None:
    ai = home.ais.public("quill")
    home.ais.edit(Actor.local_operator(), ai.id, reads_documents=True)
    page = visitor("/a/quill")
    policy = {"name": "policy.md", "mimeType": "text/markdown", "buffer": POLICY.encode()}
    page.locator("#document").set_input_files([policy])
    expect(page.locator(".given li")).to_contain_text("policy.md")
    photo = {"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": b"\xff\xd8"}
    page.locator("#document").set_input_files([photo])
    expect(page.locator(".given .refused")).to_contain_text("This can't be read")
    page.locator(".given .refused button").click()
    ask(page, "What does this document say?")
    request = home.script.asked[-1]
    assert [one.title for one in request.documents] == ["Returns"]
    page.locator(".sources a").click()
    expect(page.locator("mark")).to_have_text("You may return a mug within 30 days.")
    expect(page.locator("main")).to_contain_text("A document that you gave")
    page.go_back()
    expect(page.locator(".given li")).to_have_count(1)  # as the server draws it
    page.locator(".given button").click()
    expect(page.locator(".given")).to_be_hidden()
    page.locator(".sources a").click()
    expect(page.locator("h1")).to_have_text("This source is no longer shown")


def test_a_long_text_that_is_pasted_becomes_a_document(home: Home, visitor: Visitor) -> None:
    home.ais.edit(Actor.local_operator(), home.ais.public("quill").id, reads_documents=True)
    page = visitor("/a/quill")
    page.locator("#question").evaluate(
        """(field, text) => {
            const data = new DataTransfer();
            data.setData("text/plain", text);
            field.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
        }""",
        "House rules\n\n" + "Wash up after tea. " * 200,
    )
    expect(page.locator(".given li")).to_contain_text("House rules")
    assert page.locator("#question").input_value() == ""
