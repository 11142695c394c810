"""The tables of people, teams, AIs, keys and the audit log.

Secrets (session tokens, invitations, resets, keys) are stored as SHA-256: they carry 256 random bits, so a slow hash
would add nothing. Passwords are stored as argon2id.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from sqlalchemy import (
    DDL,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    event,
)

from inhouse.store.schema import Json, Moment, metadata

_ID = String(40)
_HASH = String(64)

people = Table(
    "people",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("email", String(254), nullable=False, unique=True),  # lower case
    Column("name", String(120), nullable=False),
    Column("password_hash", String(200), nullable=True),  # none until the first reset or invitation is used
    Column("is_operator", Boolean, nullable=False),
    Column("language", String(2), nullable=False),
    Column("timezone", String(60), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("disabled_at", Moment, nullable=True),
    Column("erased_at", Moment, nullable=True),
)

teams = Table(
    "teams",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("name", String(120), nullable=False),
    Column("created_at", Moment, nullable=False),
)

memberships = Table(
    "memberships",
    metadata,
    Column("team_id", _ID, ForeignKey("teams.id"), primary_key=True),
    Column("person_id", _ID, ForeignKey("people.id"), primary_key=True, index=True),
    Column("role", String(10), nullable=False),
    Column("created_at", Moment, nullable=False),
)

ais = Table(
    "ais",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("team_id", _ID, ForeignKey("teams.id"), nullable=False, index=True),
    Column("slug", String(40), nullable=False, unique=True),  # stays taken when the AI is erased
    Column("name", String(120), nullable=False),
    Column("kind", String(10), nullable=False),
    Column("languages", Json, nullable=False),
    Column("retention_days", Integer, nullable=True),  # none: kept until erased
    Column("reads_documents", Boolean, nullable=True),  # what people give it; none: as its kind does
    Column("is_open", Boolean, nullable=False),  # to be asked by other teams' AIs
    Column("created_at", Moment, nullable=False),
    Column("archived_at", Moment, nullable=True),
    Column("erased_at", Moment, nullable=True),
)

invitations = Table(
    "invitations",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("token_hash", _HASH, nullable=False, unique=True),
    Column("team_id", _ID, ForeignKey("teams.id"), nullable=False, index=True),
    Column("email", String(254), nullable=False, index=True),
    Column("role", String(10), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("used_at", Moment, nullable=True),
)

sign_ins = Table(
    "sign_ins",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("token_hash", _HASH, nullable=False, unique=True),
    Column("person_id", _ID, ForeignKey("people.id"), nullable=False, index=True),
    Column("csrf", String(64), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("last_seen_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
)

#: Failed sign-ins of the last minutes; ``subject`` is the hash of an e-mail or of an address.
sign_in_failures = Table(
    "sign_in_failures",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("subject", _HASH, nullable=False),
    Column("at", Moment, nullable=False),
    Index("ix_sign_in_failures_subject_at", "subject", "at"),
)

password_resets = Table(
    "password_resets",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("token_hash", _HASH, nullable=False, unique=True),
    Column("person_id", _ID, ForeignKey("people.id"), nullable=False, index=True),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("used_at", Moment, nullable=True),
)

#: Tokens that may create the first operator; emptied when one of them is used.
setup_tokens = Table(
    "setup_tokens",
    metadata,
    Column("token_hash", _HASH, primary_key=True),
    Column("expires_at", Moment, nullable=False),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("ai_id", _ID, ForeignKey("ais.id"), nullable=False, index=True),
    Column("secret_hash", _HASH, nullable=False, unique=True),
    Column("prefix", String(12), nullable=False),
    Column("name", String(120), nullable=False),
    Column("scopes", Json, nullable=False),
    Column("created_by", _ID, nullable=True),  # a person's id; none for the local operator
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=True),
    Column("revoked_at", Moment, nullable=True),
    Column("last_used_at", Moment, nullable=True),
)

#: No foreign keys and no names: erasing a person or an AI must leave every row as it was written.
audit = Table(
    "audit",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("at", Moment, nullable=False),
    Column("actor_kind", String(10), nullable=False),
    Column("actor_id", _ID, nullable=True),
    Column("action", String(60), nullable=False),
    Column("ai_id", _ID, nullable=True, index=True),
    Column("subject", String(120), nullable=True),
    Column("detail", Json, nullable=False),
)

#: What makes the audit log append-only, for each dialect, to be run after its table is made.
AUDIT_GUARD: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "sqlite": tuple(
            f"CREATE TRIGGER audit_refuses_{verb.lower()} BEFORE {verb} ON audit "
            "BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END"
            for verb in ("UPDATE", "DELETE")
        ),
        "postgresql": (
            "CREATE OR REPLACE FUNCTION audit_refuses_change() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$",
            "CREATE TRIGGER audit_refuses_change BEFORE UPDATE OR DELETE OR TRUNCATE ON audit "
            "FOR EACH STATEMENT EXECUTE FUNCTION audit_refuses_change()",
        ),
    }
)

for _dialect, _statements in AUDIT_GUARD.items():
    for _statement in _statements:
        event.listen(audit, "after_create", DDL(_statement).execute_if(dialect=_dialect))  # type: ignore[no-untyped-call]
