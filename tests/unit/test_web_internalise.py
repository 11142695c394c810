"""The operator's pages for building tools in."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from inhouse.accounts.actors import Actor
from inhouse.core import clock
from inhouse.releases import extensions
from inhouse.runtime.extensions.base import Example
from inhouse.store import jobs
from inhouse.web.application import create_app
from web_home import EMAIL, PASSWORD, Home, furnish, opened

pytestmark = pytest.mark.anyio
OPERATOR = Actor.local_operator()
AT = "/operator/internalise"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    installation = opened(tmp_path)
    furnish(installation)
    return installation


@pytest.fixture
async def owner(home: Home) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_app(home), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://inhouse.test") as made:
        made.headers["accept"] = "text/html"
        await post(made, "/sign-in", "/sign-in", email=EMAIL, password=PASSWORD)
        yield made


async def post(client: httpx.AsyncClient, page: str, action: str, **fields: object) -> httpx.Response:
    """Open a page and send one of its forms, with its token."""
    shown = await client.get(page)
    token = re.search(r'name="csrf" content="([^"]+)"', shown.text)
    assert token, shown.text[:300]
    return await client.post(action, data={"csrf": token[1], **fields})


def teach(home: Home) -> None:
    """Give the calculator's first tool enough examples."""
    ai = home.ais.by_slug(OPERATOR, "quill")
    with home.db.write() as tx:
        [entry] = extensions.current(tx, ai.id)
        old = extensions.version(tx, ai.id, entry)
        tool = old.tools[0]
        examples = tuple(
            Example(request=f"What is {n} plus {n}?", arguments={"expression": f"{n} + {n}"})
            for n in range(40)
        )
        tools = (tool.model_copy(update={"examples": examples}),)
        extensions._put(
            tx, old.model_copy(update={"version": "0123", "tools": tools, "created_at": clock.now()})
        )


async def test_what_is_missing_is_said_before_anything_is_started(owner: httpx.AsyncClient) -> None:
    assert "calculator" in (await owner.get(AT)).text
    page = await owner.get(AT, params={"extension": "calculator"})
    assert "usable requests for calculate are at hand" in page.text
    assert "Build in</button>" not in page.text
    started = await post(owner, AT, AT, extension="calculator")
    assert started.status_code == 409 and "usable requests" in started.text
    assert (await owner.get(AT, params={"extension": "no-such"})).status_code == 404


async def test_it_says_where_everything_comes_from_and_starts(home: Home, owner: httpx.AsyncClient) -> None:
    teach(home)
    page = (await owner.get(AT, params={"extension": "calculator"})).text
    assert "gen_0126dcf91564909a" in page and "an example of the tool: " in page and "clearly better" in page
    started = await post(owner, f"{AT}?extension=calculator", AT, extension="calculator", curve="yes")
    assert started.status_code == 303
    at = started.headers["location"].partition("?")[0]
    shown = (await owner.get(at)).text
    assert 'hx-trigger="every 3s"' in shown and "Stop</button>" in shown and "learning curve" in shown
    assert "<html" not in (await owner.get(f"{at}/progress")).text
    owner.cookies.set("inhouse_language", "ja")
    assert "組み込み" in (await owner.get(AT, params={"extension": "calculator"})).text


async def test_what_came_of_it_leads_to_the_generation(home: Home, owner: httpx.AsyncClient) -> None:
    teach(home)
    job = home.internalising.start(OPERATOR, ["calculator"])
    result = {"generation": "gen_new", "passed": False, "reason": "Not better: voice."}
    with home.db.write() as tx:
        tx.execute(jobs.jobs.update().values(state="done", result=result, finished_at=clock.now()))
    shown = (await owner.get(f"{AT}/{job.id}")).text
    assert "/operator/generations/gen_new" in shown and "Not better" in shown
    assert "not better" in (await owner.get(AT)).text
    with home.db.write() as tx:
        tx.execute(jobs.jobs.update().values(state="failed", result=None, error="It broke."))
    assert "It broke." in (await owner.get(f"{AT}/{job.id}")).text
    assert (await owner.get(f"{AT}/job_none")).status_code == 404


async def test_nobody_else_sees_them(home: Home) -> None:
    transport = httpx.ASGITransport(create_app(home), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://inhouse.test") as made:
        assert (await made.get(AT)).status_code in (303, 401, 403)
