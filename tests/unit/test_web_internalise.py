"""The operator's pages for building tools in."""

from __future__ import annotations

import httpx
import pytest
from test_web_pages import client, home, owner, post

from inhouse.accounts.actors import Actor
from inhouse.core import clock
from inhouse.releases import extensions
from inhouse.runtime.extensions.base import Example
from inhouse.store import jobs
from web_home import Home

__all__ = ["client", "home", "owner"]

pytestmark = pytest.mark.anyio
OPERATOR = Actor.local_operator()
AT = "/operator/internalise"


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


async def test_nobody_else_sees_them(client: httpx.AsyncClient) -> None:
    assert (await client.get(AT)).status_code in (303, 401, 403)
