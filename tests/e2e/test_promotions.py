"""The operator's page of a promotion in a real browser: moved and taken back with a question before each, wide and on a phone."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from conftest import Visitor, faults, looks
from inhouse.accounts.actors import Actor
from promotion_home import NEW, come, promotion
from web_home import EMAIL, Home

pytestmark = pytest.mark.e2e


def test_the_fans_are_moved_and_brought_back(home: Home, owner: Visitor) -> None:
    made = promotion(home, home.ais.public("quill"))
    page = owner(f"/operator/promotions/{made.id}")
    page.on("dialog", lambda dialog: dialog.accept())
    page.locator("[name=percent]").fill("25")
    page.get_by_role("button", name="Begin the canary").click()
    expect(page.locator(".lead").nth(1)).to_contain_text("25% of the fans")
    page.get_by_role("button", name="All fans").click()
    expect(page.locator(".lead").nth(1)).to_contain_text("1 of 1 AIs are on it")
    page.get_by_role("button", name="Roll back").click()
    expect(page.locator(".lead").nth(1)).to_contain_text("back on the release that it had")
    expect(page.get_by_role("button", name="Roll back")).to_have_count(0)


@looks
def test_the_page_holds_for_everybody_and_fits_a_phone(
    home: Home, owner: Visitor, language: str, scheme: str
) -> None:
    ai = home.ais.public("quill")
    team = home.accounts.teams.listing(home.accounts.actor_of(EMAIL))[0]
    behind = home.ais.create(Actor.local_operator(), team.id, "sealing-wax", "Sealing Wax")
    made = promotion(home, ai, behind)
    home.promotions.canary(Actor.local_operator(), NEW, 0.3)
    come(home, ai, made, 300)
    for size in ({"width": 1280, "height": 900}, {"width": 360, "height": 740}):
        page = owner(f"/operator/promotions/{made.id}", locale=language, color_scheme=scheme, viewport=size)
        assert faults(page) == []
        wider = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert max(0, wider) == 0
