"""Teams and who is in them. Their rows, without authorisation; ``Teams`` is what callers use."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Row, delete, select, update
from sqlalchemy.exc import IntegrityError

from inhouse.accounts.actors import Role
from inhouse.accounts.tables import ais, memberships, people, teams
from inhouse.accounts.text import line
from inhouse.core import clock, ids
from inhouse.core.errors import InhouseError, NotFound
from inhouse.store.database import Tx

_MOST_ROWS = 1000


class Team(BaseModel):
    """One or more people who own AIs together."""

    model_config = ConfigDict(frozen=True)

    id: str
    name: str
    created_at: datetime


class Member(BaseModel):
    """Somebody in a team."""

    model_config = ConfigDict(frozen=True)

    team_id: str
    person_id: str
    email: str
    name: str
    role: Role
    disabled_at: datetime | None


class LastOwner(InhouseError):
    """A team needs an owner. Make somebody else an owner first."""

    status = 409


class MemberAlready(InhouseError):
    """{email} is in this team already."""

    status = 409


def add_team(tx: Tx, name: str) -> Team:
    """A new team without members: the caller adds its first owner in the same transaction, or invites one."""
    values = {"id": ids.new_id("team"), "name": line(name, "The team's name"), "created_at": clock.now()}
    return _team(tx.execute(teams.insert().values(values).returning(teams)).one())


def rename_team(tx: Tx, team_id: str, name: str) -> Team:
    """Give a team another name."""
    tx.execute(update(teams).where(teams.c.id == team_id).values(name=line(name, "The team's name")))
    return get_team(tx, team_id)


def get_team(tx: Tx, team_id: str) -> Team:
    """One team by id."""
    row = tx.execute(select(teams).where(teams.c.id == team_id)).one_or_none()
    if row is None:
        raise NotFound(kind="team", name=team_id)
    return _team(row)


def teams_named(tx: Tx, name: str) -> list[Team]:
    """The teams of exactly this name, at most 200: names need not be unique."""
    return [_team(row) for row in tx.execute(select(teams).where(teams.c.name == name).limit(200))]


def teams_of(tx: Tx, person_id: str | None, *, after: str = "", limit: int = 200) -> list[Team]:
    """A person's teams, or all, oldest first, at most 1,000; ``after`` is the last id of the page before."""
    query = select(teams).where(teams.c.id > after).order_by(teams.c.id).limit(min(limit, _MOST_ROWS))
    if person_id is not None:
        query = query.join(memberships).where(memberships.c.person_id == person_id)
    return [_team(row) for row in tx.execute(query)]


def members(tx: Tx, team_id: str) -> list[Member]:
    """Everybody in a team by e-mail address."""
    return [_member(row) for row in tx.execute(_members().where(memberships.c.team_id == team_id))]


def role_of(tx: Tx, team_id: str, person_id: str) -> Role | None:
    """A person's role in a team, none where they are not in it."""
    role = tx.execute(select(memberships.c.role).where(*_one(team_id, person_id))).scalar_one_or_none()
    return Role(role) if role else None


def join(tx: Tx, team_id: str, person_id: str, role: Role) -> Member:
    """Put a person into a team; ``MemberAlready`` where they are in it."""
    values = {"team_id": team_id, "person_id": person_id, "role": role.value, "created_at": clock.now()}
    try:
        with tx.begin_nested():
            tx.execute(memberships.insert().values(values))
    except IntegrityError as error:
        raise MemberAlready(email=member(tx, team_id, person_id).email) from error
    return member(tx, team_id, person_id)


def set_role(tx: Tx, team_id: str, person_id: str, role: Role) -> Member:
    """Give a member another role; ``LastOwner`` where the team would be left without one."""
    member(tx, team_id, person_id)
    if role is not Role.OWNER:
        _keep_an_owner(tx, team_id, person_id)
    tx.execute(update(memberships).where(*_one(team_id, person_id)).values(role=role.value))
    return member(tx, team_id, person_id)


def leave(tx: Tx, team_id: str, person_id: str) -> None:
    """Take a person out of a team; ``LastOwner`` where the team would be left without one."""
    member(tx, team_id, person_id)
    _keep_an_owner(tx, team_id, person_id)
    tx.execute(delete(memberships).where(*_one(team_id, person_id)))


def leave_all(tx: Tx, person_id: str) -> None:
    """Before a person is erased: ``LastOwner`` where a team that still has an AI would be left without an owner."""
    owned = (
        select(memberships.c.team_id)
        .where(memberships.c.person_id == person_id)
        .order_by(memberships.c.team_id)
    )
    for team_id in tx.execute(owned).scalars().all():
        has_ai = select(ais.c.id).where(ais.c.team_id == team_id, ais.c.erased_at.is_(None)).limit(1)
        if tx.execute(has_ai).first() is not None:
            _keep_an_owner(tx, team_id, person_id)
        tx.execute(delete(memberships).where(*_one(team_id, person_id)))


def member(tx: Tx, team_id: str, person_id: str) -> Member:
    """One member of a team, else ``NotFound``."""
    row = tx.execute(_members().where(*_one(team_id, person_id))).one_or_none()
    if row is None:
        raise NotFound(kind="member", name=person_id)
    return _member(row)


def _keep_an_owner(tx: Tx, team_id: str, person_id: str) -> None:
    """The team's row is locked, so that two owners can't remove each other at the same moment.

    A disabled person is no owner who could help the team.
    """
    tx.execute(select(teams.c.id).where(teams.c.id == team_id).with_for_update())
    owners = {m.person_id for m in members(tx, team_id) if m.role is Role.OWNER and m.disabled_at is None}
    if owners <= {person_id}:
        raise LastOwner()


def _one(team_id: str, person_id: str) -> tuple[Any, Any]:
    return memberships.c.team_id == team_id, memberships.c.person_id == person_id


def _members() -> Any:
    return (
        select(
            memberships.c.team_id,
            memberships.c.person_id,
            memberships.c.role,
            people.c.email,
            people.c.name,
            people.c.disabled_at,
        )
        .join(people, people.c.id == memberships.c.person_id)
        .order_by(people.c.email)
        .limit(_MOST_ROWS)
    )


def _team(row: Row[Any]) -> Team:
    return Team(**row._mapping)


def _member(row: Row[Any]) -> Member:
    return Member(**row._mapping)
