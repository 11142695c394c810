"""People, teams, signing in, invitations and resets on both databases."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import DatabaseError

from inhouse.accounts import audit, invitations, resets, sessions, setup, throttle
from inhouse.accounts.accounts import Accounts, WrongPassword
from inhouse.accounts.actors import Actor, Role
from inhouse.accounts.ais import AIs
from inhouse.accounts.invitations import InvitationEnded
from inhouse.accounts.memberships import LastOwner, MemberAlready, Team
from inhouse.accounts.passwords import WeakPassword, hashed, matches
from inhouse.accounts.people import Disabled, EmailTaken, LastOperator, Person
from inhouse.accounts.resets import ResetEnded
from inhouse.accounts.tables import people as people_table
from inhouse.accounts.tables import sign_ins
from inhouse.accounts.teams import SeveralTeams
from inhouse.core import clock
from inhouse.core.errors import NotAllowed, NotFound, NotSignedIn, TooMany, UsageError
from inhouse.store.database import Database

LOCAL = Actor.local_operator()
PASSWORD = "correct horse battery"
Tick = Callable[[timedelta], None]


@pytest.fixture
def tick(monkeypatch: pytest.MonkeyPatch) -> Tick:
    """A clock that stands still until it is moved on."""
    moment = [datetime(2026, 1, 1, tzinfo=UTC)]
    monkeypatch.setattr(clock, "now", lambda: moment[0])

    def move(by: timedelta) -> None:
        moment[0] += by

    return move


@pytest.fixture
def accounts(db: Database) -> Accounts:
    return Accounts(db)


def member(accounts: Accounts, name: str, team: Team | None = None, role: Role = Role.OWNER) -> Person:
    """Somebody with a password, in a team where one is given."""
    person = accounts.create_person(LOCAL, f"{name}@example.org", name)
    person = accounts.finish_reset(accounts.begin_reset(LOCAL, person.email), PASSWORD)
    if team:
        accounts.teams.add_member(LOCAL, team.id, person.id, role)
    return person


def signed_in(accounts: Accounts, person: Person) -> sessions.Session:
    session = accounts.session(accounts.sign_in(person.email, PASSWORD))
    assert session is not None
    return session


class TestSetUp:
    def test_the_first_operator_is_made_once(self, accounts: Accounts) -> None:
        token = accounts.setup_token()
        assert token and not accounts.is_set_up()
        person = accounts.set_up(
            token, "Op@Example.org ", "Opal", PASSWORD, language="ja", timezone="Asia/Tokyo"
        )
        assert (person.email, person.is_operator, person.language) == ("op@example.org", True, "ja")
        assert accounts.is_set_up()
        assert accounts.setup_token() is None
        with pytest.raises(setup.SetUpAlready):
            accounts.set_up(token, "b@example.org", "Bob", PASSWORD)
        assert signed_in(accounts, person).actor.is_operator

    def test_a_wrong_token_changes_nothing(self, accounts: Accounts) -> None:
        token = accounts.setup_token()
        with pytest.raises(setup.BadSetUpToken):
            accounts.set_up("guess", "b@example.org", "Bob", PASSWORD)
        assert token and accounts.set_up(token, "a@example.org", "Ann", PASSWORD)

    def test_a_bad_value_leaves_the_token_good(self, accounts: Accounts) -> None:
        token = accounts.setup_token() or ""
        with pytest.raises(UsageError):
            accounts.set_up(token, "no address", "Ann", PASSWORD)
        with pytest.raises(WeakPassword):
            accounts.set_up(token, "a@example.org", "Ann", "short")
        assert accounts.set_up(token, "a@example.org", "Ann", PASSWORD)

    def test_two_replicas_may_print_a_token_each_and_one_is_used(self, accounts: Accounts) -> None:
        first, second = accounts.setup_token() or "", accounts.setup_token() or ""
        assert accounts.set_up(first, "a@example.org", "Ann", PASSWORD)
        with pytest.raises(setup.SetUpAlready):
            accounts.set_up(second, "b@example.org", "Bob", PASSWORD)

    def test_an_old_token_is_refused(self, accounts: Accounts, tick: Tick) -> None:
        token = accounts.setup_token() or ""
        tick(setup.LASTS)
        with pytest.raises(setup.BadSetUpToken):
            accounts.set_up(token, "a@example.org", "Ann", PASSWORD)


class TestSigningIn:
    def test_a_session_says_who_it_is_until_signed_out(self, accounts: Accounts) -> None:
        ann = member(accounts, "ann")
        token = accounts.sign_in(" ANN@example.org", PASSWORD)
        session = accounts.session(token)
        assert session and session.person == ann and session.actor.person_id == ann.id
        assert session.csrf not in repr(session)
        accounts.sign_out(token)
        assert accounts.session(token) is None
        accounts.sign_out(token)

    def test_the_token_is_not_in_the_database(self, accounts: Accounts, db: Database) -> None:
        token = accounts.sign_in(member(accounts, "ann").email, PASSWORD)
        with db.read() as tx:
            assert token not in str(tx.execute(select(sign_ins)).all())

    def test_a_wrong_password_and_an_unknown_address_sound_the_same(self, accounts: Accounts) -> None:
        member(accounts, "ann")
        with pytest.raises(WrongPassword) as wrong:
            accounts.sign_in("ann@example.org", "not the password")
        with pytest.raises(WrongPassword) as unknown:
            accounts.sign_in("nobody@example.org", "not the password")
        assert wrong.value.message == unknown.value.message

    @pytest.mark.parametrize("email", ["ann@example.org\x00", "\x00", "x" * 5000])
    def test_an_odd_address_is_a_wrong_one(self, accounts: Accounts, email: str) -> None:
        member(accounts, "bob")
        with pytest.raises(WrongPassword):
            accounts.sign_in(email, PASSWORD)

    def test_no_password_matches_where_none_is_set(self, accounts: Accounts) -> None:
        accounts.create_person(LOCAL, "ann@example.org", "Ann")
        for guess in ("", "None", PASSWORD):
            with pytest.raises(WrongPassword):
                accounts.sign_in("ann@example.org", guess)

    def test_a_session_ends_by_idling_and_by_age(self, accounts: Accounts, tick: Tick) -> None:
        token = accounts.sign_in(member(accounts, "ann").email, PASSWORD)
        tick(sessions.IDLE - timedelta(seconds=1))
        assert accounts.session(token)
        tick(sessions.IDLE - timedelta(seconds=1))
        assert accounts.session(token), "looking at it kept it alive"
        tick(sessions.IDLE)
        assert accounts.session(token) is None
        token = accounts.sign_in("ann@example.org", PASSWORD)
        for _ in range(10):
            tick(sessions.LONGEST / 10)
            accounts.session(token)
        assert accounts.session(token) is None

    def test_a_changed_password_ends_the_other_sessions(self, accounts: Accounts) -> None:
        ann = member(accounts, "ann")
        other = accounts.sign_in(ann.email, PASSWORD)
        token = accounts.sign_in(ann.email, PASSWORD)
        session = accounts.session(token)
        assert session
        with pytest.raises(WrongPassword):
            accounts.change_password(session, "not the password", "another long one")
        accounts.change_password(session, PASSWORD, "another long one")
        assert accounts.session(token) and accounts.session(other) is None
        with pytest.raises(WrongPassword):
            accounts.sign_in(ann.email, PASSWORD)
        assert accounts.sign_in(ann.email, "another long one")

    def test_a_disabled_person_is_out_at_once_and_comes_back(self, accounts: Accounts) -> None:
        ann = member(accounts, "ann")
        token = accounts.sign_in(ann.email, PASSWORD)
        accounts.disable_person(LOCAL, ann.id)
        assert accounts.session(token) is None
        with pytest.raises(Disabled):
            accounts.sign_in(ann.email, PASSWORD)
        with pytest.raises(WrongPassword):
            accounts.sign_in(ann.email, "not the password")
        with pytest.raises(Disabled):
            accounts.actor_of(ann.email)
        with pytest.raises(Disabled):
            accounts.begin_reset(LOCAL, ann.email)
        accounts.enable_person(LOCAL, ann.id)
        assert accounts.sign_in(ann.email, PASSWORD)

    def test_a_session_is_nothing_where_its_person_was_disabled_behind_its_back(
        self, accounts: Accounts, db: Database
    ) -> None:
        token = accounts.sign_in(member(accounts, "ann").email, PASSWORD)
        with db.write() as tx:
            tx.execute(update(people_table).values(disabled_at=clock.now()))
        assert accounts.session(token) is None


class TestThrottle:
    def test_guessing_at_one_address_is_stopped_for_a_while(self, accounts: Accounts, tick: Tick) -> None:
        ann = member(accounts, "ann")
        for number in range(throttle.MOST_PER_EMAIL):
            with pytest.raises(WrongPassword):
                accounts.sign_in(ann.email, "guess guess", f"192.0.2.{number}")
        with pytest.raises(TooMany) as refused:
            accounts.sign_in(ann.email, PASSWORD, "192.0.2.99")
        assert refused.value.context["seconds"] == throttle.WINDOW.total_seconds() + 1
        tick(throttle.WINDOW + timedelta(seconds=1))
        assert accounts.sign_in(ann.email, PASSWORD)

    def test_an_unknown_address_is_stopped_alike(self, accounts: Accounts, tick: Tick) -> None:
        for _ in range(throttle.MOST_PER_EMAIL):
            with pytest.raises(WrongPassword):
                accounts.sign_in("nobody@example.org", "guess guess")
        with pytest.raises(TooMany):
            accounts.sign_in("nobody@example.org", "guess guess")

    def test_a_success_forgets_the_failures(self, accounts: Accounts, tick: Tick) -> None:
        ann = member(accounts, "ann")
        for _ in range(2):
            for _ in range(throttle.MOST_PER_EMAIL - 1):
                with pytest.raises(WrongPassword):
                    accounts.sign_in(ann.email, "guess guess")
            assert accounts.sign_in(ann.email, PASSWORD)

    def test_one_place_guessing_at_many_is_stopped_though_its_own_account_works(
        self, db: Database, monkeypatch: pytest.MonkeyPatch, tick: Tick
    ) -> None:
        monkeypatch.setattr(throttle, "MOST_PER_ADDRESS", 4)
        for number in range(4):
            with db.write() as tx:
                throttle.begin(tx, f"victim{number}@example.org", f"2001:db8::{number}")
            if number < 3:  # their own account in between
                with db.write() as tx:
                    throttle.begin(tx, "own@example.org", "2001:db8::ff")
                    throttle.forgive(tx, "own@example.org", "2001:db8::ff")
        with db.write() as tx, pytest.raises(TooMany):
            throttle.begin(tx, "victim9@example.org", "2001:db8::9")
        with db.write() as tx:
            throttle.begin(tx, "victim9@example.org", "2001:db8:0:1::9")
            throttle.begin(tx, "victim9@example.org", "a unix socket")


class TestPasswords:
    def test_a_hash_fits_its_password_only(self) -> None:
        stored = hashed("ｐａｓｓｗｏｒｄ café")
        assert matches(stored, "password cafe\u0301"), "the same word from another keyboard"
        assert not matches(stored, "password cafe")
        assert not matches(None, "password café")

    @pytest.mark.parametrize("bad", ["", "ninechars", "x" * 201, " " * 20])
    def test_a_weak_one_is_refused(self, bad: str) -> None:
        with pytest.raises(WeakPassword, match="10 to 200"):
            hashed(bad)


class TestResets:
    def test_a_link_works_once_and_ends_every_session(self, accounts: Accounts) -> None:
        ann = member(accounts, "ann")
        session = accounts.sign_in(ann.email, PASSWORD)
        token = accounts.begin_reset(LOCAL, ann.email)
        assert accounts.reset_person(token) == ann
        with pytest.raises(WeakPassword):
            accounts.finish_reset(token, "short")
        accounts.finish_reset(token, "another long one")
        assert accounts.session(session) is None
        with pytest.raises(ResetEnded):
            accounts.finish_reset(token, "a third long one")
        with pytest.raises(ResetEnded):
            accounts.reset_person(token)
        assert accounts.sign_in(ann.email, "another long one")

    def test_a_link_used_twice_at_once_works_once(self, accounts: Accounts) -> None:
        token = accounts.begin_reset(LOCAL, member(accounts, "ann").email)

        def use(password: str) -> bool:
            try:
                accounts.finish_reset(token, password)
            except ResetEnded:
                return False
            return True

        with ThreadPoolExecutor(2) as pool:
            assert sorted(pool.map(use, ["one long password", "two long password"])) == [False, True]

    def test_a_newer_link_ends_the_older(self, accounts: Accounts) -> None:
        ann = member(accounts, "ann")
        older, _newer = accounts.begin_reset(LOCAL, ann.email), accounts.begin_reset(LOCAL, ann.email)
        with pytest.raises(ResetEnded):
            accounts.finish_reset(older, PASSWORD)

    def test_an_expired_or_made_up_link_is_refused(self, accounts: Accounts, tick: Tick) -> None:
        token = accounts.begin_reset(LOCAL, member(accounts, "ann").email)
        tick(resets.LASTS)
        for bad in (token, "guess"):
            with pytest.raises(ResetEnded):
                accounts.finish_reset(bad, PASSWORD)

    def test_a_link_of_a_person_who_was_disabled_is_dead(self, accounts: Accounts) -> None:
        ann = member(accounts, "ann")
        token = accounts.begin_reset(LOCAL, ann.email)
        accounts.disable_person(LOCAL, ann.id)
        with pytest.raises(ResetEnded):
            accounts.finish_reset(token, PASSWORD)

    def test_only_an_operator_makes_one(self, accounts: Accounts) -> None:
        ann, bob = member(accounts, "ann"), member(accounts, "bob")
        with pytest.raises(NotAllowed):
            accounts.begin_reset(ann.actor, bob.email)
        with pytest.raises(NotFound):
            accounts.begin_reset(LOCAL, "nobody@example.org")

    def test_a_reset_lifts_the_throttle(self, accounts: Accounts) -> None:
        ann = member(accounts, "ann")
        for _ in range(throttle.MOST_PER_EMAIL):
            with pytest.raises(WrongPassword):
                accounts.sign_in(ann.email, "guess guess")
        accounts.finish_reset(accounts.begin_reset(LOCAL, ann.email), PASSWORD)
        assert accounts.sign_in(ann.email, PASSWORD)


class TestPeople:
    def test_one_address_is_one_person(self, accounts: Accounts) -> None:
        member(accounts, "ann")
        with pytest.raises(EmailTaken):
            accounts.create_person(LOCAL, "Ann@Example.ORG", "Another")

    @pytest.mark.parametrize(
        "email", ["", "ann", "a b@example.org", "ann@", "a@b@c", "a@b\r\nBcc: c", "x" * 255 + "@a"]
    )
    def test_a_bad_address_is_refused(self, accounts: Accounts, email: str) -> None:
        with pytest.raises(UsageError):
            accounts.create_person(LOCAL, email, "Ann")

    def test_people_edit_themselves_and_nobody_else(self, accounts: Accounts) -> None:
        ann, bob = member(accounts, "ann"), member(accounts, "bob")
        edited = accounts.edit_person(
            ann.actor, ann.id, name="Ann\u202e A.", language="ja", timezone="Asia/Tokyo"
        )
        assert (edited.name, edited.language, edited.timezone) == ("Ann A.", "ja", "Asia/Tokyo")
        assert accounts.edit_person(LOCAL, ann.id) == edited
        for not_mine in (
            lambda: accounts.edit_person(ann.actor, bob.id, name="Bobby"),
            lambda: accounts.person(ann.actor, bob.id),
            lambda: accounts.people(ann.actor),
            lambda: accounts.by_email(ann.actor, bob.email),
            lambda: accounts.create_person(ann.actor, "c@example.org", "Cy"),
            lambda: accounts.disable_person(ann.actor, bob.id),
            lambda: accounts.set_operator(ann.actor, ann.id, True),
            lambda: accounts.erase_person(ann.actor, bob.id),
        ):
            with pytest.raises(NotAllowed):
                not_mine()
        with pytest.raises(NotSignedIn):
            accounts.person(None, ann.id)
        for bad in ({"timezone": "Mars/Base"}, {"language": "tlh"}, {"name": ""}):
            with pytest.raises(UsageError):
                accounts.edit_person(ann.actor, ann.id, **bad)

    def test_a_listing_goes_by_pages(self, accounts: Accounts) -> None:
        for name in ("ann", "bob", "cy"):
            accounts.create_person(LOCAL, f"{name}@example.org", name)
        assert [p.name for p in accounts.people(LOCAL, limit=2)] == ["ann", "bob"]
        assert [p.name for p in accounts.people(LOCAL, after="bob@example.org")] == ["cy"]
        assert accounts.by_email(LOCAL, "BOB@example.org").name == "bob"

    def test_an_operator_is_left(self, accounts: Accounts) -> None:
        ann, bob = member(accounts, "ann"), member(accounts, "bob")
        accounts.set_operator(LOCAL, ann.id, True)
        for leave in (
            lambda: accounts.set_operator(LOCAL, ann.id, False),
            lambda: accounts.disable_person(LOCAL, ann.id),
            lambda: accounts.erase_person(ann.actor, ann.id),
        ):
            with pytest.raises(LastOperator):
                leave()
        accounts.set_operator(ann.actor, bob.id, True)
        assert not accounts.set_operator(ann.actor, ann.id, False).is_operator


class TestTeams:
    def test_an_operator_makes_a_team_and_an_owner_runs_it(self, accounts: Accounts) -> None:
        ann, bob = member(accounts, "ann"), member(accounts, "bob")
        team = accounts.teams.create(LOCAL, "Shop", owner_id=ann.id)
        assert accounts.teams.role(ann.actor, team.id) is Role.OWNER
        assert accounts.teams.rename(ann.actor, team.id, "The Shop").name == "The Shop"
        assert accounts.teams.listing(ann.actor) == [accounts.teams.get(ann.actor, team.id)]
        assert accounts.teams.listing(bob.actor) == []
        assert len(accounts.teams.listing(LOCAL)) == 1
        with pytest.raises(NotAllowed):
            accounts.teams.create(ann.actor, "Another")
        with pytest.raises(NotAllowed):
            accounts.teams.add_member(ann.actor, team.id, bob.id, Role.EDITOR)
        for hidden in (accounts.teams.get, accounts.teams.members, accounts.teams.invitations):
            with pytest.raises(NotFound):
                hidden(bob.actor, team.id)
        with pytest.raises(NotSignedIn):
            accounts.teams.listing(None)

    def test_a_team_keeps_an_owner(self, accounts: Accounts) -> None:
        ann, bob = member(accounts, "ann"), member(accounts, "bob")
        team = accounts.teams.create(LOCAL, "Shop", owner_id=ann.id)
        accounts.teams.add_member(LOCAL, team.id, bob.id, Role.EDITOR)
        with pytest.raises(LastOwner):
            accounts.teams.set_role(ann.actor, team.id, ann.id, Role.EDITOR)
        with pytest.raises(LastOwner):
            accounts.teams.remove_member(ann.actor, team.id, ann.id)
        with pytest.raises(NotAllowed):
            accounts.teams.set_role(bob.actor, team.id, bob.id, Role.OWNER)
        accounts.teams.set_role(ann.actor, team.id, bob.id, Role.OWNER)
        accounts.disable_person(LOCAL, bob.id)
        with pytest.raises(LastOwner):
            accounts.teams.remove_member(ann.actor, team.id, ann.id)
        accounts.enable_person(LOCAL, bob.id)
        accounts.teams.remove_member(ann.actor, team.id, ann.id)
        with pytest.raises(NotFound):
            accounts.teams.members(ann.actor, team.id)

    def test_two_owners_who_remove_each_other_at_once_leave_one(self, accounts: Accounts) -> None:
        team = accounts.teams.create(LOCAL, "Shop")
        ann, bob = member(accounts, "ann", team), member(accounts, "bob", team)

        def remove(pair: tuple[Person, Person]) -> bool:
            try:
                accounts.teams.remove_member(pair[0].actor, team.id, pair[1].id)
            except (LastOwner, NotFound):
                return False
            return True

        with ThreadPoolExecutor(2) as pool:
            assert sorted(pool.map(remove, [(ann, bob), (bob, ann)])) == [False, True]
        assert len(accounts.teams.members(LOCAL, team.id)) == 1

    def test_a_member_may_leave_but_not_remove(self, accounts: Accounts) -> None:
        team = accounts.teams.create(LOCAL, "Shop")
        ann = member(accounts, "ann", team)
        bob, cy = member(accounts, "bob", team, Role.EDITOR), member(accounts, "cy", team, Role.REVIEWER)
        with pytest.raises(NotAllowed):
            accounts.teams.remove_member(bob.actor, team.id, cy.id)
        accounts.teams.remove_member(bob.actor, team.id, bob.id)
        assert [m.person_id for m in accounts.teams.members(ann.actor, team.id)] == [ann.id, cy.id]
        with pytest.raises(NotFound):
            accounts.teams.set_role(ann.actor, team.id, bob.id, Role.EDITOR)

    def test_a_team_is_found_by_id_or_by_a_name_that_only_one_has(self, accounts: Accounts) -> None:
        shop, other = accounts.teams.create(LOCAL, "Shop"), accounts.teams.create(LOCAL, "Shop")
        ann = member(accounts, "ann", shop)
        assert accounts.teams.find(LOCAL, shop.id) == accounts.teams.find(ann.actor, "Shop") == shop
        with pytest.raises(SeveralTeams, match=other.id):
            accounts.teams.find(LOCAL, "Shop")
        for hidden in (other.id, "Bakery"):
            with pytest.raises(NotFound):
                accounts.teams.find(ann.actor, hidden)
        assert accounts.teams.member(ann.actor, shop.id, "ANN@example.org").person_id == ann.id
        with pytest.raises(NotFound):
            accounts.teams.member(ann.actor, shop.id, "bob@example.org")

    def test_nobody_is_in_a_team_twice(self, accounts: Accounts) -> None:
        team = accounts.teams.create(LOCAL, "Shop")
        ann = member(accounts, "ann", team)
        with pytest.raises(MemberAlready):
            accounts.teams.add_member(LOCAL, team.id, ann.id, Role.EDITOR)
        with pytest.raises(MemberAlready):
            accounts.teams.invite(ann.actor, team.id, "Ann@example.org", Role.EDITOR)


class TestInvitations:
    @pytest.fixture
    def team(self, accounts: Accounts) -> Team:
        return accounts.teams.create(LOCAL, "Shop")

    def test_somebody_new_joins_and_signs_in(self, accounts: Accounts, team: Team) -> None:
        ann = member(accounts, "ann", team)
        token, made = accounts.teams.invite(ann.actor, team.id, "Bob@example.org", Role.EDITOR)
        assert accounts.teams.invitation(token) == (made, False)
        assert accounts.teams.invitations(ann.actor, team.id) == [made]
        bob = accounts.teams.accept(token, "Bob", PASSWORD, language="ja")
        assert accounts.teams.role(bob.actor, team.id) is Role.EDITOR
        assert signed_in(accounts, bob).person.language == "ja"
        assert accounts.teams.invitations(ann.actor, team.id) == []
        with pytest.raises(InvitationEnded):
            accounts.teams.accept(token, "Bob", PASSWORD)

    def test_a_link_does_not_open_an_account_that_exists(self, accounts: Accounts, team: Team) -> None:
        bob = member(accounts, "bob")
        token, _ = accounts.teams.invite(LOCAL, team.id, bob.email, Role.REVIEWER)
        assert accounts.teams.invitation(token)[1]
        with pytest.raises(EmailTaken):
            accounts.teams.accept(token, "Thief", "another long one")
        assert accounts.sign_in(bob.email, PASSWORD)
        assert accounts.teams.accept_as(bob.actor, token).role is Role.REVIEWER

    def test_only_the_invited_address_may_accept(self, accounts: Accounts, team: Team) -> None:
        bob, cy = member(accounts, "bob"), member(accounts, "cy")
        token, _ = accounts.teams.invite(LOCAL, team.id, bob.email, Role.OWNER)
        with pytest.raises(InvitationEnded):
            accounts.teams.accept_as(cy.actor, token)
        with pytest.raises(NotSignedIn):
            accounts.teams.accept_as(None, token)
        accounts.disable_person(LOCAL, bob.id)
        with pytest.raises(Disabled):
            accounts.teams.accept_as(bob.actor, token)
        accounts.enable_person(LOCAL, bob.id)
        assert accounts.teams.accept_as(bob.actor, token), "the refusals did not use it up"

    def test_an_expired_withdrawn_or_replaced_one_is_refused(
        self, accounts: Accounts, team: Team, tick: Tick
    ) -> None:
        replaced, _ = accounts.teams.invite(LOCAL, team.id, "bob@example.org", Role.EDITOR)
        expired, _ = accounts.teams.invite(LOCAL, team.id, "bob@example.org", Role.OWNER)
        withdrawn, made = accounts.teams.invite(LOCAL, team.id, "cy@example.org", Role.EDITOR)
        accounts.teams.withdraw(LOCAL, team.id, made.id)
        with pytest.raises(NotFound):
            accounts.teams.withdraw(LOCAL, team.id, made.id)
        tick(invitations.LASTS)
        for token in (replaced, expired, withdrawn, "guess"):
            with pytest.raises(InvitationEnded):
                accounts.teams.accept(token, "Bob", PASSWORD)
            with pytest.raises(InvitationEnded):
                accounts.teams.invitation(token)

    def test_only_an_owner_of_this_team_invites_and_withdraws(self, accounts: Accounts, team: Team) -> None:
        bob = member(accounts, "bob", team, Role.EDITOR)
        stranger = member(accounts, "cy", accounts.teams.create(LOCAL, "Bakery"))
        with pytest.raises(NotAllowed):
            accounts.teams.invite(bob.actor, team.id, "d@example.org", Role.OWNER)
        with pytest.raises(NotFound):
            accounts.teams.invite(stranger.actor, team.id, "d@example.org", Role.OWNER)
        _, made = accounts.teams.invite(LOCAL, team.id, "d@example.org", Role.EDITOR)
        own_team = accounts.teams.listing(stranger.actor)[0].id
        with pytest.raises(NotFound):
            accounts.teams.withdraw(stranger.actor, own_team, made.id)


class TestAudit:
    @pytest.mark.parametrize("statement", ["UPDATE audit SET action = 'nothing'", "DELETE FROM audit"])
    def test_the_database_refuses_to_change_the_log(
        self, accounts: Accounts, db: Database, statement: str
    ) -> None:
        accounts.teams.create(LOCAL, "Shop")
        with pytest.raises(DatabaseError, match="append-only"), db.write() as tx:
            tx.exec_driver_sql(statement)
        with db.read() as tx:
            assert [entry.action for entry in audit.listing(tx)] == ["created team"]

    def test_erasing_a_person_leaves_the_log_and_nothing_of_them(
        self, accounts: Accounts, db: Database
    ) -> None:
        team = accounts.teams.create(LOCAL, "Shop")
        ann = member(accounts, "ann", team)
        accounts.teams.invite(ann.actor, team.id, "guest@example.org", Role.EDITOR)
        before = audit.read(db, LOCAL)
        accounts.erase_person(ann.actor, ann.id)
        after = audit.read(db, LOCAL)
        assert [(e.id, e.actor_id, e.subject) for e in after[1:]] == [
            (e.id, e.actor_id, e.subject) for e in before
        ]
        assert (after[0].action, after[0].actor_id, after[0].actor_name) == ("erased person", ann.id, "")
        with db.read() as tx:
            everything = [tx.exec_driver_sql(f"SELECT * FROM {name}").all() for name in ("people", "audit")]
        assert "ann@" not in str(everything)
        for gone in (
            lambda: accounts.person(LOCAL, ann.id),
            lambda: accounts.actor_of(ann.email),
            lambda: accounts.erase_person(LOCAL, ann.id),
        ):
            with pytest.raises(NotFound):
                gone()
        assert accounts.create_person(LOCAL, ann.email, "Ann anew").id != ann.id

    def test_the_last_owner_of_an_ai_is_not_erased_before_it(self, accounts: Accounts, db: Database) -> None:
        team = accounts.teams.create(LOCAL, "Shop")
        ann = member(accounts, "ann", team)
        AIs(db).create(ann.actor, team.id, "potter", "Potter")
        with pytest.raises(LastOwner):
            accounts.erase_person(ann.actor, ann.id)
        assert accounts.person(ann.actor, ann.id) == ann

    def test_who_may_read_the_log(self, accounts: Accounts, db: Database) -> None:
        team = accounts.teams.create(LOCAL, "Shop")
        ann, bob = member(accounts, "ann", team), member(accounts, "bob", team, Role.EDITOR)
        ai = AIs(db).create(ann.actor, team.id, "potter", "Potter")
        assert [entry.actor_name for entry in audit.read(db, ann.actor, ai_id=ai.id)] == ["ann"]
        with pytest.raises(NotAllowed):
            audit.read(db, ann.actor)
        with pytest.raises(NotAllowed):
            audit.read(db, bob.actor, ai_id=ai.id)

    def test_pages_and_limits(self, db: Database) -> None:
        with db.write() as tx:
            for number in range(5):
                audit.record(tx, LOCAL, "tried", subject=str(number))
            with pytest.raises(ValueError, match="a few ids"):
                audit.record(tx, LOCAL, "tried", detail={"text": "x" * 5000})
        with db.read() as tx:
            first = audit.listing(tx, limit=2)
            second = audit.listing(tx, limit=2, before=first[-1].id)
            assert [e.subject for e in first + second] == ["4", "3", "2", "1"]
            assert audit.listing(tx, action="other") == audit.listing(tx, actor_id="per_x") == []
