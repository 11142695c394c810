"""Who may do what, on both databases."""

from __future__ import annotations

import pytest
from sqlalchemy import insert

from inhouse.accounts import audit
from inhouse.accounts.actors import OF_A_TEAM, OF_ROLE, Action, Actor, Role, Scope
from inhouse.accounts.ais import Ai, AIs, BadSlug, SlugTaken, mark_erased
from inhouse.accounts.authorisation import Archived, allowed, authorise
from inhouse.accounts.tables import memberships, people, teams
from inhouse.core import clock
from inhouse.core.errors import NotAllowed, NotFound, NotSignedIn, UsageError
from inhouse.store.database import Database

LOCAL = Actor.local_operator()


def person(
    db: Database, name: str, *, operator: bool = False, disabled: bool = False, **roles: Role
) -> Actor:
    """A person with a role in each named team; teams are made as they are named."""
    now = clock.now()
    with db.write() as tx:
        tx.execute(
            insert(people).values(
                id=f"per_{name}",
                email=f"{name}@example.org",
                name=name,
                is_operator=operator,
                language="en",
                timezone="UTC",
                created_at=now,
                disabled_at=now if disabled else None,
            )
        )
        for team, role in roles.items():
            if not allowed(tx, LOCAL, team_id=team):
                tx.execute(insert(teams).values(id=team, name=team, created_at=now))
            tx.execute(
                insert(memberships).values(team_id=team, person_id=f"per_{name}", role=role, created_at=now)
            )
    return Actor(kind="person", name=name, person_id=f"per_{name}", is_operator=operator)


def make_ai(db: Database, owner: Actor, team: str, slug: str) -> Ai:
    return AIs(db).create(owner, team, slug, slug.title())


@pytest.mark.parametrize("role", list(Role))
def test_a_role_may_what_its_line_says_and_nothing_else(db: Database, role: Role) -> None:
    make_ai(db, person(db, "boss", shop=Role.OWNER), "shop", "potter")
    actor = person(db, "ann", shop=role)
    with db.read() as tx:
        ai_id = AIs(db).by_slug(actor, "potter").id
        assert allowed(tx, actor, ai_id=ai_id) == OF_ROLE[role]
        for action in OF_ROLE[role]:
            authorise(tx, actor, action, ai_id=ai_id)
        for action in set(Action) - OF_ROLE[role]:
            with pytest.raises(NotAllowed, match="ann may not"):
                authorise(tx, actor, action, ai_id=ai_id)


def test_only_an_owner_manages_and_releases() -> None:
    assert {role for role in Role if Action.MANAGE in OF_ROLE[role]} == {Role.OWNER}
    assert {role for role in Role if Action.RELEASE in OF_ROLE[role]} == {Role.OWNER}


def test_another_teams_ai_looks_as_if_it_did_not_exist(db: Database) -> None:
    ai = make_ai(db, person(db, "ann", shop=Role.OWNER), "shop", "potter")
    stranger = person(db, "bob", bakery=Role.OWNER)
    with db.read() as tx, pytest.raises(NotFound):
        authorise(tx, stranger, Action.VIEW, ai_id=ai.id)
    with pytest.raises(NotFound) as real:
        AIs(db).by_slug(stranger, "potter")
    with pytest.raises(NotFound) as missing:
        AIs(db).by_slug(stranger, "nobody")
    assert real.value.message.replace("potter", "nobody") == missing.value.message
    with pytest.raises(NotFound):
        AIs(db).create(stranger, "shop", "thief", "Thief")


def test_nobody_is_asked_to_sign_in(db: Database) -> None:
    ai = make_ai(db, person(db, "ann", shop=Role.OWNER), "shop", "potter")
    with db.read() as tx, pytest.raises(NotSignedIn):
        authorise(tx, None, Action.VIEW, ai_id=ai.id)
    with pytest.raises(NotSignedIn):
        AIs(db).by_slug(None, "potter")
    with pytest.raises(NotSignedIn):
        AIs(db).listing(None)


def test_a_disabled_person_may_nothing_even_with_an_actor_from_before(db: Database) -> None:
    ai = make_ai(db, person(db, "ann", shop=Role.OWNER), "shop", "potter")
    gone = person(db, "bob", operator=True, disabled=True, shop=Role.OWNER)
    with db.read() as tx:
        assert not allowed(tx, gone, ai_id=ai.id)
        assert not allowed(tx, gone, team_id="shop")
        assert not allowed(tx, gone)
    assert AIs(db).listing(gone) == []


def test_an_operator_may_all_but_an_actor_that_only_says_so_may_nothing(db: Database) -> None:
    ai = make_ai(db, person(db, "ann", shop=Role.OWNER), "shop", "potter")
    operator = person(db, "opal", operator=True)
    liar = Actor(kind="person", name="bob", person_id=person(db, "bob").person_id, is_operator=True)
    with db.read() as tx:
        assert allowed(tx, operator, ai_id=ai.id) == OF_A_TEAM
        authorise(tx, operator, Action.OPERATE)
        with pytest.raises(NotAllowed):
            authorise(tx, liar, Action.OPERATE)


@pytest.mark.parametrize("machine", [Actor.local_operator(), Actor.system()])
def test_the_machine_itself_may_all_where_there_is_something(db: Database, machine: Actor) -> None:
    ai = make_ai(db, person(db, "ann", shop=Role.OWNER), "shop", "potter")
    with db.read() as tx:
        authorise(tx, machine, Action.OPERATE)
        authorise(tx, machine, Action.REVIEW, ai_id=ai.id)
        for nowhere in ({"ai_id": "ai_none"}, {"team_id": "none"}):
            with pytest.raises(NotFound):
                authorise(tx, machine, Action.VIEW, **nowhere)


def test_a_key_is_good_for_its_scopes_on_its_own_ai(db: Database) -> None:
    owner = person(db, "ann", shop=Role.OWNER)
    mine, other = make_ai(db, owner, "shop", "potter"), make_ai(db, owner, "shop", "weaver")
    chat = Actor(kind="key", name="site", key_id="key_1", ai_id=mine.id, scopes=frozenset({Scope.CHAT}))
    manage = Actor(kind="key", name="site", key_id="key_2", ai_id=mine.id, scopes=frozenset({Scope.MANAGE}))
    with db.read() as tx:
        authorise(tx, chat, Action.CHAT, ai_id=mine.id)
        with pytest.raises(NotAllowed):
            authorise(tx, chat, Action.VIEW, ai_id=mine.id)
        for key in (chat, manage):
            with pytest.raises(NotFound):
                authorise(tx, key, Action.CHAT, ai_id=other.id)
            with pytest.raises(NotFound):
                authorise(tx, key, Action.VIEW, team_id="shop")
            with pytest.raises(NotAllowed):
                authorise(tx, key, Action.OPERATE)
    assert AIs(db).listing(chat) == []
    assert AIs(db).listing(manage) == [mine]


def test_an_archived_ai_can_be_looked_at_and_restored_only(db: Database) -> None:
    owner = person(db, "ann", shop=Role.OWNER)
    ai = make_ai(db, owner, "shop", "potter")
    AIs(db).archive(owner, ai.id)
    with db.read() as tx:
        authorise(tx, owner, Action.VIEW, ai_id=ai.id)
        for action in (Action.CHAT, Action.TRAIN, Action.RELEASE, Action.EDIT_CONTENT):
            with pytest.raises(Archived):
                authorise(tx, owner, action, ai_id=ai.id)
    with pytest.raises(NotFound):
        AIs(db).public("potter")
    assert AIs(db).listing(owner) == []
    AIs(db).restore(owner, ai.id)
    assert AIs(db).public("potter").id == ai.id


def test_an_erased_ai_is_gone_and_its_slug_stays_taken(db: Database) -> None:
    owner = person(db, "ann", shop=Role.OWNER)
    ai = make_ai(db, owner, "shop", "potter")
    with db.write() as tx:
        mark_erased(tx, ai.id)
    for find in (lambda: AIs(db).get(LOCAL, ai.id), lambda: AIs(db).public("potter")):
        with pytest.raises(NotFound):
            find()
    assert AIs(db).listing(owner, archived=True) == []
    with pytest.raises(SlugTaken):
        make_ai(db, owner, "shop", "potter")


@pytest.mark.parametrize("slug", ["", "a", "-ab", "ab-", "Ab", "a_b", "a b", "x" * 41, "é1", "ab\n"])
def test_a_bad_slug_is_refused(db: Database, slug: str) -> None:
    with pytest.raises(BadSlug):
        AIs(db).create(LOCAL, "shop", slug, "Name")


@pytest.mark.parametrize("slug", ["\x00", "potter\x00", "x" * 5000, "' OR 1=1"])
def test_an_odd_slug_is_not_found(db: Database, slug: str) -> None:
    with pytest.raises(NotFound):
        AIs(db).public(slug)


def test_bad_values_are_refused_with_a_sentence(db: Database) -> None:
    owner = person(db, "ann", shop=Role.OWNER)
    ais = AIs(db)
    for bad in (
        lambda: ais.create(owner, "shop", "potter", "  "),
        lambda: ais.create(owner, "shop", "potter", "x" * 121),
        lambda: ais.create(owner, "shop", "potter", "P", languages=()),
        lambda: ais.create(owner, "shop", "potter", "P", languages=("english",)),
        lambda: ais.create(owner, "shop", "potter", "P", retention_days=0),
        lambda: ais.create(owner, "shop", "potter", "P", kind="robot"),  # type: ignore[arg-type]
    ):
        with pytest.raises(UsageError):
            bad()


def test_an_edit_changes_what_is_given_and_is_logged(db: Database) -> None:
    owner = person(db, "ann", shop=Role.OWNER)
    ai = make_ai(db, owner, "shop", "potter")
    ais = AIs(db)
    changed = ais.edit(owner, ai.id, name="The Potter", languages=("ja", "en"), retention_days=30)
    assert (changed.name, changed.languages, changed.retention_days) == ("The Potter", ("ja", "en"), 30)
    assert ais.edit(owner, ai.id, keep_for_ever=True).retention_days is None
    with db.read() as tx:
        entries = audit.listing(tx, ai_id=ai.id)
    assert [(entry.action, entry.actor_name) for entry in entries] == [
        ("edited AI", "ann"),
        ("edited AI", "ann"),
        ("created AI", "ann"),
    ]


def test_a_listing_holds_ones_own_teams_ais_by_page(db: Database) -> None:
    ann, bob = person(db, "ann", shop=Role.OWNER), person(db, "bob", bakery=Role.OWNER)
    for slug in ("aa", "bb", "cc"):
        make_ai(db, ann, "shop", slug)
    make_ai(db, bob, "bakery", "dd")
    ais = AIs(db)
    assert [ai.slug for ai in ais.listing(ann)] == ["aa", "bb", "cc"]
    assert [ai.slug for ai in ais.listing(bob)] == ["dd"]
    assert [ai.slug for ai in ais.listing(LOCAL, limit=2)] == ["aa", "bb"]
    assert [ai.slug for ai in ais.listing(LOCAL, after="bb", limit=2)] == ["cc", "dd"]
