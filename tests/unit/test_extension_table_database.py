"""A table in the owner's database: it answers as a file does, on both databases, and nothing but reading is possible."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, event, text

from inhouse.core.errors import InhouseError, UsageError
from inhouse.runtime.extensions import factory
from inhouse.runtime.extensions.base import Context, Extension, Result, ToolFailed
from inhouse.runtime.extensions.table.answers import NOTHING
from inhouse.runtime.extensions.table.database import rows as rows_module
from inhouse.runtime.extensions.table.database.extension import database_table
from inhouse.runtime.extensions.table.database.settings import DatabaseSettings
from inhouse.runtime.extensions.table.database.statement import BadStatement, checked
from inhouse.runtime.extensions.table.extension import Table, TableSettings
from inhouse.runtime.extensions.table.reading import BadTable

#: In the order of the names, as a database tells rows that are alike.
SHOP = """\
Name,Price,Colour,In stock,Kind,Added,Description
Cloud Mug,£36.00,white,yes,mug,2026-02-02,A light mug
Dawn Cup,£12.00,rose,yes,cup,2026-02-04,For espresso
Dusk Cup,£12.00,black,yes,cup,2026-02-05,For espresso
Fold Bowl,£28.50,white,no,bowl,2026-01-20,"A wide bowl, for soup"
Fold Mug,£32.00,blue,yes,mug,2026-03-01,A mug with a folded rim
Moon Jar,,white,yes,jar,2026-05-05,Made to order
Night Bowl,£40.00,black,no,bowl,2026-02-03,
Rain Bowl,£60.00,blue,yes,bowl,2025-11-02,Glazed twice
Sand Plate,£18.00,sand,yes,plate,2025-12-24,Café crème
Sky Mug,£45.00,blue,yes,mug,2026-04-11,Holds berries
"""
COLUMNS = ("name", "price", "colour", "in_stock", "kind", "added", "description")
CONTEXT = Context(ai_id="ai", fan_id=None, call_id="c", now=datetime(2026, 6, 1, tzinfo=UTC))
ORDERS = "SELECT number AS order_no, status, customer FROM orders WHERE number = :order_no"
EXAMPLES = ({"request": "Where is my order K-1001?", "values": {"order_no": "K-1001"}},)


def _fill(url: str) -> None:
    """The shop's rows, with a column that nobody may see, and orders with their customers."""
    engine = create_engine(url)
    with engine.begin() as tx:
        for name in ("view_of_shop", "orders", "products"):
            kind = "VIEW" if name.startswith("view") else "TABLE"
            tx.execute(text(f"DROP {kind} IF EXISTS {name}"))
        tx.execute(
            text(
                "CREATE TABLE products (id INTEGER, name VARCHAR(100), price NUMERIC(10, 2), colour TEXT, "
                "in_stock BOOLEAN, kind TEXT, added DATE, description TEXT, cost NUMERIC, keywords TEXT)"
            )
        )
        for number, line in enumerate(SHOP.splitlines()[1:]):
            name, price, colour, in_stock, kind, added, description = (
                line.replace('"', "").replace("bowl, for", "bowl; for").split(",")
            )
            row = {
                "id": number,
                "name": name,
                "price": float(price[1:]) if price else None,
                "colour": colour,
                "in_stock": in_stock == "yes",
                "kind": kind,
                "added": added if url.startswith("sqlite") else date.fromisoformat(added),
                "description": description.replace(";", ",") or None,
            }
            names = ", ".join(row)
            places = ", ".join(f":{each}" for each in row)
            tx.execute(
                text(f"INSERT INTO products ({names}, cost, keywords) VALUES ({places}, 3.33, 'heirloom')"),
                row,
            )
        tx.execute(text("CREATE VIEW view_of_shop AS SELECT name, price FROM products WHERE in_stock"))
        tx.execute(text("CREATE TABLE orders (number TEXT, status TEXT, customer TEXT)"))
        for number in range(1001, 1030):
            order = {"n": f"K-{number}", "c": f"Customer {number}"}
            tx.execute(text("INSERT INTO orders VALUES (:n, 'in the kiln', :c)"), order)
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database with the shop in it, once of each kind."""
    if request.param == "sqlite":
        address = f"sqlite:///{tmp_path / 'shop.db'}"
        _fill(address)
        return address
    server: str = request.getfixturevalue("postgres_server")
    _fill(server)
    return server.replace("+psycopg", "")


def made(url: str, **more: Any) -> Extension:
    given = {"title": "products", "table": "products", "columns": COLUMNS, "units": {"price": "£"}} | more
    if "select" in given:
        del given["table"], given["columns"]
    return database_table(DatabaseSettings.model_validate({"database": url} | given))


def call(used: Extension, tool: str, **arguments: Any) -> Result:
    return asyncio.run(used.call(tool, arguments, CONTEXT))


def names(result: Result) -> list[str]:
    return [source.title for source in result.sources]


# Answers


CALLS = [
    ("look_up", {"words": "Fold Mug", "limit": 1}),
    ("look_up", {"words": "blue mugs"}),
    ("look_up", {"words": "mug jar"}),
    ("look_up", {"words": "black mug"}),
    ("look_up", {"words": "ｂｏｗｌ"}),
    ("look_up", {"words": "CAFE creme"}),
    ("look_up", {"words": "berry"}),
    ("look_up", {"words": "umbrella"}),
    ("look_up", {"words": "?!"}),
    ("look_up", {}),
    ("look_up", {"limit": 10, "show": ["price"]}),
    ("look_up", {"where": [{"column": "price", "is": "<", "value": 18}]}),
    ("look_up", {"where": [{"column": "price", "is": "=", "value": "£12.00"}]}),
    ("look_up", {"where": [{"column": "price", "is": ">=", "value": 45}], "words": "blue"}),
    ("look_up", {"where": [{"column": "in_stock", "is": "=", "value": False}]}),
    ("look_up", {"where": [{"column": "in_stock", "is": "!=", "value": "yes"}]}),
    ("look_up", {"where": [{"column": "added", "is": "<", "value": "2026-01-01"}]}),
    ("look_up", {"where": [{"column": "added", "is": "=", "value": "2026-03-01"}]}),
    ("look_up", {"where": [{"column": "colour", "is": "=", "value": " BLACK "}]}),
    ("look_up", {"where": [{"column": "description", "is": "contains", "value": "SOUP"}]}),
    ("look_up", {"where": [{"column": "description", "is": "!=", "value": "Glazed twice"}], "limit": 10}),
    ("look_up", {"sort": {"column": "price"}, "limit": 10}),
    ("look_up", {"sort": {"column": "price", "descending": True}, "limit": 10}),
    ("look_up", {"sort": {"column": "added", "descending": True}, "limit": 3}),
    ("look_up", {"sort": {"column": "price"}, "words": "blue mug"}),
    ("count", {}),
    ("count", {"words": "mugs"}),
    ("count", {"words": "black mug"}),
    ("count", {"words": "umbrella"}),
    ("count", {"where": [{"column": "colour", "is": "=", "value": "white"}]}),
    ("count", {"of": {"column": "price", "what": "min"}}),
    ("count", {"of": {"column": "price", "what": "sum"}}),
    ("count", {"of": {"column": "price", "what": "average"}}),
    ("count", {"words": "mugs", "of": {"column": "price", "what": "average"}}),
    ("count", {"of": {"column": "added", "what": "max"}}),
    ("count", {"words": "jar", "of": {"column": "price", "what": "min"}}),
    ("count", {"where": [{"column": "name", "is": "=", "value": "Moon Jar"}], "of": {"column": "price", "what": "sum"}}),
]  # fmt: skip


def test_it_answers_as_a_file_with_the_same_rows_does(url: str) -> None:
    used, file = made(url), Table(TableSettings(title="products", csv=SHOP))
    assert asyncio.run(used.tools()) == asyncio.run(file.tools())
    for tool, arguments in CALLS:
        ours, theirs = call(used, tool, **arguments), call(file, tool, **arguments)
        assert ours.text == theirs.text, (tool, arguments)
        assert (ours.sources, ours.data, ours.value) == (theirs.sources, theirs.data, theirs.value)


def test_it_reads_the_same_requests(url: str) -> None:
    used, file = made(url), Table(TableSettings(title="products", csv=SHOP))
    assert isinstance(used, type(made(url)))
    for request in (
        "How much is the Fold Mug?",
        "Which bowls are under £40?",
        "How many products are there?",
        "Hello",
    ):
        for tool in ("look_up", "count"):
            day = date(2026, 6, 1)
            assert used.understood(tool, request, day) == file.understood(tool, request, day)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"where": [{"column": "cost", "is": "<", "value": 4}]}, 'no column "cost"'),
        ({"sort": {"column": "cost"}}, 'no column "cost"'),
        ({"show": ["keywords"]}, 'no column "keywords"'),
        ({"where": [{"column": "price", "is": "<", "value": "€40"}]}, "can't be compared"),
        ({"where": [{"column": "price", "is": "LIKE", "value": 4}]}, "does not fit"),
    ],
)
def test_what_is_not_offered_can_not_be_asked(url: str, arguments: Any, reason: str) -> None:
    with pytest.raises(ToolFailed, match=reason):
        call(made(url), "look_up", **arguments)


def test_columns_that_are_not_told_are_never_told(url: str) -> None:
    told = call(made(url), "look_up", limit=10).model_dump_json()
    assert "3.33" not in told and "heirloom" not in told
    used = made(url, search=["keywords"])
    found = call(used, "look_up", words="heirlooms", limit=10)
    assert len(found.sources) == 10 and "heirloom" not in found.text, "it is looked for there, and not told"
    assert call(used, "look_up", words="mug").empty


def test_a_view_and_a_select_are_tables_too(url: str) -> None:
    assert names(
        call(made(url, table="view_of_shop", columns=["name", "price"]), "look_up", words="bowl")
    ) == ["Rain Bowl"]
    used = made(
        url, select="SELECT name, price * 2 AS price FROM products WHERE kind = 'mug: or so' OR kind = 'mug';"
    )
    found = call(used, "look_up", sort={"column": "price"}, limit=1)
    assert found.text.startswith("Fold Mug: price £64")
    assert call(used, "count").data == {"total": 3}


def test_rows_are_those_of_now(url: str) -> None:
    used = made(url)
    before = call(used, "count").data
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as tx:
        tx.execute(text("UPDATE products SET price = 1 WHERE name = 'Fold Mug'"))
        tx.execute(text("DELETE FROM products WHERE name = 'Sky Mug'"))
    engine.dispose()
    assert (before, call(used, "count").data) == ({"total": 10}, {"total": 9})
    assert "£1.00" in call(used, "look_up", words="Fold Mug", limit=1).text


def test_of_many_rows_the_best_are_found(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows_module, "MOST_CANDIDATES", 3)
    used = made(url)
    found = call(used, "look_up", words="blue mug", limit=2)
    assert set(names(found)) == {"Fold Mug", "Sky Mug"}
    assert found.data["total"] == 4
    with pytest.raises(ToolFailed, match="More than 3 rows"):
        call(made(url, search=["keywords"]), "count", words="heirloom")


# A SELECT with places


def test_only_what_values_name_is_found(url: str) -> None:
    used = made(url, title="orders", select=ORDERS, examples=EXAMPLES)
    (tool,) = asyncio.run(used.tools())
    assert (tool.name, tool.parameters["required"]) == ("look_up", ["order_no"])
    assert tool.examples[0].arguments == {"order_no": "K-1001"}
    found = call(used, "look_up", order_no="K-1002")
    assert found.text == "K-1002: status in the kiln; customer Customer 1002"
    assert len(found.data["rows"]) == 1
    for attack in INJECTIONS:
        assert call(used, "look_up", order_no=attack).text == NOTHING
    for arguments in ({}, {"order_no": ""}, {"order_no": "x" * 201}):
        with pytest.raises(ToolFailed, match="order no"):
            call(used, "look_up", **arguments)
    with pytest.raises(ToolFailed, match='no tool "count"'):
        call(used, "count")


def test_numbers_are_named_too_and_many_rows_are_cut(url: str) -> None:
    select = "SELECT o.number, o.status FROM orders o, products p WHERE p.id = :id"
    used = made(
        url, title="orders", select=select, examples=[{"request": "What of 3?", "values": {"id": "3"}}]
    )
    found = call(used, "look_up", id="3")
    assert len(found.sources) == 10 and found.text.endswith("Only the first 10 are shown.")


def test_a_call_with_values_looks_at_the_select_once(url: str) -> None:
    """The look that tells the columns' names tells their types too: here that a price is a number."""
    select = "SELECT name, price FROM products WHERE name = :name"
    used = made(url, select=select, examples=[{"request": "the Fold Mug", "values": {"name": "Fold Mug"}}])
    asked: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        if "products" in statement:
            asked.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        found = call(used, "look_up", name="Fold Mug")
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    assert found.text.startswith("Fold Mug: price £32")
    assert len(asked) == 2


def test_an_example_that_finds_nothing_is_told_at_once(url: str) -> None:
    wrong = [{"request": "Where is order 1?", "values": {"order_no": "1"}}]
    with pytest.raises(BadTable, match="finds nothing"):
        asyncio.run(made(url, title="orders", select=ORDERS, examples=wrong).tools())


# Nothing but reading


INJECTIONS = [
    "'; DROP TABLE products; --",
    "\" OR 1=1 --",
    "x' UNION SELECT cost FROM products --",
    "') OR ('1'='1",
    "%",
    "_",
    "/%",
    "K-1001' OR '1'='1",
    ":order_no",
    "%(order_no)s",
    "{0}{__class__}",
]  # fmt: skip


@pytest.mark.parametrize("attack", INJECTIONS)
def test_values_are_never_sql(url: str, attack: str) -> None:
    used = made(url)
    for operator in ("=", "contains"):
        assert call(used, "look_up", where=[{"column": "colour", "is": operator, "value": attack}]).empty
    assert call(used, "look_up", words=attack).data["total"] < 10
    for name in (attack, "name; DROP TABLE products", "products.cost"):
        with pytest.raises(ToolFailed, match="no column"):
            call(used, "look_up", sort={"column": name})
    assert call(used, "count").data == {"total": 10}


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM products",
        "UPDATE products SET price = 0",
        "SELECT 1; DROP TABLE products",
        "WITH gone AS (DELETE FROM products RETURNING *) SELECT * FROM gone",
        "SELECT name INTO copied FROM products",
        "SELECT name FROM products FOR UPDATE",
        "SELECT name FROM products) AS t; --",
        "SELECT name FROM products) AS t, (SELECT 1",
        "SELECT name FROM products -- and more",
        "SELECT name /* and more */ FROM products",
        "SELECT $$name$$",
        "SELECT E'it\\'s' FROM products",
        "SELECT 'name FROM products",
        "SELECT name FROM products WHERE id = ?",
        "SELECT name FROM products WHERE id = $1",
        "SELECT name FROM products WHERE id = :Id",
        "SELECT a[1:2] FROM products",
        "PRAGMA query_only = OFF",
        "ATTACH ':memory:' AS other",
        "COPY products TO PROGRAM 'id'",
        "SELECT " + "x" * 9_000,
        "",
    ],
)
def test_a_select_is_one_statement_that_reads(sql: str) -> None:
    with pytest.raises(BadStatement):
        checked(sql)


def test_what_stands_in_quotation_marks_is_no_place_and_no_word() -> None:
    found = checked("SELECT \"update\", ':no' FROM t WHERE a = :yes AND b::int > 3 AND c = :yes")
    assert found.places == ("yes",)
    assert found.text.startswith("SELECT \"update\", '\\:no' FROM t")


def test_what_slips_through_the_check_can_not_write(url: str) -> None:
    """The transaction holds, whatever a statement says."""
    used: Any = made(url)
    attempts = [
        "DELETE FROM products",
        "DROP TABLE products",
        "CREATE TABLE t (a INTEGER)",
        "CREATE TEMP TABLE t (a INTEGER)",
    ]
    if url.startswith("sqlite"):
        attempts += ["PRAGMA query_only = OFF", "ATTACH ':memory:' AS other", "SELECT load_extension('x')"]
    else:
        attempts += [
            "SELECT set_config('transaction_read_only', 'off', true), nextval('made')",
            "SET TRANSACTION READ WRITE",
        ]
        engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
        with engine.begin() as tx:
            tx.execute(text("CREATE SEQUENCE IF NOT EXISTS made"))
            tx.execute(
                text(
                    "CREATE OR REPLACE FUNCTION sly() RETURNS integer LANGUAGE sql AS "
                    "$$ DELETE FROM products; SELECT 1 $$"
                )
            )
        engine.dispose()
        attempts.append("SELECT sly()")
    for sql in attempts:
        # A snapshot is taken first, as before each of our own statements a timeout is set.
        with pytest.raises(ToolFailed, match="can't be read"), used._base.reading() as connection:
            connection.execute(text("SELECT count(*) FROM products"))
            connection.execute(text(sql))
    assert call(used, "count").data == {"total": 10}


def test_a_sqlite_file_is_not_made_or_touched(tmp_path: Path) -> None:
    with pytest.raises(ToolFailed, match="can't be read"):
        asyncio.run(made(f"sqlite:///{tmp_path / 'none.db'}").tools())
    assert not (tmp_path / "none.db").exists()
    _fill(f"sqlite:///{tmp_path / 'shop.db'}")
    (tmp_path / "shop.db").chmod(0o444)
    before = (tmp_path / "shop.db").read_bytes()
    assert call(made(f"sqlite:///{tmp_path / 'shop.db'}"), "count").data == {"total": 10}
    assert (tmp_path / "shop.db").read_bytes() == before
    (tmp_path / "other.db").write_text("no database")
    with pytest.raises(ToolFailed, match="can't be read"):
        asyncio.run(made(f"sqlite:///{tmp_path / 'other.db'}").tools())


# Bounds and failures


def test_what_takes_too_long_is_ended(url: str) -> None:
    endless = (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) AS name FROM n"
        if url.startswith("sqlite")
        else "SELECT pg_sleep(600)::text AS name"
    )
    began = time.monotonic()
    with pytest.raises(ToolFailed, match="takes too long"):
        asyncio.run(made(url, select=endless, seconds=0.5).tools())
    assert time.monotonic() - began < 5


def test_a_long_cell_is_cut_in_the_database(url: str) -> None:
    long = (
        "replace(hex(zeroblob(500000)), '00', 'long ')"
        if url.startswith("sqlite")
        else "repeat('long ', 500000)"
    )
    used = made(url, select=f"SELECT name, {long} AS story FROM products")
    found = call(used, "look_up", words="Fold Mug", limit=1)
    assert len(found.model_dump_json()) < 5_000


def test_a_locked_sqlite_file_costs_a_sentence(tmp_path: Path) -> None:
    _fill(f"sqlite:///{tmp_path / 'shop.db'}")
    used = made(f"sqlite:///{tmp_path / 'shop.db'}")
    assert call(used, "count").data == {"total": 10}
    with sqlite3.connect(tmp_path / "shop.db") as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(ToolFailed, match="database"):
            call(used, "count")


def test_calls_beyond_a_few_at_once_are_refused(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    used: Any = made(url)
    asyncio.run(used.tools())
    go = threading.Event()
    held = used._description.needed

    def waiting() -> Any:
        go.wait(10)
        return held()

    monkeypatch.setattr(used._description, "needed", waiting)

    async def many() -> list[Any]:
        work = [asyncio.create_task(used.call("count", {}, CONTEXT)) for _ in range(10)]
        await asyncio.sleep(0.5)
        go.set()
        return await asyncio.gather(*work, return_exceptions=True)

    done = asyncio.run(many())
    assert sum(isinstance(one, Result) for one in done) == 4
    assert all("busy" in one.message for one in done if isinstance(one, ToolFailed))


# Setting up


def test_a_password_is_never_shown(tmp_path: Path) -> None:
    settings = {
        "title": "products",
        "database": "postgresql://reader:s3cret@db.example/shop",
        "table": "products",
        "columns": ["name"],
    }
    shown = factory.shown("sql-table", settings)
    assert "s3cret" not in str(shown) and "db.example" not in str(shown) and shown["table"] == "products"
    assert "s3cret" not in repr(DatabaseSettings.model_validate(settings))
    with pytest.raises(UsageError) as caught:
        factory.shown("sql-table", settings | {"database": "mysql://reader:s3cret@db.example/shop"})
    assert "s3cret" not in caught.value.message and "begins with sqlite" in caught.value.message


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"table": ""}, "not both"),
        ({"select": "SELECT 1 AS name"}, "not both"),
        ({"columns": []}, "name the columns"),
        ({"database": "sqlite://"}, "name the SQLite file"),
        ({"database": "sqlite:///:memory:"}, "name the SQLite file"),
        ({"database": "sqlite:////shop.db?mode=rwc"}, "may not say mode"),
        ({"database": "sqlite:////shop.db?uri=true"}, "may not say uri"),
        ({"database": "postgresql://h/d?options=-cdefault_transaction_read_only=off"}, "may not say options"),
        ({"database": "postgresql:///shop"}, "name the server"),
        ({"database": "not an address"}, "no address"),
        ({"table": "", "columns": [], "select": "DELETE FROM products"}, "begins with SELECT"),
        ({"table": "", "columns": [], "select": ORDERS}, "needs an example"),
        (
            {
                "table": "",
                "columns": [],
                "select": ORDERS,
                "examples": [{"request": "?", "values": {"other": "1"}}],
            },
            "a value for each place",
        ),
    ],
)
def test_settings_that_do_not_fit_are_a_sentence(change: dict[str, Any], reason: str) -> None:
    given = {"title": "x", "database": "sqlite:////shop.db", "table": "products", "columns": ["name"]}
    with pytest.raises(UsageError, match=reason):
        factory.shown("sql-table", given | change)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"table": "prodcts"}, 'no table or view "prodcts"'),
        ({"table": "other.products"}, 'no table or view "other.products"'),
        ({"table": 'products"; DROP TABLE products; --'}, "no table or view"),
        ({"columns": ["name", "prise"]}, 'no column "prise"; it has id, name, price'),
        ({"select": 'SELECT name, name AS "" FROM products'}, "a name of its own|can't be read"),
        ({"select": "SELECT name FROM products WHERE 1 = 0"}, "no rows"),
        ({"select": "SELECT nothing FROM products"}, "can't be read"),
    ],
)
def test_what_the_database_does_not_have_is_told_at_once(
    url: str, change: dict[str, Any], reason: str
) -> None:
    with pytest.raises(InhouseError, match=reason) as caught:
        asyncio.run(made(url, **change).tools())
    assert "\n" not in caught.value.message


def test_names_that_have_to_be_quoted(url: str) -> None:
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as tx:
        tx.execute(text('DROP TABLE IF EXISTS "Order; Lines"'))
        tx.execute(text('CREATE TABLE "Order; Lines" ("Select" TEXT, "Preis in €" INTEGER, "a""b:c%d" TEXT)'))
        tx.execute(text("INSERT INTO \"Order; Lines\" VALUES ('Krug', 12, 'blau')"))
    engine.dispose()
    used = made(
        url, table="Order; Lines", columns=["Select", "Preis in €", 'a"b:c%d'], units={"Preis in €": "€"}
    )
    assert call(used, "look_up", words="krug").text == "Krug: preis in €12; a b c d blau"
    assert call(used, "count", of={"column": "preis_in", "what": "max"}).data["max"] == 12.0
