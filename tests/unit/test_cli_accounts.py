"""The command groups for people, teams, keys and the log, down to the database."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from inhouse.accounts.accounts import Accounts
from inhouse.accounts.actors import Actor
from inhouse.accounts.ais import AIs
from inhouse.accounts.keys import Keys
from inhouse.cli import audit, keys, people, teams
from inhouse.core.errors import InhouseError, NotAllowed, NotFound
from inhouse.core.settings import Settings
from inhouse.store.database import Database

GROUPS: list[ModuleType] = [audit, keys, people, teams]


class Inhouse:
    """Runs commands as the local operator, or as ``email``."""

    def __init__(self, db: Database, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.email: str | None = None
        settings = Settings(home=home, public_url="https://ai.example.org/")
        parts = SimpleNamespace(accounts=Accounts(db), ais=AIs(db), keys=Keys(db), db=db, settings=settings)
        self.parts = parts
        for group in GROUPS:
            monkeypatch.setattr(group, "services", lambda: parts)
            monkeypatch.setattr(group, "actor", self.actor)

    def actor(self) -> Actor:
        return self.parts.accounts.actor_of(self.email) if self.email else Actor.local_operator()

    def text(self, group: ModuleType, *arguments: str) -> str:
        result = CliRunner().invoke(group.app, arguments)
        if result.exception:
            raise result.exception
        return result.stdout

    def __call__(self, group: ModuleType, *arguments: str) -> Any:
        return json.loads(self.text(group, *arguments, "--json"))


@pytest.fixture
def inhouse(db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Inhouse:
    return Inhouse(db, tmp_path, monkeypatch)


def test_a_person_is_added_edited_and_erased(inhouse: Inhouse) -> None:
    made = inhouse(people, "add", "Ann@example.org", "--name", "Ann")
    assert made["link"] == f"https://ai.example.org/reset?token={made['token']}"
    assert inhouse.parts.accounts.finish_reset(made["token"], "correct horse battery").name == "Ann"
    assert inhouse(people, "edit", "ann@example.org", "--language", "ja")["language"] == "ja"
    assert [p["email"] for p in inhouse(people, "list")] == ["ann@example.org"]
    assert inhouse(people, "disable", "ann@example.org")["disabled_at"]
    assert "disabled" in inhouse.text(people, "list")
    assert not inhouse(people, "enable", "ann@example.org")["disabled_at"]
    assert "https://ai.example.org/reset?token=" in inhouse.text(people, "reset", "ann@example.org")
    with pytest.raises(SystemExit):
        inhouse.text(people, "erase", "ann@example.org")
    assert inhouse(people, "erase", "ann@example.org", "--yes") == {"erased": made["person"]["id"]}
    assert inhouse(people, "list") == []


def test_operators_are_made_and_the_last_one_stays(inhouse: Inhouse) -> None:
    inhouse(people, "add", "ann@example.org", "--name", "Ann", "--operator")
    with pytest.raises(InhouseError, match="last operator"):
        inhouse(people, "operator", "ann@example.org", "--off")
    inhouse(people, "add", "bob@example.org", "--name", "Bob")
    assert inhouse(people, "operator", "bob@example.org")["is_operator"]


def test_a_team_is_filled_and_emptied(inhouse: Inhouse) -> None:
    for name in ("ann", "bob"):
        inhouse(people, "add", f"{name}@example.org", "--name", name)
    team = inhouse(teams, "add", "Kiln", "--owner", "ann@example.org")
    assert inhouse(teams, "join", "Kiln", "bob@example.org", "--role", "reviewer")["role"] == "reviewer"
    assert inhouse(teams, "role", "Kiln", "bob@example.org", "owner")["role"] == "owner"
    assert "reviewer" not in inhouse.text(teams, "members", team["id"])
    inhouse(teams, "leave", "Kiln", "ann@example.org")
    assert [m["email"] for m in inhouse(teams, "members", "Kiln")] == ["bob@example.org"]
    assert inhouse(teams, "rename", "Kiln", "The Kiln")["name"] == "The Kiln"
    assert [t["name"] for t in inhouse(teams, "list")] == ["The Kiln"]
    with pytest.raises(InhouseError, match="needs an owner"):
        inhouse(teams, "leave", "The Kiln", "bob@example.org")


def test_an_invitation_is_printed_listed_and_withdrawn(inhouse: Inhouse) -> None:
    inhouse(teams, "add", "Kiln")
    made = inhouse(teams, "invite", "Kiln", "cy@example.org", "--role", "editor")
    assert made["link"].startswith("https://ai.example.org/invitation?token=")
    assert "cy@example.org" in inhouse.text(teams, "invitations", "Kiln")
    inhouse(teams, "withdraw", "Kiln", made["invitation"]["id"])
    assert inhouse(teams, "invitations", "Kiln") == []


def test_a_key_is_made_listed_and_revoked_and_the_log_says_so(inhouse: Inhouse) -> None:
    team = inhouse(teams, "add", "Kiln")
    inhouse.parts.ais.create(inhouse.actor(), team["id"], "potter", "Potter")
    made = inhouse(keys, "add", "potter", "--name", "Web shop", "--days", "30")
    assert made["key"]["scopes"] == ["chat"]
    assert inhouse.parts.keys.authenticate(made["secret"]).key_id == made["key"]["id"]
    assert made["secret"] not in inhouse.text(keys, "list", "potter")
    assert inhouse(keys, "revoke", "potter", made["key"]["id"])["revoked_at"]
    assert "revoked" in inhouse.text(keys, "list", "potter")
    logged = [entry["action"] for entry in inhouse(audit, "list", "--ai", "potter")]
    assert logged == ["revoked key", "created key", "created AI"]
    assert "operator" in inhouse.text(audit, "list")
    assert [e["action"] for e in inhouse(audit, "list", "--action", "created team")] == ["created team"]


def test_the_commands_obey_the_one_they_act_as(inhouse: Inhouse) -> None:
    inhouse(people, "add", "ann@example.org", "--name", "Ann")
    inhouse(teams, "add", "Kiln")
    inhouse.email = "ann@example.org"
    for command in ([people, "list"], [audit, "list"], [teams, "add", "Mine"]):
        with pytest.raises(NotAllowed, match="Ann may not"):
            inhouse(*command)
    for command in ([teams, "members", "Kiln"], [keys, "list", "potter"]):
        with pytest.raises(NotFound):
            inhouse(*command)
    assert inhouse(teams, "list") == []


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.__name__)
def test_every_command_has_an_example_and_json(group: ModuleType) -> None:
    for name, command in typer.main.get_command(group.app).commands.items():  # type: ignore[attr-defined]
        assert "Example: inhouse " in (command.help or ""), name
        assert "as_json" in {parameter.name for parameter in command.params}, name
