"""API keys on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from inhouse.accounts import ais as ais_rows
from inhouse.accounts import audit, keys
from inhouse.accounts.accounts import Accounts
from inhouse.accounts.actors import Action, Actor, Role, Scope
from inhouse.accounts.ais import Ai, AIs
from inhouse.accounts.authorisation import Archived, authorise
from inhouse.accounts.keys import BadKey, Keys, KeysMakeNoKeys
from inhouse.accounts.tables import api_keys
from inhouse.core import clock
from inhouse.core.errors import NotAllowed, NotFound, UsageError
from inhouse.store.database import Database

LOCAL = Actor.local_operator()
CHAT = (Scope.CHAT,)


@pytest.fixture
def ai(db: Database) -> Ai:
    team = Accounts(db).teams.create(LOCAL, "Shop")
    return AIs(db).create(LOCAL, team.id, "potter", "Potter")


def member(db: Database, ai: Ai, role: Role) -> Actor:
    accounts = Accounts(db)
    person = accounts.create_person(LOCAL, f"{role}@example.org", role.title())
    accounts.teams.add_member(LOCAL, ai.team_id, person.id, role)
    return person.actor


def test_a_key_is_shown_once_and_chats_with_its_ai(db: Database, ai: Ai) -> None:
    owner = member(db, ai, Role.OWNER)
    secret, key = Keys(db).create(owner, ai.id, "The site", CHAT)
    assert secret.startswith(key.prefix) and key.created_by == owner.person_id
    with db.read() as tx:
        assert secret not in str(tx.execute(select(api_keys)).all())
        actor = Keys(db).authenticate(secret)
        authorise(tx, actor, Action.CHAT, ai_id=ai.id)
        with pytest.raises(NotAllowed, match="The key The site may not"):
            authorise(tx, actor, Action.REVIEW, ai_id=ai.id)
    assert [shown.name for shown in Keys(db).listing(owner, ai.id)] == ["The site"]
    entry = audit.read(db, owner, ai_id=ai.id)[0]
    assert (entry.action, entry.subject, entry.detail) == ("created key", key.id, {"scopes": ["chat"]})


@pytest.mark.parametrize("secret", ["", "ih_", "ih_guess", "guess", "ih_" + "x" * 500, "ih_\x00"])
def test_a_made_up_key_is_refused(db: Database, ai: Ai, secret: str) -> None:
    with pytest.raises(BadKey):
        Keys(db).authenticate(secret)


def test_a_revoked_key_is_dead_at_once_and_stays_listed(db: Database, ai: Ai) -> None:
    secret, key = Keys(db).create(LOCAL, ai.id, "The site", CHAT)
    first = Keys(db).revoke(LOCAL, ai.id, key.id)
    assert Keys(db).revoke(LOCAL, ai.id, key.id) == first
    with pytest.raises(BadKey):
        Keys(db).authenticate(secret)
    assert Keys(db).listing(LOCAL, ai.id) == [first]
    assert sum(entry.action == "revoked key" for entry in audit.read(db, LOCAL, ai_id=ai.id)) == 1


def test_a_key_ends_when_its_days_are_over(db: Database, ai: Ai, monkeypatch: pytest.MonkeyPatch) -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    monkeypatch.setattr(clock, "now", lambda: moment)
    secret, _ = Keys(db).create(LOCAL, ai.id, "The site", CHAT, days=1)
    assert Keys(db).authenticate(secret)
    moment += timedelta(days=1)
    with pytest.raises(BadKey):
        Keys(db).authenticate(secret)


def test_its_use_is_noted_but_not_at_every_request(
    db: Database, ai: Ai, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    moments = [start]
    monkeypatch.setattr(clock, "now", lambda: moments[-1])
    secret, _ = Keys(db).create(LOCAL, ai.id, "The site", CHAT)
    seen = []
    for seconds in (0, 30, 90):
        moments.append(start + timedelta(seconds=seconds))
        Keys(db).authenticate(secret)
        seen.append(Keys(db).listing(LOCAL, ai.id)[0].last_used_at)
    assert seen == [start, start, start + timedelta(seconds=90)]


def test_a_key_can_neither_make_nor_revoke_keys(db: Database, ai: Ai) -> None:
    secret, key = Keys(db).create(LOCAL, ai.id, "All of it", tuple(Scope))
    actor = Keys(db).authenticate(secret)
    with pytest.raises(KeysMakeNoKeys):
        Keys(db).create(actor, ai.id, "Successor", CHAT)
    with pytest.raises(KeysMakeNoKeys):
        Keys(db).revoke(actor, ai.id, key.id)


@pytest.mark.parametrize("role", [Role.EDITOR, Role.REVIEWER])
def test_only_owners_have_to_do_with_keys(db: Database, ai: Ai, role: Role) -> None:
    actor = member(db, ai, role)
    _, key = Keys(db).create(LOCAL, ai.id, "The site", CHAT)
    for forbidden in (
        lambda: Keys(db).create(actor, ai.id, "Mine", CHAT),
        lambda: Keys(db).revoke(actor, ai.id, key.id),
        lambda: Keys(db).listing(actor, ai.id),
    ):
        with pytest.raises(NotAllowed):
            forbidden()


def test_a_key_of_another_ai_is_not_found(db: Database, ai: Ai) -> None:
    other = AIs(db).create(LOCAL, ai.team_id, "weaver", "Weaver")
    secret, key = Keys(db).create(LOCAL, ai.id, "The site", CHAT)
    with pytest.raises(NotFound):
        Keys(db).revoke(LOCAL, other.id, key.id)
    with db.read() as tx, pytest.raises(NotFound):
        authorise(tx, Keys(db).authenticate(secret), Action.CHAT, ai_id=other.id)


def test_a_key_of_an_archived_ai_chats_no_more_and_of_an_erased_one_is_dead(db: Database, ai: Ai) -> None:
    secret, _ = Keys(db).create(LOCAL, ai.id, "The site", CHAT)
    AIs(db).archive(LOCAL, ai.id)
    with db.read() as tx, pytest.raises(Archived):
        authorise(tx, Keys(db).authenticate(secret), Action.CHAT, ai_id=ai.id)
    with db.write() as tx:
        ais_rows.mark_erased(tx, ai.id)
    with pytest.raises(BadKey):
        Keys(db).authenticate(secret)


def test_bad_values_are_refused(db: Database, ai: Ai, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "_MOST_KEYS", 1)
    create = Keys(db).create
    for bad in (
        lambda: create(LOCAL, ai.id, "", CHAT),
        lambda: create(LOCAL, ai.id, "The site", ()),
        lambda: create(LOCAL, ai.id, "The site", CHAT, days=0),
        lambda: create(LOCAL, ai.id, "The site", ("fly",)),  # type: ignore[arg-type]
    ):
        with pytest.raises(UsageError):
            bad()
    _, key = create(LOCAL, ai.id, "The site", CHAT)
    with pytest.raises(UsageError, match="at most 1"):
        create(LOCAL, ai.id, "Another", CHAT)
    Keys(db).revoke(LOCAL, ai.id, key.id)
    assert create(LOCAL, ai.id, "Another", CHAT)
