"""Extensions of an AI: who may set them up, versions, signatures, releases, quotas, switching off."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import update
from typer.testing import CliRunner

from inhouse.accounts.actors import Actor
from inhouse.accounts.ais import AIs
from inhouse.accounts.tables import teams
from inhouse.app.extensions import ToolDesk
from inhouse.brief.brief import Brief
from inhouse.cli import extensions as command
from inhouse.content.given import Given, Reading
from inhouse.content.search import Found
from inhouse.core import clock
from inhouse.core.errors import Conflict, NotAllowed, NotFound, TooLarge, UsageError
from inhouse.core.events import Ended
from inhouse.releases import extensions as rows
from inhouse.releases.amendments import Amendments
from inhouse.releases.extensions import MOST_EXTENSIONS, Extensions
from inhouse.releases.feeds import StoredFeeds, keep
from inhouse.releases.tables import extension_versions
from inhouse.runtime.extensions.base import Context, Limits
from inhouse.runtime.extensions.colleagues import Colleague
from inhouse.runtime.extensions.documents.extension import Reader
from inhouse.runtime.extensions.factory import Plugs
from inhouse.runtime.extensions.search.feed_reading import FeedPage
from inhouse.runtime.extensions.search.items import FeedItem
from inhouse.runtime.request import ReplyRequest
from inhouse.store.database import Database
from inhouse.store.signing import Signer

OPERATOR = Actor.local_operator()
CSV = "Name,Price\nFold Mug,£32.00\nTide Bowl,£48.00\n"


def make_ai(db: Database, slug: str = "potter") -> str:
    team = f"team_{slug}"
    with db.write() as tx:
        tx.execute(teams.insert().values(id=team, name="Us", created_at=clock.now()))
    return AIs(db).create(OPERATOR, team, slug, slug.title()).id


@pytest.fixture
def ai_id(db: Database) -> str:
    return make_ai(db)


@pytest.fixture
def plugs(db: Database) -> Plugs:
    async def nobody(asker: str, slug: str, question: str, language: str) -> Ended:
        raise NotFound(kind="AI of this team", name=slug)

    async def none(asker: str, question: str) -> list[Colleague]:
        return []

    async def nothing(documents: Sequence[Given], question: str, k: int) -> Found:
        raise NotImplementedError

    def away(url: str) -> tuple[Reading, str]:
        raise NotImplementedError

    return Plugs(partial(StoredFeeds, db), nobody, none, Reader(away, nothing))


@pytest.fixture
def extensions(db: Database, tmp_path: Path, plugs: Plugs) -> Extensions:
    return Extensions(db, Signer(tmp_path), plugs)


def _entry(db: Database, ai_id: str) -> str:
    with db.read() as tx:
        return rows.current(tx, ai_id)[0]


def _request(ai_id: str, *entries: str) -> ReplyRequest:
    return ReplyRequest(ai_id, "Potter", "business", Brief(), "?", extensions=entries, fan_id="fan_1")


def test_a_table_is_set_up_listed_and_asked(db: Database, extensions: Extensions, ai_id: str) -> None:
    made = extensions.set_up(OPERATOR, ai_id, "table", "prices", {"title": "products", "csv": CSV})
    [listed] = extensions.listing(OPERATOR, ai_id)
    assert (listed.name, listed.kind, listed.off, listed.version) == ("prices", "table", None, made.version)
    context = Context(ai_id, None, "call_1", datetime(2026, 1, 1, tzinfo=UTC))
    arguments = {"words": "mug"}
    result = asyncio.run(extensions.try_out(OPERATOR, ai_id, "prices", "look_up", arguments, context))
    assert "£32.00" in result.text


def test_the_same_settings_are_the_same_version_and_others_are_not(
    db: Database, extensions: Extensions, ai_id: str
) -> None:
    first = extensions.set_up(OPERATOR, ai_id, "table", "prices", {"title": "products", "csv": CSV})
    again = extensions.set_up(OPERATOR, ai_id, "table", "prices", {"title": "products", "csv": CSV})
    other = extensions.set_up(OPERATOR, ai_id, "table", "prices", {"title": "bowls", "csv": CSV})
    assert first.version == again.version != other.version
    assert _entry(db, ai_id) == other.entry
    with db.read() as tx:
        assert rows.version(tx, ai_id, first.entry).settings["title"] == "products", (
            "old ones stay for releases"
        )


def test_what_was_changed_behind_our_back_is_left_out(
    db: Database, extensions: Extensions, ai_id: str
) -> None:
    made = extensions.set_up(OPERATOR, ai_id, "table", "prices", {"title": "products", "csv": CSV})
    cheaper = {"title": "products", "csv": CSV.replace("32", "2")}
    with db.write() as tx:
        tx.execute(update(extension_versions).values(settings=cheaper))
    with db.read() as tx, pytest.raises(Conflict):
        extensions.made(tx, ai_id, made.entry, plugs)
    desk = ToolDesk(db, extensions, plugs)
    assert asyncio.run(desk.attached(_request(ai_id, made.entry))) == []


def test_one_ai_never_gets_anothers(db: Database, extensions: Extensions, plugs: Plugs, ai_id: str) -> None:
    made = extensions.set_up(OPERATOR, ai_id, "calculator", "calculator", {})
    other = make_ai(db, "baker")
    assert extensions.listing(OPERATOR, other) == []
    assert asyncio.run(ToolDesk(db, extensions, plugs).attached(_request(other, made.entry))) == []
    with pytest.raises(NotFound):
        extensions.remove(OPERATOR, other, "calculator")


def test_only_operators_reach_into_their_machine(db: Database, extensions: Extensions, ai_id: str) -> None:
    key = Actor(kind="key", name="k", key_id="key_1", ai_id=ai_id, scopes=frozenset({"edit"}))  # type: ignore[arg-type]
    for kind, settings in (("mcp-program", {"command": "id"}), ("searxng", {"url": "http://localhost:1"})):
        with pytest.raises(NotAllowed):
            extensions.set_up(key, ai_id, kind, kind, settings)
    assert extensions.set_up(key, ai_id, "calculator", "calculator", {}).author == "key_1"


def test_the_command_reads_settings_from_a_file(
    db: Database, extensions: Extensions, ai_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sqlite3.connect(tmp_path / "shop.db") as shop:
        shop.execute("CREATE TABLE orders (number TEXT, status TEXT)")
        shop.execute("INSERT INTO orders VALUES ('K-1', 'in the kiln')")
    settings = {
        "title": "orders",
        "database": f"sqlite:///{tmp_path / 'shop.db'}",
        "select": "SELECT number, status FROM orders WHERE number = :order_no",
        "examples": [{"request": "Where is my order K-1?", "values": {"order_no": "K-1"}}],
    }
    (tmp_path / "shop.json").write_text(json.dumps(settings), encoding="utf-8")
    services = SimpleNamespace(extensions=extensions, ais=AIs(db))
    monkeypatch.setattr(command, "services", lambda: services)
    monkeypatch.setattr(command, "actor", lambda: OPERATOR)

    def run(*words: str) -> str:
        ran = CliRunner().invoke(command.app, words)
        assert ran.exit_code == 0, ran.output
        return ran.output

    told = run("add", "potter", "sql-table", "--name", "shop", "--settings", f"@{tmp_path / 'shop.json'}")
    assert "attached as shop: look_up" in told
    assert "in the kiln" in run("try", "potter", "shop", "look_up", '{"order_no": "K-1"}')
    assert "shop.db" not in run("list", "potter", "--json")


def test_a_table_in_a_database_is_the_operators_and_its_address_a_secret(
    extensions: Extensions, ai_id: str, tmp_path: Path
) -> None:
    file = tmp_path / "shop.db"
    with sqlite3.connect(file) as shop:
        shop.execute("CREATE TABLE products (name TEXT, price REAL, cost REAL)")
        shop.execute("INSERT INTO products VALUES ('Fold Mug', 32, 9)")
    settings = {
        "title": "products",
        "database": f"sqlite:///{file}",
        "table": "products",
        "columns": ["name", "price"],
    }
    key = Actor(kind="key", name="k", key_id="key_1", ai_id=ai_id, scopes=frozenset({"edit"}))  # type: ignore[arg-type]
    with pytest.raises(NotAllowed):
        extensions.set_up(key, ai_id, "sql-table", "shop", settings)
    extensions.set_up(OPERATOR, ai_id, "sql-table", "shop", settings)
    [listed] = extensions.listing(OPERATOR, ai_id)
    assert str(file) not in str(listed.settings) and listed.settings["table"] == "products"
    context = Context(ai_id, None, "call_1", datetime(2026, 1, 1, tzinfo=UTC))
    result = asyncio.run(extensions.try_out(OPERATOR, ai_id, "shop", "look_up", {"words": "mugs"}, context))
    assert result.text == "Fold Mug: price 32"


@pytest.mark.parametrize(
    ("kind", "name", "settings"),
    [
        ("nothing", "x", {}),
        ("calculator", "Bad Name", {}),
        ("calculator", "calculator", {"more": 1}),
        ("table", "prices", {"title": "x"}),
        ("feeds", "feeds", {"feeds": ["file:///etc/passwd"]}),
        ("feeds", "feeds", {"feeds": []}),
    ],
)
def test_settings_that_do_not_fit_are_one_sentence(
    extensions: Extensions, ai_id: str, kind: str, name: str, settings: dict[str, object]
) -> None:
    with pytest.raises(UsageError) as caught:
        extensions.set_up(OPERATOR, ai_id, kind, name, settings)
    assert "\n" not in caught.value.message


def test_there_are_limits(extensions: Extensions, ai_id: str) -> None:
    for number in range(MOST_EXTENSIONS):
        extensions.set_up(OPERATOR, ai_id, "calculator", f"c{number}", {})
    with pytest.raises(TooLarge):
        extensions.set_up(OPERATOR, ai_id, "calculator", "one-more", {})
    with pytest.raises(TooLarge):
        extensions.set_up(OPERATOR, ai_id, "table", "c1", {"title": "x", "csv": "x" * 3_000_000})


def test_removed_is_off_at_once_and_out_of_the_next_release(
    db: Database, extensions: Extensions, ai_id: str
) -> None:
    extensions.set_up(OPERATOR, ai_id, "calculator", "calculator", {})
    amendment = extensions.remove(OPERATOR, ai_id, "calculator")
    assert (amendment.kind, amendment.payload) == ("extension_off", {"extension": "calculator"})
    with db.read() as tx:
        assert rows.current(tx, ai_id) == ()
    extensions.set_up(OPERATOR, ai_id, "calculator", "calculator", {})
    assert Amendments(db).listing(OPERATOR, ai_id) == [], "set up again, it may be used again"


def test_quotas_are_the_fans_and_the_ais(
    db: Database, extensions: Extensions, plugs: Plugs, ai_id: str
) -> None:
    limits = Limits(fan_daily=2, ai_daily=3)
    made = extensions.set_up(OPERATOR, ai_id, "calculator", "calculator", {}, limits)
    desk = ToolDesk(db, extensions, plugs)

    async def take(fan: str | None, number: int, day: int = 1) -> str | None:
        [one, *_] = await desk.attached(_request(ai_id, made.entry))
        return await desk.take(
            Context(ai_id, fan, f"call_{number}", datetime(2026, 1, day, 12, tzinfo=UTC)), one
        )

    async def calls() -> list[str | None]:
        asked = [("a", 1), ("a", 1), ("a", 1), ("b", 1), ("b", 1), (None, 1), ("a", 2)]
        return [await take(fan, number, day) for number, (fan, day) in enumerate(asked)]

    assert [bool(refused) for refused in asyncio.run(calls())] == [
        False,
        False,
        True,
        False,
        True,
        False,
        False,
    ]


def test_feed_items_are_kept_renewed_and_fenced(db: Database, ai_id: str) -> None:
    def item(number: int, title: str = "News") -> FeedItem:
        date = datetime(2026, 1, 1 + number % 28, tzinfo=UTC)
        url = f"https://e.example/{number}"
        return FeedItem(
            title=title, url=url, text="x", date=date, feed="https://e.example/feed", language="en"
        )

    feed = "https://e.example/feed"
    with db.write() as tx:
        keep(tx, ai_id, "feeds", FeedPage(feed, (item(1), item(2), item(2, "Twice"))))
        keep(tx, ai_id, "feeds", FeedPage(feed, (item(2, "Corrected"), item(3))))
        keep(tx, ai_id, "feeds", FeedPage(feed, ()))
    read = asyncio.run(StoredFeeds(db, ai_id, "feeds").items())
    assert [(one.url[-1], one.title) for one in read] == [("3", "News"), ("2", "Corrected"), ("1", "News")]
    assert asyncio.run(StoredFeeds(db, "ai_other", "feeds").items()) == []


def test_a_signature_is_of_one_installation(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    one, other = Signer(tmp_path / "a"), Signer(tmp_path / "b")
    signature = one.sign("text")
    assert Signer(tmp_path / "a").holds("text", signature)
    assert not one.holds("other", signature)
    assert not other.holds("text", signature)
    assert not one.holds("text", "no hex")
    assert (tmp_path / "a" / "signing.key").stat().st_mode & 0o077 == 0
