"""Invitations into a team: one use, one week, for one e-mail address. Rows only; ``Teams`` is what callers use."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlalchemy import ColumnElement, Row, and_, delete, select, update

from inhouse.accounts.actors import Role
from inhouse.accounts.tables import invitations, teams
from inhouse.accounts.text import email as checked_email
from inhouse.core import clock, ids
from inhouse.core.errors import InhouseError, NotFound
from inhouse.store.database import Tx

LASTS = timedelta(days=7)


class Invitation(BaseModel):
    """Somebody who is asked into a team and has not answered yet."""

    model_config = ConfigDict(frozen=True)

    id: str
    team_id: str
    team: str
    """The team's name."""
    email: str
    role: Role
    created_at: datetime
    expires_at: datetime


class InvitationEnded(InhouseError):
    """This invitation was used or withdrawn, or has expired. Ask an owner of the team for a new one."""

    status = 410


def add(tx: Tx, team_id: str, email: str, role: Role) -> tuple[str, Invitation]:
    """A new invitation and its token, which is stored nowhere; an earlier one of the same person ends.

    Those of all teams whose time is over are removed: they hold addresses that nobody needs any more.
    """
    email = checked_email(email)
    same = invitations.c.team_id == team_id, invitations.c.email == email, invitations.c.used_at.is_(None)
    token, now, invitation_id = ids.new_secret(), clock.now(), ids.new_id("inv")
    tx.execute(delete(invitations).where(and_(*same) | (invitations.c.expires_at <= now)))
    tx.execute(
        invitations.insert().values(
            id=invitation_id,
            token_hash=ids.digest(token),
            team_id=team_id,
            email=email,
            role=role.value,
            created_at=now,
            expires_at=now + LASTS,
        )
    )
    return token, find(tx, token)


def find(tx: Tx, token: str) -> Invitation:
    """The invitation of a token; ``InvitationEnded`` where it is good no more."""
    row = tx.execute(_open().where(invitations.c.token_hash == ids.digest(token))).one_or_none()
    if row is None:
        raise InvitationEnded()
    return _invitation(row)


def use(tx: Tx, token: str) -> Invitation:
    """Use the invitation up; only one of two at the same moment succeeds."""
    invitation = find(tx, token)
    query = (
        update(invitations).where(invitations.c.id == invitation.id, _unused()).values(used_at=clock.now())
    )
    if tx.execute(query).rowcount != 1:
        raise InvitationEnded()
    return invitation


def listing(tx: Tx, team_id: str) -> list[Invitation]:
    """A team's open invitations, newest first, at most 200."""
    query = (
        _open().where(invitations.c.team_id == team_id).order_by(invitations.c.created_at.desc()).limit(200)
    )
    return [_invitation(row) for row in tx.execute(query)]


def withdraw(tx: Tx, team_id: str, invitation_id: str) -> None:
    """Take an open invitation back, else ``NotFound``."""
    wanted = invitations.c.id == invitation_id, invitations.c.team_id == team_id, _unused()
    if tx.execute(delete(invitations).where(*wanted)).rowcount != 1:
        raise NotFound(kind="invitation", name=invitation_id)


def _unused() -> ColumnElement[bool]:
    return invitations.c.used_at.is_(None)


def _open() -> Any:
    columns = (invitations.c[name] for name in Invitation.model_fields if name != "team")
    return (
        select(*columns, teams.c.name.label("team"))
        .join(teams, teams.c.id == invitations.c.team_id)
        .where(_unused(), invitations.c.expires_at > clock.now())
    )


def _invitation(row: Row[Any]) -> Invitation:
    return Invitation(**row._mapping)
