"""The pages over ASGI: no sockets, real services, a scripted answerer."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import anyio
import httpx
import pytest
from bs4 import BeautifulSoup
from bs4.element import Tag
from sqlalchemy import update

from generationkit import BASE, LOST, NEWEST, SHIPPED, family, move
from inhouse.accounts.actors import Actor
from inhouse.accounts.ais import Ai
from inhouse.brief.brief import Brief, Exchange, Limits, Product, Rival, Topic, Voice, Wording
from inhouse.conversations.tables import trace_consents
from inhouse.core import clock
from inhouse.core.errors import Busy
from inhouse.lab.experiments import reading, shelf
from inhouse.lab.experiments.metrics import Metric
from inhouse.lab.experiments.reading import Unit
from inhouse.releases.release import Candidate, Check, Gate
from inhouse.runtime.answering import Answering
from inhouse.runtime.engines.base import Health
from inhouse.runtime.engines.fake import FakeEngine
from inhouse.runtime.profile import Installed
from inhouse.runtime.serving import Engines
from inhouse.store import jobs
from inhouse.web import told
from inhouse.web.application import create_app
from inhouse.web.limits import RateLimit
from inhouse.web.pages import fan_documents
from web_home import EMAIL, FAKE, PASSWORD, Home, compared, experiment, furnish, ledger, opened, release, work

pytestmark = pytest.mark.anyio
OPERATOR = Actor.local_operator()


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """On SQLite alone: the pages ask the services, which are tested on both databases."""
    installation = opened(tmp_path, max_upload_mb=1)
    installation.script.pause = 0
    furnish(installation)
    return installation


@pytest.fixture
async def client(home: Home) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_app(home), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://inhouse.test") as made:
        made.headers["accept"] = "text/html"
        yield made


@pytest.fixture
async def owner(client: httpx.AsyncClient) -> httpx.AsyncClient:
    """The same browser, signed in."""
    await post(client, "/sign-in", "/sign-in", email=EMAIL, password=PASSWORD)
    return client


async def post(client: httpx.AsyncClient, page: str, action: str, **fields: object) -> httpx.Response:
    """Open a page and send one of its forms, with its token."""
    shown = await client.get(page)
    token = re.search(r'name="csrf" content="([^"]+)"', shown.text)
    assert token, shown.text[:300]
    files = fields.pop("files", None)
    return await client.post(action, data={"csrf": token[1], **fields}, files=files)  # type: ignore[arg-type]


async def test_every_page_forbids_scripts_and_frames_of_others(client: httpx.AsyncClient) -> None:
    for path in ("/sign-in", "/a/quill", "/docs", "/nowhere", "/static/inhouse.css"):
        headers = (await client.get(path)).headers
        assert "script-src 'self'" in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["x-content-type-options"] == "nosniff"


async def test_no_page_holds_an_inline_script_or_style(owner: httpx.AsyncClient) -> None:
    for path in ("/a/quill", "/studio", "/studio/quill/brief", "/studio/quill/releases", "/operator/health"):
        html = (await owner.get(path)).text
        assert not re.search(r"<script(?![^>]*(src=|application/json))|<style|\son\w+=|\sstyle=", html), path


async def test_the_health_page_shows_every_generation_that_is_served(
    owner: httpx.AsyncClient, home: Home
) -> None:
    def find(generation: str | None) -> Installed:
        return FAKE.model_copy(update={"generation": generation or "gen_now"})

    home.engines = Engines(find, lambda _: FakeEngine())
    assert "Engine of another generation" not in (await owner.get("/operator/health")).text
    with home.engines.lent("gen_before"), home.engines.lent("endpoint:big"):
        shown = (await owner.get("/operator/health")).text
    assert shown.count("Engine of another generation") == 1 and "<h2>Engine</h2>" in shown
    assert shown.count("Bigger model on the model server") == 1


async def test_what_an_engine_says_is_told_in_the_readers_words(owner: httpx.AsyncClient, home: Home) -> None:
    class Loaded(FakeEngine):
        async def health(self) -> Health:
            detail = {
                "engine": "embedded",
                "model": "small.gguf",
                "resident_bytes": 314_000_000,
                "prefixes": 3,
            }
            return Health(ready=False, detail=detail | {"error": Busy().message})

    home.engines = Engines(lambda _: FAKE, lambda _: Loaded())
    with home.engines.lent(None):
        for language, memory, error in (("en", "Memory", "What is wrong"), ("ja", "メモリ", "問題の内容")):
            busy = told.tell(language, Busy().message)
            shown = (await owner.get("/operator/health", headers={"accept-language": language})).text
            assert "<dd>small.gguf</dd>" in shown and f"<dt>{memory}</dt><dd>314 MB</dd>" in shown
            assert f"<dt>{error}</dt><dd>{busy}</dd>" in shown
            assert "prefixes" not in shown and "resident_bytes" not in shown


async def test_a_post_without_its_token_or_from_elsewhere_is_refused(client: httpx.AsyncClient) -> None:
    assert (await client.post("/a/quill/ask", data={"question": "hello"})).status_code == 403
    token = re.search(r'content="([^"]{30,})"', (await client.get("/a/quill")).text)
    assert token
    for headers in ({"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}):
        fields = {"csrf": token[1], "question": "hello"}
        assert (await client.post("/a/quill/ask", data=fields, headers=headers)).status_code == 403
    other = await client.post("/a/quill/ask", data={"csrf": "x" * 43, "question": "hello"})
    assert other.status_code == 403


async def test_cookies_are_out_of_scripts_reach_and_secure_on_https(home: Home) -> None:
    transport = httpx.ASGITransport(create_app(home))
    async with httpx.AsyncClient(transport=transport, base_url="https://inhouse.test") as client:
        reply = await post(client, "/sign-in", "/sign-in", email=EMAIL, password=PASSWORD)
    cookie = reply.headers["set-cookie"].lower()
    assert all(word in cookie for word in ("inhouse_session=", "httponly", "samesite=lax", "secure"))
    assert reply.headers["strict-transport-security"]


async def test_a_wrong_password_brings_the_form_back_with_one_sentence(client: httpx.AsyncClient) -> None:
    reply = await post(client, "/sign-in", "/sign-in", email=EMAIL, password="wrong wrong wrong")
    assert reply.status_code == 401
    assert "The e-mail address or the password is wrong." in reply.text
    assert f'value="{EMAIL}"' in reply.text


async def test_signing_in_goes_nowhere_else(client: httpx.AsyncClient) -> None:
    for place in ("//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)"):
        reply = await post(client, "/sign-in", "/sign-in", email=EMAIL, password=PASSWORD, next=place)
        assert reply.headers["location"] == "/studio"
        client.cookies.clear()


async def test_the_studio_asks_to_sign_in_and_comes_back(client: httpx.AsyncClient) -> None:
    reply = await client.get("/studio/quill/brief")
    assert reply.status_code == 303
    assert reply.headers["location"] == "/sign-in?next=%2Fstudio%2Fquill%2Fbrief"


async def test_the_first_run_makes_an_operator_with_a_team(tmp_path: Path) -> None:
    fresh = opened(tmp_path)
    token = fresh.accounts.setup_token()
    transport = httpx.ASGITransport(create_app(fresh))
    fields = {
        "token": token,
        "name": "Ann",
        "email": "ann@example.com",
        "password": "short",
        "timezone": "Asia/Tokyo",
    }
    async with httpx.AsyncClient(transport=transport, base_url="http://inhouse.test") as client:
        refused = await post(client, f"/setup?token={token}", "/setup", **fields)
        assert refused.status_code == 400
        assert "The password needs" in refused.text
        done = await post(client, f"/setup?token={token}", "/setup", **{**fields, "password": PASSWORD})
        assert done.headers["location"] == "/studio"
        assert "Ann" in (await client.get("/studio")).text
        assert (await client.get("/setup")).status_code == 409


async def test_an_invited_person_joins_and_a_reset_link_works_once(
    home: Home, owner: httpx.AsyncClient
) -> None:
    fields = {"email": "bo@example.com", "role": "reviewer"}
    invited = await post(owner, "/studio/quill/people", "/studio/quill/people/invite", **fields)
    link = re.search(r"/invitation\?token=[\w-]+", invited.text)
    assert link
    owner.cookies.clear()
    token = link[0].partition("=")[2]
    joined = await post(owner, link[0], "/invitation", token=token, name="Bo", password=PASSWORD)
    assert joined.headers["location"] == "/studio"
    page = (await owner.get("/studio/quill/people")).text
    assert "Make a key" not in page
    assert (
        await post(owner, "/studio/quill", "/studio/quill/people/keys", name="x", scopes="chat")
    ).status_code == 403
    reset = home.accounts.begin_reset(home.accounts.actor_of(EMAIL), "bo@example.com")
    owner.cookies.clear()
    done = await post(owner, f"/reset?token={reset}", "/reset", token=reset, password="another good one")
    assert done.headers["location"] == "/sign-in?said=password-set"
    assert (await owner.get(f"/reset?token={reset}")).status_code == 410


async def test_somebody_of_another_team_finds_nothing(home: Home, client: httpx.AsyncClient) -> None:
    operator = home.accounts.actor_of(EMAIL)
    eve = home.accounts.create_person(operator, "eve@example.com", "Eve")
    home.accounts.teams.create(operator, "Others", owner_id=eve.id)
    home.accounts.finish_reset(home.accounts.begin_reset(operator, "eve@example.com"), PASSWORD)
    await post(client, "/sign-in", "/sign-in", email="eve@example.com", password=PASSWORD)
    for path in ("", "/content", "/brief", "/conversations", "/people", "/releases"):
        assert (await client.get(f"/studio/quill{path}")).status_code == 404
    assert (await client.get("/operator")).status_code == 403


async def test_an_upload_is_queued_and_a_bad_one_is_named(home: Home, owner: httpx.AsyncClient) -> None:
    page, action = "/studio/quill/content", "/studio/quill/content/upload"
    good = [("files", ("notes.md", b"# Notes\n\nInk dries in a minute.", "text/markdown"))]
    reply = await post(owner, page, action, basis="own-work", files=good)
    assert reply.headers["location"].endswith("said=import-started")
    work(home)
    assert "notes.md" in (await owner.get(page)).text
    bad = [("files", ("empty.md", b"", "text/markdown"))]
    refused = await post(owner, page, action, basis="own-work", files=bad)
    assert refused.status_code == 400
    assert "empty.md: The uploaded file is empty." in refused.text
    unstated = await post(owner, page, action, basis="licensed", files=good)
    assert "Say why this may be used" in unstated.text


async def test_an_upload_over_the_limit_is_cut_off(owner: httpx.AsyncClient) -> None:
    files = [("files", ("big.txt", b"x" * (1 << 20) * 2, "text/plain"))]
    reply = await post(
        owner, "/studio/quill/content", "/studio/quill/content/upload", basis="own-work", files=files
    )
    assert reply.status_code == 413
    assert "What you sent is too large: the limit is 1 MB." in reply.text


async def test_revoking_asks_first_and_takes_the_source_away(home: Home, owner: httpx.AsyncClient) -> None:
    page = await owner.get("/studio/quill/content")
    assert "data-confirm" in page.text
    source = re.search(r"/content/sources/(src_\w+)", page.text)
    assert source
    await post(owner, "/studio/quill/content", "/studio/quill/content/revoke", source=source[1])
    assert "revoked" in (await owner.get("/studio/quill/content")).text


async def test_a_brief_is_saved_compared_and_a_refused_one_comes_back(owner: httpx.AsyncClient) -> None:
    fields = {
        "base": "1",
        "name": "Mara Quill",
        "languages": ["en", "ja"],
        "facts": "Founded in 1998.\n\nForty notebooks a week.",
        "rival-name": ["Inkwell & Sons", ""],
        "rival-aliases": ["Inkwell、IW Ltd", ""],
        "rival-domains": ["inkwell.example", ""],
        "rival-scripts": ["", ""],
        "no": "prices",
    }
    page = "/studio/quill/brief"
    reply = await post(owner, page, page, **fields)
    assert reply.headers["location"] == f"{page}?said=saved"
    shown = (await owner.get(page)).text
    assert "Inkwell, IW Ltd" in shown
    assert "Founded in 1998." in (await owner.get(f"{page}/history?old=1&new=2")).text
    late = await post(owner, page, page, **fields)
    assert late.status_code == 409
    clash = await post(owner, page, page, **{**fields, "base": "2", "rival-name": ["Mara Quill"]})
    assert clash.status_code == 422
    assert "is named both as a rival and as your own" in clash.text


async def test_saving_the_briefs_form_unchanged_loses_nothing(home: Home, owner: httpx.AsyncClient) -> None:
    whole = Brief(
        name="Mara Quill",
        languages=("en",),
        voice=Voice(
            description="Warm.",
            samples=("Paper first.",),
            exchanges=(Exchange(message="Rain again!", reply="Good weather for glue."),),
        ),
        facts=("Bound by hand.",),
        products=(Product(name="Notebook", aliases=("No. 3",), url="https://quill.test/3", note="A5."),),
        rivals=(Rival(name="Inkwell", aliases=("Ink",), domains=("ink.example",), scripts=("インク",)),),
        avoid=(Topic(name="Politics", terms=("election", "選挙"), instead=Wording(en="No.", ja="いいえ。")),),
        limits=Limits(max_answer_chars=600, no=("medical",)),
        disclosure=Wording(en="I am {name}'s AI.", ja="{name}のAIです。"),
    )
    with home.db.read() as tx:
        version = home.briefs.current_version(tx, home.ais.by_slug(OPERATOR, "quill").id)
    saved = home.briefs.save(OPERATOR, home.ais.by_slug(OPERATOR, "quill").id, whole, version)
    page = BeautifulSoup((await owner.get("/studio/quill/brief")).text, "html.parser")
    form = page.find("form", action="/studio/quill/brief")
    assert isinstance(form, Tag)
    reply = await owner.post("/studio/quill/brief", data=fields_of(form))
    assert reply.status_code == 303
    now = home.briefs.current(OPERATOR, saved.ai_id)
    assert now.brief == whole


def fields_of(form: Tag) -> dict[str, list[str]]:
    """What a browser would send for a form as it stands; templates are no part of it."""
    for template in form.find_all("template"):
        template.decompose()
    fields: dict[str, list[str]] = {}
    for field in form.find_all(["input", "textarea"]):
        if field.get("type") != "checkbox" or field.has_attr("checked"):
            value = (
                field.get_text().removeprefix("\n") if field.name == "textarea" else field.get("value", "")
            )
            fields.setdefault(str(field["name"]), []).append(str(value))
    return fields


async def test_what_the_gate_refused_is_shown_with_its_reasons(home: Home, owner: httpx.AsyncClient) -> None:
    ai = home.ais.by_slug(OPERATOR, "quill")
    check = Check(name="cases", passed=False, old=0.9, new=0.4, n=40, interval=(-0.6, -0.3), of="new - old",
                  note="1 newly right, 21 newly wrong.", failures=("When do you ship?: wrong",))  # fmt: skip
    reason = "Not better: it gets fewer cases right. The live release stays."
    gate = Gate(passed=False, verdict="not better", reason=reason, checks=(check,))
    result = {"gate": gate.model_dump(mode="json"), "release_id": None, "number": None}
    with home.db.write() as tx:
        job = jobs.enqueue(tx, "gate", {}, ai_id=ai.id, lane="heavy")
        done = {"state": "done", "result": result, "finished_at": clock.now()}
        tx.execute(jobs.jobs.update().where(jobs.jobs.c.id == job.id).values(done))
    page = (await owner.get("/studio/quill/releases")).text
    assert "Not released" in page and reason in page and "When do you ship?: wrong" in page
    owner.cookies.set("inhouse_language", "ja")
    page = (await owner.get("/studio/quill/releases")).text
    assert "正しく答えたケースが減っています" in page and "新たに不正解21件" in page


async def test_new_content_of_a_live_ai_is_said_to_wait(home: Home, owner: httpx.AsyncClient) -> None:
    upload = {"files": ("more.md", b"# More\n\nWe are open on Mondays.")}
    await post(owner, "/studio/quill/content", "/studio/quill/content/upload", basis="own-work", files=upload)
    work(home)
    for page in ("/studio/quill", "/studio/quill/releases"):
        assert "1 new passage is not live yet." in (await owner.get(page)).text


async def test_the_log_and_the_export_are_for_who_manages_the_ai(
    home: Home, owner: httpx.AsyncClient, client: httpx.AsyncClient
) -> None:
    exported = await owner.get("/studio/quill/settings/export")
    assert exported.headers["content-disposition"] == 'attachment; filename="quill.json"'
    assert exported.json()["ai"]["slug"] == "quill"
    assert "exported AI" in (await owner.get("/studio/quill/log")).text
    owner.cookies.set("inhouse_language", "ja")
    log = (await owner.get("/studio/quill/log")).text
    assert "AIを書き出し" in log and "<strong>システム</strong>" in log
    client.cookies.clear()
    assert (await client.get("/studio/quill/settings/export")).status_code in (303, 401)


async def test_a_person_changes_their_own_name_and_password(client: httpx.AsyncClient) -> None:
    assert (await client.get("/account")).headers["location"].startswith("/sign-in")
    await post(client, "/sign-in", "/sign-in", email=EMAIL, password=PASSWORD)
    reply = await post(client, "/account", "/account", name="Mara Q.")
    assert reply.headers["location"] == "/account?said=saved"
    assert "Mara Q." in (await client.get("/account")).text
    wrong = await post(client, "/account", "/account/password", old="not it at all", new="a new sentence")
    assert wrong.status_code == 401 and "wrong" in wrong.text
    short = await post(client, "/account", "/account/password", old=PASSWORD, new="short")
    assert short.status_code >= 400
    right = await post(client, "/account", "/account/password", old=PASSWORD, new="a new sentence")
    assert right.headers["location"] == "/account?said=password-changed"
    assert (await client.get("/studio")).status_code == 200, "this session stays"
    client.cookies.clear()
    reply = await post(client, "/sign-in", "/sign-in", email=EMAIL, password="a new sentence")
    assert reply.headers["location"] == "/studio"


async def test_the_guard_can_be_tried(owner: httpx.AsyncClient) -> None:
    page, action = "/studio/quill/brief", "/studio/quill/brief/preview"
    stopped = await post(owner, page, action, sentence="Inkwell is the best shop in town, buy there!")
    assert "The guard stops this" in stopped.text
    passed = await post(owner, page, action, sentence="We bind by hand.")
    assert "The guard lets this pass." in passed.text


async def test_going_live_and_rolling_back_are_one_press_each(home: Home, owner: httpx.AsyncClient) -> None:
    ai = home.ais.public("quill")
    second = release(home, ai, live=False, verdict="better")
    failed = release(home, ai, live=False, verdict="not better")
    page = "/studio/quill/releases"
    assert "not better" in (await owner.get(page)).text
    await post(owner, page, f"{page}/live", release=second)
    with home.db.read() as tx:
        assert home.releases.current(tx, ai.id).number == 2  # type: ignore[union-attr]
    refused = await post(owner, page, f"{page}/live", release=failed)
    assert refused.status_code == 409
    await post(owner, page, f"{page}/back")
    with home.db.read() as tx:
        assert home.releases.current(tx, ai.id).number == 1  # type: ignore[union-attr]


async def test_an_owner_lets_the_ai_answer_otherwise_and_sees_which_release_does(
    home: Home, owner: httpx.AsyncClient
) -> None:
    ai = home.ais.public("quill")
    page = "/studio/quill/releases"
    assert "passages read" not in (await owner.get(page)).text
    assert "1 to 8" in (await post(owner, page, f"{page}/answering", passages="9")).text
    assert (await post(owner, page, f"{page}/answering")).status_code == 400, "it answers so already"
    await post(owner, page, f"{page}/answering", passages="5", prompt="Be brief.")
    with home.db.read() as tx:
        [job] = jobs.listing(tx, ai_id=ai.id, name="gate")
    assert job.payload["candidate"]["answering"] == {"passages": 5, "prompt": "Be brief.", "cascade": None}
    release(home, ai, answering=Answering(passages=5, prompt="Be brief. <br>"))
    shown = BeautifulSoup((await owner.get(page)).text, "html.parser")
    assert shown.get_text().count("passages read: 5 · told: “Be brief. <br>”") == 2, (
        "on its card, and in the history"
    )
    assert (
        shown.select_one("#f-passages")["value"] == "5" and "Be brief" in shown.select_one("#f-prompt").text
    )  # type: ignore[index, union-attr]
    await post(owner, page, "/language", language="ja", next=page)
    assert "読むパッセージ" in (await owner.get(page)).text


async def test_a_correction_is_pinned_and_taken_back(home: Home, owner: httpx.AsyncClient) -> None:
    await post(owner, "/a/quill", "/a/quill/ask", question="hello")
    listed = (await owner.get("/studio/quill/conversations")).text
    thread = re.search(r"/studio/quill/conversations/(con_\w+)", listed)
    assert thread
    page = thread[0]
    turn = re.search(r'id="(turn_\w+)"', (await owner.get(page)).text)
    assert turn
    await post(owner, page, f"{page}/correct", turn=turn[1], answer="Good morning!")
    assert "Good morning!" in (await owner.get("/studio/quill/releases")).text
    undo = re.search(r'name="correction" value="(\w+)"', (await owner.get(page)).text)
    assert undo
    await post(owner, page, f"{page}/undo", correction=undo[1])
    assert "Good morning!" not in (await owner.get("/studio/quill/releases")).text


async def test_cases_are_added_and_retired(owner: httpx.AsyncClient) -> None:
    page = "/studio/quill/cases"
    empty = await post(owner, page, page, questions="Are you open on Sundays?")
    assert empty.status_code == 400
    assert "Are you open on Sundays?" in empty.text
    await post(owner, page, page, questions="Are you open on Sundays?", must_contain="Saturdays")
    shown = (await owner.get(page)).text
    case = re.search(r'name="case" value="(case_\w+)"', shown)
    assert case
    assert "Saturdays" in shown
    await post(owner, page, f"{page}/retire", case=case[1])
    assert "Are you open on Sundays?" not in (await owner.get(page)).text


async def test_an_ai_is_made_archived_and_erased(home: Home, owner: httpx.AsyncClient) -> None:
    form = (await owner.get("/studio/ais/new")).text
    team = re.search(r'name="team" value="(team_\w+)"', form)
    assert team
    fields = {"team": team[1], "name": "Second", "kind": "business", "languages": "ja"}
    refused = await post(owner, "/studio/ais/new", "/studio/ais/new", slug="Not OK", **fields)
    assert refused.status_code == 400
    await post(owner, "/studio/ais/new", "/studio/ais/new", slug="second", **fields)
    page = "/studio/second/settings"
    await post(owner, page, "/studio/second/settings/archive")
    assert (await owner.get("/a/second")).status_code == 404
    assert (await post(owner, page, f"{page}/erase", slug="wrong")).status_code == 400
    assert "Receipt" in (await post(owner, page, f"{page}/erase", slug="second")).text
    assert (await owner.get("/studio/second")).status_code == 404


async def test_a_tool_that_a_new_assistant_does_not_get_is_told(
    home: Home, owner: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Home, "furnish", lambda self, actor, ai: ("searxng: <it> is down.",))
    form = (await owner.get("/studio/ais/new")).text
    team = re.search(r'name="team" value="(team_\w+)"', form)
    assert team
    fields = {"team": team[1], "name": "Helper", "kind": "assistant", "languages": "en"}
    made = await post(owner, "/studio/ais/new", "/studio/ais/new", slug="helper", **fields)
    assert made.status_code == 200
    assert "Not attached: searxng: &lt;it&gt; is down." in made.text and "Helper" in made.text


async def test_an_operator_attaches_a_table_of_a_database(
    home: Home, owner: httpx.AsyncClient, tmp_path: Path
) -> None:
    with sqlite3.connect(tmp_path / "shop.db") as shop:
        shop.execute("CREATE TABLE products (name TEXT, price REAL, cost REAL)")
        shop.execute("INSERT INTO products VALUES ('Fold Mug', 32, 9)")
    page = "/studio/quill/extensions"
    assert "Address of the database" in (await owner.get(page)).text
    fields = {
        "kind": "sql-table",
        "name": "shop",
        "title": "products",
        "database": f"sqlite:///{tmp_path / 'shop.db'}",
        "table": "products",
        "columns": "name\nprice",
        "units": "price: £",
    }
    refused = await post(owner, page, f"{page}/add", **fields | {"columns": "name\nprise"})
    assert "it has no column &#34;prise&#34;" in refused.text and str(tmp_path) not in refused.text
    assert (await post(owner, page, f"{page}/add", **fields)).status_code == 303
    shown = (await owner.get(page)).text
    assert "Table in a database" in shown and str(tmp_path) not in shown
    [attached] = [
        one
        for one in home.extensions.listing(OPERATOR, home.ais.public("quill").id)
        if one.kind == "sql-table"
    ]
    assert attached.settings["units"] == {"price": "£"}


async def test_documents_are_counted_one_by_one(
    home: Home, owner: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fan_documents, "given", RateLimit(2))
    home.ais.edit(home.accounts.actor_of(EMAIL), home.ais.public("quill").id, reads_documents=True)
    files = [
        ("document", (f"{name}.md", b"# Policy\n\nWe post on Mondays.", "text/markdown")) for name in "abc"
    ]
    refused = await post(owner, "/a/quill", "/a/quill/documents", files=files)
    assert refused.status_code == 429
    taken = await post(owner, "/a/quill", "/a/quill/documents", files=files[:2])
    assert taken.status_code == 303


async def test_an_ai_that_was_never_released_says_so(home: Home, client: httpx.AsyncClient) -> None:
    mara = home.accounts.actor_of(EMAIL)
    home.ais.create(mara, home.ais.public("quill").team_id, "early", "Early")
    reply = await client.get("/a/early")
    assert reply.status_code == 404
    assert "Early is not open yet" in reply.text
    assert (await client.get("/a/never")).status_code == 404


async def test_looking_at_an_ai_leaves_no_trace(client: httpx.AsyncClient) -> None:
    reply = await client.get("/a/quill")
    assert "inhouse_fan" not in str(reply.headers)
    asked = await post(client, "/a/quill", "/a/quill/ask", question="hello")
    cookie = next(value for value in asked.headers.get_list("set-cookie") if "inhouse_fan" in value)
    assert "Path=/a/quill" in cookie
    assert "HttpOnly" in cookie


async def test_a_source_is_shown_only_to_whom_it_was_cited(home: Home, client: httpx.AsyncClient) -> None:
    asked = await post(client, "/a/quill", "/a/quill/ask", question="Do you ship?")
    turn = asked.headers["location"].partition("#")[2]
    address = f"/a/quill/source/{home.script.passage_id}?turn={turn}"
    assert '<mark id="quote">Parcels leave' in (await client.get(address)).text
    assert (await client.get(f"/a/quill/source/psg_other?turn={turn}")).status_code == 404
    home.library.revoke(home.accounts.actor_of(EMAIL), home.ais.public("quill").id, _source_id(home))
    assert (await client.get(address)).status_code == 410
    client.cookies.clear()
    assert (await client.get(address)).status_code == 404


async def test_errors_speak_the_visitors_language(client: httpx.AsyncClient) -> None:
    client.headers["accept-language"] = "fr;q=0.9, ja;q=0.8, en;q=0.5"
    assert "このアドレスには何もありません" in (await client.get("/nowhere")).text
    assert "見つかりません" in (await client.get("/a/never")).text


async def test_an_unexpected_error_tells_nothing_of_the_inside(home: Home, client: httpx.AsyncClient) -> None:
    home.db.close()
    home.accounts = None  # type: ignore[assignment]
    client.cookies.set("inhouse_session", "x")
    reply = await client.get("/studio")
    assert reply.status_code == 500
    assert "Something went wrong on our side." in reply.text
    assert "Traceback" not in reply.text


async def test_a_job_is_watched_stopped_and_goes_on(home: Home, owner: httpx.AsyncClient) -> None:
    ai = home.ais.public("quill")
    mara = home.accounts.actor_of(EMAIL)
    job = home.library.queue_upload(mara, ai.id, "more.md", [b"# More\n\nText."], right="own work")
    page = "/studio/quill/content"
    await post(owner, page, f"/studio/quill/jobs/{job.id}/stop", next=page)
    with anyio.fail_after(10):
        seen = (await owner.get(f"/studio/quill/jobs/{job.id}/events")).text
    assert "event: ended" in seen
    assert "Go on where it was" in (await owner.get(page)).text
    await post(owner, page, f"/studio/quill/jobs/{job.id}/retry", next=page)
    work(home)
    assert "more.md" in (await owner.get(page)).text


def _source_id(home: Home) -> str:
    return home.library.sources(home.accounts.actor_of(EMAIL), home.ais.public("quill").id)[0].source.id


async def test_an_experiment_is_drafted_started_seen_and_stopped(
    home: Home, owner: httpx.AsyncClient
) -> None:
    ai = home.ais.public("quill")
    release(home, ai, live=False)
    listed = "/operator/experiments"
    fields = {"name": "Shorter brief", "ai": "quill", "release": "2", "metric": "answered", "effect": "5"}
    assert "Enter" in (await post(owner, listed, listed, **fields | {"release": "two"})).text
    assert "Give it a name" in (await post(owner, listed, listed, **fields | {"effect": "0"})).text
    made = await post(owner, listed, listed, **fields)
    page = made.headers["location"].partition("?")[0]
    shown = (await owner.get(page)).text
    assert "Nothing is registered yet" in shown and "5.0 points" in shown
    await post(owner, page, f"{page}/start")
    assert "nothing has been counted so far" in (await owner.get(page)).text
    await post(owner, page, f"{page}/stop")
    stopped = (await owner.get(page)).text
    assert "Stopped by hand" in stopped and f"{page}/start" not in stopped
    assert "Shorter brief" in (await owner.get(listed)).text


async def test_an_experiment_on_another_passage_count_is_written_down_offline(
    home: Home, owner: httpx.AsyncClient
) -> None:
    listed = "/operator/experiments"
    fields = {"name": "Five", "ai": "quill", "metric": "right", "effect": "5", "passages": "5"}
    assert "Fans get releases" in (await post(owner, listed, listed, **fields | {"metric": "answered"})).text
    assert "1 to 8" in (await post(owner, listed, listed, **fields | {"mode": "cases", "passages": "9"})).text
    made = await post(owner, listed, listed, **fields | {"mode": "cases", "prompt": "Be brief."})
    shown = (await owner.get(made.headers["location"].partition("?")[0])).text
    assert "Old way: as its generation says; New way: passages read: 5 · told: “Be brief.”" in shown
    without = {"name": "Nothing", "ai": "quill", "metric": "answered", "effect": "5"}
    assert "Compare two different releases" in (await post(owner, listed, listed, **without)).text


async def test_a_replay_says_what_it_asks_and_how_much_of_each(home: Home, owner: httpx.AsyncClient) -> None:
    release(home, home.ais.public("quill"), live=False)
    listed = "/operator/experiments"
    fields = {"name": "Asked again", "ai": "quill", "release": "2", "effect": "5"}
    wrong = await post(owner, listed, listed, **fields, mode="shared", metric="right")
    assert wrong.status_code == 400 and "Nobody said what a right answer" in wrong.text
    made = await post(owner, listed, listed, **fields, mode="both", metric="answered")
    page = made.headers["location"].partition("?")[0]
    assert "cases and questions that fans agreed to share" in (await owner.get(page)).text
    none = await post(owner, page, f"{page}/start")
    assert none.status_code == 400 and "There are no" in none.text
    id_ = page.rpartition("/")[2]
    pair = Unit("ai", False, 1, {Metric.ANSWERED: (1.0, 1.0)}, {}, shared=True)
    with home.db.write() as tx:
        drafted = shelf.get(tx, id_)
        begun = shelf.begin(tx, drafted, drafted.design.hash(id_), clock.now())
        units = [pair, pair, replace(pair, shared=False)]
        named = [(str(at), unit) for at, unit in enumerate(units)]
        shelf.add_look(tx, begun, reading.read(begun.design, units), clock.now(), named)
        assert [unit.shared for unit in shelf.units(tx, id_)] == [True, True, False]
    assert "asked so far: 1 cases and 2 shared questions" in (await owner.get(page)).text
    await post(owner, page, "/language", language="ja", next=page)
    assert "共有された質問2件" in (await owner.get(page)).text


async def test_who_agreed_to_an_earlier_text_sees_the_new_one_and_can_take_it_back(
    home: Home, owner: httpx.AsyncClient
) -> None:
    settings, data = "/studio/quill/settings", "/a/quill/data"
    await post(owner, settings, f"{settings}/share")
    await post(owner, "/a/quill", "/a/quill/turns", question="hello")
    await post(owner, data, f"{data}/share")
    with home.db.write() as tx:
        tx.execute(update(trace_consents).values(text_version=1))
    for page in (settings, data):
        shown = (await owner.get(page)).text
        assert "you agreed to an earlier text" in shown and "may also be asked again" in shown
    assert f"{data}/share" not in (await owner.get(data)).text, "the owner is asked first"
    await post(owner, settings, f"{settings}/share")
    shown = (await owner.get(data)).text
    assert f"{data}/share" in shown and f"{data}/keep" in shown
    await post(owner, data, f"{data}/share")
    assert "You agreed on" in (await owner.get(data)).text


async def test_a_running_experiment_shows_its_picture_in_both_languages(
    home: Home, owner: httpx.AsyncClient
) -> None:
    made = experiment(home, home.ais.public("quill"))
    page = f"/operator/experiments/{made.id}"
    english = BeautifulSoup((await owner.get(page)).text, "html.parser")
    assert english.select_one("svg.chart path.area") and "No decision yet" in english.get_text()
    assert len(english.select("table")[0].select("tbody tr")) == 10
    assert made.hash and made.hash[:16] in english.get_text()
    await post(owner, page, "/language", language="ja", next=page)
    assert "まだ結論は出ていません" in (await owner.get(page)).text
    assert (await owner.get("/operator/experiments/exp_none")).status_code == 404


async def test_models_are_chosen_compared_and_told_in_both_languages(
    home: Home, owner: httpx.AsyncClient
) -> None:
    listed = "/operator/comparisons"
    assert "No comparison yet." in (await owner.get(listed)).text
    shown = await owner.get(listed, params={"ai": "quill"})
    assert "big-model" in shown.text and "gen_0126dcf9+adapter" in shown.text
    refused = await post(owner, listed, listed, ai="quill", model="gen_0126dcf91564909a", margin="2")
    assert refused.status_code == 400 and "Choose two to six models." in refused.text
    both = ["gen_0126dcf91564909a", "endpoint:big-model"]
    wrong = await post(owner, listed, listed, ai="quill", model=both, margin="two")
    assert wrong.status_code == 400 and "Enter a number of points." in wrong.text
    waiting = await post(owner, listed, listed, ai="quill", model=both, margin="2,5")
    assert waiting.status_code == 303
    assert "waiting" in (await owner.get(waiting.headers["location"])).text
    page = f"{listed}/{compared(home, home.ais.public('quill'))}"
    told = BeautifulSoup((await owner.get(page)).text, "html.parser")
    assert "gen_0126dcf9+adapter is worse than big-model (−" in told.get_text()
    assert "is better than random routing at the same cost" in told.get_text()
    assert len(told.select("svg.chart")) == 3 and len(told.select("svg circle.dot.best")) == 3
    await post(owner, page, "/language", language="ja", next=page)
    assert "無作為に振り分けるより優れています" in (await owner.get(page)).text
    assert (await owner.get(f"{listed}/job_none")).status_code == 404


async def test_a_cascade_that_pays_becomes_a_release_and_the_owner_may_drop_it(
    home: Home, owner: httpx.AsyncClient
) -> None:
    quill = home.ais.public("quill")
    small = "gen_0126dcf91564909a"
    release(home, quill, generation=small)
    page = f"/operator/comparisons/{compared(home, quill)}"
    told = BeautifulSoup((await owner.get(page)).text, "html.parser")
    assert len(told.select(f'form[action="{page}/cascade"]')) == 1, "both pay, and one is live"
    refused = await post(owner, page, f"{page}/cascade", small=f"{small}+adapter", wanted="95")
    assert refused.status_code == 400 and "compared otherwise than it is live" in refused.text
    unmeasured = await post(owner, page, f"{page}/cascade", small=small, wanted="12")
    assert "that were measured" in unmeasured.text
    done = await post(owner, page, f"{page}/cascade", small=small, wanted="95")
    assert done.status_code == 303
    assert "The gate is being run." in (await owner.get(done.headers["location"])).text
    answering = _asked_of_the_gate(home, quill)
    assert answering.cascade is not None and answering.cascade.giant == "endpoint:big-model"
    release(home, quill, generation=small, answering=answering)
    releases = "/studio/quill/releases"
    assert (
        "big-model on the model server is asked where its own answer looks wrong"
        in (await owner.get(releases)).text
    )
    assert (await post(owner, releases, f"{releases}/alone")).status_code == 303
    assert _asked_of_the_gate(home, quill).cascade is None


def _asked_of_the_gate(home: Home, ai: Ai) -> Answering:
    with home.db.read() as tx:
        newest = jobs.listing(tx, ai_id=ai.id, name="gate")[0]
    return Candidate.model_validate(newest.payload["candidate"]).answering


async def test_nobody_is_asked_to_share_before_the_owner_agreed(
    home: Home, client: httpx.AsyncClient
) -> None:
    await post(client, "/a/quill", "/a/quill/turns", question="hello")
    page = await client.get("/a/quill/data")
    assert "shared base model" not in page.text
    refused = await post(client, "/a/quill/data", "/a/quill/data/share")
    assert refused.status_code == 409


async def test_the_owner_agrees_sees_who_did_and_takes_it_back(home: Home, owner: httpx.AsyncClient) -> None:
    page = await owner.get("/studio/quill/settings")
    assert "It is off unless you switch it on" in page.text
    await post(owner, "/studio/quill/settings", "/studio/quill/settings/share")
    page = await owner.get("/studio/quill/settings")
    assert "Agreed on" in page.text and "0 fans agreed too." in page.text
    done = await post(owner, "/studio/quill/settings", "/studio/quill/settings/keep")
    assert "Nothing more is taken from now on." in done.text and "Receipt" in done.text
    log = await owner.get("/studio/quill/log")
    assert "agreed to share traces" in log.text and "withdrew from sharing traces" in log.text


async def test_conversations_are_filtered_and_a_trace_is_drawn(home: Home, owner: httpx.AsyncClient) -> None:
    await post(owner, "/a/quill", "/a/quill/turns", question="Do you ship to Japan?")
    base = "/studio/quill/conversations"
    assert "Do you ship" in (await owner.get(base)).text
    for wanted in ("verdict=down", "failed=1", "tool=orders/find"):
        page = await owner.get(f"{base}?{wanted}")
        assert "No conversation is like that." in page.text, wanted
    assert (await owner.get(f"{base}?verdict=odd")).status_code == 400
    link = BeautifulSoup((await owner.get(base)).text, "lxml").select_one(".list a")
    assert isinstance(link, Tag)
    shown = await owner.get(str(link["href"]))
    assert "waterfall" in shown.text and "How this answer came about" in shown.text


async def test_the_family_of_generations_is_drawn_with_who_runs_on_whom(
    home: Home, owner: httpx.AsyncClient
) -> None:
    listed = "/operator/generations"
    assert "No generation yet" in (await owner.get(listed)).text
    family(home.db, home.settings.models_folder)
    move(home.db, home.ais.public("quill").id, SHIPPED)
    told = BeautifulSoup((await owner.get(listed)).text, "html.parser")
    links = [link["href"] for link in told.select("svg.family a")]
    assert set(links) == {f"{listed}/{one}" for one in (BASE, SHIPPED, LOST, NEWEST)}
    assert [path["href"] for path in told.select("svg.family a.current")] == [f"{listed}/{SHIPPED}"]
    assert [path["href"] for path in told.select("svg.family a.lost")] == [f"{listed}/{LOST}"]
    assert len(told.select("svg.family path.line")) == 3
    row = next(row for row in told.select("tbody tr") if "inhouse-2" in str(row.th))
    assert "Mara Quill" in row.get_text() and "SmolLM2-135M-Instruct" in row.get_text()


async def test_a_generation_is_told_with_its_figures_in_both_languages(
    home: Home, owner: httpx.AsyncClient
) -> None:
    family(home.db, home.settings.models_folder)
    page = f"/operator/generations/{LOST}"
    told = BeautifulSoup((await owner.get(page)).text, "html.parser")
    assert "Not better: beyond its margin may be Japanese." in told.get_text()
    arms, margins = told.select("table.arms tbody tr"), told.select("table.margins tbody tr")
    assert len(arms) == 8 and "98.4% 97.2–99.1%, n=700" in " ".join(arms[4].get_text(" ").split())
    assert [("not held" in row.get_text()) for row in margins].count(True) == 1
    assert len(told.select("svg.strip")) == 7 and told.select_one("svg.chart path.line")
    await post(owner, page, "/language", language="ja", next=page)
    assert "採用しません" in (await owner.get(page)).text
    for other in (BASE, SHIPPED):
        assert (await owner.get(f"/operator/generations/{other}")).status_code == 200
    assert (await owner.get("/operator/generations/gen_none")).status_code == 404
    card = await owner.get(f"{page}/card")
    assert (
        card.text.startswith("---\nlicense: apache-2.0")
        and "attachment" in card.headers["content-disposition"]
    )


async def test_the_ledger_says_what_is_worth_building_in_and_tells_authors(
    home: Home, owner: httpx.AsyncClient
) -> None:
    assert "nobody has judged them" in (await owner.get("/operator/ledger")).text
    ledger(home, home.ais.public("quill"))
    shown = BeautifulSoup((await owner.get("/operator/ledger")).text, "html.parser")
    text = shown.get_text()
    assert "Called in 36 turns in 90 days" in text and "answers hold" in text and "answers change" in text
    assert "its facts stay outside, because they change" in text
    assert len(shown.select("svg.chart circle.dot")) == 2 and len(shown.select("svg circle.dot.best")) == 1
    again = await post(owner, "/operator/ledger", "/operator/ledger/announce", key="nothing")
    assert again.status_code == 404 and "There is no extension named" in again.text
    told = await post(owner, "/operator/ledger", "/operator/ledger/announce", key="prices")
    assert told.status_code == 303
    await post(owner, "/operator/ledger", "/language", language="ja", next="/operator/ledger")
    assert "変わる" in (await owner.get("/operator/ledger")).text


async def test_an_author_sees_what_they_were_told_and_agrees(home: Home, owner: httpx.AsyncClient) -> None:
    ledger(home, home.ais.public("quill"))
    assert "1 new" in (await owner.get("/studio/quill")).text
    page = await owner.get("/account")
    assert "may be built into the base model from" in page.text and "new" in page.text
    assert "1 new" not in (await owner.get("/studio/quill")).text
    notice = re.search(r'name="notice" value="([^"]+)"', page.text)
    assert notice
    agreed = await post(owner, "/account", "/account/agree", notice=notice[1])
    assert agreed.status_code == 303
    page = await owner.get("/account")
    assert "agreed" in page.text and "It may be built in now" not in page.text


async def test_the_team_sees_what_its_extensions_are_worth_and_measures(
    home: Home, owner: httpx.AsyncClient
) -> None:
    ledger(home, home.ais.public("quill"))
    base = "/studio/quill/extensions"
    page = await owner.get(base)
    assert "What they are worth" in page.text and "Measured at this AI alone" in page.text
    assert (await post(owner, base, f"{base}/measure", name="calculator")).status_code == 303
    assert (await post(owner, base, f"{base}/measure", name="nothing")).status_code == 404
    assert (await post(owner, base, f"{base}/repeat")).status_code == 303
    assert (await post(owner, base, f"{base}/repeats", on="")).status_code == 303
    off = await owner.get(base)
    assert "No calls are repeated" in off.text and "Repeat calls now" not in off.text
    assert (await post(owner, base, f"{base}/repeat")).status_code == 409
    assert (await post(owner, base, f"{base}/repeats", on="1")).status_code == 303
    assert "Repeat calls now" in (await owner.get(base)).text
