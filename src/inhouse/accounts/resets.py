"""Links to choose a new password: one use, one day, made by an operator."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import ColumnElement, delete, select, update

from inhouse.accounts.tables import password_resets as resets
from inhouse.core import clock, ids
from inhouse.core.errors import InhouseError
from inhouse.store.database import Tx

LASTS = timedelta(days=1)


class ResetEnded(InhouseError):
    """This link was used already or has expired. Ask an operator for a new one."""

    status = 410


def begin(tx: Tx, person_id: str) -> str:
    """A token that may set this person's password once; earlier ones end."""
    tx.execute(delete(resets).where(resets.c.person_id == person_id))
    token, now = ids.new_secret(), clock.now()
    tx.execute(
        resets.insert().values(
            id=ids.new_id("rst"),
            token_hash=ids.digest(token),
            person_id=person_id,
            created_at=now,
            expires_at=now + LASTS,
        )
    )
    return token


def person_of(tx: Tx, token: str) -> str:
    """Whose password this token may set; ``ResetEnded`` where it may none any more."""
    row = tx.execute(select(resets.c.person_id).where(*_usable(token))).one_or_none()
    if row is None:
        raise ResetEnded()
    return str(row.person_id)


def use(tx: Tx, token: str) -> str:
    """Use the token up and return the person's id; only one of two at the same moment succeeds."""
    query = update(resets).where(*_usable(token)).values(used_at=clock.now()).returning(resets.c.person_id)
    row = tx.execute(query).one_or_none()
    if row is None:
        raise ResetEnded()
    return str(row.person_id)


def _usable(token: str) -> tuple[ColumnElement[bool], ...]:
    return (
        resets.c.token_hash == ids.digest(token),
        resets.c.used_at.is_(None),
        resets.c.expires_at > clock.now(),
    )
