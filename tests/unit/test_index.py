"""The index on both databases: what is put is there, what is removed is gone, and each AI sees only its own."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import func, select

from inhouse.content import index, vectors
from inhouse.content.embedding.fake import FakeEmbedder
from inhouse.content.index import View
from inhouse.content.index_tables import postings
from inhouse.content.search import Search
from inhouse.content.values import Document, Kind, Section
from inhouse.core.passages import Credit, Place
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


def test_a_passage_knows_its_order_and_who_wrote_it(db: Database) -> None:
    credit = Credit(authors=("Aiko Mori",), journal="Glazing", year=2019)
    paper = document().model_copy(update={"credit": credit})
    with db.write() as tx:
        index.put_document(tx, "ai_1", paper, [section("One.", "Aims"), section("Two.", "Results")])
    with db.read() as tx:
        found = index.passages_of(tx, "ai_1")
    assert [(passage.position, passage.credit) for passage in found] == [(0, credit), (1, credit)]


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


def texts(db: Database, view: View) -> set[str]:
    """What a search for a word of every passage finds in a view."""
    found = Search(db, FakeEmbedder()).look(view, "kiln glaze", k=10)
    return {passage.text for passage in found.passages}


def embed(db: Database, ai_id: str = "ai_1") -> None:
    embedder = FakeEmbedder()
    with db.write() as tx:
        waiting = vectors.missing(tx, ai_id, embedder.name, 100)
        rows = embedder.passages([one.text for one in waiting])
        vectors.put(tx, ai_id, embedder.name, [one.number for one in waiting], rows)


def test_a_view_shows_the_index_as_it_stood_and_today_shows_today(db: Database) -> None:
    with db.write() as tx:
        index.put_document(tx, "ai_1", document(), [section("The kiln is small.")])
    embed(db)
    with db.read() as tx:
        then = View("ai_1", index.revision(tx, "ai_1"))
        assert not index.differs(tx, then)
    with db.write() as tx:
        index.put_document(tx, "ai_1", document(), [section("The kiln is large.")])
        index.put_document(tx, "ai_1", document("doc_2"), [section("A new glaze.")])
    embed(db)
    assert texts(db, then) == {"The kiln is small."}
    assert texts(db, View("ai_1")) == {"The kiln is large.", "A new glaze."}
    with db.read() as tx:
        assert index.differs(tx, then) and index.unseen(tx, then) == 2
        assert {passage.text for passage in index.passages_of(tx, "ai_1")} == texts(db, View("ai_1"))
        assert index.count(tx, "ai_1") == 2


def test_what_was_removed_is_in_no_view(db: Database) -> None:
    with db.write() as tx:
        index.put_document(tx, "ai_1", document(), [section("The kiln is small.")])
        then = View("ai_1", index.revision(tx, "ai_1"))
        index.put_document(tx, "ai_1", document(), [section("The kiln is large.")])
        index.remove_documents(tx, "ai_1", ["doc_1"])
    assert texts(db, then) == texts(db, View("ai_1")) == set()


def test_old_passages_are_kept_for_the_revisions_that_show_them(db: Database) -> None:
    with db.write() as tx:
        index.put_document(tx, "ai_1", document(), [section("The kiln is small.")])
        first = index.revision(tx, "ai_1")
        index.put_document(tx, "ai_1", document(), [section("The kiln is large.")])
        index.put_document(tx, "ai_1", document(), [section("The kiln is gone.")])
        last = index.revision(tx, "ai_1")
        assert index.changed(tx) == ["ai_1"]
        assert index.forget(tx, "ai_1", [first]) == 0  # a gate under way may be looking at what came later
        assert index.forget(tx, "ai_1", [first, last]) == 1
    assert texts(db, View("ai_1", first)) == {"The kiln is small."}
    assert texts(db, View("ai_1", last)) == {"The kiln is gone."}
    with db.write() as tx:
        assert index.forget(tx, "ai_1", [last]) == 1
        assert index.changed(tx) == []


def test_text_that_comes_back_is_new_to_the_views_before(db: Database) -> None:
    with db.write() as tx:
        index.put_document(tx, "ai_1", document(), [section("The kiln is small.")])
        index.put_document(tx, "ai_1", document(), [section("The kiln is large.")])
        between = View("ai_1", index.revision(tx, "ai_1"))
        index.put_document(tx, "ai_1", document(), [section("The kiln is small.")])
    assert texts(db, between) == {"The kiln is large."}
    assert texts(db, View("ai_1")) == {"The kiln is small."}
