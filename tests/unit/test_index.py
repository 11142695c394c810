"""The index on both databases: what is put is there, what is removed is gone, and each AI sees only its own."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import func, select

from inhouse.content import index
from inhouse.content.index_tables import postings
from inhouse.content.values import Document, Kind, Section
from inhouse.core.passages import Place
from inhouse.store.database import Database

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def document(name: str = "doc_1", ai_id: str = "ai_1", title: str = "Kiln", language: str = "en") -> Document:
    return Document(
        id=name, ai_id=ai_id, source_id="src_1", key=name, title=title, kind=Kind.POST, url=f"https://x.test/{name}",
        published_at=NOW, language=language, question=None, hash="0", imported_at=NOW,
    )  # fmt: skip


def section(text: str, heading: str | None = None) -> Section:
    return Section(text=text, place=Place(heading=heading))


def test_a_document_becomes_passages_with_place_and_date(db: Database) -> None:
    with db.write() as tx:
        made = index.put_document(
            tx, "ai_1", document(), [section("We fire at 1,240 degrees.", "How > Firing")]
        )
    with db.read() as tx:
        [passage] = index.passages_of(tx, "ai_1")
    assert made == 1
    assert (passage.text, passage.title, passage.place.heading) == (
        "We fire at 1,240 degrees.",
        "Kiln",
        "How > Firing",
    )
    assert passage.published_at == NOW


def test_indexing_again_keeps_what_is_unchanged_and_drops_what_is_gone(db: Database) -> None:
    with db.write() as tx:
        index.put_document(tx, "ai_1", document(), [section("One stays.", "a"), section("Two goes.", "b")])
        before = {passage.text: passage.id for passage in index.passages_of(tx, "ai_1")}
        index.put_document(tx, "ai_1", document(), [section("Zero comes.", "z"), section("One stays.", "a")])
        after = {passage.text: passage.id for passage in index.passages_of(tx, "ai_1")}
    assert list(after) == ["Zero comes.", "One stays."]
    assert after["One stays."] == before["One stays."]


def test_removing_takes_the_words_too_and_leaves_the_other_ai_alone(db: Database) -> None:
    with db.write() as tx:
        index.put_document(tx, "ai_1", document(), [section("A secret glaze.")])
        index.put_document(tx, "ai_2", document("doc_2", "ai_2"), [section("Another glaze.")])
        assert index.remove_documents(tx, "ai_1", ["doc_1", "doc_2"]) == 1
    with db.read() as tx:
        left = tx.execute(select(postings.c.ai_id, func.count()).group_by(postings.c.ai_id)).all()
        assert [row.ai_id for row in left] == ["ai_2"]
        assert (index.count(tx, "ai_1"), index.count(tx, "ai_2")) == (0, 1)


def test_a_passage_of_another_ai_cannot_be_read_by_its_id(db: Database) -> None:
    with db.write() as tx:
        index.put_document(tx, "ai_1", document(), [section("A secret glaze.")])
        [passage] = index.passages_of(tx, "ai_1")
        assert index.passages_by_id(tx, "ai_2", [passage.id]) == []
        assert [found.id for found in index.passages_by_id(tx, "ai_1", ["psg_none", passage.id])] == [
            passage.id
        ]


def test_every_change_raises_the_revision_of_that_ai_only(db: Database) -> None:
    with db.write() as tx:
        assert index.revision(tx, "ai_1") == 0
        index.put_document(tx, "ai_1", document(), [section("Text.")])
        assert index.bump_revision(tx, "ai_1") == 2
        index.remove_documents(tx, "ai_1", ["doc_1"])
        assert (index.revision(tx, "ai_1"), index.revision(tx, "ai_2")) == (3, 0)


def test_the_same_text_twice_in_one_document_is_one_passage(db: Database) -> None:
    with db.write() as tx:
        assert index.put_document(tx, "ai_1", document(), [section("Buy now."), section("Buy now.")]) == 1
        assert index.put_document(tx, "ai_1", document(), [section("Buy now."), section("Buy now.")]) == 1
        assert index.count(tx, "ai_1") == 1


def test_a_document_without_text_is_kept_out(db: Database) -> None:
    with db.write() as tx:
        assert index.put_document(tx, "ai_1", document(), [section("  \n ")]) == 0
