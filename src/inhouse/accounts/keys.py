"""API keys: each good for one AI and some scopes, shown once, stored hashed, revocable."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Row, func, select, update

from inhouse.accounts import audit
from inhouse.accounts.actors import Action, Actor, Scope
from inhouse.accounts.authorisation import authorise
from inhouse.accounts.tables import ais, api_keys
from inhouse.accounts.text import line
from inhouse.core import clock, ids
from inhouse.core.errors import InhouseError, NotFound, UsageError
from inhouse.store.database import Database, Tx

_PREFIX = "ih_"
_SHOWN = 10
_MOST_KEYS = 100
_MOST_SECRET = 200
_LONGEST = timedelta(days=3650)
#: How stale ``last_used_at`` may be: not every request is worth a write.
_USED = timedelta(minutes=1)


class Key(BaseModel):
    """A key as it can be shown."""

    model_config = ConfigDict(frozen=True)

    id: str
    ai_id: str
    prefix: str
    """The secret's first characters, to tell keys apart."""
    name: str
    scopes: tuple[Scope, ...]
    created_by: str | None
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


class BadKey(InhouseError):
    """This API key is unknown, revoked or expired."""

    status = 401


class KeysMakeNoKeys(InhouseError):
    """A key can't make or revoke keys. Sign in as an owner of the team."""

    status = 403


class Keys:
    """Making, checking and revoking keys."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def create(
        self, actor: Actor, ai_id: str, name: str, scopes: Collection[Scope], *, days: int | None = None
    ) -> tuple[str, Key]:
        """A new key and its secret, which is stored nowhere; ``days`` is how long it is good, for ever without."""
        values = {
            "id": ids.new_id("key"),
            "ai_id": ai_id,
            "name": line(name, "The key's name"),
            "scopes": _scopes(scopes),
            "created_by": actor.person_id,
            "created_at": clock.now(),
            "expires_at": _expiry(days),
        }
        secret = _PREFIX + ids.new_secret()
        with self._db.write() as tx:
            _authorise(tx, actor, ai_id)
            _refuse_too_many(tx, ai_id)
            hidden = {"prefix": secret[:_SHOWN], "secret_hash": ids.digest(secret)}
            key = _key(tx.execute(api_keys.insert().values(values | hidden).returning(api_keys)).one())
            detail = {"scopes": values["scopes"]}
            audit.record(tx, actor, "created key", ai_id=ai_id, subject=key.id, detail=detail)
            return secret, key

    def authenticate(self, secret: str) -> Actor:
        """What a request with this key acts as, else ``BadKey``."""
        if not secret.startswith(_PREFIX) or len(secret) > _MOST_SECRET:
            raise BadKey()
        with self._db.read() as tx:
            row = tx.execute(_live().where(api_keys.c.secret_hash == ids.digest(secret))).one_or_none()
        if row is None:
            raise BadKey()
        key = _key(row)
        if key.last_used_at is None or key.last_used_at < clock.now() - _USED:
            self._note_use(key.id)
        return Actor(
            kind="key",
            name=f"The key {key.name}",
            key_id=key.id,
            ai_id=key.ai_id,
            scopes=frozenset(key.scopes),
        )

    def revoke(self, actor: Actor, ai_id: str, key_id: str) -> Key:
        """End a key at once; revoking it again changes nothing."""
        with self._db.write() as tx:
            _authorise(tx, actor, ai_id)
            one = api_keys.c.id == key_id, api_keys.c.ai_id == ai_id
            ended = (
                update(api_keys).where(*one, api_keys.c.revoked_at.is_(None)).values(revoked_at=clock.now())
            )
            if tx.execute(ended).rowcount:
                audit.record(tx, actor, "revoked key", ai_id=ai_id, subject=key_id)
            row = tx.execute(select(api_keys).where(*one)).one_or_none()
            if row is None:
                raise NotFound(kind="key", name=key_id)
            return _key(row)

    def listing(self, actor: Actor, ai_id: str) -> list[Key]:
        """An AI's keys, newest first, revoked ones too, at most 1,000."""
        with self._db.read() as tx:
            authorise(tx, actor, Action.MANAGE, ai_id=ai_id)
            query = (
                select(api_keys).where(api_keys.c.ai_id == ai_id).order_by(api_keys.c.id.desc()).limit(1000)
            )
            return [_key(row) for row in tx.execute(query)]

    def _note_use(self, key_id: str) -> None:
        with self._db.write() as tx:
            tx.execute(update(api_keys).where(api_keys.c.id == key_id).values(last_used_at=clock.now()))


def _authorise(tx: Tx, actor: Actor, ai_id: str) -> None:
    # Else a stolen key could make itself successors that outlive its revocation.
    authorise(tx, actor, Action.MANAGE, ai_id=ai_id)
    if actor.kind == "key":
        raise KeysMakeNoKeys()


def _refuse_too_many(tx: Tx, ai_id: str) -> None:
    if tx.execute(_live(func.count()).where(api_keys.c.ai_id == ai_id)).scalar_one() >= _MOST_KEYS:
        raise UsageError(reason=f"An AI has at most {_MOST_KEYS} keys. Revoke one first.")


def _live(*columns: Any) -> Any:
    good_until = api_keys.c.expires_at.is_(None) | (api_keys.c.expires_at > clock.now())
    of_an_ai = select(*(columns or (api_keys,))).select_from(api_keys.join(ais, ais.c.id == api_keys.c.ai_id))
    return of_an_ai.where(api_keys.c.revoked_at.is_(None), good_until, ais.c.erased_at.is_(None))


def _scopes(scopes: Collection[Scope]) -> list[str]:
    if not scopes or not set(scopes) <= set(Scope):
        raise UsageError(reason=f"A key's scopes are one or more of {', '.join(Scope)}.")
    return sorted({Scope(scope).value for scope in scopes})


def _expiry(days: int | None) -> datetime | None:
    if days is None:
        return None
    if not 1 <= days <= _LONGEST.days:
        raise UsageError(reason=f"A key is good for 1 to {_LONGEST.days} days.")
    return clock.now() + timedelta(days=days)


def _key(row: Row[Any]) -> Key:
    return Key(**{name: getattr(row, name) for name in Key.model_fields})
