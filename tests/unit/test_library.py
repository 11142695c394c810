"""Importing into an AI: what is stored, what a second import changes, who may, and what a revocation takes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from archivekit import SUBSTACK, X, write_folder, write_zip

from inhouse.accounts import audit
from inhouse.accounts.actors import Actor, Scope
from inhouse.accounts.ais import AIs
from inhouse.accounts.teams import Teams
from inhouse.content import index
from inhouse.content.archives import NamesEscape
from inhouse.content.fetch import Fetcher, FetchFailed
from inhouse.content.files import Limits
from inhouse.content.intake import SourceRevoked
from inhouse.content.jobs import import_handler
from inhouse.content.library import Library, NothingToImport, Wish
from inhouse.content.rights import NoRight
from inhouse.content.staging import StagedGone, Staging, UploadTooLarge
from inhouse.content.values import Basis
from inhouse.core.errors import NotAllowed, NotFound
from inhouse.store import jobs
from inhouse.store.database import Database, Tx
from inhouse.store.jobs import Job, Worker

OWNER = Actor.local_operator()
OWN = "own work"


@dataclass
class World:
    db: Database
    library: Library
    ai_id: str
    other_id: str
    folder: Path
    pages: dict[str, httpx.Response]

    def run_jobs(self) -> None:
        worker = Worker(self.db, {"import": import_handler(self.library)}, "quick")
        while worker.run_one():
            pass

    def job(self, job: Job) -> Job:
        with self.db.read() as tx:
            return jobs.get(tx, job.id)

    def passages(self, ai_id: str | None = None) -> list[str]:
        with self.db.read() as tx:
            return [passage.text for passage in index.passages_of(tx, ai_id or self.ai_id)]

    def revision(self) -> int:
        with self.db.read() as tx:
            return index.revision(tx, self.ai_id)


@pytest.fixture
def world(db: Database, tmp_path: Path) -> World:
    team = Teams(db).create(OWNER, "Kumo")
    first, second = (AIs(db).create(OWNER, team.id, slug, slug).id for slug in ("kumo", "other"))
    pages: dict[str, httpx.Response] = {}
    fetcher = Fetcher(
        resolve=lambda host, port: ["93.184.216.34"],
        transport=httpx.MockTransport(lambda request: pages[request.url.path]),
    )
    library = Library(db, Staging(tmp_path / "staging", 100_000), fetcher, Limits())
    return World(db, library, first, second, tmp_path / "in", pages)


def counts(report: Any) -> tuple[int, int, int, int, int]:
    return report.added, report.changed, report.unchanged, report.removed, report.skipped_count


NOTES = {
    "shipping.md": "# Shipping\n\nWe ship to France on Mondays.",
    "mugs.md": "# Mugs\n\nThe Kumo mug holds 300 ml.",
    "broken.pdf": "no pdf",
}


def test_an_import_stores_documents_with_passages(world: World) -> None:
    write_folder(world.folder, NOTES)
    heard: list[float] = []
    report = world.library.import_path(
        OWNER, world.ai_id, world.folder, right=OWN, report=lambda share, words: heard.append(share)
    )
    assert counts(report) == (2, 0, 0, 0, 1)
    assert (report.skipped[0].name, report.sentence) == (
        "broken.pdf",
        "2 added, 0 changed, 0 unchanged, 1 skipped",
    )
    assert sorted(world.passages()) == ["The Kumo mug holds 300 ml.", "We ship to France on Mondays."]
    assert world.passages(world.other_id) == []
    assert heard[0] == 0.0 and heard[-1] == 1.0 and heard == sorted(heard)
    (kept,) = world.library.sources(OWNER, world.ai_id)
    assert (kept.documents, kept.source.right.basis, kept.source.origin) == (
        2,
        Basis.OWN_WORK,
        str(world.folder),
    )
    assert kept.source.imported_at is not None
    document = world.library.documents(OWNER, world.ai_id)[0]
    assert document.language == "en"
    assert world.library.document(OWNER, world.ai_id, document.id)[1][0].place.line == 3


def test_importing_again_adds_only_what_changed(world: World) -> None:
    write_folder(world.folder, NOTES)
    first = world.library.import_path(OWNER, world.ai_id, world.folder, right=OWN)
    before = world.revision()
    again = world.library.import_path(OWNER, world.ai_id, world.folder, right=OWN)
    assert counts(again) == (0, 0, 2, 0, 1)
    assert (again.source_id, world.revision()) == (first.source_id, before)
    write_folder(world.folder, {"mugs.md": "# Mugs\n\nThe Kumo mug holds 350 ml.", "new.md": "New words."})
    third = world.library.import_path(OWNER, world.ai_id, world.folder, right="public domain")
    assert counts(third) == (1, 1, 1, 0, 1)
    assert "The Kumo mug holds 300 ml." not in world.passages()
    assert "The Kumo mug holds 350 ml." in world.passages()
    assert world.library.sources(OWNER, world.ai_id)[0].source.right.basis == Basis.PUBLIC_DOMAIN


def test_what_the_source_no_longer_holds_goes_only_on_wish(world: World) -> None:
    write_folder(world.folder, NOTES | {"hurt.jsonl": '{"id": 1, "content": "kept"}\n'})
    world.library.import_path(OWNER, world.ai_id, world.folder, right=OWN)
    (world.folder / "mugs.md").unlink()
    (world.folder / "hurt.jsonl").write_bytes(b"\x00\xff\x00")
    assert world.library.import_path(OWNER, world.ai_id, world.folder, right=OWN).removed == 0
    report = world.library.import_path(OWNER, world.ai_id, world.folder, right=OWN, wish=Wish(prune=True))
    assert report.removed == 1
    assert sorted(world.passages()) == ["We ship to France on Mondays.", "kept"]


def test_a_later_download_of_an_archive_is_the_same_source(world: World) -> None:
    first = world.library.import_path(OWNER, world.ai_id, write_zip(world.folder / "a.zip", X), right=OWN)
    second = world.library.import_path(OWNER, world.ai_id, write_zip(world.folder / "b.zip", X), right=OWN)
    assert (first.origin, first.source_id) == ("x: @kumoclay", second.source_id)
    assert (second.added, second.unchanged) == (0, 2)


def test_a_killed_import_goes_on_where_it_was(world: World) -> None:
    write_folder(world.folder, {f"{number:03}.md": f"Number {number}." for number in range(80)})

    def killed(share: float, _words: str) -> None:
        if share > 0.5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        world.library.import_path(OWNER, world.ai_id, world.folder, right=OWN, report=killed)
    stored = len(world.passages())
    assert 0 < stored < 80
    report = world.library.import_path(OWNER, world.ai_id, world.folder, right=OWN)
    assert (report.added, report.unchanged) == (80 - stored, stored)


def test_a_right_must_be_stated(world: World) -> None:
    write_folder(world.folder, NOTES)
    for words in ("", "found it", "licensed", "permission: ", "own work:" + "x" * 2001):
        with pytest.raises(NoRight):
            world.library.import_path(OWNER, world.ai_id, world.folder, right=words)
    world.library.import_path(OWNER, world.ai_id, world.folder, right="Permission: Ann Lee, 3 May")
    right = world.library.sources(OWNER, world.ai_id)[0].source.right
    assert (right.basis, right.note, right.stated_by) == (Basis.PERMISSION, "Ann Lee, 3 May", "operator")


def test_revoking_takes_everything_at_once_and_tells_who_listens(world: World) -> None:
    told: list[tuple[str, str]] = []
    world.library.on_revoked.append(lambda tx, ai_id, source_id: told.append((ai_id, source_id)))
    write_folder(world.folder, NOTES)
    kept = write_folder(world.folder.parent / "kept", {"a.md": "Kept words."})
    source_id = world.library.import_path(OWNER, world.ai_id, world.folder, right=OWN).source_id
    world.library.import_path(OWNER, world.ai_id, kept, right=OWN)
    before = world.revision()
    gone = world.library.revoke(OWNER, world.ai_id, source_id)
    assert (gone.documents, gone.passages) == (2, 2)
    assert world.passages() == ["Kept words."]
    assert world.revision() > before
    assert told == [(world.ai_id, source_id)]
    assert world.library.revoke(OWNER, world.ai_id, source_id).documents == 0
    assert told == [(world.ai_id, source_id)]
    with world.db.read() as tx:
        assert "revoked source" in {entry.action for entry in audit.listing(tx, ai_id=world.ai_id)}


def test_a_listener_that_fails_undoes_the_revocation(world: World) -> None:
    def fail(tx: Tx, ai_id: str, source_id: str) -> None:
        raise RuntimeError

    world.library.on_revoked.append(fail)
    source_id = world.library.import_path(
        OWNER, world.ai_id, write_folder(world.folder, NOTES), right=OWN
    ).source_id
    with pytest.raises(RuntimeError):
        world.library.revoke(OWNER, world.ai_id, source_id)
    assert len(world.passages()) == 2


def test_a_source_revoked_while_it_is_imported_stays_empty(world: World) -> None:
    write_folder(world.folder, {f"{number:03}.md": f"Number {number}." for number in range(80)})

    def revoke(share: float, _words: str) -> None:
        if share > 0.5:
            world.library.revoke(OWNER, world.ai_id, world.library.sources(OWNER, world.ai_id)[0].source.id)

    with pytest.raises(SourceRevoked):
        world.library.import_path(OWNER, world.ai_id, world.folder, right=OWN, report=revoke)
    assert world.passages() == []


def test_importing_after_a_revocation_is_a_new_source(world: World) -> None:
    write_folder(world.folder, NOTES)
    first = world.library.import_path(OWNER, world.ai_id, world.folder, right=OWN)
    world.library.revoke(OWNER, world.ai_id, first.source_id)
    second = world.library.import_path(OWNER, world.ai_id, world.folder, right=OWN)
    assert second.source_id != first.source_id
    assert second.added == 2


def test_only_who_may_edit_imports_and_revokes_and_only_in_their_own_ai(world: World) -> None:
    write_folder(world.folder, NOTES)
    source_id = world.library.import_path(OWNER, world.ai_id, world.folder, right=OWN).source_id
    viewer = Actor("key", "viewer", key_id="key_1", ai_id=world.ai_id, scopes=frozenset({Scope.VIEW}))
    stranger = Actor(
        "key", "stranger", key_id="key_2", ai_id=world.other_id, scopes=frozenset({Scope.MANAGE})
    )
    for actor, error in ((viewer, NotAllowed), (stranger, NotFound)):
        with pytest.raises(error):
            world.library.import_path(actor, world.ai_id, world.folder, right=OWN)
        with pytest.raises(error):
            world.library.queue_upload(actor, world.ai_id, "a.md", [b"x"], right=OWN)
        with pytest.raises(error):
            world.library.revoke(actor, world.ai_id, source_id)
    with pytest.raises(NotFound):
        world.library.revoke(stranger, world.other_id, source_id)
    with pytest.raises(NotFound):
        world.library.document(stranger, world.other_id, world.library.documents(OWNER, world.ai_id)[0].id)
    assert len(world.library.documents(viewer, world.ai_id)) == 2


def test_an_upload_is_imported_by_a_job_and_then_deleted(world: World, tmp_path: Path) -> None:
    archive = write_zip(tmp_path / "s.zip", SUBSTACK).read_bytes()
    job = world.library.queue_upload(
        OWNER, world.ai_id, "../My export.zip", [archive[:50], archive[50:]], right=OWN
    )
    world.run_jobs()
    ended = world.job(job)
    assert (ended.state, ended.error) == ("done", None)
    assert ended.result is not None
    assert (ended.result["added"], ended.result["origin"]) == (1, "substack: kumoclay")
    json.dumps(ended.result)
    assert list((tmp_path / "staging").rglob("*.zip")) == []


def test_a_stopped_job_keeps_its_upload_and_goes_on(world: World, tmp_path: Path) -> None:
    job = world.library.queue_upload(OWNER, world.ai_id, "a.md", [b"Some words."], right=OWN)
    with world.db.write() as tx:
        jobs.request_stop(tx, job.id)
        jobs.retry(tx, job.id)
    world.run_jobs()
    assert world.job(job).state == "done"
    assert world.passages() == ["Some words."]


def test_a_job_of_a_revoked_source_fails_with_the_reason_and_keeps_nothing(
    world: World, tmp_path: Path
) -> None:
    job = world.library.queue_upload(OWNER, world.ai_id, "a.md", [b"Some words."], right=OWN)
    world.library.revoke(OWNER, world.ai_id, str(job.payload["source_id"]))
    world.run_jobs()
    assert "revoked" in (world.job(job).error or "")
    assert world.passages() == []
    assert list((tmp_path / "staging").rglob("*.md")) == []


def test_a_hostile_or_useless_upload_is_refused_at_once_and_leaves_nothing(
    world: World, tmp_path: Path
) -> None:
    hostile = write_zip(tmp_path / "h.zip", {"../x.md": "x"}).read_bytes()
    for name, content, error in (
        ("h.zip", hostile, NamesEscape),
        ("a.exe", b"MZ", NothingToImport),
        ("big.md", b"x" * 200_000, UploadTooLarge),
    ):
        with pytest.raises(error):
            world.library.queue_upload(OWNER, world.ai_id, name, [content], right=OWN)
    assert [path for path in (tmp_path / "staging").rglob("*") if path.is_file()] == []
    assert world.library.sources(OWNER, world.ai_id) == []


def test_an_upload_is_out_of_reach_for_another_ai(world: World) -> None:
    job = world.library.queue_upload(OWNER, world.ai_id, "a.md", [b"Some words."], right=OWN)
    with pytest.raises(StagedGone):
        world.library._staging.path(world.other_id, job.payload["location"]["upload"])


RSS = "<rss version='2.0'><channel>{}</channel></rss>"
ENTRY = "<item><guid>{0}</guid><link>https://kumo.example/{0}</link><title>T{0}</title><description>Words {0}.</description></item>"


def test_a_feed_grows_and_keeps_what_fell_off_it(world: World) -> None:
    def serve(*numbers: int) -> None:
        text = RSS.format("".join(ENTRY.format(number) for number in numbers))
        world.pages["/feed"] = httpx.Response(200, headers={"content-type": "application/rss+xml"}, text=text)

    serve(1, 2)
    first = world.library.import_url(OWNER, world.ai_id, " https://kumo.example/feed ", right=OWN)
    serve(2, 3)
    second = world.library.import_url(OWNER, world.ai_id, "https://kumo.example/feed", right=OWN)
    assert (first.added, second.added, second.unchanged) == (2, 1, 1)
    assert {document.url for document in world.library.documents(OWNER, world.ai_id)} == {
        "https://kumo.example/1", "https://kumo.example/2", "https://kumo.example/3"
    }  # fmt: skip


def test_a_page_is_queued_and_a_failing_address_says_why(world: World) -> None:
    world.pages["/p"] = httpx.Response(
        200, headers={"content-type": "text/html"}, text="<h1>P</h1><p>Words.</p>"
    )
    world.pages["/gone"] = httpx.Response(410)
    good = world.library.queue_url(OWNER, world.ai_id, "https://kumo.example/p", right=OWN)
    bad = world.library.queue_url(OWNER, world.ai_id, "https://kumo.example/gone", right=OWN)
    world.run_jobs()
    assert world.job(good).state == "done"
    assert "answers 410" in (world.job(bad).error or "")
    (document,) = world.library.documents(OWNER, world.ai_id)
    assert (document.title, document.url, document.key) == (
        "P",
        "https://kumo.example/p",
        "https://kumo.example/p",
    )
    with pytest.raises(FetchFailed):
        world.library.import_url(OWNER, world.ai_id, "https://kumo.example/gone", right=OWN)


def test_single_documents_are_removed(world: World) -> None:
    world.library.import_path(OWNER, world.ai_id, write_folder(world.folder, NOTES), right=OWN)
    ship = next(found for found in world.library.documents(OWNER, world.ai_id) if found.title == "Shipping")
    assert world.library.remove_documents(OWNER, world.ai_id, [ship.id]) == 1
    assert world.passages() == ["The Kumo mug holds 300 ml."]


def test_erasing_leaves_nothing_and_touches_no_other_ai(world: World, tmp_path: Path) -> None:
    write_folder(world.folder, NOTES)
    for ai_id in (world.ai_id, world.other_id):
        world.library.import_path(OWNER, ai_id, world.folder, right=OWN)
    world.library.queue_upload(OWNER, world.ai_id, "a.md", [b"Some words."], right=OWN)
    with world.db.write() as tx:
        receipt = world.library.erase(tx, world.ai_id)
    assert receipt == {"sources": 2, "documents": 2, "passages": 2}
    assert len(world.passages(world.other_id)) == 2
    assert list((tmp_path / "staging").rglob("*.md")) == []


def test_the_banks_documents_are_imported_in_full(world: World, data: Path) -> None:
    report = world.library.import_path(OWNER, world.ai_id, data / "bank" / "documents", right="licensed: MIT")
    assert counts(report) == (698, 0, 0, 0, 0)
    assert len(world.passages()) > 698
