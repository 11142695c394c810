"""Search on both databases, with an embedder that needs no model."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from inhouse.content import bm25, embed_job, index, vectors
from inhouse.content.embedding.base import EmbedderFailed, Matrix
from inhouse.content.embedding.fake import FakeEmbedder
from inhouse.content.index import View
from inhouse.content.memory import MemoryIndex
from inhouse.content.search import Search
from inhouse.content.splitting import Piece
from inhouse.content.values import Document, Kind, Section
from inhouse.core.passages import Passage, Place
from inhouse.runtime.retrieval import SearchRetriever, StrictRetriever
from inhouse.store import jobs
from inhouse.store.database import Database
from inhouse.store.jobs import Stopped, Worker

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def put(
    db: Database, name: str, text: str, ai_id: str = "ai_1", days: int = 100, language: str = "en"
) -> None:
    document = Document(
        id=name, ai_id=ai_id, source_id="src_1", key=name, title="", kind=Kind.POST, url=None,
        published_at=NOW - timedelta(days=days), language=language, question=None, hash="0", imported_at=NOW,
    )  # fmt: skip
    with db.write() as tx:
        index.put_document(tx, ai_id, document, [Section(text=text, place=Place(line=1))])
        embed_job.enqueue(tx, ai_id)


def embed(db: Database, embedder: FakeEmbedder) -> None:
    worker = Worker(db, {embed_job.NAME: embed_job.make_handler(db, embedder)}, "quick")
    while worker.run_one():
        pass


def names(found: list[Passage]) -> list[str]:
    return [passage.document_id for passage in found]


@pytest.fixture
def shop(db: Database) -> Database:
    put(db, "firing", "I fire the kiln at 1240 degrees twice a week.")
    put(db, "shipping", "Shipping to Canada takes ten days.")
    put(db, "glaze", "All glazes are free of lead.")
    put(db, "yunomi", "湯呑みは食洗機で洗えません。", language="ja")
    put(db, "other", "I fire my kiln at 900 degrees, says the rival.", ai_id="ai_2")
    return db


@pytest.mark.parametrize("mode", ["fused", "lexical", "dense"])
def test_the_right_passage_comes_first(shop: Database, mode: str) -> None:
    embedder = FakeEmbedder()
    embed(shop, embedder)
    search = Search(shop, embedder)
    assert names(search.find("ai_1", "How hot do you fire kilns?", mode=mode))[0] == "firing"  # type: ignore[arg-type]
    assert names(search.find("ai_1", "湯呑みは洗えますか", mode=mode))[0] == "yunomi"  # type: ignore[arg-type]


def test_an_ai_finds_only_its_own(shop: Database) -> None:
    embedder = FakeEmbedder()
    embed(shop, embedder)
    search = Search(shop, embedder)
    assert set(names(search.find("ai_2", "kiln degrees lead Canada", 30))) == {"other"}
    assert "other" not in names(search.find("ai_1", "rival kiln 900", 30))
    assert search.find("ai_3", "kiln") == []


def test_one_ais_words_do_not_move_anothers_scores(shop: Database) -> None:
    search = Search(shop, FakeEmbedder())
    before = search.look(View("ai_1"), "kiln glaze", mode="lexical").passages
    for number in range(20):
        put(shop, f"noise{number}", f"kiln kiln {number}", ai_id="ai_2")
    assert search.look(View("ai_1"), "kiln glaze", mode="lexical").passages == before


def test_words_find_it_before_any_vector_is_there(shop: Database) -> None:
    found = Search(shop, FakeEmbedder()).look(View("ai_1"), "shipping to Canada")
    assert found.passages[0].document_id == "shipping"
    assert (found.cosine, found.support) == (None, None)
    assert found.coverage > 0.9


def test_a_passage_without_a_vector_competes_with_those_that_have_one(shop: Database) -> None:
    embedder = FakeEmbedder()
    embed(shop, embedder)
    put(shop, "new", "The harbour vase is sold out.")
    assert names(Search(shop, embedder).find("ai_1", "Is the harbour vase sold out?"))[0] == "new"


def test_a_broken_embedder_leaves_the_words(shop: Database) -> None:
    embedder = FakeEmbedder()
    embed(shop, embedder)
    embedder.broken = True
    assert names(Search(shop, embedder).find("ai_1", "lead in glazes"))[0] == "glaze"


def test_what_is_removed_is_gone_from_the_next_search_on(shop: Database) -> None:
    embedder = FakeEmbedder()
    embed(shop, embedder)
    search = Search(shop, embedder)
    assert "firing" in names(search.find("ai_1", "kiln", 30))
    with shop.write() as tx:
        index.remove_documents(tx, "ai_1", ["firing"])
    for mode in ("fused", "lexical", "dense"):
        assert "firing" not in names(search.find("ai_1", "kiln", 30, mode=mode))  # type: ignore[arg-type]


def test_signs_of_support(shop: Database) -> None:
    embedder = FakeEmbedder()
    embed(shop, embedder)
    search = Search(shop, embedder)
    good, bad = (
        search.look(View("ai_1"), "glazes free of lead"),
        search.look(View("ai_1"), "quantum chromodynamics"),
    )
    assert good.cosine and bad.cosine is not None and good.cosine > bad.cosine
    assert (good.coverage, bad.coverage) == (pytest.approx(1.0), 0.0)
    assert good.revision > 0
    assert good.support is None, "measured for the model that ships only"


def test_a_follow_up_is_searched_with_its_subject(shop: Database) -> None:
    class Said:
        question, answer = "Do you ship to Canada?", "Yes."

    found = Search(shop, FakeEmbedder()).look(View("ai_1"), "How long does that take?", history=[Said()])
    assert "Canada" in found.question
    assert found.passages[0].document_id == "shipping"


def test_newer_wins_where_both_say_the_same_thing(db: Database) -> None:
    put(db, "old", "The large bowl costs 40 euros in the shop.", days=900)
    put(db, "new", "The large bowl costs 45 euros in the shop now.", days=10)
    found = names(Search(db, FakeEmbedder()).find("ai_1", "How much does the large bowl cost?"))
    assert found == ["new", "old"]


def test_newer_wins_where_the_question_asks_for_it_and_not_otherwise(db: Database) -> None:
    put(
        db,
        "old",
        "Workshop dates: wheel throwing for beginners on a Saturday, a workshop of three hours.",
        days=900,
    )
    put(db, "new", "In May another workshop will be held, hand building with coils.", days=10)
    search = Search(db, FakeEmbedder())
    assert names(search.find("ai_1", "workshop for beginners throwing")) == ["old", "new"]
    assert names(search.find("ai_1", "What is your latest workshop?"))[0] == "new"


def test_what_is_said_twice_is_shown_once_and_a_changed_figure_is_no_repetition(db: Database) -> None:
    put(db, "instagram", "New mugs are in the shop, 300 ml each, in blue and in grey!")
    put(db, "x", "New mugs are in the shop, 300 ml each, in blue and in grey.")
    put(db, "bigger", "New mugs are in the shop, 400 ml each, in blue and in grey.")
    found = names(Search(db, FakeEmbedder()).find("ai_1", "new mugs in blue"))
    assert len(found) == 2
    assert "bigger" in found


@pytest.mark.parametrize(
    "query", ["", "   ", "?!", "\0", "'; DROP TABLE passages; --", "x" * 100_000, "%_", "ـ", "\ud800"]
)
def test_odd_questions_are_no_errors(shop: Database, query: str) -> None:
    embedder = FakeEmbedder()
    embed(shop, embedder)
    assert len(Search(shop, embedder).find("ai_1", query)) <= 5


def test_embedding_goes_on_where_a_killed_run_left_off(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embed_job, "_BATCH", 2)
    for number in range(7):
        put(db, f"doc{number}", f"A text about thing{number}.")
    embedder = FakeEmbedder()

    class Dying(FakeEmbedder):
        def passages(self, texts: object) -> vectors.Matrix:
            if len(embedder.embedded) >= 4:
                raise KeyboardInterrupt
            return embedder.passages(texts)  # type: ignore[arg-type]

    with db.read() as tx:
        [job] = jobs.listing(tx, name=embed_job.NAME)
    with pytest.raises(KeyboardInterrupt):
        embed_job.make_handler(db, Dying()).run(jobs.Progress(db, _claimed(db, job)))
    embed_job.make_handler(db, embedder).run(jobs.Progress(db, _claimed(db, job)))
    assert len(embedder.embedded) == len(set(embedder.embedded)) == 7
    with db.read() as tx:
        assert vectors.count_missing(tx, "ai_1", "fake") == 0


def _claimed(db: Database, job: jobs.Job) -> jobs.Job:
    worker = Worker(db, {embed_job.NAME: jobs.Handler(embed_job.NAME, "quick", lambda _: {})}, "quick")
    with db.write() as tx:
        tx.execute(jobs.jobs.update().values(state="queued"))
    return worker._claim() or job


def test_a_stop_is_obeyed_between_batches(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embed_job, "_BATCH", 2)
    for number in range(5):
        put(db, f"doc{number}", f"A text about thing{number}.")
    with db.read() as tx:
        [job] = jobs.listing(tx, name=embed_job.NAME)
    claimed = _claimed(db, job)
    with db.write() as tx:
        jobs.request_stop(tx, claimed.id)
    with pytest.raises(Stopped):
        embed_job.make_handler(db, FakeEmbedder()).run(jobs.Progress(db, claimed))


def test_an_embedder_that_fails_is_the_jobs_error_and_a_retry_ends_it(shop: Database) -> None:
    embedder = FakeEmbedder()
    embedder.broken = True
    embed(shop, embedder)
    with shop.write() as tx:
        failed = next(job for job in jobs.listing(tx, name=embed_job.NAME) if job.ai_id == "ai_1")
        assert failed.state == "failed"
        assert failed.error == EmbedderFailed(reason="it was told to fail").message
        jobs.retry(tx, failed.id)
    embedder.broken = False
    embed(shop, embedder)
    with shop.read() as tx:
        assert vectors.count_missing(tx, "ai_1", "fake") == 0


def test_the_same_text_is_embedded_once_per_ai_and_never_taken_from_another(db: Database) -> None:
    embedder = FakeEmbedder()
    put(db, "one", "The very same caption.")
    embed(db, embedder)
    put(db, "two", "The very same caption.")
    embed(db, embedder)
    assert len(embedder.embedded) == 1
    put(db, "three", "The very same caption.", ai_id="ai_2")
    embed(db, embedder)
    assert len(embedder.embedded) == 2


def test_vectors_of_another_model_are_not_compared_and_go_when_the_new_ones_are_complete(
    shop: Database,
) -> None:
    embed(shop, FakeEmbedder())
    other = FakeEmbedder()
    other.name = "fake-2"
    assert Search(shop, other).look(View("ai_1"), "kiln").cosine is None
    with shop.write() as tx:
        embed_job.enqueue(tx, "ai_1")
    embed(shop, other)
    with shop.read() as tx:
        assert vectors.count_missing(tx, "ai_1", "fake-2") == 0
        assert vectors.count_missing(tx, "ai_1", "fake") == 4


def test_vectors_for_passages_that_went_away_meanwhile_are_dropped(shop: Database) -> None:
    embedder = FakeEmbedder()
    with shop.write() as tx:
        waiting = vectors.missing(tx, "ai_1", "fake", 10)
        index.remove_documents(tx, "ai_1", ["firing"])
        rows = embedder.passages([one.text for one in waiting])
        vectors.put(tx, "ai_1", "fake", [one.number for one in waiting], rows)
        assert vectors.count_missing(tx, "ai_1", "fake") == 0
    assert len(Search(shop, embedder).find("ai_1", "x", 30, mode="dense")) == 3


def test_one_ai_cannot_write_vectors_of_another(shop: Database) -> None:
    with shop.write() as tx:
        [theirs] = vectors.missing(tx, "ai_2", "fake", 10)
        vectors.put(tx, "ai_1", "fake", [theirs.number], FakeEmbedder().passages(["x"]))
        assert vectors.count_missing(tx, "ai_2", "fake") == 1


def test_the_memory_for_vectors_is_bounded(shop: Database) -> None:
    embedder = FakeEmbedder()
    embed(shop, embedder)
    nearest = vectors.Nearest(most_bytes=1)
    search = Search(shop, embedder, nearest)
    assert search.find("ai_1", "kiln", mode="dense")
    assert search.find("ai_2", "kiln", mode="dense")
    assert len(nearest._held) <= 1


def test_the_best_comes_first_also_where_words_are_common(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [
        *(f"the kiln, number {n}, and much else that is said of it" for n in range(6)),
        "the kiln of Bath",
    ]
    held = MemoryIndex([(Piece(text, "", Place()), "en") for text in texts])
    asked = list(held.search("the kiln of Bath", 10).scores)
    monkeypatch.setattr(bm25, "_COMMON", 3)
    assert next(iter(held.search("the kiln of Bath", 10).scores)) == asked[0] == len(texts) - 1
    found = held.search("kiln number 4 Bath", 10).scores
    assert list(found.values()) == sorted(found.values(), reverse=True)
    held.close()


def test_measuring_is_told_where_nothing_could_be_compared(db: Database) -> None:
    class Broken(FakeEmbedder):
        def queries(self, texts: Sequence[str]) -> Matrix:
            raise EmbedderFailed(reason="no reply")

    broken = Broken()
    assert asyncio.run(SearchRetriever(Search(db, broken), broken).similar("a", ["b"])) == [0.0]
    with pytest.raises(EmbedderFailed):
        asyncio.run(StrictRetriever(Search(db, broken), broken).similar("a", ["b"]))
    whole = FakeEmbedder()
    assert len(asyncio.run(StrictRetriever(Search(db, whole), whole).similar("a", ["b", "c"]))) == 2
