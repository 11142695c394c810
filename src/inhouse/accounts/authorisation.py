"""May this actor do that? Asked by every service before it does anything; the web and the command line never decide.

People are looked up at every call, so a role that was taken away or a person who was disabled counts at once.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, select

from inhouse.accounts.actors import OF_A_TEAM, OF_ROLE, OF_SCOPE, Action, Actor, Role
from inhouse.accounts.tables import ais, memberships, people, teams
from inhouse.core.errors import InhouseError, NotAllowed, NotFound, NotSignedIn
from inhouse.store.database import Tx

_NOTHING: frozenset[Action] = frozenset()
#: What may still be done to an AI that is archived.
_WHEN_ARCHIVED = frozenset({Action.VIEW, Action.REVIEW, Action.MANAGE})


class Archived(InhouseError):
    """This AI is archived. Restore it first."""

    status = 409


def authorise(
    tx: Tx, actor: Actor | None, action: Action, *, ai_id: str | None = None, team_id: str | None = None
) -> None:
    """Return where ``actor`` may do ``action`` to one AI, to one team, or (``OPERATE`` only) to the installation.

    Raises ``NotSignedIn`` for nobody, ``NotFound`` where the actor may do nothing at all there (so that the existence
    of another team's AI is not revealed), ``NotAllowed`` else, and ``Archived`` for changes to an archived AI.
    """
    may = allowed(tx, actor, ai_id=ai_id, team_id=team_id)
    if actor is None:
        raise NotSignedIn()
    if not may and (ai_id or team_id):
        raise NotFound(kind="AI" if ai_id else "team", name=ai_id or team_id)
    if action not in may:
        raise NotAllowed(who=actor.name, action=action.words)
    if ai_id and action not in _WHEN_ARCHIVED and _is_archived(tx, ai_id):
        raise Archived()


def allowed(
    tx: Tx, actor: Actor | None, *, ai_id: str | None = None, team_id: str | None = None
) -> frozenset[Action]:
    """All that the actor may do to one AI, one team, or (with neither) the installation; empty where unknown."""
    if ai_id is not None and team_id is not None:
        raise ValueError("an AI or a team, not both")
    if actor is None:
        return _NOTHING
    if ai_id is not None:
        row = _ai(tx, ai_id)
        return _of_ai(tx, actor, ai_id, row.team_id) if row else _NOTHING
    if team_id is not None:
        return _of_team(tx, actor, team_id) if _is_team(tx, team_id) else _NOTHING
    return frozenset({Action.OPERATE}) if _operates(tx, actor) else _NOTHING


def _of_ai(tx: Tx, actor: Actor, ai_id: str, team_id: str) -> frozenset[Action]:
    if actor.kind != "key":
        return _of_team(tx, actor, team_id)
    if actor.ai_id != ai_id:
        return _NOTHING
    return _NOTHING.union(*(OF_SCOPE[scope] for scope in actor.scopes))


def _of_team(tx: Tx, actor: Actor, team_id: str) -> frozenset[Action]:
    if actor.kind in ("operator", "system"):
        return OF_A_TEAM
    if actor.kind == "key":
        return _NOTHING
    row = _standing(tx, actor, team_id)
    if row is None:
        return _NOTHING
    if row.is_operator:
        return OF_A_TEAM
    return OF_ROLE[Role(row.role)] if row.role else _NOTHING


def _operates(tx: Tx, actor: Actor) -> bool:
    if actor.kind != "person":
        return actor.kind in ("operator", "system")
    row = _standing(tx, actor, None)
    return row is not None and bool(row.is_operator)


def _standing(tx: Tx, actor: Actor, team_id: str | None) -> Row[Any, Any] | None:
    """Whether an enabled person operates the installation, and their role in the team."""
    membership = (memberships.c.person_id == people.c.id) & (memberships.c.team_id == team_id)
    return tx.execute(
        select(people.c.is_operator, memberships.c.role)
        .select_from(people.outerjoin(memberships, membership))
        .where(people.c.id == actor.person_id, people.c.disabled_at.is_(None), people.c.erased_at.is_(None))
    ).one_or_none()


def _ai(tx: Tx, ai_id: str) -> Row[Any] | None:
    return tx.execute(select(ais.c.team_id).where(ais.c.id == ai_id, ais.c.erased_at.is_(None))).one_or_none()


def _is_team(tx: Tx, team_id: str) -> bool:
    return tx.execute(select(teams.c.id).where(teams.c.id == team_id)).one_or_none() is not None


def _is_archived(tx: Tx, ai_id: str) -> bool:
    return tx.execute(select(ais.c.archived_at).where(ais.c.id == ai_id)).scalar_one() is not None
