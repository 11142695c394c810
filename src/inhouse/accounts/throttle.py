"""How often a sign-in may fail: counted per e-mail address and per network address, in the database, so that the
limit holds over all replicas and after a restart."""

from __future__ import annotations

import ipaddress
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select

from inhouse.accounts.tables import sign_in_failures as failures
from inhouse.core import clock, ids
from inhouse.core.errors import TooMany
from inhouse.store.database import Tx

WINDOW = timedelta(minutes=15)
MOST_PER_EMAIL = 10
MOST_PER_ADDRESS = 50


def begin(tx: Tx, email: str, address: str | None) -> None:
    """Count an attempt as failed before it is tried, so that parallel guesses can't slip past the limit.

    Raises ``TooMany`` with the seconds to wait. ``forgive`` takes the count back where the attempt succeeds.
    """
    now = clock.now()
    tx.execute(delete(failures).where(failures.c.at < now - WINDOW))
    for subject, most in _subjects(email, address):
        _refuse_if_full(tx, subject, most, now)
    for subject, _most in _subjects(email, address):
        tx.execute(failures.insert().values(id=ids.new_id("fail"), subject=subject, at=now))


def forgive(tx: Tx, email: str, address: str | None) -> None:
    """After a success: forget the e-mail's failures, and of the address only this attempt.

    Else somebody with an account of their own could reset the address's count between guesses at another one.
    """
    tx.execute(delete(failures).where(failures.c.subject == _email(email)))
    if address:
        newest = (
            select(failures.c.id)
            .where(failures.c.subject == _address(address))
            .order_by(failures.c.at.desc(), failures.c.id.desc())
            .limit(1)
            .scalar_subquery()
        )
        tx.execute(delete(failures).where(failures.c.id == newest))


def _refuse_if_full(tx: Tx, subject: str, most: int, now: datetime) -> None:
    since = failures.c.at >= now - WINDOW
    count, oldest = tx.execute(
        select(func.count(), func.min(failures.c.at)).where(failures.c.subject == subject, since)
    ).one()
    if count >= most:
        raise TooMany(seconds=max(1, int((oldest + WINDOW - now).total_seconds()) + 1))


def _subjects(email: str, address: str | None) -> list[tuple[str, int]]:
    subjects = [(_email(email), MOST_PER_EMAIL)]
    if address:
        subjects.append((_address(address), MOST_PER_ADDRESS))
    return subjects


def _email(email: str) -> str:
    return ids.digest(f"email:{email}")


def _address(address: str) -> str:
    """One IPv6 customer holds a /64 at least, so that is what counts as one address."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return ids.digest(f"address:{address}")
    network = ipaddress.ip_network((ip, 64 if ip.version == 6 else 32), strict=False)
    return ids.digest(f"address:{network}")
