"""Accounts: the first run, people, signing in, passwords; and ``teams``."""

from __future__ import annotations

from inhouse.accounts import audit, memberships, passwords, people, resets, sessions, setup, throttle
from inhouse.accounts.actors import Action, Actor
from inhouse.accounts.authorisation import authorise
from inhouse.accounts.people import Disabled, Person
from inhouse.accounts.sessions import Session
from inhouse.accounts.teams import Teams
from inhouse.accounts.text import folded
from inhouse.core.errors import InhouseError, NotSignedIn
from inhouse.store.database import Database, Tx


class WrongPassword(InhouseError):
    """The e-mail address or the password is wrong."""

    status = 401


class Accounts:
    """Who can sign in, and how. Passwords are checked outside transactions: it takes longer than a write may."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.teams = Teams(db)

    # The first run

    def is_set_up(self) -> bool:
        """Whether there has been a first operator."""
        with self._db.read() as tx:
            return people.is_set_up(tx)

    def setup_token(self) -> str | None:
        """A token for ``set_up``, to print at start; none where set-up is over."""
        with self._db.write() as tx:
            return None if people.is_set_up(tx) else setup.new_token(tx)

    def set_up(
        self, token: str, email: str, name: str, password: str, *, language: str = "en", timezone: str = "UTC"
    ) -> Person:
        """Create the first operator, once; ``SetUpAlready`` from then on, ``BadSetUpToken`` for a wrong token."""
        if self.is_set_up():
            raise setup.SetUpAlready()
        new_hash = passwords.hashed(password)
        with self._db.write() as tx:
            setup.use(tx, token)
            if people.is_set_up(tx):
                raise setup.SetUpAlready()
            person = people.add(
                tx,
                email,
                name,
                password_hash=new_hash,
                is_operator=True,
                language=language,
                timezone=timezone,
            )
            audit.record(tx, person.actor, "set up", subject=person.id)
            return person

    # People

    def create_person(
        self,
        actor: Actor,
        email: str,
        name: str,
        *,
        is_operator: bool = False,
        language: str = "en",
        timezone: str = "UTC",
    ) -> Person:
        """A new person without a password, by an operator: ``begin_reset`` gives the link to choose one."""
        with self._db.write() as tx:
            authorise(tx, actor, Action.OPERATE)
            person = people.add(
                tx, email, name, is_operator=is_operator, language=language, timezone=timezone
            )
            detail = {"is_operator": is_operator}
            audit.record(tx, actor, "created person", subject=person.id, detail=detail)
            return person

    def person(self, actor: Actor | None, person_id: str) -> Person:
        """Oneself, or anybody for an operator."""
        with self._db.read() as tx:
            _self_or_operator(tx, actor, person_id)
            return people.get(tx, person_id)

    def by_email(self, actor: Actor, email: str) -> Person:
        """Anybody by e-mail address, for operators."""
        with self._db.read() as tx:
            authorise(tx, actor, Action.OPERATE)
            return people.by_email(tx, email)

    def people(self, actor: Actor, *, after: str = "", limit: int = 200) -> list[Person]:
        """Everybody, for operators, by e-mail address; ``after`` is the last one of the page before."""
        with self._db.read() as tx:
            authorise(tx, actor, Action.OPERATE)
            return people.listing(tx, after=after, limit=limit)

    def actor_of(self, email: str) -> Actor:
        """Act as this person on the command line, whose user holds the data anyway; never for the web."""
        with self._db.read() as tx:
            person = people.by_email(tx, email)
        if person.disabled_at is not None:
            raise Disabled()
        return person.actor

    def edit_person(
        self,
        actor: Actor | None,
        person_id: str,
        *,
        name: str | None = None,
        language: str | None = None,
        timezone: str | None = None,
    ) -> Person:
        """Change what is given, of oneself or as an operator."""
        with self._db.write() as tx:
            _self_or_operator(tx, actor, person_id)
            return people.edit(tx, person_id, name=name, language=language, timezone=timezone)

    def set_operator(self, actor: Actor, person_id: str, is_operator: bool) -> Person:
        """Make somebody an operator, or no longer one; ``LastOperator`` where nobody would be left."""
        with self._db.write() as tx:
            authorise(tx, actor, Action.OPERATE)
            person = people.set_operator(tx, person_id, is_operator)
            action = "made operator" if is_operator else "unmade operator"
            audit.record(tx, actor, action, subject=person_id)
            return person

    def disable_person(self, actor: Actor, person_id: str) -> Person:
        """Shut a person out at once, sessions included; their teams and AIs stay."""
        return self._set_disabled(actor, person_id, True)

    def enable_person(self, actor: Actor, person_id: str) -> Person:
        """Let a disabled person in again."""
        return self._set_disabled(actor, person_id, False)

    def erase_person(self, actor: Actor, person_id: str) -> None:
        """Remove all that is known of a person; ``LastOwner`` where a team with an AI would be left alone."""
        with self._db.write() as tx:
            _self_or_operator(tx, actor, person_id)
            memberships.leave_all(tx, person_id)
            people.erase(tx, person_id)
            audit.record(tx, actor, "erased person", subject=person_id)

    # Signing in

    def sign_in(self, email: str, password: str, address: str | None = None) -> str:
        """The token of a new session. ``address`` is where the request came from.

        Raises ``WrongPassword``, the same for an unknown address; ``TooMany`` after many failures; ``Disabled``.
        """
        person = self._prove(email, password, address)
        with self._db.write() as tx:
            return sessions.start(tx, person.id)

    def session(self, token: str) -> Session | None:
        """Who is signed in with this token, none where the session ended."""
        with self._db.read() as tx:
            found = sessions.find(tx, token)
        if found and found.is_stale:
            with self._db.write() as tx:
                sessions.touch(tx, found.id)
        return found

    def sign_out(self, token: str) -> None:
        """End the session of this token."""
        with self._db.write() as tx:
            sessions.end(tx, token)

    def change_password(self, session: Session, old: str, new: str, address: str | None = None) -> None:
        """Choose another password while signed in; all other sessions of this person end."""
        new_hash = passwords.hashed(new)
        person = self._prove(session.person.email, old, address)
        with self._db.write() as tx:
            people.set_password(tx, person.id, new_hash)
            sessions.end_all(tx, person.id, but=session.id)
            audit.record(tx, person.actor, "changed password", subject=person.id)

    def begin_reset(self, actor: Actor, email: str) -> str:
        """A one-time token to choose a password, by an operator, who hands it over; earlier ones end."""
        with self._db.write() as tx:
            authorise(tx, actor, Action.OPERATE)
            person = people.by_email(tx, email)
            if person.disabled_at is not None:
                raise Disabled()
            audit.record(tx, actor, "began password reset", subject=person.id)
            return resets.begin(tx, person.id)

    def reset_person(self, token: str) -> Person:
        """Whose password this token may set, for the page that asks for it; else ``ResetEnded``."""
        with self._db.read() as tx:
            return people.get(tx, resets.person_of(tx, token))

    def finish_reset(self, token: str, password: str) -> Person:
        """Choose a password with a token, once; every session of this person ends."""
        new_hash = passwords.hashed(password)
        with self._db.write() as tx:
            person = people.get(tx, resets.use(tx, token))
            people.set_password(tx, person.id, new_hash)
            sessions.end_all(tx, person.id)
            throttle.forgive(tx, person.email, None)
            audit.record(tx, person.actor, "reset password", subject=person.id)
            return person

    def _set_disabled(self, actor: Actor, person_id: str, disabled: bool) -> Person:
        with self._db.write() as tx:
            authorise(tx, actor, Action.OPERATE)
            person = people.set_disabled(tx, person_id, disabled)
            audit.record(tx, actor, "disabled person" if disabled else "enabled person", subject=person_id)
            return person

    def _prove(self, email: str, password: str, address: str | None) -> Person:
        """The person whose password this is. Whether an account is disabled is told only to who knows it."""
        email = folded(email)
        with self._db.write() as tx:
            throttle.begin(tx, email, address)
            person = people.find(tx, email)
            stored = people.password_hash(tx, person.id) if person else None
        if not passwords.matches(stored, password) or person is None:
            raise WrongPassword()
        with self._db.write() as tx:
            throttle.forgive(tx, email, address)
        if person.disabled_at is not None:
            raise Disabled()
        return person


def _self_or_operator(tx: Tx, actor: Actor | None, person_id: str) -> None:
    if actor is None:
        raise NotSignedIn()
    if actor.person_id != person_id or actor.kind != "person":
        authorise(tx, actor, Action.OPERATE)
