"""Documents that fans give: limits, fences, erasing, expiry, search, and what a turn is handed."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update
from turnkit import OWNER, World, world

from inhouse.accounts.ais import AIs
from inhouse.content import reading
from inhouse.content.embedding.fake import FakeEmbedder
from inhouse.content.given import document_of
from inhouse.content.given_search import GivenSearch
from inhouse.conversations import given, given_job, retention
from inhouse.conversations.documents import MOST_IN_CONVERSATION, TakesNoDocuments, TooManyDocuments
from inhouse.conversations.fandata import FanData
from inhouse.conversations.fans import Fan
from inhouse.conversations.ledger import Ledger
from inhouse.conversations.tables import given_documents
from inhouse.core import clock
from inhouse.core.errors import NotFound, TooLarge, UsageError
from inhouse.releases.revocation import Revocation
from inhouse.store.database import Database
from inhouse.store.jobs import Worker

POLICY = b"# Returns\n\nYou may return a mug within 30 days.\n\n# Post\n\nWe post on Tuesdays.\n"


@pytest.fixture
def here(db: Database) -> World:
    made = world(db, document_mb=1)
    AIs(db).edit(OWNER, made.ai.id, reads_documents=True)
    made.release()
    made.release(made.other)
    return made


def give(here: World, fan: Fan, conversation: str | None = None, data: bytes = POLICY) -> given.GivenDocument:
    return here.documents.give_file(fan, "policy.md", [data], conversation_id=conversation, origin="page")


def handed(here: World, fan: Fan, conversation: str | None = None) -> list[str]:
    """The titles of the documents that a turn's request has."""

    async def main() -> None:
        turn = await here.conversations.begin(fan, "How long?", conversation_id=conversation)
        async for _ in here.conversations.follow(fan, turn.id):
            pass

    asyncio.run(main())
    return [one.title for one in here.scripted.requests[-1].documents]


def test_a_turn_reads_what_was_given_to_its_conversation_and_nothing_else(here: World) -> None:
    fan, other = here.fan(), here.fan()
    kept = give(here, fan)
    assert (kept.name, kept.title, kept.size) == ("policy.md", "Returns", len(POLICY))
    assert handed(here, fan, kept.conversation_id) == ["Returns"]
    assert handed(here, fan) == [] and handed(here, other) == []
    with pytest.raises(NotFound):
        give(here, other, kept.conversation_id)
    with pytest.raises(NotFound):
        here.documents.remove(other, kept.id)
    with pytest.raises(NotFound):
        here.documents.named(other, [kept.id])
    assert here.documents.passage(other, f"{kept.id}.1") is None
    stranger = Fan(fan.id, here.other.id)  # the same id at another AI is somebody else
    assert here.documents.listing(stranger, kept.conversation_id) == []


def test_who_reads_documents_is_told_by_kind_and_by_the_owner(here: World) -> None:
    with pytest.raises(TakesNoDocuments):
        here.documents.give_file(here.fan(here.other), "a.md", [POLICY], origin="page")
    helper = AIs(here.db).create(OWNER, "team_1", "helper", "Helper", kind="assistant")
    assert helper.takes_documents
    fan = here.fan()
    kept = give(here, fan)
    AIs(here.db).edit(OWNER, here.ai.id, reads_documents=False)
    assert handed(here, fan, kept.conversation_id) == []


def test_too_much_is_refused_and_nothing_is_kept(here: World, monkeypatch: pytest.MonkeyPatch) -> None:
    fan = here.fan()
    for data, error in ((b"", UsageError), (b"x" * (2 << 20), TooLarge)):
        with pytest.raises(error):
            give(here, fan, data=data)
    with monkeypatch.context() as patch, pytest.raises(TooLarge):
        patch.setattr(reading, "MOST_CHARS", 20)
        give(here, fan)
    with pytest.raises(reading.Unreadable):
        here.documents.give_file(fan, "a.zip", [b"PK"], origin="page")
    with pytest.raises(reading.Unreadable):
        here.documents.give_file(fan, "photo.jpg", [b"\xff\xd8"], origin="page")
    first = give(here, fan)
    for _ in range(MOST_IN_CONVERSATION - 1):
        give(here, fan, first.conversation_id)
    with pytest.raises(TooManyDocuments):
        give(here, fan, first.conversation_id)
    with here.db.read() as tx:
        assert len(tx.execute(select(given_documents.c.id)).all()) == MOST_IN_CONVERSATION


def test_a_document_goes_when_it_is_taken_back_with_its_fan_and_when_nobody_used_it(
    here: World, tmp_path: Path
) -> None:
    fan = here.fan()
    first, second = give(here, fan), give(here, fan)
    here.documents.remove(fan, first.id)
    with pytest.raises(NotFound):
        here.documents.get(fan, first.id)
    long_ago = clock.now() - timedelta(days=31)
    with here.db.write() as tx:
        tx.execute(update(given_documents).values(used_at=long_ago))
    handed(here, fan, second.conversation_id)  # using it keeps it
    assert here.documents.forget_old() == 0
    with here.db.write() as tx:
        tx.execute(update(given_documents).values(used_at=long_ago))
        assert (
            retention.remove_older(tx, here.ai.id, clock.now() - timedelta(days=30))["given_documents"] == 1
        )
    third = give(here, fan)
    data = FanData(here.db, Revocation(here.adapters), Ledger(tmp_path / "erasures.log"))
    assert data.see(fan)["given_documents"][0]["title"] == "Returns"
    assert data.erase(fan).counts["given_documents"] == 1
    with here.db.read() as tx:
        assert tx.execute(select(given_documents.c.id)).all() == [], third.id


def test_vectors_are_made_by_a_job_that_goes_on_where_it_was_killed(
    here: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(given_job, "_BATCH", 1)
    embedder = FakeEmbedder()
    fan = here.fan()
    kept = give(here, fan)
    with here.db.write() as tx:
        [whole] = given.named(tx, fan, [kept.id], embedder.name)
        given.put_vectors(tx, fan.ai_id, kept.id, embedder.name, embedder.passages([whole.pieces[0].full]))
    handler = given_job.make_handler(here.db, embedder)
    worker = Worker(here.db, {handler.name: handler}, "quick")
    while worker.run_one():
        pass
    [whole] = here.documents.named(fan, [kept.id])
    assert whole.vectors is not None and len(whole.vectors) == len(whole.passages) == 2
    with here.db.read() as tx:
        [other_model] = given.named(tx, fan, [kept.id], "another model")
    assert other_model.vectors is None


def test_passages_are_found_with_their_place_and_named_after_their_document(here: World) -> None:
    fan = here.fan()
    kept = give(here, fan)
    documents = here.documents.named(fan, [kept.id])
    found = GivenSearch(FakeEmbedder()).look(documents, "When do you post?", (), 1)
    [passage] = found.passages
    assert (passage.place.heading, passage.text) == ("Post", "We post on Tuesdays.")
    assert document_of(passage.id) == kept.id and document_of("psg_1") is None
    shown = here.documents.passage(fan, passage.id)
    assert shown is not None and shown[1].text == passage.text
