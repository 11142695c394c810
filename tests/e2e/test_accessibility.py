"""Every page holds WCAG 2.2 AA in both languages and both colour schemes, and fits a phone of 360 pixels."""

from __future__ import annotations

import pytest

from conftest import Visitor, ask, faults, looks
from inhouse.store import jobs
from web_home import Home, attach_bookings, compared, experiment, ledger

pytestmark = pytest.mark.e2e

_STUDIO = "/studio/quill"
_PUBLIC = ("/sign-in", "/docs", "/nowhere", "/a/quill", "/a/quill/data")
_OWNERS = (
    "/studio",
    "/studio/ais/new",
    _STUDIO,
    *(
        f"{_STUDIO}/{name}"
        for name in ("content", "brief", "brief/history", "training", "picks", "picks/pair")
    ),
    *(
        f"{_STUDIO}/{name}"
        for name in (
            "extensions",
            "actions",
            "releases",
            "conversations",
            "handovers",
            "cases",
            "people",
            "settings",
        )
    ),
    "/operator",
    "/account",
    "/operator/experiments",
    "/operator/ledger",
    "/operator/comparisons?ai=quill",
    "/operator/generations",
    "/operator/internalise?extension=calculator",
    "/operator/jobs",
    "/operator/health",
    "/operator/people",
)


@looks
def test_public_pages(visitor: Visitor, language: str, scheme: str) -> None:
    page = visitor("/sign-in", locale=language, color_scheme=scheme)
    for path in _PUBLIC:
        page.goto(path)
        assert (path, faults(page)) == (path, [])


@looks
def test_a_conversation_with_all_its_states(home: Home, visitor: Visitor, language: str, scheme: str) -> None:
    attach_bookings(home, home.ais.public("quill"))
    page = visitor("/a/quill", locale=language, color_scheme=scheme)
    for question in ("Do you ship to Japan?", "How much is it?", "unknown", "please break", "please book it"):
        ask(page, question)
    page.locator(".action").wait_for()
    page.locator("#person summary").click()
    assert faults(page) == []
    page.locator(".sources a[href*='/source/']").first.click()
    assert faults(page) == []
    page.goto("/a/quill/data")
    assert faults(page) == []


@looks
def test_the_owners_pages(home: Home, owner: Visitor, language: str, scheme: str) -> None:
    page = owner("/a/quill", locale=language, color_scheme=scheme)
    ask(page, "Do you ship to Japan?")
    page.locator("#person summary").click()
    page.locator("#person [name=note]").fill("Could somebody call me?")
    page.locator("#person .button.main").click()
    live_training(home)
    made = experiment(home, home.ais.public("quill"))
    models = compared(home, home.ais.public("quill"))
    ledger(home, home.ais.public("quill"))
    for path in (*_OWNERS, f"/operator/experiments/{made.id}", f"/operator/comparisons/{models}"):
        page.goto(path)
        assert (path, faults(page)) == (path, [])
    for path in ("conversations", "handovers"):
        page.goto(f"{_STUDIO}/{path}")
        page.locator(".list a").first.click()
        assert (path, faults(page)) == (path, [])


@pytest.mark.parametrize("language", ["en-GB", "ja-JP"])
def test_pages_fit_a_phone_of_360_pixels(home: Home, owner: Visitor, language: str) -> None:
    page = owner("/a/quill", viewport={"width": 360, "height": 740}, locale=language)
    ask(page, "Do you ship to Japan?")
    live_training(home)
    made = experiment(home, home.ais.public("quill"))
    models = compared(home, home.ais.public("quill"))
    ledger(home, home.ais.public("quill"))
    for path in (*_PUBLIC, *_OWNERS, f"/operator/experiments/{made.id}", f"/operator/comparisons/{models}"):
        page.goto(path)
        wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert (path, wider) == (path, 0)


def live_training(home: Home) -> None:
    """A training that has run for a while, for its picture."""
    ai = home.ais.public("quill")
    losses = [[step, 3.2 - step / 100] for step in range(0, 100, 5)]
    with home.db.write() as tx:
        job = jobs.enqueue(tx, "train", {}, ai_id=ai.id, lane="heavy")
        change = {"state": "stopped", "progress": 0.4, "message": "stopped", "detail": {"loss": losses}}
        tx.execute(jobs.jobs.update().where(jobs.jobs.c.id == job.id).values(change))
