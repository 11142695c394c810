"""A real server on a free port, and Debian's Chromium driven by Playwright."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from web_home import EMAIL, PASSWORD, Home, furnish, opened, serving

#: Each language and each colour scheme once: contrast does not depend on the words, nor the words on the colours.
looks = pytest.mark.parametrize(("language", "scheme"), [("en-GB", "light"), ("ja-JP", "dark")])

CHROMIUM = Path("/usr/bin/chromium")
_AXE = json.dumps({"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]})


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests."""
    if not CHROMIUM.exists():
        pytest.skip("no Chromium: install it with `apt-get install chromium`")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """An installation with one released AI, ``quill``."""
    installation = opened(tmp_path, fan_turns_per_minute=1000)
    furnish(installation)
    yield installation
    installation.db.close()


@pytest.fixture
def address(home: Home, socket_enabled: None) -> Iterator[str]:
    """Where the pages are served."""
    with serving(home) as address:
        yield address


Visitor = Callable[..., Page]


@pytest.fixture
def visitor(browser: Browser, address: str) -> Iterator[Visitor]:
    """Opens a page in a browser of its own; whatever the page's console complains about fails the test."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def opened(path: str, **options: Any) -> Page:
        context = browser.new_context(base_url=address, **{"locale": "en-GB", **options})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(8000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console", lambda said: complaints.append(said.text) if "Security Policy" in said.text else None
        )
        page.goto(path)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def owner(visitor: Visitor) -> Visitor:
    """As ``visitor``, signed in as the AI's owner."""

    def opened(path: str, **options: Any) -> Page:
        page = visitor("/sign-in", **options)
        sign_in(page)
        page.goto(path)
        return page

    return opened


def sign_in(page: Page) -> None:
    page.locator("[name=email]").fill(EMAIL)
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("main .button.main").click()
    page.wait_for_url("**/studio")


def faults(page: Page) -> list[str]:
    """What axe finds wrong with a page (WCAG 2.2 AA and best practice), one line each."""
    found = Axe().run(page, options=json.loads(_AXE)).response["violations"]
    return [
        f"{v['id']}: {node['target']} {node.get('failureSummary', '')[:300]}"
        for v in found
        for node in v["nodes"]
    ]


def ask(page: Page, question: str) -> None:
    """Ask by keyboard and wait for the whole answer."""
    page.locator("#question").fill(question)
    page.keyboard.press("Enter")
    page.locator(".turn").last.locator(".words:not(.streaming)").wait_for(state="attached")
