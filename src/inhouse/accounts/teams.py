"""Teams: making them, who is in them with which role, inviting."""

from __future__ import annotations

from inhouse.accounts import audit, invitations, memberships, passwords, people
from inhouse.accounts.actors import Action, Actor, Role
from inhouse.accounts.authorisation import allowed, authorise
from inhouse.accounts.invitations import Invitation, InvitationEnded
from inhouse.accounts.memberships import Member, MemberAlready, Team
from inhouse.accounts.people import Disabled, EmailTaken, Person
from inhouse.accounts.text import folded
from inhouse.core.errors import InhouseError, NotFound, NotSignedIn
from inhouse.store.database import Database, Tx


class SeveralTeams(InhouseError):
    """Several teams are named "{name}". Use an id: {ids}."""

    status = 409


class Teams:
    """What an actor may do with teams. A team always keeps an owner who can act."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def create(self, actor: Actor, name: str, *, owner_id: str | None = None) -> Team:
        """A new team, by an operator, with its first owner; without one, invite an owner next."""
        with self._db.write() as tx:
            authorise(tx, actor, Action.OPERATE)
            team = memberships.add_team(tx, name)
            audit.record(tx, actor, "created team", subject=team.id)
            if owner_id is not None:
                _join(tx, actor, team.id, people.get(tx, owner_id), Role.OWNER)
            return team

    def rename(self, actor: Actor, team_id: str, name: str) -> Team:
        """Give a team another name."""
        with self._db.write() as tx:
            authorise(tx, actor, Action.MANAGE, team_id=team_id)
            audit.record(tx, actor, "renamed team", subject=team_id)
            return memberships.rename_team(tx, team_id, name)

    def get(self, actor: Actor | None, team_id: str) -> Team:
        """One team that the actor may view, else ``NotFound``."""
        with self._db.read() as tx:
            authorise(tx, actor, Action.VIEW, team_id=team_id)
            return memberships.get_team(tx, team_id)

    def find(self, actor: Actor | None, wanted: str) -> Team:
        """One team that the actor may view by id, or by name where only one has it (else ``SeveralTeams``)."""
        with self._db.read() as tx:
            if allowed(tx, actor, team_id=wanted):
                return memberships.get_team(tx, wanted)
            found = [t for t in memberships.teams_named(tx, wanted) if allowed(tx, actor, team_id=t.id)]
        if not found:
            raise NotFound(kind="team", name=wanted[:120])
        if len(found) > 1:
            raise SeveralTeams(name=wanted, ids=", ".join(team.id for team in found[:5]))
        return found[0]

    def listing(self, actor: Actor | None, *, after: str = "", limit: int = 200) -> list[Team]:
        """The actor's own teams, or all for an operator, by id; ``after`` is the last id of the page before."""
        if actor is None:
            raise NotSignedIn()
        with self._db.read() as tx:
            everything = Action.OPERATE in allowed(tx, actor)
            found = memberships.teams_of(tx, None if everything else actor.id or "", after=after, limit=limit)
            return [team for team in found if everything or allowed(tx, actor, team_id=team.id)]

    def role(self, actor: Actor, team_id: str) -> Role | None:
        """The actor's own role, none for an operator who is not in the team."""
        with self._db.read() as tx:
            authorise(tx, actor, Action.VIEW, team_id=team_id)
            return memberships.role_of(tx, team_id, actor.person_id or "")

    def members(self, actor: Actor, team_id: str) -> list[Member]:
        """Everybody in a team."""
        with self._db.read() as tx:
            authorise(tx, actor, Action.VIEW, team_id=team_id)
            return memberships.members(tx, team_id)

    def member(self, actor: Actor, team_id: str, email: str) -> Member:
        """One member by e-mail address, else ``NotFound``."""
        for member in self.members(actor, team_id):
            if member.email == folded(email):
                return member
        raise NotFound(kind="member", name=email[:254])

    def add_member(self, actor: Actor, team_id: str, person_id: str, role: Role) -> Member:
        """Put a person into a team without asking them: for operators; owners invite."""
        with self._db.write() as tx:
            authorise(tx, actor, Action.OPERATE)
            authorise(tx, actor, Action.MANAGE, team_id=team_id)
            return _join(tx, actor, team_id, people.get(tx, person_id), role)

    def set_role(self, actor: Actor, team_id: str, person_id: str, role: Role) -> Member:
        """Give a member another role; ``LastOwner`` where the team would be left without one."""
        with self._db.write() as tx:
            authorise(tx, actor, Action.MANAGE, team_id=team_id)
            changed = memberships.set_role(tx, team_id, person_id, role)
            detail = {"team_id": team_id, "role": role.value}
            audit.record(tx, actor, "changed role", subject=person_id, detail=detail)
            return changed

    def remove_member(self, actor: Actor, team_id: str, person_id: str) -> None:
        """Take a person out of a team; everybody may leave by themselves. ``LastOwner`` as in ``set_role``."""
        leaving = actor.kind == "person" and actor.person_id == person_id
        with self._db.write() as tx:
            authorise(tx, actor, Action.VIEW if leaving else Action.MANAGE, team_id=team_id)
            memberships.leave(tx, team_id, person_id)
            audit.record(tx, actor, "removed member", subject=person_id, detail={"team_id": team_id})

    def invite(self, actor: Actor, team_id: str, email: str, role: Role) -> tuple[str, Invitation]:
        """Ask somebody into a team; the token goes to them, is shown once, and is good for a week."""
        with self._db.write() as tx:
            authorise(tx, actor, Action.MANAGE, team_id=team_id)
            known = people.find(tx, email)
            if known and memberships.role_of(tx, team_id, known.id):
                raise MemberAlready(email=known.email)
            token, invitation = invitations.add(tx, team_id, email, role)
            detail = {"team_id": team_id, "role": role.value}
            audit.record(tx, actor, "invited", subject=invitation.id, detail=detail)
            return token, invitation

    def invitations(self, actor: Actor, team_id: str) -> list[Invitation]:
        """A team's open invitations."""
        with self._db.read() as tx:
            authorise(tx, actor, Action.MANAGE, team_id=team_id)
            return invitations.listing(tx, team_id)

    def withdraw(self, actor: Actor, team_id: str, invitation_id: str) -> None:
        """Take an open invitation back."""
        with self._db.write() as tx:
            authorise(tx, actor, Action.MANAGE, team_id=team_id)
            invitations.withdraw(tx, team_id, invitation_id)
            audit.record(tx, actor, "withdrew invitation", subject=invitation_id, detail={"team_id": team_id})

    def invitation(self, token: str) -> tuple[Invitation, bool]:
        """What a token invites to, and whether its e-mail address has an account (then: sign in and accept)."""
        with self._db.read() as tx:
            found = invitations.find(tx, token)
            return found, people.find(tx, found.email) is not None

    def accept(
        self, token: str, name: str, password: str, *, language: str = "en", timezone: str = "UTC"
    ) -> Person:
        """Join as somebody new. Where the address has an account, ``EmailTaken``: a link must not open it."""
        new_hash = passwords.hashed(password)
        with self._db.write() as tx:
            found = invitations.use(tx, token)
            if people.find(tx, found.email):
                raise EmailTaken(email=found.email)
            person = people.add(
                tx, found.email, name, password_hash=new_hash, language=language, timezone=timezone
            )
            _join(tx, person.actor, found.team_id, person, found.role)
            return person

    def accept_as(self, actor: Actor | None, token: str) -> Member:
        """Join as somebody who is signed in, with the very address that was invited."""
        if actor is None or actor.person_id is None:
            raise NotSignedIn()
        with self._db.write() as tx:
            found = invitations.use(tx, token)
            person = people.get(tx, actor.person_id)
            if person.disabled_at is not None:
                raise Disabled()
            if person.email != found.email:
                raise InvitationEnded()
            return _join(tx, actor, found.team_id, person, found.role)


def _join(tx: Tx, actor: Actor, team_id: str, person: Person, role: Role) -> Member:
    member = memberships.join(tx, team_id, person.id, role)
    audit.record(tx, actor, "joined team", subject=person.id, detail={"team_id": team_id, "role": role.value})
    return member
