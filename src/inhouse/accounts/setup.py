"""The first run: whoever reads the start-up message may create the first operator, once."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete

from inhouse.accounts.tables import setup_tokens
from inhouse.core import clock, ids
from inhouse.core.errors import InhouseError
from inhouse.store.database import Tx

LASTS = timedelta(days=7)


class SetUpAlready(InhouseError):
    """This installation is set up already. Sign in, or ask an operator for an account."""

    status = 409


class BadSetUpToken(InhouseError):
    """This set-up link is not valid. Use the newest one that the server printed, or start the server again."""

    status = 403


def new_token(tx: Tx) -> str:
    """Another token. Earlier ones stay good: several replicas may start at once, each printing its own."""
    token, now = ids.new_secret(), clock.now()
    tx.execute(delete(setup_tokens).where(setup_tokens.c.expires_at <= now))
    tx.execute(setup_tokens.insert().values(token_hash=ids.digest(token), expires_at=now + LASTS))
    return token


def use(tx: Tx, token: str) -> None:
    """End all tokens where this is one of them, else raise ``BadSetUpToken``, which undoes it with the transaction.

    Of two at the same moment the second waits for the first and then finds no tokens.
    """
    ended = tx.execute(delete(setup_tokens).returning(setup_tokens)).all()
    wanted = ids.digest(token)
    if not any(row.token_hash == wanted and row.expires_at > clock.now() for row in ended):
        raise BadSetUpToken()
