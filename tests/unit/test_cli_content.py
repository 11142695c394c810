"""The commands that bring content in and take it back, down to the database."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
import typer
from archivekit import write_folder
from click.testing import Result
from turnkit import FakeAdapters
from typer.testing import CliRunner

from inhouse.accounts.actors import Actor
from inhouse.accounts.ais import AIs
from inhouse.accounts.teams import Teams
from inhouse.brief.briefs import Briefs
from inhouse.cli import content
from inhouse.content.fetch import Fetcher
from inhouse.content.files import Limits
from inhouse.content.jobs import import_handler
from inhouse.content.library import Library
from inhouse.content.rights import NoRight
from inhouse.content.staging import Staging
from inhouse.releases.releases import Releases
from inhouse.store import jobs
from inhouse.store.database import Database
from inhouse.store.jobs import Job, Worker

OWNER = Actor.local_operator()
Run = Callable[..., Result]


@pytest.fixture
def run(db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    page = httpx.Response(404)
    fetcher = Fetcher(
        resolve=lambda host, port: ["93.184.216.34"], transport=httpx.MockTransport(lambda _: page)
    )
    library = Library(db, Staging(tmp_path / "staging", 100_000), fetcher, Limits())
    releases = Releases(db, FakeAdapters(), Briefs(db))
    parts = SimpleNamespace(db=db, ais=AIs(db), library=library, releases=releases)
    parts.ais.create(OWNER, Teams(db).create(OWNER, "Kumo").id, "kumo", "Kumo")

    def finish(services: Any, job: Job, report: Callable[[float, str], None]) -> Job:
        while Worker(db, {"import": import_handler(library)}, "quick").run_one():
            report(0.5, "half")
        with db.read() as tx:
            return jobs.get(tx, job.id)

    monkeypatch.setattr(content, "services", lambda: parts)
    monkeypatch.setattr(content, "actor", lambda: OWNER)
    monkeypatch.setattr(content, "finish", finish)
    monkeypatch.setattr(content, "finish_queued", lambda *_: None)
    app = typer.Typer()
    content.register(app)

    def call(*arguments: str, answer: str = "") -> Result:
        result = CliRunner().invoke(app, arguments, input=answer)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return call


@pytest.fixture
def posts(tmp_path: Path) -> str:
    return str(write_folder(tmp_path / "posts", {"a.md": "# A\n\nOne.", "b.md": "# B\n\nTwo.", "c.xyz": "?"}))


def test_import_reports_counts_and_names_what_it_skipped(run: Run, posts: str) -> None:
    result = run("import", "kumo", posts, "--right", "own-work")
    assert result.exit_code == 0
    assert "2 added, 0 changed, 0 unchanged, 1 skipped" in result.stdout
    assert "skipped c.xyz: no importer reads this kind of file" in result.stdout
    (again,) = json.loads(run("import", "kumo", posts, "--right", "own-work", "--json").stdout)
    assert (again["added"], again["unchanged"], again["skipped"][0]["name"]) == (0, 2, "c.xyz")


def test_one_that_fails_is_named_and_the_rest_is_imported(run: Run, posts: str, tmp_path: Path) -> None:
    hidden = f"{tmp_path}/nowhere"
    result = run("import", "kumo", hidden, posts, "https://kumo.example/x", "--right", "own-work")
    assert result.exit_code == 1
    assert "2 added" in result.stdout
    assert "answers 404" in result.stderr
    assert hidden.rsplit("/", 1)[1] in result.stderr


def test_a_right_is_asked_for(run: Run, posts: str) -> None:
    assert run("import", "kumo", posts).exit_code == 2
    with pytest.raises(NoRight):
        run("import", "kumo", posts, "--right", "because")


def test_sources_documents_and_revoke(run: Run, posts: str) -> None:
    run("import", "kumo", posts, "--right", "permission: Ann")
    (source,) = json.loads(run("sources", "kumo", "--json").stdout)
    assert "permission: Ann" in run("sources", "kumo").stdout
    listed = json.loads(
        run("documents", "kumo", "--source", source["source"]["id"], "--limit", "1", "--json").stdout
    )
    assert [document["title"] for document in listed] == ["A"]
    assert run("revoke", "kumo", source["source"]["id"], answer="n\n").exit_code == 1
    assert json.loads(run("documents", "kumo", "--json").stdout) != []
    result = run("revoke", "kumo", source["source"]["id"], "--yes")
    assert "2 documents and 2 passages are gone" in result.stdout
    assert json.loads(run("documents", "kumo", "--json").stdout) == []
