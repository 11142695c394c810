"""The commands of releases, conversations and keeping house, over real services with a scripted answerer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
import typer
from turnkit import OWNER, World, world
from typer.testing import CliRunner

from inhouse.accounts.ais import AIs
from inhouse.app.export import export
from inhouse.cli import conversations, house, releases, traces
from inhouse.conversations.erasure import Erasure
from inhouse.conversations.exports import TraceExports
from inhouse.conversations.fandata import FanData
from inhouse.conversations.fans import Fan
from inhouse.conversations.handovers import Handovers
from inhouse.conversations.ledger import Ledger
from inhouse.conversations.sharing import Consents
from inhouse.conversations.turns import Turn
from inhouse.conversations.verdicts import Verdicts
from inhouse.core.errors import InhouseError, UsageError
from inhouse.core.settings import Settings
from inhouse.releases.amendments import Amendments
from inhouse.releases.cases import Cases
from inhouse.releases.gate import GateKeeper
from inhouse.releases.revocation import Revocation
from inhouse.store import jobs
from inhouse.store.blobs import Blobs
from inhouse.store.database import Database
from inhouse.store.jobs import Job, Worker


@pytest.fixture
def here(db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    made = world(db)
    ledger = Ledger(tmp_path / "erasures.log")
    fan_data = FanData(db, Revocation(made.adapters), ledger)
    services = SimpleNamespace(
        db=db,
        settings=Settings(home=tmp_path / "home"),
        ais=AIs(db),
        releases=made.releases,
        conversations=made.conversations,
        amendments=Amendments(db),
        cases=Cases(db),
        verdicts=Verdicts(db),
        handovers=Handovers(db),
        ledger=ledger,
        fan_data=fan_data,
        erasure=Erasure(db, Blobs(tmp_path / "home" / "blobs"), ledger, fan_data),
        export=partial(export, db),
        consents=Consents(db),
        trace_exports=TraceExports(db),
    )

    def finish(_services: object, job: Job, _report: object) -> Job:
        keeper = GateKeeper(db, made.releases, made.adapters, made.scripted)
        Worker(db, {"gate": keeper.handler}, "heavy").run_one()
        with db.read() as tx:
            return jobs.get(tx, job.id)

    for module in (releases, conversations, house, traces):
        monkeypatch.setattr(module, "services", lambda: services)
        monkeypatch.setattr(module, "actor", lambda: OWNER)
    monkeypatch.setattr(releases, "finish", finish)
    yield made


def run(*words: str, code: int = 0) -> str:
    app = typer.Typer()
    for module in (releases, conversations, house, traces):
        module.register(app)
    result = CliRunner().invoke(app, list(words))
    if isinstance(result.exception, InhouseError):
        raise result.exception
    assert result.exit_code == code, result.output
    return result.stdout


def ask(here: World, fan: Fan | None = None, question: str = "Tea?") -> Turn:
    who = fan or here.fan()

    async def main() -> Turn:
        turn = await here.conversations.begin(who, question)
        async for _event in here.conversations.follow(who, turn.id):
            pass
        return turn

    return asyncio.run(main())


def test_releasing_rolling_back_and_listing(here: World) -> None:
    assert "Release 1 of ada is live." in run("release", "ada")
    run("release", "ada")
    assert "Release 1 of ada is live again." in run("rollback", "ada")
    assert "Release 2 of ada is live." in run("release", "ada", "--number", "2")
    found = json.loads(run("releases", "ada", "--json"))
    assert [(one["release"]["number"], one["share"]) for one in found] == [(2, 1.0), (1, 0.0)]


def test_a_release_that_is_not_better_exits_with_1_and_says_so(here: World) -> None:
    here.scripted.answer = "I am a human."
    said = run("release", "ada", code=1)
    assert "guard: NOT PASSED" in said and "Not better" in said and "n = 3" in said


def test_cases_and_amendments(here: World, tmp_path: Path) -> None:
    file = tmp_path / "cases.json"
    file.write_text(json.dumps([{"questions": ["Tea?"], "expect": {"must_contain": ["green"]}}]))
    assert "Added 1 cases." in run("cases", "add", "ada", str(file))
    (case,) = json.loads(run("cases", "list", "ada", "--json"))
    run("cases", "retire", "ada", case["id"])
    assert json.loads(run("cases", "list", "ada", "--json")) == []
    for bad in ("{}", '[{"questions": ["x"], "expect": {"must_sing": true}}]'):
        file.write_text(bad)
        with pytest.raises(UsageError):
            run("cases", "add", "ada", str(file))
    run("amendments", "pin", "ada", "Tea?", "Black.")
    assert json.loads(run("amendments", "list", "ada", "--json"))[0]["payload"]["answer"] == "Black."
    run("amendments", "take-back", "ada", "1")
    assert json.loads(run("amendments", "list", "ada", "--json")) == []


def test_reading_correcting_and_replying(here: World) -> None:
    here.release()
    turn = ask(here)
    (summary,) = json.loads(run("conversations", "list", "ada", "--json"))
    assert "fan: Tea?" in run("conversations", "read", "ada", summary["id"])
    correction = json.loads(run("verdicts", "correct", "ada", turn.id, "Black.", "--json"))
    assert len(json.loads(run("verdicts", "list", "ada", "--json"))) == 1
    run("verdicts", "undo", "ada", correction["id"])
    fan = here.fan()
    wish = Handovers(here.db).request(fan, note="Call me")
    assert "Sent." in run("handovers", "reply", "ada", wish.id, "Gladly.")
    run("handovers", "close", "ada", wish.id)
    assert json.loads(run("handovers", "list", "ada", "--all", "--json"))[0]["state"] == "closed"


def test_export_backup_and_erase(here: World, tmp_path: Path) -> None:
    here.release()
    turn = ask(here)
    run("export", "ada", str(tmp_path / "ada.json"))
    exported = json.loads((tmp_path / "ada.json").read_text())
    assert exported["ai"]["slug"] == "ada" and "Tea?" not in json.dumps(exported)
    with pytest.raises(UsageError):
        run("export", "ada", str(tmp_path / "ada.json"))
    assert "Wrote" in run("backup", str(tmp_path / "b.tar.gz"))
    assert (tmp_path / "b.tar.gz").stat().st_mode & 0o077 == 0
    assert "Receipt" in run("erase", "ada", "--fan", turn.fan_id, "--yes")
    assert "releases: 1" in run("erase", "ada", "--yes")
    with pytest.raises(InhouseError):
        run("erase", "ada", "--yes")


def test_consent_and_a_data_set_by_command(here: World, tmp_path: Path) -> None:
    here.release()
    assert "Nothing is shared" in run("consent", "ada")
    assert "May questions that this AI is asked" in run("consent", "ada", "give")
    fan = here.fan()
    Consents(here.db).give_for(fan)
    ask(here, fan, "I'm Anna Smith, do you ship?")
    assert "so did 1 fans" in run("consent", "ada", "show")
    file = tmp_path / "shared.jsonl"
    said = run("traces", "export", "ada", "-o", str(file))
    assert "1 traces of 1 AIs; taken out: 1 NAME" in said and "Anna" not in file.read_text()
    [made] = json.loads(run("traces", "list", "--json"))
    assert (made["traces"], made["unwanted"]) == (1, 0)
    assert "All of it still stands." in run("traces", "unwanted", made["id"])
    assert f"{made['id']} (shared.jsonl): 1 traces" in run("consent", "ada", "withdraw")
    assert len(json.loads(run("traces", "unwanted", made["id"], "--json"))) == 1
