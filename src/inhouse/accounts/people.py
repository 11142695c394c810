"""People: who can sign in. Their rows, without authorisation; ``Accounts`` is what callers use."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, get_args
from zoneinfo import available_timezones

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Row, delete, select, update
from sqlalchemy.exc import IntegrityError

from inhouse.accounts.actors import Actor
from inhouse.accounts.tables import invitations, memberships, password_resets, people, sign_ins
from inhouse.accounts.text import email as checked_email
from inhouse.accounts.text import folded, line
from inhouse.core import clock, ids
from inhouse.core.errors import InhouseError, NotFound, UsageError
from inhouse.store.database import Tx

Language = Literal["en", "ja"]
_MOST_ROWS = 1000


class Person(BaseModel):
    """Somebody who can sign in. The password's hash never leaves the database."""

    model_config = ConfigDict(frozen=True)

    id: str
    email: str
    name: str
    is_operator: bool
    language: Language
    """Of the pages."""
    timezone: str
    """An IANA name such as ``Asia/Tokyo``."""
    created_at: datetime
    disabled_at: datetime | None

    @property
    def actor(self) -> Actor:
        """What this person acts as, once their identity is proved."""
        return Actor(kind="person", name=self.name, person_id=self.id, is_operator=self.is_operator)


class EmailTaken(InhouseError):
    """Somebody with the e-mail address {email} has an account already."""

    status = 409


class Disabled(InhouseError):
    """This account is disabled. Ask an operator of the installation."""

    status = 403


class LastOperator(InhouseError):
    """This is the last operator. Make somebody else an operator first."""

    status = 409


def add(
    tx: Tx,
    email: str,
    name: str,
    *,
    password_hash: str | None = None,
    is_operator: bool = False,
    language: str = "en",
    timezone: str = "UTC",
) -> Person:
    """A new person; ``EmailTaken`` or ``UsageError`` say what is wrong."""
    values = {
        "id": ids.new_id("per"),
        "email": checked_email(email),
        "name": line(name, "The name"),
        "password_hash": password_hash,
        "is_operator": is_operator,
        "language": _language(language),
        "timezone": _timezone(timezone),
        "created_at": clock.now(),
    }
    try:
        with tx.begin_nested():
            return _person(tx.execute(people.insert().values(values).returning(people)).one())
    except IntegrityError as error:
        raise EmailTaken(email=values["email"]) from error


def get(tx: Tx, person_id: str) -> Person:
    """One person by id, disabled or not; ``NotFound`` where erased."""
    row = tx.execute(
        select(people).where(people.c.id == person_id, people.c.erased_at.is_(None))
    ).one_or_none()
    if row is None:
        raise NotFound(kind="person", name=person_id)
    return _person(row)


def find(tx: Tx, email: str) -> Person | None:
    """One person by e-mail address, disabled or not."""
    row = tx.execute(
        select(people).where(people.c.email == folded(email), people.c.erased_at.is_(None))
    ).one_or_none()
    return _person(row) if row else None


def by_email(tx: Tx, email: str) -> Person:
    """One person by e-mail address, disabled or not, else ``NotFound``."""
    person = find(tx, email)
    if person is None:
        raise NotFound(kind="person", name=email[:254])
    return person


def password_hash(tx: Tx, person_id: str) -> str | None:
    """The stored hash, none where the person has no password yet."""
    return tx.execute(select(people.c.password_hash).where(people.c.id == person_id)).scalar_one_or_none()


def listing(tx: Tx, *, after: str = "", limit: int = 200) -> list[Person]:
    """All people by e-mail address, at most 1,000; ``after`` is the last address of the page before."""
    query = select(people).where(people.c.erased_at.is_(None), people.c.email > after)
    return [_person(row) for row in tx.execute(query.order_by(people.c.email).limit(min(limit, _MOST_ROWS)))]


def is_set_up(tx: Tx) -> bool:
    """Whether there has been an operator: set-up is over for good from then on."""
    return tx.execute(select(people.c.id).where(people.c.is_operator).limit(1)).first() is not None


def edit(
    tx: Tx,
    person_id: str,
    *,
    name: str | None = None,
    language: str | None = None,
    timezone: str | None = None,
) -> Person:
    """Change what is given and leave the rest."""
    change: dict[str, Any] = {}
    if name is not None:
        change["name"] = line(name, "The name")
    if language is not None:
        change["language"] = _language(language)
    if timezone is not None:
        change["timezone"] = _timezone(timezone)
    return _change(tx, person_id, change)


def set_password(tx: Tx, person_id: str, new_hash: str) -> None:
    """Store another password's hash."""
    tx.execute(update(people).where(people.c.id == person_id).values(password_hash=new_hash))


def set_operator(tx: Tx, person_id: str, is_operator: bool) -> Person:
    """Make somebody an operator, or no longer one; ``LastOperator`` where nobody would be left."""
    if not is_operator:
        _keep_an_operator(tx, person_id)
    return _change(tx, person_id, {"is_operator": is_operator})


def set_disabled(tx: Tx, person_id: str, disabled: bool) -> Person:
    """Shut a person out, which ends their sessions and unused reset links, or let them in again."""
    if disabled:
        _keep_an_operator(tx, person_id)
        _end_access(tx, person_id)
    return _change(tx, person_id, {"disabled_at": clock.now() if disabled else None})


def erase(tx: Tx, person_id: str) -> None:
    """Remove all that is known of a person. The row stays, empty, so that ids in the audit log stay unambiguous.

    A step of erasing: the caller has authorised, taken the person out of teams that need an owner, and audits.
    """
    person = get(tx, person_id)
    _keep_an_operator(tx, person_id)
    _end_access(tx, person_id)
    tx.execute(delete(memberships).where(memberships.c.person_id == person_id))
    tx.execute(delete(invitations).where(invitations.c.email == person.email))
    now = clock.now()
    blank = {"email": f"{person_id}@erased.invalid", "name": "", "password_hash": None, "timezone": "UTC"}
    tx.execute(
        update(people)
        .where(people.c.id == person_id)
        .values(**blank, language="en", is_operator=False, disabled_at=now, erased_at=now)
    )


def _end_access(tx: Tx, person_id: str) -> None:
    tx.execute(delete(sign_ins).where(sign_ins.c.person_id == person_id))
    tx.execute(delete(password_resets).where(password_resets.c.person_id == person_id))


def _keep_an_operator(tx: Tx, person_id: str) -> None:
    """The rows are locked, so that two operators can't remove each other at the same moment."""
    enabled = people.c.is_operator & people.c.disabled_at.is_(None)
    operators = [row.id for row in tx.execute(select(people.c.id).where(enabled).with_for_update())]
    if operators == [person_id]:
        raise LastOperator()


def _change(tx: Tx, person_id: str, change: dict[str, Any]) -> Person:
    if change:
        found = people.c.id == person_id, people.c.erased_at.is_(None)
        tx.execute(update(people).where(*found).values(change))
    return get(tx, person_id)


def _language(code: str) -> str:
    if code not in get_args(Language):
        raise UsageError(reason=f"The pages' language is one of {', '.join(get_args(Language))}.")
    return code


def _timezone(name: str) -> str:
    if name not in available_timezones():
        raise UsageError(reason=f'"{name[:60]}" is not a time zone. Write it like Asia/Tokyo or UTC.')
    return name


def _person(row: Row[Any]) -> Person:
    return Person(**{name: getattr(row, name) for name in Person.model_fields})
