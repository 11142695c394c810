"""An owner's table: files as shops export them, questions about them, and what nobody may do with them."""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import sqlite3
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from inhouse.content.plain import NotText
from inhouse.runtime.extensions.base import Context, Extension, Json, Result, Tool, ToolFailed
from inhouse.runtime.extensions.table.answers import NOTHING
from inhouse.runtime.extensions.table.columns import Column, Kind, quantity
from inhouse.runtime.extensions.table.extension import Table, TableSettings
from inhouse.runtime.extensions.table.query import Condition, Items, Wanted
from inhouse.runtime.extensions.table.reading import BadTable, Sheet, read_sheet

SHOP = """\
Name,Price,Colour,In stock,Kind,Dishwasher safe,Added,Description
Fold Mug,£32.00,blue,yes,mug,no,2026-03-01,A mug with a folded rim
Sky Mug,£45.00,blue,yes,mug,yes,2026-04-11,
Fold Bowl,£28.50,white,no,bowl,yes,2026-01-20,"A wide bowl, for soup"
Rain Bowl,£60.00,blue,yes,bowl,yes,2025-11-02,Glazed twice
Sand Plate,£18.00,sand,yes,plate,yes,2025-12-24,
Moon Jar,on request,white,yes,jar,no,2026-05-05,Made to order
Cloud Mug,£36.00,white,yes,mug,yes,2026-02-02,A light mug
Night Bowl,£40.00,black,no,bowl,yes,2026-02-03,
Dawn Cup,£12.00,rose,yes,cup,yes,2026-02-04,For espresso
Dusk Cup,£12.00,black,yes,cup,yes,2026-02-05,For espresso
"""
JAPAN = """\
商品名,価格,色,在庫,説明
湯呑み 空,"3,200円",青,あり,毎日のお茶に。
マグカップ 雲,"4,500円",白,あり,たっぷり入ります。
茶碗 雨,"2,800円",青,なし,ごはん茶碗です。
平皿 砂,"1,800円",茶,あり,ふきんで拭いてください。
マグカップ 空,"4,800円",青,なし,取っ手つき。
"""
CONTEXT = Context(ai_id="ai", fan_id=None, call_id="c", now=datetime(2026, 6, 1, tzinfo=UTC))


def table(csv: str | bytes = SHOP, title: str = "products") -> Table:
    return Table(TableSettings(title=title, csv=csv))


def call(used: Table, tool: str, **arguments: Any) -> Result:
    return asyncio.run(used.call(tool, arguments, CONTEXT))


def look_up(used: Table, *where: tuple[str, str, Any], **more: Any) -> Result:
    conditions = [{"column": column, "is": operator, "value": value} for column, operator, value in where]
    return call(used, "look_up", where=conditions, **more)


def count(used: Table, *where: tuple[str, str, Any], **more: Any) -> Result:
    conditions = [{"column": column, "is": operator, "value": value} for column, operator, value in where]
    return call(used, "count", where=conditions, **more)


def names(result: Result) -> list[str]:
    return [source.title for source in result.sources]


def column(sheet: Sheet, name: str) -> Column:
    return next(column for column in sheet.columns if column.name == name)


@pytest.fixture(scope="module")
def shop() -> Table:
    return table()


# Asking


def test_it_is_an_extension(shop: Table) -> None:
    extension: Extension = shop
    assert [tool.name for tool in asyncio.run(extension.tools())] == ["look_up", "count"]


def test_a_row_reads_as_a_line_with_its_units(shop: Table) -> None:
    result = call(shop, "look_up", words="Fold Mug", limit=1)
    line = (
        "Fold Mug: price £32.00; colour blue; in stock yes; kind mug; dishwasher safe no; added 2026-03-01; "
        "description A mug with a folded rim"
    )
    assert result.text.split("\n")[0] == line
    assert (result.sources[0].title, result.sources[0].text) == ("Fold Mug", line)
    assert result.data["rows"][0] == {
        "name": "Fold Mug",
        "price": 32.0,
        "colour": "blue",
        "in_stock": True,
        "kind": "mug",
        "dishwasher_safe": False,
        "added": "2026-03-01",
        "description": "A mug with a folded rim",
    }
    json.dumps(result.data)


def test_empty_cells_are_left_out_of_the_line_and_none_in_the_data(shop: Table) -> None:
    result = call(shop, "look_up", words="Sky Mug", limit=1)
    assert "description" not in result.text.split("\n")[0]
    assert result.data["rows"][0]["description"] is None


def test_words_and_a_price(shop: Table) -> None:
    result = look_up(shop, ("price", "<", 40), words="blue mugs")
    assert names(result)[0] == "Fold Mug"
    assert set(names(result)) == {"Fold Mug", "Cloud Mug"}
    assert result.text.endswith("every word of “blue mugs” is in the first 1 only.")


@pytest.mark.parametrize("words", ["bowl", "BOWLS", "a bowl, please", "ｂｏｗｌ"])
def test_words_are_found_in_any_case_number_and_width(shop: Table, words: str) -> None:
    assert set(names(call(shop, "look_up", words=words))) == {"Fold Bowl", "Rain Bowl", "Night Bowl"}


def test_rare_words_rank_above_common_ones(shop: Table) -> None:
    # Of two rows that hold one word each, the jar is the only one of its kind and comes before the five mugs and cups.
    assert names(call(shop, "look_up", words="mug jar"))[0] == "Moon Jar"


def test_that_no_row_has_every_word_is_said(shop: Table) -> None:
    result = call(shop, "look_up", words="black mug")
    assert result.text.startswith(
        "None of the products match every word of “black mug”; these match a part of it:\n"
    )
    assert result.data["total"] == 5
    counted = call(shop, "count", words="black mug")
    assert counted.text == "None of the products match every word of “black mug”; 5 match a part of it."
    assert counted.data == {"total": 0}


def test_nothing_that_matches_is_a_result(shop: Table) -> None:
    for result in (
        call(shop, "look_up", words="umbrella"),
        look_up(shop, ("price", ">", 1000)),
        call(shop, "look_up", words="?!"),
    ):
        assert (result.text, result.sources, result.data) == (NOTHING, (), {"rows": [], "total": 0})
    assert call(shop, "count", words="umbrella").text == NOTHING


def test_what_is_cut_is_said(shop: Table) -> None:
    assert call(shop, "look_up").text.endswith("\n5 of 10 shown.")
    assert len(call(shop, "look_up", limit=10).sources) == 10
    assert "shown" not in call(shop, "look_up", limit=10).text


@pytest.mark.parametrize(
    ("operator", "value", "expected"),
    [
        ("=", 12, {"Dawn Cup", "Dusk Cup"}),
        ("=", "£12.00", {"Dawn Cup", "Dusk Cup"}),
        (
            "!=",
            12,
            {"Fold Mug", "Sky Mug", "Fold Bowl", "Rain Bowl", "Sand Plate", "Cloud Mug", "Night Bowl"},
        ),
        ("<", "18", {"Dawn Cup", "Dusk Cup"}),
        ("<=", 18, {"Dawn Cup", "Dusk Cup", "Sand Plate"}),
        (">", 45, {"Rain Bowl"}),
        (">=", "45.00", {"Rain Bowl", "Sky Mug"}),
    ],
)
def test_numbers_compare(shop: Table, operator: str, value: Any, expected: set[str]) -> None:
    assert set(names(look_up(shop, ("price", operator, value), limit=10))) == expected


@pytest.mark.parametrize("value", [True, "yes", "Yes", "true", 1])
def test_yes_and_no_compare(shop: Table, value: Any) -> None:
    assert count(shop, ("in_stock", "=", value)).data == {"total": 8}
    assert set(names(look_up(shop, ("in_stock", "!=", value)))) == {"Fold Bowl", "Night Bowl"}


def test_dates_and_texts_compare(shop: Table) -> None:
    assert set(names(look_up(shop, ("added", "<", "2026-01-01")))) == {"Rain Bowl", "Sand Plate"}
    assert set(names(look_up(shop, ("colour", "=", " BLACK ")))) == {"Night Bowl", "Dusk Cup"}
    assert names(look_up(shop, ("description", "contains", "SOUP"))) == ["Fold Bowl"]


def test_an_empty_cell_meets_no_condition(shop: Table) -> None:
    # Four rows have no description: that they hold no "soup" is not known, and so not claimed.
    assert count(shop, ("description", "!=", "Glazed twice")).data == {"total": 6}


def test_conditions_hold_together(shop: Table) -> None:
    result = look_up(shop, ("dishwasher_safe", "=", True), ("in_stock", "=", True), words="bowls")
    assert names(result) == ["Rain Bowl"]


def test_sorting_puts_empty_cells_last(shop: Table) -> None:
    up = call(shop, "look_up", sort={"column": "price"}, limit=10)
    assert names(up)[:3] == ["Dawn Cup", "Dusk Cup", "Sand Plate"] and names(up)[-1] == "Moon Jar"
    down = call(shop, "look_up", sort={"column": "price", "descending": True}, limit=10)
    assert names(down)[:2] == ["Rain Bowl", "Sky Mug"] and names(down)[-1] == "Moon Jar"


def test_sorting_leaves_rows_with_every_word_first(shop: Table) -> None:
    # The cheapest blue mug is not the cheapest of what is blue or a mug.
    result = call(shop, "look_up", words="blue mug", sort={"column": "price"})
    assert names(result)[:2] == ["Fold Mug", "Sky Mug"]


@pytest.mark.parametrize(
    ("what", "told", "data"),
    [
        ("min", "3 products match; their price is £32.00 to £45.00.", {"min": 32.0, "max": 45.0}),
        ("max", "3 products match; their price is £32.00 to £45.00.", {"min": 32.0, "max": 45.0}),
        ("sum", "3 products match; their price adds up to £113.00.", {"sum": 113.0}),
        (
            "average",
            "3 products match; their average price is £37.67.",
            {"average": pytest.approx(37.67, abs=0.01)},
        ),
    ],
)
def test_counting_with_a_column(shop: Table, what: str, told: str, data: Json) -> None:
    result = call(shop, "count", words="mugs", of={"column": "price", "what": what})
    assert result.text == told
    assert result.data == {"total": 3, "column": "price", **data}
    assert result.sources[0].text == told


def test_counting_one_and_none_told(shop: Table) -> None:
    price = {"column": "price", "what": "min"}
    assert (
        call(shop, "count", words="plate", of=price).text == "1 of the products matches; its price is £18.00."
    )
    assert (
        call(shop, "count", words="jar", of=price).text == "1 of the products matches; its price is not told."
    )
    assert call(shop, "count").text == "10 products match."


def test_the_range_of_dates(shop: Table) -> None:
    result = call(shop, "count", words="mug", of={"column": "added", "what": "max"})
    assert result.text == "3 products match; their added is 2026-02-02 to 2026-04-11."


# Refusing


@pytest.mark.parametrize(
    ("tool", "arguments", "reason"),
    [
        ("look_up", {"where": [{"column": "prise", "is": "<", "value": 4}]}, r'no column "prise": it has name, price'),
        ("look_up", {"sort": {"column": "id"}}, 'no column "id"'),
        ("count", {"of": {"column": "sqlite_master", "what": "min"}}, 'no column "sqlite_master"'),
        ("count", {"of": {"column": "colour", "what": "min"}}, "holds text, which has no min"),
        ("count", {"of": {"column": "added", "what": "sum"}}, "holds date, which has no sum"),
        ("count", {"of": {"column": "price", "what": "median"}}, 'argument "of.what" does not fit'),
        ("look_up", {"where": [{"column": "price", "is": "<", "value": "cheap"}]}, r'such as £32.00; .* "cheap"'),
        ("look_up", {"where": [{"column": "price", "is": "<", "value": "€40"}]}, "can't be compared"),
        ("look_up", {"where": [{"column": "price", "is": "contains", "value": "4"}]}, "is compared by =, !="),
        ("look_up", {"where": [{"column": "colour", "is": "<", "value": "b"}]}, "by =, !=, contains"),
        ("look_up", {"where": [{"column": "colour", "is": "=", "value": True}]}, "can't be compared"),
        ("look_up", {"where": [{"column": "colour", "is": "=", "value": ""}]}, "can't be compared"),
        ("look_up", {"where": [{"column": "in_stock", "is": "=", "value": 7}]}, "holds yes or no"),
        ("look_up", {"where": [{"column": "added", "is": "<", "value": "spring"}]}, "such as 2026-03-01"),
        ("look_up", {"where": [{"column": "price", "is": "LIKE", "value": 4}]}, 'argument "where.0.is"'),
        ("look_up", {"where": [{"column": "price", "is": "<", "value": [4]}]}, 'argument "where.0.value"'),
        ("look_up", {"where": [{"column": "price", "is": "<", "value": float("nan")}]}, 'argument "where.0.value"'),
        ("look_up", {"where": [{"column": "price", "is": "<", "value": 10**400}]}, 'argument "where.0.value"'),
        ("look_up", {"where": [{"column": "price", "is": "=", "value": 1}] * 6}, 'argument "where"'),
        ("look_up", {"limit": 11}, 'argument "limit"'),
        ("look_up", {"limit": 0}, 'argument "limit"'),
        ("look_up", {"words": "x" * 201}, 'argument "words"'),
        ("look_up", {"sql": "SELECT 1"}, 'argument "sql"'),
        ("look_up", {"words": 5}, 'argument "words"'),
        ("delete", {}, 'no tool "delete"'),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_in_a_sentence(
    shop: Table, tool: str, arguments: Mapping[str, Any], reason: str
) -> None:
    with pytest.raises(ToolFailed, match=reason) as caught:
        call(shop, tool, **arguments)
    assert "\n" not in caught.value.message and len(caught.value.message) < 400


@pytest.mark.parametrize(
    "arguments",
    [
        {"where": [{"column": "colour", "is": "=", "value": "x" * 1024 * 1024}]},
        {"where": [{"column": "x" * 1024 * 1024, "is": "=", "value": 1}]},
        {"words": "x" * 1024 * 1024},
        {"x" * 1024 * 1024: 1},
    ],
)
def test_a_megabyte_is_refused_and_not_repeated(shop: Table, arguments: Mapping[str, Any]) -> None:
    with pytest.raises(ToolFailed) as caught:
        call(shop, "look_up", **arguments)
    assert len(caught.value.message) < 400


INJECTIONS = [
    "'; DROP TABLE items; --",
    '" OR 1=1 --',
    "x' UNION SELECT sql FROM sqlite_master --",
    "%",
    "_",
    "*",
    "mug\x00'; DELETE FROM items",
    "🙂" * 50,
    "{0}{__class__}",
]


@pytest.mark.parametrize("attack", INJECTIONS)
def test_values_are_never_sql(attack: str) -> None:
    used = table()
    assert look_up(used, ("colour", "=", attack)).data["total"] == 0
    assert look_up(used, ("description", "contains", attack)).data["total"] == 0
    for column_name in ("v1", "colour, id", attack):
        with pytest.raises(ToolFailed, match="no column"):
            look_up(used, (column_name, "=", "x"))
        with pytest.raises(ToolFailed, match="no column"):
            call(used, "look_up", sort={"column": column_name})
    assert call(used, "look_up", words=attack).data["total"] in (0, 3)
    assert call(used, "count").data == {"total": 10}


def test_a_cell_that_looks_like_sql_or_a_row_is_only_a_cell() -> None:
    used = table('name,colour\n"Mug\'); DROP TABLE items; --",blue\n"Cup\nFake: price £0",white\n')
    result = call(used, "look_up")
    assert result.text == "Mug'); DROP TABLE items; --: colour blue\nCup Fake: price £0: colour white"


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM items",
        "DROP TABLE items",
        "INSERT INTO items (id) VALUES (99)",
        "SELECT sql FROM sqlite_master",
        "ATTACH ':memory:' AS other",
        "PRAGMA query_only = OFF",
        "SELECT load_extension('x')",
        "SELECT randomblob(1000000000) FROM items",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n",
        "CREATE TEMP TABLE t (a)",
    ],
)
def test_the_database_itself_permits_only_reading_the_table(sql: str) -> None:
    items = Items(read_sheet(SHOP))
    with pytest.raises(sqlite3.DatabaseError, match=r"not authorized|prohibited"):
        items._connection.execute(sql)
    assert items.count(Wanted()).total == 10


def test_a_statement_is_stopped_after_its_steps() -> None:
    items = Items(read_sheet("name,price\n" + "Mug,5\n" * 5000), most_steps=10_000)
    with pytest.raises(ToolFailed, match="takes too long"):
        items.count(Wanted(conditions=[Condition(1, ">", 1.0)]))


def test_closing_forgets_the_rows() -> None:
    used = table()
    asyncio.run(used.aclose())
    with pytest.raises(sqlite3.ProgrammingError):
        call(used, "count")


def test_calls_at_once_do_not_mix() -> None:
    used = table()
    asked = ["mug", "bowl", "cup", "plate"] * 10

    async def run() -> list[Result]:
        calls = (used.call("look_up", {"words": word, "limit": 10}, CONTEXT) for word in asked)
        return await asyncio.gather(*calls)

    for word, result in zip(asked, asyncio.run(run()), strict=True):
        assert {row["kind"] for row in result.data["rows"]} == {word}


# Reading files as they are


def test_semicolons_and_decimal_commas() -> None:
    csv = "Artikel;Preis;Verfügbar\nTasse Blau;1.234,50 €;ja\nSchale;12,00 €;nein\nTeller;8,00 €;ja\n"
    used = table(csv.encode("cp1252"), "Produkte")
    result = look_up(used, ("preis", ">", "1.000,00"))
    assert result.text == "Tasse Blau: preis 1.234,50 €; verfügbar ja"
    assert result.data["rows"][0]["preis"] == 1234.5
    total = call(used, "count", of={"column": "preis", "what": "sum"})
    assert total.text == "3 Produkte match; their preis adds up to 1254,50 €."
    assert names(look_up(used, ("verfügbar", "=", False))) == ["Schale"]


def test_plurals_are_told_by_the_language_of_the_table() -> None:
    csv = "Artikel,Preis\nTasse Blau,12\nSchale,8\n"
    german = Table(TableSettings(title="Produkte", csv=csv, language="de"))
    assert names(call(german, "look_up", words="Tassen")) == ["Tasse Blau"]
    told = "Artikel,Text\nTasse Blau,Eine Tasse aus Steinzeug für den Kaffee am Morgen und von Hand gedreht\n"
    guessed = table(told, "Produkte")
    assert names(call(guessed, "look_up", words="Tassen")) == ["Tasse Blau"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-8"])
def test_excels_marks(encoding: str) -> None:
    used = table("Name,Price\r\nMug,£5\r\n".encode(encoding))
    assert call(used, "look_up").text == "Mug: price £5"


def test_settings_are_text_whatever_was_handed_over() -> None:
    settings = TableSettings(title="products", csv="Name,Prix\nThé,5\n".encode("cp1252"))
    again = TableSettings.model_validate_json(settings.model_dump_json())
    assert again == settings and "Thé" in again.csv
    assert "Thé" not in repr(settings)


def test_a_mark_in_text_and_excels_hint_of_the_separator() -> None:
    assert call(table("\ufeffName,Price\nMug,5\n"), "look_up").text == "Mug: price 5"
    # Without the hint, each of these lines would be two cells by commas, too.
    used = table("sep=;\r\nName, short;Price, all\r\nMug, blue;5\r\n")
    assert call(used, "look_up").text == "Mug, blue: price all 5"


def test_tabs() -> None:
    assert call(table("name\tprice\nMug, large\t5\n"), "look_up").text == "Mug, large: price 5"


def test_quotes_with_line_breaks_and_quotes() -> None:
    used = table('name,note\n"Big ""Bo"" Mug","first line\nsecond; line"\nCup,plain\n')
    assert call(used, "look_up").text == 'Big "Bo" Mug: note first line second; line\nCup: note plain'


def test_headers_are_made_unique_and_whole() -> None:
    sheet = read_sheet("Name,Price,price,,PRICE (2),InStock,Price_2\nMug,1,2,x,3,yes,4\n")
    assert [each.name for each in sheet.columns] == [
        "name", "price", "price_2", "column_4", "price_2_2", "in_stock", "price_2_3",
    ]  # fmt: skip


def test_empty_rows_columns_and_cells_at_the_end() -> None:
    sheet = read_sheet("name,price,notes,,\n\nMug,5,,,\n,,,,\nCup,6,,,\n")
    assert [each.name for each in sheet.columns] == ["name", "price"]
    assert sheet.rows == (("Mug", "5"), ("Cup", "6"))


def test_a_single_column() -> None:
    used = table("name\nBlue Mug\nRed Cup\n")
    assert names(call(used, "look_up", words="mug")) == ["Blue Mug"]
    assert "of" not in asyncio.run(used.tools())[1].parameters["properties"]


def test_the_name_comes_from_the_column_that_says_so() -> None:
    assert names(call(table("sku,colour,title\nM-1,blue,Fold Mug\n"), "look_up")) == ["Fold Mug"]
    assert names(call(table("no,colour,size\n1,blue,L\n"), "look_up")) == ["blue"]
    assert names(call(table("name,price\n,5\nMug,6\n"), "look_up")) == ["(no name)", "Mug"]


def test_a_link_is_a_source_and_nothing_else() -> None:
    result = call(
        table("name,price,url\nMug,5,https://kumo.example/mug\nCup,6,javascript:alert(1)\n"), "look_up"
    )
    assert [source.url for source in result.sources] == ["https://kumo.example/mug", None]
    assert result.text == "Mug: price 5\nCup: price 6"
    assert result.data["rows"][0]["url"] == "https://kumo.example/mug"


def test_japanese_columns_and_values() -> None:
    used = table(JAPAN.encode("cp932"), "商品")
    price = column(read_sheet(JAPAN), "価格")
    assert (price.kind, price.unit, price.is_money) == (Kind.NUMBER, "円", True)
    assert names(call(used, "look_up", words="青いマグカップ"))[0] == "マグカップ 空"
    assert set(names(call(used, "look_up", words="マグ"))) == {"マグカップ 雲", "マグカップ 空"}
    # One character is looked for inside words.
    assert set(names(call(used, "look_up", words="茶"))) == {"湯呑み 空", "茶碗 雨", "平皿 砂"}
    assert names(call(used, "look_up", words="ふきん")) == ["平皿 砂"]
    found = look_up(used, ("価格", "<", 4000), ("在庫", "=", True))
    assert found.text == (
        "湯呑み 空: 価格 3,200円; 色 青; 在庫 あり; 説明 毎日のお茶に。\n"
        "平皿 砂: 価格 1,800円; 色 茶; 在庫 あり; 説明 ふきんで拭いてください。"
    )
    assert look_up(used, ("価格", "=", "４，８００円")).data["total"] == 1


@pytest.mark.parametrize(
    ("text", "mark", "number", "unit"),
    [
        ("£32.00", ".", 32.0, "£"),
        ("£1,299", ".", 1299.0, "£"),
        ("1.234,50", ".", 1234.5, ""),
        ("1.234,50 €", ",", 1234.5, "€"),
        ("1.234", ",", 1234.0, ""),
        ("1.234", ".", 1.234, ""),
        ("1,234", ",", 1.234, ""),
        ("0,500 kg", ".", 0.5, "kg"),
        ("12,5", ".", 12.5, ""),
        ("1 234,50 zł", ",", 1234.5, "zł"),
        ("1\u00a0234,50", ",", 1234.5, ""),
        ("1'234.50", ".", 1234.5, ""),
        ("CHF 1’234.50", ".", 1234.5, "CHF"),
        ("₹1,00,000", ".", 100000.0, "₹"),
        ("-£5.00", ".", -5.0, "£"),
        ("€ -5", ".", -5.0, "€"),
        ("12,-", ",", 12.0, ""),
        ("US$5", ".", 5.0, "US$"),
        ("￥３,２００", ".", 3200.0, "¥"),
        ("15%", ".", 15.0, "%"),
        ("1.234.567", ".", 1234567.0, ""),
    ],
)  # fmt: skip
def test_numbers_as_people_write_them(text: str, mark: str, number: float, unit: str) -> None:
    found = quantity(text, mark)
    assert found and (found.number, found.unit) == (number, unit)


@pytest.mark.parametrize(
    "text",
    ["", "mug", "A12", "12A", "1.2.3", "12.05.2026", "£12–£15", "from £12", "1,2,3", "1e5", "9" * 16, "9" * 5000, "12 34"],
)  # fmt: skip
def test_what_is_no_number(text: str) -> None:
    assert quantity(text, ".") is None


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["1", "2.5", ""], Kind.NUMBER),
        (["£1", "on request", *["£2"] * 9], Kind.NUMBER),
        (["£1", "on request", "£2"], Kind.TEXT),
        (["£1", "€2", "£3"], Kind.TEXT),
        (["350 ml", "1.2 kg"], Kind.TEXT),
        (["00123", "45"], Kind.TEXT),
        (["4006381333931"], Kind.NUMBER),
        (["99999999999999999"], Kind.TEXT),
        (["yes", "NO", "n/a"], Kind.YES_NO),
        (["TRUE", "FALSE"], Kind.YES_NO),
        (["○", "×"], Kind.YES_NO),
        (["yes", "maybe"], Kind.TEXT),
        (["2026-03-01", "2026-03-01T10:00:00Z"], Kind.DATE),
        (["2026年3月1日", "2026/3/2"], Kind.DATE),
        (["01.05.2026"], Kind.DATE),
        (["2026-02-31"], Kind.TEXT),
        (["13/04/2026", "03/04/2026"], Kind.DATE),
        (["03/04/2026", "05/06/2026"], Kind.TEXT),
        (["-", "-"], Kind.TEXT),
    ],
)  # fmt: skip
def test_kinds_of_columns(cells: list[str], kind: Kind) -> None:
    sheet = read_sheet("name,value\n" + "".join(f'x,"{cell}"\n' for cell in cells))
    assert column(sheet, "value").kind is kind


def test_the_order_of_days_and_months_comes_from_the_whole_column() -> None:
    assert (
        look_up(table("name,day\nA,03/04/2026\nB,13/04/2026\n"), ("day", "=", "2026-04-03")).data["total"]
        == 1
    )
    assert (
        look_up(table("name,day\nA,03/04/2026\nB,04/13/2026\n"), ("day", "=", "2026-03-04")).data["total"]
        == 1
    )


def test_a_decimal_comma_is_known_from_elsewhere_in_the_file() -> None:
    told = "name\tprice\tweight\nMug\t12,50\t1.250\n"
    assert column(read_sheet(told), "weight").value("1.250") == 1250.0
    assert column(read_sheet("name;weight\nMug;1.250\n"), "weight").value("1.250") == 1250.0
    assert column(read_sheet("name,weight\nMug,1.250\n"), "weight").value("1.250") == 1.25


def test_a_unit_from_the_header_is_shown() -> None:
    used = table("Name,Price (£)\nMug,32.00\nCup,\n")
    assert call(used, "look_up").text == "Mug: price £32.00\nCup"
    assert look_up(used, ("price", "<", "£40")).data["total"] == 1
    assert call(table("名前,価格（円）\n皿,1200\n"), "look_up").text == "皿: 価格 円 1200円"


def test_words_of_programs_are_spoken() -> None:
    assert (
        call(table("name,in stock\nMug,TRUE\nCup,FALSE\n"), "look_up").text
        == "Mug: in stock yes\nCup: in stock no"
    )


@pytest.mark.parametrize(
    ("csv", "reason"),
    [
        ("", "it is empty"),
        ("\n\n,,\n", "it is empty"),
        ("name,price\n", "no rows below"),
        ("Mug,5\nCup,6\n", r'line 1 has to name the columns, and "5" is no name'),
        ("name,price\nMug,5\nCup,6,7\n", "line 3 has 3 cells where the columns are 2"),
        ("name,price\n\nMug\n", "line 3 has 1 cells"),
        ('name,note\nMug,"a\nb"\nCup,6,7\n', "line 4 has 3 cells"),
        ('name,price\nMug,5\n"Cup,6\nJar,7\n', "begins on line 3 has a quotation mark"),
        ('name,price\n"Mug" big,5\n', "begins on line 2 has a quotation mark"),
        ("name,note\nMug," + "x" * 140_000 + "\n", "begins on line 2 holds a cell that is too long"),
        ("sep=;\nname;price\nMug\n", "line 3 has 1 cells"),
        (",".join(f"c{number}x" for number in range(101)) + "\n", "101 columns; the limit is 100"),
        ("name\n" + "Mug\n" * 20_001, "more than 20,000 rows; line 20002 is one too many"),
        ("name\n" + "x" * 11_000_000, "larger than 10 MB"),
        ("name\n" + "空" * 4_000_000, "larger than 10 MB"),
        (b"name\n" + b"x" * 11_000_000, "larger than 10 MB"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_said_with_its_line(csv: str | bytes, reason: str) -> None:
    with pytest.raises(BadTable, match=reason) as caught:
        table(csv)
    assert "\n" not in caught.value.message and len(caught.value.message) < 300


def test_bytes_that_are_no_text() -> None:
    with pytest.raises(NotText):
        table(b"PK\x03\x04\x00\x00\xff\xfe\x00\x9d" * 50)


# What the model is told


def schema_fits(schema: Json, value: Any) -> bool:
    """Whether a value fits the few words of JSON schema that these tools use."""
    types: dict[str, Any] = {
        "string": str,
        "number": (int, float),
        "integer": int,
        "boolean": bool,
        "array": list,
        "object": dict,
    }
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if not any(isinstance(value, types[kind]) for kind in kinds) or value not in schema.get("enum", [value]):
        return False
    if isinstance(value, str):
        return len(value) <= int(schema.get("maxLength", len(value)))
    if isinstance(value, list):
        return len(value) <= schema["maxItems"] and all(schema_fits(schema["items"], item) for item in value)
    if isinstance(value, dict):
        known = schema["properties"]
        named = set(schema.get("required", ())) <= set(value) <= set(known)
        return named and all(schema_fits(known[name], item) for name, item in value.items())
    return bool(schema.get("minimum", value) <= value <= schema.get("maximum", value))


GERMAN = "Artikel;Preis;Farbe\n" + "".join(
    f"Tasse {name};{price},00 €;{colour}\n"
    for name, price, colour in (("Nord", 12, "blau"), ("Ost", 25, "rot"), ("West", 25, "blau"))
)


@pytest.mark.parametrize(
    ("csv", "fewest"),
    [
        (SHOP, 8),
        (JAPAN, 6),
        (GERMAN, 6),
        ("name,text\n" + "".join(f"Mug number {word},about {word}\n" for word in ("one", "two", "six", "ten", "few", "all")), 6),
        ("name\nMug\n", 1),
        ("price\n5\n5\n", 1),
        ("name,price\n" + "Mug,-5\n" * 3, 1),
        ("name,note\n" + f"{'long ' * 60},x\n" * 3, 0),
        ("name,note\n🙂,{oops}\n🙂,{oops}\n", 1),
    ],
)  # fmt: skip
def test_examples_come_out_of_the_table_and_find_something(csv: str, fewest: int) -> None:
    used = table(csv)
    for tool in asyncio.run(used.tools()):
        assert fewest <= len(tool.examples) <= 10
        assert len({example.request for example in tool.examples}) == len(tool.examples)
        for example in tool.examples:
            assert schema_fits(tool.parameters, example.arguments), example
            assert "{" not in example.request.replace("{oops}", "")
            assert call(used, tool.name, **example.arguments).data["total"] > 0, example


def test_examples_are_in_sensible_words(shop: Table) -> None:
    requests = {
        example.request: example.arguments for tool in asyncio.run(shop.tools()) for example in tool.examples
    }
    assert requests["How much is the Fold Mug?"] == {"words": "Fold Mug"}
    assert requests["Which products are in stock?"] == {
        "where": [{"column": "in_stock", "is": "=", "value": True}]
    }
    assert requests["Do you have products with the colour white and a price under £40?"] == {
        "where": [
            {"column": "colour", "is": "=", "value": "white"},
            {"column": "price", "is": "<", "value": 40},
        ]
    }
    assert requests["What is the average price of your products?"] == {
        "of": {"column": "price", "what": "average"}
    }


def test_examples_of_a_japanese_table_are_japanese() -> None:
    look, counting = asyncio.run(table(JAPAN, "商品").tools())
    assert {"湯呑み 空はいくらですか？", "在庫が「あり」の商品はどれですか？"} <= {
        example.request for example in look.examples
    }
    assert "商品の価格の平均は？" in {example.request for example in counting.examples}


def test_schemas_name_the_columns_with_type_unit_and_samples(shop: Table) -> None:
    look, counting = asyncio.run(shop.tools())
    where = look.parameters["properties"]["where"]["items"]["properties"]["column"]
    assert where["enum"][:3] == ["name", "price", "colour"]
    assert (
        "price: number in £, such as £32.00 or £45.00; colour: text, such as blue or white"
        in where["description"]
    )
    assert "in_stock: yes or no, such as yes or no" in where["description"]
    assert counting.parameters["properties"]["of"]["properties"]["column"]["enum"] == ["price", "added"]


def objects(schema: Any) -> list[Json]:
    inner = schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ()
    own = [schema] if isinstance(schema, dict) and schema.get("type") == "object" else []
    return own + [found for each in inner for found in objects(each)]


def test_no_object_takes_more_than_it_names(shop: Table) -> None:
    for tool in asyncio.run(shop.tools()):
        Tool.model_validate(tool.model_dump())
        assert len(objects(tool.parameters)) == 3
        assert all(each["additionalProperties"] is False for each in objects(tool.parameters))


# Size


def huge() -> str:
    chance = random.Random(7)
    colours = ["blue", "white", "sand", "black", "rose", "green"]
    kinds = ["mug", "bowl", "plate", "jar", "cup"]
    words = ["folded", "glazed", "wide", "soup", "espresso", "light", "heavy", "rim", "foot", "handle"]
    numbers = itertools.count()
    rows = (
        f"{chance.choice(colours).title()} {chance.choice(kinds)} {next(numbers)},£{chance.randint(500, 9000) / 100:.2f},"
        f"{chance.choice(colours)},{chance.choice(['yes', 'no'])},{' '.join(chance.choices(words, k=12))}"
        for _ in range(20_000)
    )
    return "name,price,colour,in stock,description\n" + "\n".join(rows) + "\n"


def test_a_huge_table_answers_at_once() -> None:
    used = table(huge())
    where = [
        {"column": "price", "is": "<", "value": 40},
        {"column": "in_stock", "is": "=", "value": True},
        {"column": "description", "is": "contains", "value": "glaz"},
        {"column": "colour", "is": "!=", "value": "rose"},
        {"column": "price", "is": ">=", "value": 1},
    ]
    worst: list[tuple[str, Json]] = [
        ("look_up", {"words": "blue mug soup espresso handle", "sort": {"column": "price"}, "limit": 10}),
        ("look_up", {"words": "blue mug soup", "where": where}),
        ("look_up", {"where": where, "sort": {"column": "description", "descending": True}}),
        ("count", {"words": "mugs", "where": where, "of": {"column": "price", "what": "average"}}),
    ]
    for tool, arguments in worst:
        # The processor's time, and the best of three: other work on the machine is not the table's.
        took = []
        for _ in range(3):
            began = time.process_time()
            assert call(used, tool, **arguments).data["total"] > 0
            took.append(time.process_time() - began)
        assert min(took) < 0.3, (tool, arguments)
