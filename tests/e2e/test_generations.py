"""The operator's pages of generations: the family tree by keyboard, and one generation's figures, wide and on a phone."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from conftest import Visitor, faults, looks
from generationkit import LOST, NEWEST, SHIPPED, family, move
from web_home import Home

pytestmark = pytest.mark.e2e

TREE = "/operator/generations"


def test_from_the_tree_to_a_generation_and_its_card_by_keyboard(home: Home, owner: Visitor) -> None:
    family(home.db, home.settings.models_folder)
    move(home.db, home.ais.public("quill").id, SHIPPED)
    page = owner(TREE)
    expect(page.locator("svg.family a.current")).to_contain_text("1 AI")
    page.locator(f"svg.family a[href$='{LOST}']").press("Enter")
    page.wait_for_url(f"**/{LOST}")
    expect(page.locator(".lead").first).to_contain_text("Not better: beyond its margin may be Japanese.")
    page.get_by_text("The curve in figures").press("Enter")
    expect(page.locator("details table tbody tr")).to_have_count(4)
    with page.expect_download() as card:
        page.get_by_role("link", name="Download the model card").press("Enter")
    assert card.value.suggested_filename == f"{LOST}.md"
    page.get_by_role("link", name="inhouse-2", exact=True).press("Enter")
    expect(page.locator("h1")).to_have_text("inhouse-2")


@looks
def test_the_pages_hold_for_everybody_and_fit_a_phone(
    home: Home, owner: Visitor, language: str, scheme: str
) -> None:
    family(home.db, home.settings.models_folder)
    for size in ({"width": 1280, "height": 900}, {"width": 360, "height": 740}):
        page = owner(TREE, locale=language, color_scheme=scheme, viewport=size)
        for path in (TREE, *(f"{TREE}/{one}" for one in (SHIPPED, LOST, NEWEST))):
            page.goto(path)
            assert (path, faults(page)) == (path, [])
            wider = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert (path, max(0, wider)) == (path, 0)
