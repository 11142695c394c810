"""Keeping house: erasing with a receipt, retention, backup and restore."""

from __future__ import annotations

import asyncio
import json
import tarfile
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, text, update
from turnkit import OWNER, World, agreed, world

from actingkit import offer, proposed
from inhouse.accounts.ais import AIs
from inhouse.app import backup as backups
from inhouse.app.backup import BackupExists, BrokenBackup, HomeNotEmpty
from inhouse.app.schema import metadata
from inhouse.conversations import actions, lineage
from inhouse.conversations.erasure import Erasure
from inhouse.conversations.fandata import FanData
from inhouse.conversations.fans import Fan, Fans
from inhouse.conversations.handovers import Handovers
from inhouse.conversations.ledger import BrokenLedger, Ledger, Receipt
from inhouse.conversations.picks import Picks
from inhouse.conversations.responses import Responses
from inhouse.conversations.retention import Retention, queue_daily
from inhouse.conversations.tables import (
    conversations,
    corrections,
    erasures,
    fans,
    tool_calls,
    trace_exports,
    turns,
)
from inhouse.conversations.turns import Turn
from inhouse.conversations.verdicts import Verdicts
from inhouse.core import clock, ids
from inhouse.core.errors import NotAllowed, NotFound
from inhouse.core.settings import Settings
from inhouse.releases import amendments
from inhouse.releases.revocation import Revocation
from inhouse.store import jobs
from inhouse.store.blobs import Blobs
from inhouse.store.database import Database, Tx
from inhouse.store.jobs import Worker
from inhouse.store.signing import Signer
from inhouse.web.pages.fan_data import LABELS

SECRET = "My cat is called Wolfgang"


@pytest.fixture
def here(db: Database) -> World:
    made = world(db)
    made.release()
    return made


def ask(here: World, fan: Fan, question: str = SECRET) -> Turn:
    async def main() -> Turn:
        turn = await here.conversations.begin(fan, question)
        async for _event in here.conversations.follow(fan, turn.id):
            pass
        return here.conversations.turn(fan, turn.id)

    return asyncio.run(main())


def fan_data(here: World, home: Path) -> FanData:
    return FanData(here.db, Revocation(here.adapters), Ledger(home / "erasures.log"))


def erasure(here: World, home: Path, **more: object) -> Erasure:
    ledger = Ledger(home / "erasures.log")
    return Erasure(here.db, Blobs(home / "blobs"), ledger, fan_data(here, home), **more)  # type: ignore[arg-type]


def everything(db: Database) -> str:
    """All rows of all tables, as text."""
    with db.read() as tx:
        return "\n".join(str(row) for table in metadata.sorted_tables for row in tx.execute(select(table)))


def talkative(here: World) -> tuple[Fan, str]:
    """A fan with a turn, a thumb, a hand-over, a pick, a document, a tool's call, a response, an offer to act, a shared trace,
    and a correction that an adapter learnt from."""
    fan = here.fan()
    turn = ask(here, fan)
    verdicts = Verdicts(here.db)
    verdicts.thumb(fan, turn.id, "down")
    Handovers(here.db).request(fan, turn.conversation_id, contact="me@example.org", note=SECRET)
    Picks(here.db, here.releases, here.scripted).pick(OWNER, here.ai.id, SECRET, "a", "b", turn_id=turn.id)
    settings = {"metadata": {"about": SECRET}}
    Responses(here.db).name(turn, "key_1", previous=None, settings=settings, keep=True)
    AIs(here.db).edit(OWNER, here.ai.id, reads_documents=True)
    here.documents.give_file(
        fan, "note.txt", [SECRET.encode()], conversation_id=turn.conversation_id, origin="page"
    )
    called = {"ai_id": fan.ai_id, "fan_id": fan.id, "extension": "news", "tool": "search", "cost": 0.0}
    with here.db.write() as tx:
        tx.execute(tool_calls.insert().values(called | {"id": ids.new_id("call"), "at": clock.now()}))
        actions.propose(tx, turn, offer({"what": SECRET}))
    agreed(here, fan)
    made = {"purpose": "shared-generation", "text_version": 1, "file": "a.jsonl", "traces": 1, "removed": {}}
    with here.db.write() as tx:
        data_set = ids.new_id("dat")
        tx.execute(trace_exports.insert().values(made | {"id": data_set, "begun_at": clock.now()}))
        lineage.add(tx, data_set, [(turn.id, fan.id, fan.ai_id)])
    return fan, verdicts.correct(OWNER, here.ai.id, turn.id, "Nice name!").id


def test_a_fan_sees_all_that_is_held_and_nothing_of_others(here: World, tmp_path: Path) -> None:
    fan, _correction = talkative(here)
    ask(here, here.fan(), "Another fan's question")
    held = fan_data(here, tmp_path).see(fan)
    assert held["counts"] == dict.fromkeys(
        (
            "conversations",
            "turns",
            "handovers",
            "corrections",
            "picks",
            "cases",
            "tool_calls",
            "responses",
            "actions",
            "trace_consents",
            "data_sets",
            "given_documents",
        ),
        1,
    )
    assert set(held["counts"]) <= set(LABELS), "the page has a name for every kind"
    assert SECRET in json.dumps(held) and "Another" not in json.dumps(held)


def test_erasing_a_fan_walks_to_the_adapter_and_leaves_no_word(here: World, tmp_path: Path) -> None:
    fan, correction = talkative(here)
    kept = ask(here, here.fan(), "Tea?")
    here.release(adapter=here.adapters.put(here.ai.id, "a1", correction))
    receipt = fan_data(here, tmp_path).erase(fan)
    assert receipt.counts == {
        "adapters_tainted": 1,
        "pinned_answers": 1,
        **dict.fromkeys(("cases", "corrections", "picks", "handovers", "tool_calls", "given_documents"), 1),
        **dict.fromkeys(("responses", "actions", "turns", "conversations", "fans"), 1),
        **dict.fromkeys(("trace_consents", "data_sets"), 1),
    }
    left = everything(here.db)
    assert SECRET not in left and "me@example.org" not in left and fan.id not in left
    assert here.conversations.turn(Fan(kept.fan_id, kept.ai_id), kept.id).answer
    with here.db.read() as tx:
        assert here.releases.route(tx, here.ai.id, "fan").adapter is None
        assert [job.name for job in jobs.listing(tx)] == ["forget-shared", "train", "embed-document"]
        assert [a.kind for a in amendments.in_force(tx, here.ai.id)] == ["adapter_off"]
    assert Ledger(tmp_path / "erasures.log").entries() == [receipt]
    with pytest.raises(NotFound):
        fan_data(here, tmp_path).erase(fan)


def test_a_receipt_names_nobody(here: World, tmp_path: Path) -> None:
    fan, _correction = talkative(here)
    receipt = fan_data(here, tmp_path).erase(fan)
    assert fan.id not in receipt.model_dump_json() and receipt.subject == ids.digest(fan.id)
    assert len(receipt.receipt) == 64


def test_another_ais_fan_is_not_erased_by_a_mixed_up_id(here: World, tmp_path: Path) -> None:
    fan, _correction = talkative(here)
    with pytest.raises(NotFound):
        fan_data(here, tmp_path).erase(Fan(fan.id, here.other.id))
    assert SECRET in everything(here.db)


def test_an_answer_being_written_to_an_erased_fan_is_given_up(
    here: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inhouse.conversations.answering._FLUSH_SECONDS", 0.01)

    async def main() -> None:
        fan, here.scripted.hold = here.fan(), asyncio.Event()
        await here.conversations.begin(fan, SECRET)
        fan_data(here, tmp_path).erase(fan)
        while here.conversations._answering._running:
            await asyncio.sleep(0.01)

    asyncio.run(main())
    assert SECRET not in everything(here.db) and here.scripted.closed == 1


def test_erasing_an_ai_empties_every_table_and_its_files(here: World, tmp_path: Path) -> None:
    talkative(here)
    other = here.fan(here.other)
    blobs, cleaned = Blobs(tmp_path / "blobs"), []
    mine, theirs, both = blobs.put(b"mine"), blobs.put(b"theirs"), blobs.put(b"of both")

    def names(_tx: Tx, ai_id: str | None) -> list[str]:
        return [mine, both] if ai_id == here.ai.id else [theirs, both]

    eraser = erasure(here, tmp_path, blob_names=[names], cleaners=[cleaned.append])
    receipt = eraser.erase_ai(OWNER, here.ai.id)
    assert receipt.counts["turns"] == receipt.counts["releases"] == receipt.counts["ais"] == 1
    with here.db.read() as tx:
        for table in metadata.sorted_tables:
            if "ai_id" in table.c and table.name not in ("audit", "api_keys"):
                rows = select(func.count()).select_from(table).where(table.c.ai_id == here.ai.id)
                assert tx.execute(rows).scalar() == 0, table.name
    assert blobs.path(mine).exists()
    Worker(here.db, {"sweep": eraser.handler}, "quick").run_one()
    assert not blobs.path(mine).exists() and cleaned == [here.ai.id]
    assert blobs.path(theirs).exists() and blobs.path(both).exists()
    assert here.fans.named(here.other.id, "x") and other
    with pytest.raises(NotFound):
        eraser.erase_ai(OWNER, here.ai.id)


def test_a_ledger_catches_up_after_a_kill_and_forgives_a_cut_off_line(here: World, tmp_path: Path) -> None:
    fan, _correction = talkative(here)
    ledger = Ledger(tmp_path / "erasures.log")
    receipt = fan_data(here, tmp_path).erase(fan)
    ledger.path.write_text(receipt.model_dump_json()[:40])
    assert ledger.entries() == []
    with here.db.read() as tx:
        ledger.catch_up(tx)
        ledger.path.write_text("")
        ledger.catch_up(tx)
        ledger.catch_up(tx)
    assert ledger.entries() == [receipt]
    ledger.path.write_text("nonsense\n" + receipt.model_dump_json() + "\n")
    with pytest.raises(BrokenLedger):
        ledger.entries()


def test_retention_removes_what_is_old_at_the_ais_own_pace(here: World) -> None:
    here.release(here.other)
    old, new = here.fan(), here.fan()
    elsewhere = ask(here, here.fan(here.other))
    ask(here, old)
    corrected, _correction = talkative(here)
    long_ago = clock.now() - timedelta(days=31)
    with here.db.write() as tx:
        tx.execute(text("UPDATE ais SET retention_days = 30 WHERE id = :id"), {"id": here.ai.id})
        for table, column in ((turns, "created_at"), (conversations, "changed_at"), (fans, "seen_at")):
            tx.execute(update(table).values({column: long_ago}))
        tx.execute(text("UPDATE handovers SET changed_at = created_at"))
        queue_daily(tx)
        assert queue_daily(tx) is None
    kept = ask(here, new, "Tea?")
    Worker(here.db, {"retention": Retention(here.db).handler}, "quick").run_one()
    with here.db.read() as tx:
        left = {row.id for row in tx.execute(select(turns.c.id))}
        assert left == {elsewhere.id, kept.id}
        people = {row.id for row in tx.execute(select(fans.c.id).where(fans.c.ai_id == here.ai.id))}
        assert people == {new.id, corrected.id}  # a correction still names its fan, so that erasing finds it
        assert tx.execute(select(func.count()).select_from(corrections)).scalar() == 1
        assert queue_daily(tx) is None


@pytest.fixture(params=["sqlite", "postgresql"])
def installation(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[World, Settings]]:
    """A whole installation with a home, and its settings."""
    home = tmp_path / "home"
    url = "" if request.param == "sqlite" else request.getfixturevalue("postgres_server")
    settings = Settings(home=home, database_url=url)
    db = Database(settings.database)
    if url:
        empty(db)
    with db.write() as tx:
        metadata.create_all(tx)
    here = world(db)
    here.release()
    yield here, settings
    here.db.close()


def empty(db: Database) -> None:
    with db.write() as tx:
        tx.execute(text("DROP SCHEMA public CASCADE"))
        tx.execute(text("CREATE SCHEMA public"))
        tx.execute(text("CREATE EXTENSION IF NOT EXISTS vector"))


@pytest.fixture(autouse=True)
def schema_by_metadata(monkeypatch: pytest.MonkeyPatch) -> None:
    """The migrations have a test of their own; here the tables are made directly."""

    def create(db: Database) -> None:
        with db.write() as tx:
            metadata.create_all(tx)

    monkeypatch.setattr(backups, "upgrade", create)


def lose(here: World, settings: Settings, *, ledger: bool = False) -> None:
    """The disk dies: the database is gone, and the ledger too where that is wanted."""
    here.db.close()
    if settings.database_url:
        empty(here.db)
    for name in ("inhouse.db", "inhouse.db-wal", "inhouse.db-shm", *(["erasures.log"] if ledger else [])):
        (settings.home / name).unlink(missing_ok=True)


def again(here: World) -> backups.Apply:
    def apply(settings: Settings, receipts: Sequence[Receipt]) -> Sequence[Receipt]:
        db = Database(settings.database)
        moved = World(**vars(here) | {"db": db})
        made = erasure(moved, settings.home).apply(receipts)
        db.close()
        return made

    return apply


def test_a_backup_brings_everything_back(installation: tuple[World, Settings], tmp_path: Path) -> None:
    here, settings = installation
    fan, token = here.fans.welcome(here.ai.id)
    turn = ask(here, fan)
    blob = Blobs(settings.home / "blobs").put(b"an adapter")
    signature = Signer(settings.home).sign("an extension")
    before = everything(here.db)
    manifest = backups.backup(settings, here.db, tmp_path / "b.tar.gz")
    assert f"blobs/{blob[:2]}/{blob}" in manifest.files
    lose(here, settings)
    Blobs(settings.home / "blobs").delete(blob)
    (settings.home / "signing.key").unlink()
    done = backups.restore(settings, tmp_path / "b.tar.gz", again(here))
    db = Database(settings.database)
    assert (done.files, done.erased_again) == (len(manifest.files), 0)
    assert everything(db) == before
    assert Fans(db).known(here.ai.id, token) == fan and turn.id in before
    assert Blobs(settings.home / "blobs").get(blob) == b"an adapter"
    assert Signer(settings.home).holds("an extension", signature)
    assert (settings.home / "signing.key").stat().st_mode & 0o077 == 0
    assert not backups.is_unfinished(settings)
    with db.write() as tx:  # counted columns go on counting
        tx.execute(
            metadata.tables["audit"]
            .insert()
            .values(at=clock.now(), actor_kind="system", action="x", detail={})
        )
    db.close()


@pytest.mark.parametrize("where", ["in the home", "given by hand", "in the database of the backup"])
def test_an_erasure_stays_erased_after_a_restore(
    installation: tuple[World, Settings], tmp_path: Path, where: str
) -> None:
    here, settings = installation
    fan, _correction = talkative(here)
    kept = ask(here, here.fan(), "Tea?")
    backups.backup(settings, here.db, tmp_path / "b.tar.gz")
    fan_data(here, settings.home).erase(fan)
    ledger = tmp_path / "copy.log"
    ledger.write_bytes((settings.home / "erasures.log").read_bytes())
    if where == "in the database of the backup":
        backups.backup(settings, here.db, tmp_path / "later.tar.gz")
    lose(here, settings, ledger=where == "given by hand")
    by_hand = ledger if where == "given by hand" else None
    name = "later.tar.gz" if where == "in the database of the backup" else "b.tar.gz"
    done = backups.restore(settings, tmp_path / name, again(here), by_hand)
    db = Database(settings.database)
    assert SECRET not in everything(db) and kept.id in everything(db)
    with db.read() as tx:
        assert tx.execute(select(func.count()).select_from(erasures)).scalar() == 1
    assert done.erased_again == (0 if where == "in the database of the backup" else 1)
    assert len(Ledger(settings.home / "erasures.log").entries()) >= 1
    db.close()


def test_an_erased_ai_stays_erased_after_a_restore(
    installation: tuple[World, Settings], tmp_path: Path
) -> None:
    here, settings = installation
    talkative(here)
    backups.backup(settings, here.db, tmp_path / "b.tar.gz")
    erasure(here, settings.home).erase_ai(OWNER, here.ai.id)
    lose(here, settings)
    backups.restore(settings, tmp_path / "b.tar.gz", again(here))
    db = Database(settings.database)
    assert SECRET not in everything(db)
    db.close()


def test_a_backup_never_overwrites_and_a_restore_wants_an_empty_place(
    installation: tuple[World, Settings], tmp_path: Path
) -> None:
    here, settings = installation
    target = tmp_path / "b.tar.gz"
    backups.backup(settings, here.db, target)
    with pytest.raises(BackupExists):
        backups.backup(settings, here.db, target)
    with pytest.raises(HomeNotEmpty):
        backups.restore(settings, target, again(here))


def test_a_damaged_or_unfinished_backup_restores_nothing(
    installation: tuple[World, Settings], tmp_path: Path
) -> None:
    here, settings = installation
    Blobs(settings.home / "blobs").put(b"x")
    whole = tmp_path / "b.tar.gz"
    backups.backup(settings, here.db, whole)
    cut = tmp_path / "cut.tar.gz"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    changed = tmp_path / "changed.tar.gz"
    repack(whole, changed, tmp_path / "inside", b"y")
    lose(here, settings)
    for broken in (cut, changed, tmp_path / "missing.tar.gz"):
        with pytest.raises(BrokenBackup):
            backups.restore(settings, broken, again(here))
    assert not (settings.home / "inhouse.db").exists()


def repack(whole: Path, changed: Path, folder: Path, data: bytes) -> None:
    with tarfile.open(whole) as tar:
        tar.extractall(folder, filter="data")
    next((folder / "blobs").glob("*/*")).write_bytes(data)
    with tarfile.open(changed, "w:gz") as tar:
        tar.add(folder, arcname=".")


def test_only_who_may_manage_erases_an_ai(here: World, tmp_path: Path) -> None:
    key = type(OWNER)(kind="key", name="a key", key_id="key_1", ai_id=here.ai.id)
    with pytest.raises((NotAllowed, NotFound)):
        erasure(here, tmp_path).erase_ai(key, here.ai.id)


def test_what_was_open_when_the_backup_was_made_is_not_done_after_a_restore(
    installation: tuple[World, Settings], tmp_path: Path
) -> None:
    here, settings = installation
    waiting, yes = (proposed(here.db, here.fan()) for _ in range(2))
    with here.db.write() as tx:
        assert actions.agree(tx, yes)
    backups.backup(settings, here.db, tmp_path / "b.tar.gz")
    lose(here, settings)
    backups.restore(settings, tmp_path / "b.tar.gz", again(here))
    db = Database(settings.database)
    with db.read() as tx:
        states = [found.state for one in (waiting, yes) if (found := actions.of_any(tx, one.id))]
    assert states == ["expired", "unknown"]
    db.close()
